from datetime import UTC, date, datetime
from decimal import Decimal
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercore.errors import AuthenticationFailed
from ordercore.ports import ConfirmedLine, ConfirmPurchase, Decoded, Transmission
from ordercore.values import Price, Quantity
from ordercore_mailsupplier import AnswerFile, MailSupplier, Trust

NOW = datetime(2026, 1, 7, 9, 0, tzinfo=UTC)
HEADINGS = "Order,Line,Answer,Confirmed quantity,Confirmed date,Confirmed price,Your reference\n"


def supplier(**settings):
    given = {"trust": Trust(["leaf.example"], "0123456789abcdef0123"), "answer": AnswerFile(currency="EUR"), **settings}
    return MailSupplier("leaf", "shop@shop.example", ["orders@leaf.example"], **given)


def csv_file(*rows, headings=HEADINGS):
    return Transmission("leaf", "text/csv", (headings + "".join(f"{row}\n" for row in rows)).encode())


def read(*rows, **settings):
    return supplier(**settings).decode(csv_file(*rows))


def confirmed(decoded):
    return {item.intent.number: item.intent for item in decoded.items}


def mail(*files, sender="Leaf <sales@leaf.example>", to="buying+0123456789abcdef0123@shop.example", **headers):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, "Re: Purchase order PO-7"
    message["Date"], message["Message-ID"] = "Tue, 06 Jan 2026 10:00:00 +0100", "<a1@leaf.example>"
    for name, value in headers.items():
        del message[name]
        message[name] = value
    message.set_content("Dear customer, see attachment.")
    for file in files:
        message.add_attachment(file.encode(), maintype="text", subtype="csv", filename="answer.CSV")
    return Transmission("leaf", "message/rfc822", message.as_bytes())


def test_each_line_says_what_the_supplier_said():
    decoded = read(
        "PO-7,1,accepted,12,2026-01-20,4.50,L-99", "PO-7,2,Rejected,,,,", "PO-7,3,backordered,5,2026-02-01,,"
    )
    assert decoded.problems == ()
    (item,) = decoded.items
    assert item.intent == ConfirmPurchase(
        "PO-7",
        (
            ConfirmedLine(
                "1", "accepted", Quantity(Decimal(12), ""), date(2026, 1, 20), Price.of("4.50", "EUR"), "row 2"
            ),
            ConfirmedLine("2", "rejected", path="row 3"),
            ConfirmedLine("3", "backordered", Quantity(Decimal(5), ""), date(2026, 2, 1), path="row 4"),
        ),
        "L-99",
    )
    assert (item.subject.instance, item.subject.kind, item.subject.value) == ("leaf", "purchase", "PO-7")


def test_without_a_word_a_quantity_of_nothing_is_a_rejection():
    lines = confirmed(read("PO-7,1,,0,,,", "PO-7,2,,7,,,", "PO-7,3,,,2026-02-01,,"))["PO-7"].lines
    assert [line.answer for line in lines] == ["rejected", "accepted", "accepted"]


def test_a_line_that_nothing_is_said_of_is_not_answered():
    assert [line.line for line in confirmed(read("PO-7,1,,,,,", "PO-7,2,accepted,,,,"))["PO-7"].lines] == ["2"]
    assert read("PO-7,1,,,,,").problems[0].code == "no_rows"


def test_a_line_may_come_in_parts():
    lines = confirmed(read("PO-7,1,,6,2026-01-20,,", "PO-7,1,,6,2026-02-20,,"))["PO-7"].lines
    assert [(line.quantity.value, line.confirmed_on) for line in lines] == [
        (6, date(2026, 1, 20)),
        (6, date(2026, 2, 20)),
    ]


def test_several_purchase_orders_in_one_file():
    assert set(confirmed(read("PO-7,1,accepted,,,,", "PO-8,1,accepted,,,,"))) == {"PO-7", "PO-8"}


def test_columns_numbers_and_words_are_declared():
    file = AnswerFile(
        {"number": "Bestellung", "line": "Pos", "quantity": "Menge", "date": "Termin", "answer": "Status"},
        {"ok": "accepted", "storniert": "rejected"}, ";", ",", ".", "%d.%m.%Y", "cp1252",
    )  # fmt: skip
    body = "Bemerkung;POS;Bestellung;Menge;Termin;Status\nschön;1;PO-7;1.250,5;20.01.2026;OK\n".encode("cp1252")
    decoded = supplier(answer=file).decode(Transmission("leaf", "text/csv", body))
    (line,) = confirmed(decoded)["PO-7"].lines
    assert (line.answer, line.quantity, line.confirmed_on) == (
        "accepted", Quantity(Decimal("1250.5"), ""), date(2026, 1, 20)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("row", "code", "column"),
    [
        ("PO-7,1,maybe,,,,", "unknown_code", "Answer"),
        ("PO-7,1,,twelve,,,", "invalid_number", "Confirmed quantity"),
        ("PO-7,1,,1E+1000000,,,", "invalid_number", "Confirmed quantity"),
        ("PO-7,1,,１２,,,", "invalid_number", "Confirmed quantity"),
        ("PO-7,1,,-1,,,", "negative_quantity", "Confirmed quantity"),
        ("PO-7,1,,10000000000,,,", "quantity_out_of_range", "Confirmed quantity"),
        ("PO-7,1,,,31.01.2026,,", "invalid_date", "Confirmed date"),
        ("PO-7,1,,,2026-02-30,,", "invalid_date", "Confirmed date"),
        ("PO-7,1,,,9999-12-31,,", "invalid_date", "Confirmed date"),
        ("PO-7,1,,,,-4.50,", "negative_amount", "Confirmed price"),
        ("PO-7,1,,,,free,", "invalid_number", "Confirmed price"),
        ("PO-7,,accepted,,,,", "missing_line_key", "Line"),
    ],
)
def test_a_cell_that_does_not_read_is_a_problem_with_its_place(row, code, column):
    decoded = read("PO-8,1,accepted,,,,", row)
    (problem,) = decoded.problems
    assert (problem.code, problem.severity, problem.path, problem.subject) == (
        code, "reject", f"row 3, column {column}", "PO-7"
    )  # fmt: skip
    assert set(confirmed(decoded)) == {"PO-8"}


def test_a_price_needs_a_currency():
    (problem,) = read("PO-7,1,,,,4.50,", answer=AnswerFile()).problems
    assert problem.code == "unknown_currency"


def test_a_row_that_does_not_read_withholds_all_of_its_line_and_no_other():
    lines = confirmed(read("PO-7,1,,6,,,", "PO-7,1,,six,,,", "PO-7,2,,3,,,"))["PO-7"].lines
    assert [line.line for line in lines] == ["2"]


def test_a_row_of_an_unknown_line_withholds_its_purchase_order():
    assert set(confirmed(read("PO-7,1,,6,,,", "PO-7,,,6,,,", "PO-8,2,,3,,,"))) == {"PO-8"}


@pytest.mark.parametrize("row", ['PO-7,1,"open', "PO-7,1", "PO-7,1,accepted,\0,,,", ",1,accepted,,,,"])
def test_a_row_of_nobody_certain_withholds_everything(row):
    decoded = read("PO-8,1,accepted,,,,", row)
    assert not decoded.items
    assert decoded.rejected


@pytest.mark.parametrize(
    ("headings", "code"),
    [("Order,Quantity\n", "missing_column"), ("Order,Line,Line\n", "duplicate_column"), ("", "missing_column")],
)
def test_a_file_without_its_columns_is_kept_for_a_person(headings, code):
    decoded = supplier().decode(csv_file("PO-7,1,accepted", headings=headings))
    assert [problem.code for problem in decoded.rejected] == [code]


def test_a_byte_order_mark_and_an_apostrophe_are_no_part_of_what_is_said():
    body = ("\ufeff" + HEADINGS + "'=PO,1,accepted,,,,\n").encode()
    assert set(confirmed(supplier().decode(Transmission("leaf", "text/csv", body)))) == {"=PO"}


def test_other_encodings_are_not_guessed():
    body = (HEADINGS + "PO-7,1,accepted,,,,Grün\n").encode("cp1252")
    assert supplier().decode(Transmission("leaf", "text/csv", body)).rejected[0].code == "wrong_encoding"


def test_a_mail_brings_its_file_and_says_when_it_was_written():
    decoded = supplier().decode(mail(HEADINGS + "PO-7,1,accepted,12,,,\n"))
    (item,) = decoded.items
    assert item.key == "<a1@leaf.example>/PO-7"
    assert item.version.at == datetime(2026, 1, 6, 9, 0, tzinfo=UTC)
    assert item.intent.lines[0].quantity.value == 12


def test_a_mail_with_two_files_is_read_whole():
    decoded = supplier().decode(mail(HEADINGS + "PO-7,1,accepted,,,,\n", HEADINGS + "PO-8,1,,x,,,\n"))
    assert set(confirmed(decoded)) == {"PO-7"}
    assert decoded.problems[0].path == "attachment 2, row 2, column Confirmed quantity"


def test_a_mail_without_a_file_is_for_a_person():
    decoded = supplier().decode(mail())
    assert (decoded.items, [problem.code for problem in decoded.rejected]) == ((), ["no_attachment"])


def test_the_same_answer_is_the_same_and_another_is_another():
    first, again = read("PO-7,1,accepted,12,,,"), read("PO-7,1,accepted,12,,,")
    assert first == again
    assert first.items[0].key != read("PO-7,1,accepted,11,,,").items[0].key
    moved = read(",,,,,,", "PO-7,1,accepted,12,,,")
    assert moved.items[0].key == first.items[0].key


def verified(transmission, **settings):
    try:
        supplier(**settings).verify(transmission, now=NOW)
    except AuthenticationFailed:
        return False
    return True


def test_a_refusal_does_not_say_the_token():
    with pytest.raises(AuthenticationFailed) as caught:
        supplier().verify(mail(FILE, to="x@shop.example"), now=NOW)
    assert "0123456789abcdef0123" not in str(caught.value)


FILE = HEADINGS + "PO-7,1,accepted,,,,\n"


def test_mail_of_the_supplier_with_the_token_is_believed():
    assert verified(mail(FILE))
    assert verified(mail(FILE, to="buying@shop.example", Subject="Re: order [0123456789abcdef0123]"))


@pytest.mark.parametrize(
    "forged",
    [
        {"sender": "sales@leaf.example.evil.net"}, {"sender": "leaf.example <x@evil.net>"}, {"sender": "x@evil.net"},
        {"sender": "a@leaf.example, b@evil.net"}, {"sender": '"a@leaf.example" <b@evil.net>'},
        {"to": "buying@shop.example"}, {"to": "buying+0123456789abcdef0124@shop.example"},
        {"to": "buying+0123456789abcdef01230123456789abcdef0123@shop.example"},
    ],
)  # fmt: skip
def test_other_mail_is_not(forged):
    assert not verified(mail(FILE, **forged))


def test_what_is_set_must_hold_and_something_must_be_set():
    assert verified(mail(FILE, to="x@shop.example"), trust=Trust(["leaf.example"]))
    assert verified(mail(FILE, sender="x@evil.net"), trust=Trust(token="0123456789abcdef0123"))
    assert not verified(mail(FILE), trust=Trust())
    assert not verified(mail(FILE), trust=Trust(files=True))


def test_a_file_needs_the_token_or_hands_that_are_trusted():
    assert not verified(csv_file())
    assert not verified(csv_file(), trust=Trust(["leaf.example"]))
    assert verified(csv_file(), trust=Trust(["leaf.example"], files=True))
    right, wrong = ({"X-Ordercore-Token": token} for token in ("0123456789abcdef0123", "0123456789abcdef0124"))
    assert verified(Transmission("leaf", "text/csv", b"", right))
    assert not verified(Transmission("leaf", "text/csv", b"", wrong))
    assert not verified(Transmission("leaf", "text/csv", b"", {"X-Ordercore-Token": "\udcff"}))


def test_a_giant_is_refused_unread():
    decoded = supplier().decode(Transmission("leaf", "text/csv", b"x" * 10_000_001))
    assert decoded.rejected[0].code == "too_large"


def test_more_rows_than_a_purchase_order_has_are_refused():
    decoded = read(*(f"PO-7,{n},accepted,,,," for n in range(10_001)))
    assert (decoded.items, decoded.rejected[0].code) == ((), "too_many_lines")


SAMPLE = mail(HEADINGS + "PO-7,1,accepted,12,2026-01-20,4.50,L\n").body


@given(st.binary(max_size=300), st.sampled_from(["message/rfc822", "text/csv"]))
def test_no_bytes_are_more_than_a_problem(body, media_type):
    decoded = supplier().decode(Transmission("leaf", media_type, body))
    assert isinstance(decoded, Decoded)
    assert decoded.items or decoded.problems
    verified(Transmission("leaf", media_type, body))


@given(at=st.integers(0, len(SAMPLE)), junk=st.binary(max_size=30))
def test_no_damaged_mail_is_more_than_a_problem(at, junk):
    body = SAMPLE[:at] + junk + SAMPLE[at + len(junk) :]
    decoded = supplier().decode(Transmission("leaf", "message/rfc822", body))
    assert decoded.items or decoded.problems
    verified(Transmission("leaf", "message/rfc822", body))


@given(name=st.sampled_from(["From", "To", "Date", "Message-ID", "Subject", "Content-Type"]), junk=st.text(max_size=40))
def test_no_odd_header_is_more_than_a_problem(name, junk):
    line = f"{name}: {junk}\r\n".encode("utf-8", "surrogateescape")
    body = line + b"\r\n".join(one for one in SAMPLE.split(b"\n") if not one.startswith(name.encode()))
    transmission = Transmission("leaf", "message/rfc822", body)
    decoded = supplier().decode(transmission)
    assert decoded.items or decoded.problems
    verified(transmission)
