from ordercore.flows.record import waiting_key
from ordercore.order import Line, PlaceOrder
from ordercore.stock import CartLine, Received, ReceiveStock, ReserveCart


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
