"""The CSV channel over files written for these tests; nobody in them exists."""

import csv
import gzip
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.metadata import entry_points

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercore.errors import ConfigurationError
from ordercore.hooks import OrdercoreHooks
from ordercore.ports import Decoded, Transmission
from ordercore.values import Address, Price
from ordercore_csv import BadRow, ColumnMap, Row, ordercore_register_channels, read_rows

HEAD = "Order,Item,Qty,Price,When"
MAP = {
    "file": {"encoding": "utf-8", "time_zone": "Europe/Berlin"},
    "columns": {"order": "Order", "sku": "Item", "quantity": "Qty", "unit_price": "Price", "placed_at": "When"},
    "order": {"currency": "EUR"},
    "lines": {"untracked": ["POST", "FEE-*"]},
}


def table(**changes):
    return {name: {**MAP.get(name, {}), **changes.get(name, {})} for name in {**MAP, **changes}}


def channel(instance="shop", **changes):
    (kind,) = ordercore_register_channels()
    return kind.make(instance, table(**changes))


def decode(text, **changes):
    body = text if isinstance(text, bytes) else text.encode()
    return channel(**changes).decode(Transmission("shop", "text/csv", body))


def orders(decoded):
    return {item.subject.value: item.intent.order for item in decoded.items}


def found(decoded):
    return [(problem.code, problem.path, problem.subject) for problem in decoded.problems]


def file(*rows, head=HEAD):
    return "\n".join((head, *rows)) + "\n"


def test_rows_become_orders_wherever_they_stand():
    decoded = decode(
        file("1,TEA,2,2.50,2026-03-01T09:00", "2,CUP,1,7.00,2026-03-01T10:00", "1,POST,1,3.95,2026-03-01T09:00")
    )
    assert decoded.problems == ()
    one, two = orders(decoded).values()
    assert [(line.line_key, line.items[0].value, line.quantity.value, line.kind) for line in one.lines] == [
        ("1", "TEA", 2, "item"),
        ("2", "POST", 1, "charge"),
    ]
    assert (one.total, two.total, one.currency) == (895, 700, "EUR")
    assert one.placed_at == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert [item.path for item in decoded.items] == ["rows 2, 4", "rows 3"]


def test_every_declared_column_is_read():
    columns = {
        "line": "Line", "title": "Title", "unit": "Unit", "reference": "Ref", "customer": "Cust", "country": "Land",
        "name": "Name", "address": "Street", "address2": "More", "city": "City", "region": "Region",
        "postal_code": "Zip", "phone": "Phone", "email": "Mail", "updated_at": "Changed", "currency": "Cur",
    }  # fmt: skip
    text = file(
        "1,RICE,1.250,2.50,2026-03-01T09:00,L7,Rice,kg,#1,C9,Freedonia,The Customer,1 Example Road,Door 2,Exampleton,EX,00001,"
        "+000,customer@example.com,2026-03-02T09:00:00+00:00,CHF",
        head=f"{HEAD},{','.join(columns[name] for name in list(columns))}",
    )
    decoded = decode(text, columns=columns, countries={"Freedonia": "DE"})
    order = orders(decoded)["1"]
    assert order.ship_to == Address(
        "DE", "The Customer", ("1 Example Road", "Door 2"), "Exampleton", "EX", "00001", "+000", "customer@example.com"
    )
    line = order.lines[0]
    assert (line.line_key, line.title, line.quantity.value, line.quantity.unit) == (
        "L7",
        "Rice",
        Decimal("1.250"),
        "kg",
    )
    assert (order.reference, order.customer, order.currency) == ("#1", "C9", "CHF")
    assert line.unit_price == Price.of("2.50", "CHF")
    assert decoded.items[0].version.at == datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_a_line_without_an_id_of_its_own_has_its_number_within_the_order():
    decoded = decode(file("1,TEA,1,1,", "2,TEA,1,1,", "1,TEA,1,1,"))
    assert [line.line_key for line in orders(decoded)["1"].lines] == ["1", "2"]


def test_the_order_is_placed_with_its_first_line():
    decoded = decode(file("1,TEA,1,1,2026-03-01T09:01", "1,CUP,1,1,2026-03-01T09:00"))
    assert orders(decoded)["1"].placed_at == datetime(2026, 3, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("row", "code", "column"),
    [
        ("1,TEA,0,1,", "zero_quantity", "Qty"),
        ("1,TEA,-1,1,", "negative_quantity", "Qty"),
        ("1,TEA,true,1,", "invalid_number", "Qty"),
        ("1,TEA,1E+1000000,1,", "invalid_number", "Qty"),
        ("1,TEA,NaN,1,", "invalid_number", "Qty"),
        ("1,TEA,,1,", "invalid_number", "Qty"),
        (f"1,TEA,{'9' * 5000},1,", "invalid_number", "Qty"),
        ("1,TEA,9999999999,1,", "quantity_out_of_range", "Qty"),
        ("1,TEA,１２,1,", "invalid_number", "Qty"),
        ("1,TEA,١٢,1,", "invalid_number", "Qty"),
        ("1,TEA,1_000,1,", "invalid_number", "Qty"),
        ("1,TEA, 5 ,1,", "invalid_number", "Qty"),
        ('1,TEA,"1,000",1,', "invalid_number", "Qty"),
        ("1,TEA,1,1e400,", "invalid_number", "Price"),
        ("1,TEA,1,-1.00,", "negative_amount", "Price"),
        ("1,,1,1,", "missing_sku", "Item"),
        ("1,../../etc,1,1,", "invalid_sku", "Item"),
        ("1,TE\u202eA,1,1,", "invalid_sku", "Item"),
        ("1,TE\u200bA,1,1,", "invalid_sku", "Item"),
        ("1,TEA,1,1,yesterday", "invalid_time", "When"),
        ("1,TEA,1,1,0000-01-01T00:00", "invalid_time", "When"),
        ("1,TEA,1,1,9999-12-31T23:59", "invalid_time", "When"),
        ("1,TEA,1,1,2026-02-29T12:00", "invalid_time", "When"),
        ("1,TEA,1,1,2026-03-29T02:30", "invalid_time", "When"),
    ],
)
def test_a_bad_cell_rejects_its_order_and_no_other(row, code, column):
    decoded = decode(file("2,TEA,1,1,", row, "1,CUP,1,1,"))
    assert found(decoded) == [(code, f"row 3, column {column}", "1")]
    assert list(orders(decoded)) == ["2"]


def test_every_bad_cell_of_a_row_is_named():
    decoded = decode(file("1,,x,y,z"))
    assert [problem.path for problem in decoded.problems] == [
        f"row 2, column {name}" for name in ("Item", "Qty", "Price", "When")
    ]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("1,TEA,1,1", "ragged_row"),
        ("1,TEA,1,1,,", "ragged_row"),
        ('1,"TEA,1,1,', "unclosed_quote"),
        ('1,"TEA"x,1,1,', "malformed_row"),
        ("1,TE\0A,1,1,", "nul_character"),
        ("1,TE\rA,1,1,", "malformed_row"),
        (f"1,TEA,1,{'1' * 140_000},", "field_too_long"),
        (f'1,TEA,1,"{"1" * 140_000}",', "field_too_long"),
    ],
)
def test_a_row_that_cannot_be_split_rejects_the_order_in_its_first_column(row, code):
    decoded = decode(file("2,TEA,1,1,", row, "1,CUP,1,1,", "3,CUP,1,1,"))
    assert found(decoded) == [(code, "row 3", "1")]
    assert list(orders(decoded)) == ["2", "3"]


@pytest.mark.parametrize("row", ['"1,TEA,1,1,', "1\0,TEA,1,1,", "TEA,1,1,", ",TEA,1,1,"])
def test_a_row_of_no_certain_order_rejects_the_document(row):
    columns = {"order": "Item", "sku": "Order"} if row.startswith("TEA") else {}
    decoded = decode(file("2,TEA,1,1,", row), columns=columns)
    assert decoded.items == ()
    assert [(problem.severity, problem.path[:5], problem.subject) for problem in decoded.problems] == [
        ("reject", "row 3", "")
    ]


def test_an_open_quote_swallows_no_other_row():
    rows = list(
        read_rows(io.BytesIO(file('1,"TEA,1,1,', "2,TEA,1,1,", '3,"TEA,1,1,', "4,CUP,1,1,").encode()), columns())
    )
    assert [(row.line, row.order, isinstance(row, Row)) for row in rows] == [
        (2, "1", False),
        (3, "2", True),
        (4, "3", False),
        (5, "4", True),
    ]
    assert "opens on line 2" in rows[0].problems[0].message


def columns(**changes):
    return ColumnMap.from_table(table(**changes))


def test_cells_over_several_lines_are_read_where_they_are_declared():
    text = file(
        '1,TEA,1,1,,"one\ntwo"', "2,CUP,1,1,,three", '3,"CUP,1,1,,', '4,CUP,1,1,,"fo""ur"', head=f"{HEAD},Title"
    )
    rows = list(read_rows(io.BytesIO(text.encode()), columns(file={"multiline": True}, columns={"title": "Title"})))
    assert [(row.line, row.order) for row in rows] == [(2, "1"), (4, "2"), (5, "3"), (6, "4")]
    assert [row.extra["title"] for row in rows if isinstance(row, Row)] == ["one\ntwo", "three", 'fo"ur']
    assert rows[2].problems[0].code == "unclosed_quote"


@pytest.mark.parametrize(
    ("head", "code"),
    [
        ("Order,Item,Qty,Price,When,Qty", "duplicate_header"),
        ("Order,Item,Price,When", "missing_column"),
        ('Order,"Item,Qty,Price,When', "unclosed_quote"),
    ],
)
def test_a_header_that_does_not_fit_rejects_the_document(head, code):
    decoded = decode(file("1,TEA,1,1,", head=head))
    assert decoded.items == ()
    assert [(problem.code, problem.path, problem.severity) for problem in decoded.problems] == [
        (code, "row 1", "reject")
    ]


def test_a_missing_column_comes_with_the_nearest_one():
    assert (
        "Did you mean 'Qty'?"
        in decode(file(head="Order,Item,Qty,Price,When"), columns={"quantity": "Qyt"}).problems[0].message
    )


def test_an_empty_file_is_rejected_and_one_without_rows_is_noted():
    assert [problem.code for problem in decode("").rejected] == ["missing_header"]
    assert [(problem.code, problem.severity) for problem in decode(HEAD).problems] == [("no_rows", "warning")]


def test_bytes_of_another_encoding_reject_the_document_and_are_not_guessed():
    decoded = decode(file("1,TEA,1,1,", "2,CAFÉ,1,1,").encode("cp1252"))
    assert decoded.items == ()
    assert found(decoded) == [("wrong_encoding", "row 3", "")]
    assert (
        orders(decode(file("2,CAFÉ,1,1,").encode("cp1252"), file={"encoding": "cp1252"}))["2"].lines[0].items[0].value
        == "CAFÉ"
    )


def test_the_declared_locale_alone_is_read():
    german = {"file": {"delimiter": ";", "decimal": ",", "thousands": ".", "date_format": "%d.%m.%Y"}}
    text = file("1;TEA;1.000;2,50;01.03.2026", head=HEAD.replace(",", ";"))
    order = orders(decode(text, **german))["1"]
    assert (order.lines[0].quantity.value, order.total) == (1000, 250_000)
    assert order.placed_at == datetime(2026, 2, 28, 23, tzinfo=UTC)
    wrong = file("1;TEA;1.00;2.50;1.3.26", "2;TEA;1.0000;1;", "3;TEA;1;1;٠١.03.2026", head=HEAD.replace(",", ";"))
    assert len(decode(wrong, **german).problems) == 5


def test_a_time_without_an_offset_needs_the_zone_of_the_file():
    decoded = decode(file("1,TEA,1,1,2026-03-01T09:00", "2,TEA,1,1,2026-03-01T09:00+01:00"), file={"time_zone": ""})
    assert found(decoded) == [("missing_time_zone", "row 2, column When", "1")]


@pytest.mark.parametrize(
    ("changes", "rows", "code"),
    [
        ({"currency": "Cur"}, ["1,TEA,1,1,,EUR", "1,CUP,1,1,,USD"], "mixed_currency"),
        ({"currency": "Cur"}, ["1,TEA,1,1,,eur"], "unknown_currency"),
        ({"currency": "Cur"}, ["1,TEA,1,1,,EUX"], "unknown_currency"),
        ({"customer": "Cur"}, ["1,TEA,1,1,,C1", "1,CUP,1,1,,C2"], "inconsistent_order"),
        ({"city": "Cur"}, ["1,TEA,1,1,,Here", "1,CUP,1,1,,There"], "inconsistent_order"),
        ({"country": "Cur"}, ["1,TEA,1,1,,Freedonia"], "invalid_country"),
        ({"line": "Cur"}, ["1,TEA,1,1,,7", "1,CUP,1,1,,7"], "duplicate_line"),
        ({"title": "Cur"}, ["1,TEA,1,1,,bell\x07"], "invalid_title"),
        ({"updated_at": "Cur"}, ["1,TEA,1,1,,soon"], "invalid_time"),
    ],
)
def test_an_order_whose_rows_contradict_each_other_is_rejected(changes, rows, code):
    decoded = decode(file(*rows, head=f"{HEAD},Cur"), columns=changes)
    assert decoded.items == ()
    assert [problem.code for problem in decoded.problems] == [code.replace("invalid_country", "unknown_country")]


def test_a_country_that_the_map_does_not_have_is_rejected():
    decoded = decode(
        file("1,TEA,1,1,,Sylvania", head=f"{HEAD},Land"), columns={"country": "Land"}, countries={"Freedonia": "DE"}
    )
    assert found(decoded) == [("unknown_country", "row 2, column Land", "1")]


def test_an_order_of_ten_thousand_and_one_lines_is_rejected():
    decoded = decode(file(*["1,TEA,1,1,"] * 10_001, "2,TEA,1,1,"))
    assert [problem.code for problem in decoded.problems] == ["too_many_lines"]
    assert list(orders(decoded)) == ["2"]


def test_problems_without_end_are_cut_short():
    decoded = decode(file(*(f"{n},TEA,x,1," for n in range(1_500))))
    assert len(decoded.problems) == 1_001
    assert decoded.problems[-1].message == "500 more problems are not listed."


def test_no_problem_holds_text_of_a_personal_column():
    names = ("customer", "name", "address", "address2", "city", "region", "postal_code", "phone", "email")
    head = f"{HEAD},{','.join(names)}"
    secret = "Somebody\x07Real"
    text = file(
        *(f"{n},TEA,1,1,{',' * (n + 1)}{secret}{',' * (len(names) - n - 1)}" for n in range(len(names))), head=head
    )
    decoded = decode(text, columns={name: name for name in names})
    assert len(decoded.rejected) == len(names)
    assert "Somebody" not in repr(decoded)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"file": {"encoding": ""}}, "must say its encoding"),
        ({"file": {"encoding": "utf-16"}}, "no ASCII"),
        ({"file": {"encoding": "hex"}}, "unknown"),
        ({"file": {"encodign": "utf-8"}}, "Did you mean 'encoding'?"),
        ({"column": {}}, "Did you mean 'columns'?"),
        ({"columns": {"qantity": "Qty"}}, "Did you mean 'quantity'?"),
        ({"columns": {"quantity": ""}}, "which column is quantity"),
        ({"file": {"delimiter": ",,"}}, "one character each"),
        ({"file": {"delimiter": '"'}}, "not the same"),
        ({"file": {"decimal": "."}, "order": {"currency": ""}}, "need a currency"),
        ({"order": {"currency": "EUX"}}, "or 'EUR'?"),
        ({"file": {"decimal": ",", "thousands": ","}}, "are the same"),
        ({"file": {"decimal": ";"}}, "decimal sign is"),
        ({"file": {"time_zone": "Mars/Base"}}, "something unknown"),
        ({"countries": {"Freedonia": "Freedonia"}}, "something unknown"),
        ({"lines": {"untracked": "POST"}}, "list of patterns"),
        ({"file": {"delimiter": 7}}, "must be text"),
    ],
)
def test_a_map_that_cannot_work_is_refused_with_the_reason(changes, message):
    with pytest.raises(ConfigurationError, match=message.replace("?", r"\?")):
        channel(**changes)


def test_a_map_is_toml_and_leaves_the_table_of_past_orders_to_the_import():
    made = ColumnMap.from_toml(
        '[file]\nencoding = "utf-8"\n[columns]\norder = "a"\nsku = "b"\nquantity = "c"\n[order]\ncurrency = "GBP"\n[history]\nx = 1'
    )
    assert made.columns == {"order": "a", "sku": "b", "quantity": "c"}
    with pytest.raises(ConfigurationError, match="not TOML"):
        ColumnMap.from_toml("[file")


def test_the_reader_passes_negative_quantities_on_and_streams():
    rows = read_rows(gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(file("C1,TEA,-3,2.50,").encode()))), columns())
    row = next(rows)
    assert (row.quantity, type(row.quantity), row.unit_price) == (-3, int, Price.of("2.50", "EUR"))
    assert next(rows, None) is None


def test_the_reader_takes_lines_of_text():
    assert [row.line for row in read_rows(io.StringIO(file("1,TEA,1,1,", "", "2,TEA,1,1,")), columns())] == [2, 4]


def test_a_line_without_end_does_not_fill_the_memory():
    body = file("1,TEA,1,1,").encode() + b"2," + b"x" * 3_000_000 + b"\n3,TEA,1,1,\n"
    rows = list(read_rows(io.BytesIO(body), columns()))
    assert [(row.line, type(row)) for row in rows] == [(2, Row), (3, BadRow), (4, Row)]
    assert rows[1].problems[0].code == "line_too_long"


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=6)


@given(st.lists(st.lists(CELL, min_size=5, max_size=5).filter(any), max_size=8))
def test_every_row_that_csv_can_write_is_one_item_with_its_line_number(rows):
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEAD.split(","))
    writer.writerows(rows)
    read = list(read_rows(io.BytesIO(text.getvalue().encode()), columns()))
    assert [row.line for row in read] == list(range(2, len(rows) + 2))
    assert not {"unclosed_quote", "malformed_row", "ragged_row"} & {
        p.code for row in read if isinstance(row, BadRow) for p in row.problems
    }


@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(1, 99)), min_size=1, max_size=12),
    st.randoms(use_true_random=False),
)
def test_units_are_neither_lost_nor_made_whatever_the_order_of_rows(rows, random):
    lines = [f"{order},TEA,{quantity},1," for order, quantity in rows]
    random.shuffle(lines)
    decoded = decode(file(*lines))
    sold = sum(line.quantity.value for order in orders(decoded).values() for line in order.lines)
    assert sold == sum(quantity for _, quantity in rows)


SAMPLE = file(
    "1001,TEA,2,2.50,2026-03-01T09:00", '1002,"CUP",1,7.00,2026-03-01T10:00', "1001,POST,1,3.95,2026-03-01T09:00"
).encode()


@given(st.data())
def test_damage_is_a_problem_and_never_an_exception(data):
    body = bytearray(SAMPLE)
    for _ in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(0, len(body) - 1))
        match data.draw(st.sampled_from(("change", "cut", "put"))):
            case "change":
                body[place] = data.draw(st.integers(0, 255))
            case "cut":
                del body[place : place + data.draw(st.integers(1, 9))]
            case "put":
                body[place:place] = data.draw(
                    st.sampled_from((b"\0", b'"', b"\r", b"\xff", b",", "\u202e".encode(), b"1E+9"))
                )
        body = body or bytearray(b"x")
    first, again = (decode(bytes(body)) for _ in range(2))
    assert isinstance(first, Decoded)
    assert first == again
    assert all(order.lines and order.total >= 0 for order in orders(first).values())


@pytest.mark.parametrize("part", range(17))
def test_a_truncated_file_never_raises(part):
    assert isinstance(decode(SAMPLE[: len(SAMPLE) * part // 16]), Decoded)


@given(st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001
def test_local_times_mean_what_the_zone_says(local):
    decoded = decode(file(f"1,TEA,1,1,{local.isoformat()}"))
    if decoded.items:
        instant = orders(decoded)["1"].placed_at
        assert timedelta(hours=-2) <= instant.replace(tzinfo=None) - local <= timedelta(0)
    else:
        assert "does not exist" in decoded.problems[0].message


def test_the_plugin_is_found_by_its_entry_point():
    (entry,) = entry_points(group="ordercore", name="csv")
    module = entry.load()
    assert hasattr(OrdercoreHooks, "ordercore_register_channels")
    assert [(kind.kind, kind.capabilities) for kind in module.ordercore_register_channels()] == [("csv", {"file"})]


def test_a_file_needs_no_signature():
    assert channel().verify(Transmission("shop", "text/csv", b""), now=datetime.now(UTC)) is None
    assert channel().capabilities == {"file"}
