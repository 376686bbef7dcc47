from datetime import date

from ordercore.flow import ReadState
from ordercore.flows.record import ORDERS
from ordercore.order import (
    AddHold,
    Line,
    PlaceOrder,
    ReceiveReturn,
    ReleaseOrder,
    ReturnedLine,
    Ship,
    ShortPick,
    stream_of,
)
from ordercore.stock import Received, ReceiveStock
from ordercore.stock.lots import LotFacts

ID = "shop:1001"


def line(bench, id="1"):
    """Counters of a line of the order, with its claims by place."""
    state = ReadState(stream_of(ID), ORDERS)
    found = bench._read([state]).of(state).state.line(id)
    return found.unallocated, found.backordered, {claim.place: claim.quantity for claim in found.claims}


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


def test_what_was_short_of_a_pinned_line_is_not_taken_elsewhere(bench):
    receive(bench, "TEA", 3)
    receive(bench, "TEA", 3, "WH2")
    bench(place(("TEA", 2, "WH1")))
    bench(ReleaseOrder(ID))
    bench(ShortPick(ID, "F1", "1", 2))
    assert line(bench) == (2, 0, {})
    assert bench.units("TEA", "loc/WH2") == {"available": 3}


def test_what_was_short_of_a_held_order_stays_unallocated(bench):
    receive(bench, "TEA", 2)
    receive(bench, "TEA", 3, "WH2")
    bench(place(("TEA", 2, ""), shortage="backorder"))
    bench(ReleaseOrder(ID))
    bench(AddHold(ID, "h", blocks=("allocate",)))
    bench(ShortPick(ID, "F1", "1", 1))
    assert line(bench)[:2] == (1, 0)


def test_what_was_short_is_sourced_elsewhere(bench):
    receive(bench, "TEA", 2)
    receive(bench, "TEA", 3, "WH2")
    bench(place(("TEA", 2, "")))
    bench(ReleaseOrder(ID))
    bench(ShortPick(ID, "F1", "1", 1))
    assert line(bench) == (0, 0, {"loc/WH1": 1, "loc/WH2": 1})
