import csv
import io
from datetime import date
from decimal import Decimal
from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercore.errors import NotSupported
from ordercore.ports import Declined, DocumentSent, MailRefused, PurchaseDocument, PurchaseLine
from ordercore.readable import guarded, unguarded
from ordercore.testing import RecordedTransport
from ordercore.testing.transports import run
from ordercore.values import Quantity
from ordercore_mailsupplier import Letter, OrderFile
from ordercore_mailsupplier.order_file import written


def one_document(**fields):
    given = {"quantity": Quantity(Decimal(1), "kg"), **fields}
    lines = (PurchaseLine("1", "TEA", "T-100", **given),)
    return PurchaseDocument("PO-7", "leaf", date(2026, 1, 5), "EUR", lines)


def send(supplier, document, *answers, key="k1"):
    transport = RecordedTransport(answers)
    result = run(supplier.send(document, key=key), transport)
    return result, transport.sent[0] if transport.sent else None


def text_of(mail):
    return mail.get_body(("plain",)).get_content().replace("\r\n", "\n")


def mail_of(request):
    return message_from_bytes(request.message, policy=default)


def rows_of(request, delimiter=","):
    (part,) = mail_of(request).iter_attachments()
    return list(csv.DictReader(io.StringIO(part.get_content()), delimiter=delimiter))


def test_an_order_is_a_mail_with_a_file(make_supplier, document, token):
    result, request = send(make_supplier(), document())
    mail = mail_of(request)
    assert result == DocumentSent(request.message_id)
    assert request.recipients == ("orders@leaf.example",)
    assert mail["Subject"] == "Purchase order PO-7"
    assert mail["Reply-To"] == f"buying+{token}@shop.example"
    assert mail["Date"] == "Mon, 05 Jan 2026 12:00:00 +0000"
    (part,) = mail.iter_attachments()
    assert (part.get_filename(), part.get_content_type()) == ("order-PO-7.csv", "text/csv")
    assert part.get_content_charset() == "utf-8"
    assert "Dock 3\n28195 Bremen\nDE" in text_of(mail)


def test_where_no_address_is_known_the_location_is_named(make_supplier, document):
    text = text_of(mail_of(send(make_supplier(), document(deliver_to=None, location="Warehouse North"))[1]))
    assert "Deliver to:\nWarehouse North\n" in text


def test_every_line_stands_there_with_its_exact_quantity(make_supplier, document):
    first, second = rows_of(send(make_supplier(), document())[1])
    assert (first["Order"], first["Line"], first["Item"], first["Our item"]) == ("PO-7", "1", "T-100", "TEA")
    assert (first["Quantity"], first["Unit"], first["Price"], first["Currency"]) == ("12", "box", "4.50", "EUR")
    assert first["Wanted on"] == "2026-01-20"
    assert (second["Quantity"], second["Price"], second["Confirmed quantity"]) == ("1.250", "", "")


def test_columns_are_declared(make_supplier, document):
    file = OrderFile(
        {"Bestellung": "number", "Pos.": "line", "Menge": "quantity", "Preis": "unit_cost", "Termin": "wanted_on"},
        ";", ",", "%d.%m.%Y", "cp1252",
    )  # fmt: skip
    first, second = rows_of(send(make_supplier(order=file), document())[1], ";")
    assert first == {"Bestellung": "PO-7", "Pos.": "1", "Menge": "12", "Preis": "4,50", "Termin": "20.01.2026"}
    assert second["Menge"] == "1,250"


@given(value=st.decimals("0.000000000001", "1000000000", places=12))
def test_no_quantity_loses_a_digit(value):
    document = one_document(quantity=Quantity(value, "kg"))
    (row,) = csv.DictReader(io.StringIO(written(document, OrderFile()).decode(), newline=""))
    assert Decimal(row["Quantity"]) == value
    assert "E" not in row["Quantity"]


def test_the_same_key_gives_the_same_bytes(make_supplier, document):
    assert send(make_supplier(), document())[1] == send(make_supplier(), document())[1]
    assert send(make_supplier(), document(), key="k2")[1] != send(make_supplier(), document())[1]


def test_a_reminder_says_so_with_its_own_day(make_supplier, document):
    mail = mail_of(send(make_supplier(), document(reminder=2, sent_on=date(2026, 1, 9)))[1])
    assert mail["Subject"] == "Reminder 2: purchase order PO-7 is not answered yet"
    assert mail["Date"] == "Fri, 09 Jan 2026 12:00:00 +0000"


def test_letters_are_written_in_the_suppliers_language(make_supplier, document):
    letter = Letter("采购订单 $number", "催单 $reminder：$number", "共 $lines 行。价格 $$。\n")
    mail = mail_of(send(make_supplier(letter=letter), document())[1])
    assert mail["Subject"] == "采购订单 PO-7"
    assert text_of(mail) == "共 2 行。价格 $。\n"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "＠x"])
def test_no_cell_is_run_by_a_spreadsheet_and_none_loses_what_it_was(make_supplier, document, make_line, text):
    rows = rows_of(send(make_supplier(), document(make_line(theirs=text, title=text), number=text, note=text))[1])
    for name in ("Order", "Item", "Title"):
        assert rows[0][name].startswith("'")
        assert unguarded(rows[0][name]) == text


@given(st.text(max_size=20))
def test_guarding_is_undone(text):
    if not text.startswith("'"):
        assert unguarded(guarded(text)) == text


@given(text=st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_no_text_breaks_the_file(text):
    rows = list(csv.DictReader(io.StringIO(written(one_document(title=text), OrderFile()).decode(), newline="")))
    assert len(rows) == 1
    assert unguarded(rows[0]["Title"]).replace("\r\n", "\n") == text.replace("\r\n", "\n")


def test_text_that_the_encoding_lacks_is_a_no_and_nothing_is_sent(make_supplier, document, make_line):
    result, request = send(make_supplier(order=OrderFile(encoding="cp1252")), document(make_line(title="龙井茶")))
    assert isinstance(result, Declined)
    assert result.problems[0].code == "wrong_encoding"
    assert request is None


def test_a_refusal_is_a_no(make_supplier, document):
    result, _ = send(make_supplier(), document(), MailRefused(550, "RCPT"))
    assert isinstance(result, Declined)


@pytest.mark.parametrize("number", ["../../etc/passwd", "a b/c", "订单", 'x"y'])
def test_a_number_names_no_file_of_its_own(make_supplier, document, number):
    (part,) = mail_of(send(make_supplier(), document(number=number))[1]).iter_attachments()
    assert set(part.get_filename()) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
    assert ".." not in part.get_filename()


def test_a_mailbox_cannot_be_asked(make_supplier):
    with pytest.raises(NotSupported):
        make_supplier().find("k1")


def test_addresses_and_tokens_are_in_no_repr(make_supplier, token):
    assert "@" not in repr(make_supplier())
    assert token not in repr(make_supplier())
