"""What cannot be is refused with its path and reason, at once, and nothing is written."""

import time
from decimal import Decimal

import pytest

from ordercore import Line, Money, PlaceOrder, ReceiveStock, Ship
from ordercore.errors import (
    ExceedsQuantity,
    InvalidCommand,
    NotFound,
    OrdercoreError,
    Rejected,
    TransitionRefused,
)
from ordercore.order import (
    AddHold,
    AdoptedLine,
    AdoptOrder,
    ConfirmDelivery,
    Content,
    PackParcel,
    PickLines,
    ReceiveReturn,
    RecordPayment,
    RecordTracking,
    ReleaseOrder,
    ReturnedLine,
)
from ordercore.stock import CartLine, Received, ReserveCart
from ordercore.testing import an_order, place
from ordercore.values import Address, Price, Quantity

FULL_WIDTH = "１２"
GIANT = "9" * 5_000


def refuses(shop, error, make, *, within=1.0):
    """`make` builds and sends a command; building may refuse as well. Far less than a conversion would take."""
    before, stock = shop.length(), shop.units("TEA")
    start = time.process_time()
    with pytest.raises(error) as caught:
        make()
    spent = time.process_time() - start
    assert (shop.length(), shop.units("TEA")) == (before, stock)
    assert spent < within
    assert len(str(caught.value)) < 500
    assert caught.value.as_problem()["title"] == caught.value.code
    return caught.value


def each(names, values, fixture="stocked"):
    """One shop for all values: nothing is written, so none sees the one before it."""

    def looped(test):
        def run(shop, subtests):
            for n, value in enumerate(values):
                with subtests.test(msg=f"{n}: {ascii(value)[:60]}"):
                    test(shop, *(value if isinstance(names, tuple) else (value,)))

        def on_stocked(stocked, subtests):
            run(stocked, subtests)

        def on_packed(packed, subtests):
            run(packed, subtests)

        return on_packed if fixture == "packed" else on_stocked

    return looped


def order(**changed):
    line = {"sku": "TEA", "quantity": 1, "unit_price": "1.00"}
    whole = {"channel": "shop", "external_id": "1", "currency": "EUR"}
    for name, value in changed.items():
        (whole if name in ("channel", "external_id", "currency", "customer", "priority", "ship_to") else line)[name] = (
            value
        )
    return PlaceOrder(lines=[Line(**line)], **whole)


@each(
    "quantity",
    [0, -1, True, False, 1.5, 1.0, float("nan"), float("inf"), Decimal("1.5"), Decimal("NaN"), "1", "1E+1000000",
     FULL_WIDTH, GIANT, 10**9 + 1, int("9" * 4_000), None, [1], b"1"],
)  # fmt: skip
def test_a_quantity_is_a_whole_positive_number_of_units(stocked, quantity):
    error = refuses(stocked, InvalidCommand, lambda: stocked.handle(order(quantity=quantity)))
    assert error.path == "lines[0].quantity"


@each("text", ["1E+1000000", "NaN", "Infinity", "-0x1", "1_000", " 5 ", FULL_WIDTH, "١٢", GIANT, "", "1,5"])
def test_a_written_quantity_is_a_plain_decimal(stocked, text):
    refuses(stocked, InvalidCommand, lambda: stocked.handle(order(quantity=Quantity.of(text, "unit"))))


@each(("sku", "text", "unit"), [("TEA", "1.5", "unit"), ("KG", "1.2345", "kg"), ("KG", "1", "lb")])
def test_a_quantity_that_its_item_does_not_count_is_refused(stocked, sku, text, unit):
    refuses(stocked, InvalidCommand, lambda: stocked.handle(order(sku=sku, quantity=Quantity.of(text, unit))))


@each(
    "price",
    ["1E+1000000", Decimal("1E+1000000"), "NaN", Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), 1, 1.5, True, "-1.00",
     FULL_WIDTH, GIANT, "1.1234567890123", Money.minor(100, "USD"), Money(1.5, "EUR"), Price(1.5, 2, "EUR"),
     Price(1, 99, "EUR"), None],
)  # fmt: skip
def test_a_price_is_an_exact_amount_in_the_orders_currency(stocked, price):
    assert (
        refuses(stocked, InvalidCommand, lambda: stocked.handle(order(unit_price=price))).path == "lines[0].unit_price"
    )


@each(
    "changed", [{"discount": "1.01"}, {"discount": "-0.01"}, {"tax": "-0.01"}, {"tax": "0.001"}, {"discount": "x"},
                {"tax": Money.minor(1, "USD")}],
)  # fmt: skip
def test_discount_and_tax_are_amounts_within_their_line(stocked, changed):
    path = f"lines[0].{next(iter(changed))}"
    assert refuses(stocked, InvalidCommand, lambda: stocked.handle(order(**changed))).path == path


@each("currency", ["", "eur", "EU", "XXX", "ＥＵＲ", None, 978, "EUR\x00"])
def test_a_currency_is_a_known_code(stocked, currency):
    refuses(stocked, InvalidCommand, lambda: stocked.handle(order(currency=currency)))


def test_mixed_currencies_are_refused(stocked):
    lines = [Line("TEA", 1, Money.minor(100, "EUR")), Line("TEA", 1, Money.minor(100, "USD"))]
    error = refuses(stocked, InvalidCommand, lambda: stocked.handle(PlaceOrder("shop", "1", "EUR", lines)))
    assert error.path == "lines[1].unit_price"


def test_there_is_at_least_one_line_and_at_most_ten_thousand(stocked):
    assert refuses(stocked, InvalidCommand, lambda: stocked.handle(PlaceOrder("shop", "1", "EUR", []))).path == "lines"
    many = [Line("TEA", 1)] * 10_001
    error = refuses(stocked, InvalidCommand, lambda: stocked.handle(PlaceOrder("shop", "1", "EUR", many)), within=0.5)
    assert (error.path, error.count) == ("lines", 10_001)


@each("ids", [("a", "a"), ("2", "")])
def test_line_ids_are_used_once(stocked, ids):
    lines = [Line("TEA", 1, line_id=id) for id in ids]
    error = refuses(stocked, InvalidCommand, lambda: stocked.handle(PlaceOrder("shop", "1", "EUR", lines)))
    assert error.path == "lines[1].line_id"


@each("sku", ["TAE", "OLD", "tea"])
def test_an_unknown_or_retired_sku_is_named(stocked, sku):
    error = refuses(stocked, NotFound, lambda: stocked.handle(order(sku=sku)))
    assert (error.path, error.name) == ("lines[0].sku", sku)


@each("sku", ["", " TEA", "a/b", "../../etc", "T\x00", "T\u202eA", "T\u200bA", "\ud800", "x" * 65, None])
def test_a_sku_that_can_be_none_is_refused_where_it_stands(stocked, sku):
    assert refuses(stocked, InvalidCommand, lambda: stocked.handle(order(sku=sku))).path == "lines[0].sku"


@each(
    "changed",
    [{"channel": ""}, {"channel": "a b"}, {"external_id": ""}, {"external_id": "x" * 129}, {"external_id": "a\nb"},
     {"external_id": "\ud800"}, {"customer": "\ud800"}, {"customer": "x" * 129}, {"priority": True}, {"priority": 10**9},
     {"location": "WH9"}, {"line_id": "x" * 65}, {"ship_to": Address("Germany")}, {"ship_to": Address("DE", name="a\x07")}],
)  # fmt: skip
def test_names_and_texts_are_clean(stocked, changed):
    refuses(stocked, Rejected, lambda: stocked.handle(order(**changed)))


def test_a_total_stays_in_range(stocked):
    lines = [Line("TEA", 10**9, "40000000000.00")] * 2
    refuses(stocked, InvalidCommand, lambda: stocked.handle(PlaceOrder("shop", "1", "EUR", lines)))
    adopted = AdoptOrder("old", "1", "EUR", stocked.core.clock.now(), [AdoptedLine("TEA", 10**9, "40000000000.00")] * 2)
    refuses(stocked, InvalidCommand, lambda: stocked.handle(adopted))


def test_personal_data_is_in_no_error(stocked):
    address = Address("DE", name="Erika Mustermann\x07", email="erika@example.org")
    error = refuses(stocked, InvalidCommand, lambda: stocked.handle(order(ship_to=address)))
    assert "Erika" not in repr(error) + str(error.as_problem())
    assert "Erika" not in repr(order(ship_to=address))


# After placing


@pytest.fixture
def packed(stocked):
    """Five units at WH2: three packed into B1, two released."""
    id = stocked.handle(PlaceOrder("shop", "1", "EUR", [Line("TEA", 5, location="WH2")])).result
    stocked.handle(ReleaseOrder(id))
    stocked.handle(PickLines(id, "F1", (Content("1", 3),)))
    stocked.handle(PackParcel(id, "F1", "B1"))
    return stocked, id


def test_no_more_is_shipped_than_was_packed(packed):
    shop, id = packed
    for command in (Ship(id), Ship(id, location="WH2"), Ship(id, contents=(Content("1", 4),))):
        refuses(shop, ExceedsQuantity, lambda command=command: shop.handle(command))
    refuses(shop, TransitionRefused, lambda: shop.handle(Ship(id, "B1", contents=(Content("1", 3),))))
    refuses(shop, NotFound, lambda: shop.handle(Ship(id, location="WH9")))


def test_nothing_is_shipped_twice(packed):
    shop, id = packed
    shop.handle(Ship(id, "B1"))
    refuses(shop, TransitionRefused, lambda: shop.handle(Ship(id, "B1")))
    refuses(shop, ExceedsQuantity, lambda: shop.handle(Ship(id)))


def test_no_more_comes_back_than_was_shipped(packed):
    shop, id = packed
    shop.handle(Ship(id, "B1"))
    for n, quantity in enumerate((4, 10**9)):
        wanted = ReceiveReturn(id, f"R{n}", "WH1", (ReturnedLine("1", quantity, "restock"),))
        refuses(shop, ExceedsQuantity, lambda wanted=wanted: shop.handle(wanted))
    refuses(shop, NotFound, lambda: shop.handle(ReceiveReturn(id, "R", "WH9", (ReturnedLine("1", 1, "restock"),))))


def test_nothing_is_delivered_that_is_not_under_way(packed):
    shop, id = packed
    refuses(shop, ExceedsQuantity, lambda: shop.handle(ConfirmDelivery(id)))
    refuses(shop, TransitionRefused, lambda: shop.handle(ConfirmDelivery(id, "B1")))


@each("id", ["shop:2", "", "\ud800", "shop:1\x00"], fixture="packed")
def test_an_order_that_is_not_there_is_unknown(packed, id):
    shop, _ = packed
    for command in (Ship(id), AddHold(id, "a"), RecordPayment(id, "r", "charge", "1.00")):
        refuses(shop, Rejected, lambda command=command: shop.handle(command))
    for read in (shop.order, shop.timeline, shop.explain):
        refuses(shop, NotFound, lambda read=read: read(id))


@each("sku", ["NONE", "", "\ud800", "a/b", "x" * 10_000])
def test_stock_of_what_is_not_there_is_unknown(stocked, sku):
    for read in (stocked.stock, stocked.available, lambda sku: stocked.why(sku, "WH1")):
        refuses(stocked, NotFound, lambda read=read: read(sku))


@each(
    "make",
    [
        lambda id, at: RecordPayment(id, "\ud800", "charge", "1.00"),
        lambda id, at: RecordPayment(id, "x" * 100_000, "charge", "1.00"),
        lambda id, at: ReceiveReturn(id, "\ud800", "WH1", (ReturnedLine("1", 1, "restock"),)),
        lambda id, at: RecordTracking(id, "\ud800", "in_transit", at),
        lambda id, at: RecordTracking(id, "B1", "in_transit", "2026-03-01"),
        lambda id, at: RecordTracking(id, "B1", "in_transit", at.replace(tzinfo=None)),
        lambda id, at: AddHold(id, "\ud800"),
        lambda id, at: ReceiveStock("WH1", [Received("TEA", 1)], "\ud800", "1"),
        lambda id, at: ReceiveStock("WH1", [Received("TEA", 1)], "dock", "\ud800"),
        lambda id, at: ReserveCart("\ud800", [CartLine("1", "TEA", 1)]),
    ],
    fixture="packed",
)
def test_what_identifies_a_fact_is_text_that_a_store_can_hold(packed, make):
    shop, id = packed
    command = make(id, shop.core.clock.now())
    refuses(shop, Rejected, lambda: shop.handle(command))
    (result,) = shop.handle_many([command])
    assert isinstance(result, Rejected)


def test_an_expired_reservation_is_not_confirmed(stocked, clock):
    stocked.handle(ReserveCart("C1", [CartLine("1", "TEA", 3)], 60))
    clock.advance(seconds=60)
    refuses(stocked, TransitionRefused, lambda: stocked.handle(an_order({"TEA": 3}, reservation="C1")))
    stocked.work(until_idle=True)
    assert stocked.available("TEA") == 10
    error = refuses(stocked, TransitionRefused, lambda: stocked.handle(an_order({"TEA": 3}, reservation="C1")))
    assert (error.machine, error.state) == ("reservation", "expired")
    refuses(stocked, NotFound, lambda: stocked.handle(an_order({"TEA": 3}, reservation="C9")))


def test_every_refusal_has_a_code_a_page_and_travels(stocked):
    import pickle

    with pytest.raises(OrdercoreError) as caught:
        place(stocked, {"TEA": 99})
    error = pickle.loads(pickle.dumps(caught.value))
    assert (error.code, error.shortages, error.doc) == ("insufficient", (("1", "TEA", 89),), caught.value.doc)
