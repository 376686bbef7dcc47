"""A shop with a short history, on each store."""

import pytest

from ordercore import Kernel, Line, PlaceOrder, PutItem, PutLocation, ReceiveStock, Ship
from ordercore.order import AddHold, CancelLines, ConfirmDelivery, ReceiveReturn, RecordPayment, ReturnedLine
from ordercore.stock import CartLine, Received, ReserveCart, SendTransfer, TransferLine
from ordercore.store.memory import MemoryStore
from ordercore.store.sqlite import SQLiteStore
from ordercore.testing import CountedIds, ManualClock


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture(params=["memory", "sqlite"])
def shop(request, tmp_path, clock):
    """Order 1: 3 TEA from WH1, shipped, delivered, one back damaged. Order 2: 4 TEA, waits for 1. A cart, a transfer."""
    store = MemoryStore() if request.param == "memory" else SQLiteStore(tmp_path / "shop.db", synchronous="NORMAL")
    kernel = Kernel(store, clock=clock, ids=CountedIds(), strategy="priority")
    for command in (
        PutItem("TEA", "Tea"),
        PutItem("MILK", "Milk", tracking="lot"),
        PutItem("KG", unit="kg", scale=3),
        PutLocation("WH1", "One"),
        PutLocation("WH2", "Two", rank=1),
        ReceiveStock("WH1", [Received("TEA", 5), Received("MILK", 3, "L1"), Received("MILK", 1, "L2")]),
        ReceiveStock("WH2", [Received("TEA", 3)]),
    ):
        kernel.handle(command, actor="setup")
    clock.advance(hours=1)
    first = kernel.handle(PlaceOrder("shop", "1", "EUR", [Line("TEA", 3, "2.50")]), actor="web").result
    clock.advance(hours=1)
    kernel.handle(Ship(first, carrier="Post", tracking="T1"), actor="dock")
    kernel.handle(ConfirmDelivery(first))
    kernel.handle(RecordPayment(first, "r1", "charge", "7.50"))
    kernel.handle(ReceiveReturn(first, "R1", "WH1", (ReturnedLine("1", 1, "damaged"),), "too hot"))
    kernel.handle(SendTransfer("T1", "WH2", "WH1", [TransferLine("TEA", 1)]))
    kernel.handle(ReserveCart("C1", [CartLine("1", "TEA", 1, "WH2")]))
    second = kernel.handle(PlaceOrder("shop", "2", "EUR", [Line("TEA", 4, "2.50")], shortage="backorder")).result
    kernel.handle(AddHold(second, "fraud", "fraud", ("ship",), "card"))
    third = kernel.handle(PlaceOrder("shop", "3", "EUR", [Line("KG", 1500, "10.00")], shortage="backorder")).result
    kernel.handle(CancelLines(third, reason="no longer wanted"))
    yield kernel
    kernel.close()
