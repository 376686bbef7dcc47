from decimal import Decimal

import pytest

from ordercore.catalog import PutLocation
from ordercore.errors import Insufficient, InvalidCommand
from ordercore.flows.record import waiting_key
from ordercore.order import Line, PlaceOrder
from ordercore.stock import CartLine, Received, ReceiveStock, ReserveCart
from ordercore.values import Address, Price, Quantity


def place(*lines, name="1001", **more):
    made = [Line(sku, quantity, "1.00", location=at) for sku, quantity, at in lines]
    return PlaceOrder("shop", name, "EUR", made, **more)


def receive(bench, sku, quantity, at="WH1"):
    bench(ReceiveStock(at, [Received(sku, quantity)]))


def test_what_a_cart_held_too_much_is_given_away_less_what_the_order_takes_elsewhere(bench):
    receive(bench, "TEA", 3)
    receive(bench, "TEA", 2, "WH2")
    bench(ReserveCart("C1", [CartLine("1", "TEA", 3, location="WH1")]))
    bench(place(("TEA", 1, "WH1"), ("TEA", 4, "WH2"), reservation="C1", shortage="backorder"))
    assert bench.units("TEA", "loc/WH1") == {"available": 2, "reserved": 1}
    assert bench.units("TEA", "loc/WH2") == {"reserved": 2}
    assert bench.document("waiting", waiting_key("shop:1001", "2")).quantity == 2


@pytest.mark.parametrize("shortage", ["refuse", "backorder"])
def test_a_location_that_does_not_sell_gives_nothing_to_a_line_that_is_pinned_to_it(bench, shortage):
    """On the first attempt as on every other: lines that are all pinned are reserved without a look at what is there."""
    receive(bench, "TEA", 3)
    bench(PutLocation("WH1", "One", sellable=False))
    order = place(("TEA", 1, "WH1"), shortage=shortage)
    if shortage == "refuse":
        with pytest.raises(Insufficient):
            bench(order)
    else:
        bench(order)
        assert bench.document("waiting", waiting_key("shop:1001", "1")).quantity == 1
    assert bench.units("TEA", "loc/WH1") == {"available": 3}


def one(**more):
    return PlaceOrder("shop", more.pop("name", "1"), more.pop("currency", "EUR"), [Line("TEA", 1, "1.00")], **more)


def of(**more):
    return PlaceOrder("shop", "1", "EUR", [Line("CUP", 1), Line(**{"sku": "TEA", "quantity": 1, **more})])


UNHEARD_OF = [
    ("channel", PlaceOrder("a b", "1", "EUR", [Line("TEA", 1)])),
    ("external_id", one(name="\ud800")),
    ("currency", one(currency="EUx")),
    ("customer", one(customer="\ud800")),
    ("ship_to.city", one(ship_to=Address("DE", city="\x00"))),
    ("ship_to.country", one(ship_to=Address("Germany"))),
    ("source_version", one(source_version="\ud800")),
    ("source_version", one(source_version=5)),
    ("attributes[weight]", one(attributes={"weight": 1.5})),
    ("attributes[note]", one(attributes={"note": "\ud800"})),
    ("attributes[what]", one(attributes={"what": object()})),
    ("attributes[n]", one(attributes={"n": 2**63})),
    ("attributes[n]", one(attributes={"n": Decimal("NaN")})),
    ("attributes", one(attributes={"\ud800": 1})),
    ("attributes", one(attributes=[1])),
    ("lines[1].line_id", of(line_id="\ud800")),
    ("lines[1].line_id", of(line_id="x" * 65)),
    ("lines[1].line_id", of(line_id="1")),
    ("lines[1].line_id", of(line_id=5)),
    ("lines[1].quantity", of(quantity=0)),
    ("lines[1].quantity", of(quantity=Quantity.of("0.5", ""))),
    ("lines[1].unit_price", of(unit_price="abc")),
    ("lines[1].unit_price", of(unit_price="-1")),
    ("lines[1].unit_price", of(unit_price=Price.of("1", "USD"))),
    ("lines[1].discount", of(discount="2.00")),
    ("lines[1].discount", of(discount=1.5)),
    ("lines[1].tax", of(tax="-2.00")),
]


@pytest.mark.parametrize(("path", "command"), UNHEARD_OF)
def test_what_an_order_may_not_say_is_refused_with_its_path(bench, path, command):
    with pytest.raises(InvalidCommand) as caught:
        bench(command)
    assert caught.value.path == path
