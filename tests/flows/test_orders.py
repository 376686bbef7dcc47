from datetime import date

from ordercore.order import (
    Line,
    PlaceOrder,
    ReceiveReturn,
    ReturnedLine,
    Ship,
)
from ordercore.stock import Received, ReceiveStock
from ordercore.stock.lots import LotFacts

ID = "shop:1001"


def place(*lines, name="1001", **more):
    made = [Line(sku, quantity, "1.00", location=at) for sku, quantity, at in lines]
    return PlaceOrder("shop", name, "EUR", made, **more)


def receive(bench, sku, quantity, at="WH1", **more):
    bench(ReceiveStock(at, [Received(sku, quantity, **more)]))


def test_a_lot_that_comes_back_and_nobody_received_is_known_from_then_on(bench):
    receive(bench, "MILK", 2, lot="L1")
    bench(place(("MILK", 2, "")))
    bench(Ship(ID))
    back = (ReturnedLine("1", 1, "restock", "L1"), ReturnedLine("1", 1, "quarantine", "L2"))
    bench(ReceiveReturn(ID, "R1", "WH1", back))
    assert bench.document("lot", "MILK/L2") == LotFacts("MILK", "L2", bench.now)
    assert bench.units("MILK", lot="L2") == {"quarantine": 1}
    assert bench.units("MILK", lot="L1") == {"available": 1}


def test_expired_lots_are_not_shipped(bench):
    receive(bench, "MILK", 2, lot="OLD", expires=date(2026, 2, 28))
    receive(bench, "MILK", 1, lot="TODAY", expires=date(2026, 3, 1))
    receive(bench, "MILK", 1, lot="NEW", expires=date(2026, 4, 1))
    bench(place(("MILK", 2, "")))
    _, events = bench(Ship(ID))
    assert [moved.to_lot for moved in events[0].contents] == ["TODAY", "NEW"]
