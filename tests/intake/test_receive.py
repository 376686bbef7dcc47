"""What a channel says happened earlier takes effect when it comes in."""

from __future__ import annotations

from datetime import UTC, datetime

from ordercore import Kernel, Line, PlaceOrder, PutItem, PutLocation, ReceiveStock, Ship
from ordercore.order.events import OrderPlaced
from ordercore.stock import Received
from ordercore.testing import ManualClock


def test_an_order_placed_before_its_stock_came_in_does_not_reserve_in_the_past() -> None:
    clock = ManualClock()
    kernel = Kernel(clock=clock)
    kernel.handle(PutItem("TEA"))
    kernel.handle(PutLocation("WH1"))
    clock.advance(hours=2)
    kernel.handle(ReceiveStock("WH1", (Received("TEA", 1),)))
    earlier = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
    kernel.handle(PlaceOrder("web", "1", "EUR", (Line("TEA", 1),), placed_at=earlier))
    placed = kernel.timeline("web:1")[0].event
    assert isinstance(placed, OrderPlaced)
    assert placed.placed_at == earlier
    assert kernel.orders()[0].summary.placed_at == earlier
    assert kernel.verify() == ()


def test_what_does_not_ship_is_no_delivery() -> None:
    kernel = Kernel()
    kernel.handle(PutItem("TEA"))
    kernel.handle(PutItem("POSTAGE", tracking="none", delivery="service"))
    kernel.handle(PutLocation("WH1"))
    kernel.handle(ReceiveStock("WH1", (Received("TEA", 2),)))
    order = kernel.handle(PlaceOrder("web", "1", "EUR", (Line("TEA", 2), Line("POSTAGE", 1, "4.50")))).result
    assert kernel.order(order).fulfillment_status == "unfulfilled"
    kernel.handle(Ship(order))
    assert kernel.order(order).fulfillment_status == "fulfilled"
    assert kernel.order(order).line("2").delivered == 1
