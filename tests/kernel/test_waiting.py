"""Who waits for supply, in which order it is given, and what it must not be."""

import pytest

from ordercore import Line, PlaceOrder, ReceiveStock, Ship
from ordercore.errors import Insufficient
from ordercore.order import (
    AddHold,
    AdoptedLine,
    AdoptOrder,
    AllocateOrder,
    CancelLines,
    ReceiveReturn,
    ReleaseHold,
    ReturnedLine,
)
from ordercore.order.events import LinesBackordered, OrderAllocated
from ordercore.policies import Policies
from ordercore.stock import OpenBalance, Opening, Received
from ordercore.testing import an_order, given_stock, place


def more(units, location="WH1", sku="TEA"):
    return ReceiveStock(location, [Received(sku, units)])


def waiting(shop, *orders):
    return [shop.order(order).line("1").backordered for order in orders]


def late(shop, units=2, **fields):
    return place(shop, {"TEA": units}, shortage="backorder", **fields)


def test_without_stock_the_policy_decides(make_shop):
    shop = make_shop(policies=Policies(shortage="partial"))
    given_stock(shop, {"WH1": {"TEA": 3}})
    with pytest.raises(Insufficient):
        place(shop, {"TEA": 4}, shortage="refuse")
    partial = shop.order(place(shop, {"TEA": 4})).line("1")
    assert (partial.claimed, partial.unallocated) == (3, 1)
    receipt = shop.handle(an_order({"TEA": 4}, shortage="backorder"))
    assert [type(event) for event in receipt.events][1:] == [LinesBackordered]


def test_lines_of_one_sku_are_taken_together(stocked):
    lines = [Line("TEA", 6), Line("TEA", 5)]
    with pytest.raises(Insufficient) as caught:
        stocked.handle(PlaceOrder("shop", "1", "EUR", lines))
    assert sum(missing for _, _, missing in caught.value.shortages) == 1


def test_supply_goes_to_the_highest_priority_then_to_the_earliest_order(shop, clock):
    orders = []
    for priority in (0, 0, 5, -1):
        orders.append(late(shop, priority=priority))
        clock.advance(minutes=1)
    assert waiting(shop, *orders) == [2, 2, 2, 2]
    seen = []
    for _ in range(4):
        shop.handle(more(2))
        seen.append(waiting(shop, *orders))
    assert seen == [[2, 2, 0, 2], [0, 2, 0, 2], [0, 0, 0, 2], [0, 0, 0, 0]]


def test_a_large_receipt_fills_many_and_says_so_in_one_receipt(shop):
    orders = [late(shop) for _ in range(3)]
    receipt = shop.handle(more(5))
    assert [type(event).__name__ for event in receipt.events] == ["StockReceived", *["OrderAllocated"] * 3]
    assert waiting(shop, *orders) == [0, 0, 1]


def test_a_line_pinned_elsewhere_lets_others_pass(shop):
    pinned = shop.handle(PlaceOrder("shop", "1", "EUR", [Line("TEA", 2, location="WH2")], shortage="backorder")).result
    other = late(shop)
    shop.handle(more(2))
    assert waiting(shop, pinned, other) == [2, 0]
    shop.handle(more(2, "WH2"))
    assert waiting(shop, pinned) == [0]


def test_safety_stock_is_kept_from_those_who_wait(shop):
    order = place(shop, {"CUP": 2}, shortage="backorder")
    shop.handle(more(2, sku="CUP"))
    assert (waiting(shop, order), shop.units("CUP")) == ([1], {"available": 1, "reserved": 1})


def test_an_order_on_hold_lets_others_pass_and_is_filled_when_it_is_free(shop):
    held, other = late(shop), late(shop)
    shop.handle(AddHold(held, "fraud", "fraud"))
    shop.handle(AddHold(held, "address", "address"))
    shop.handle(more(5))
    assert waiting(shop, held, other) == [2, 0]
    shop.handle(ReleaseHold(held, "fraud"))
    assert waiting(shop, held) == [2]
    receipt = shop.handle(ReleaseHold(held, "address"))
    assert [type(event).__name__ for event in receipt.events] == ["HoldReleased", "OrderAllocated"]
    assert (waiting(shop, held), shop.units("TEA")) == ([0], {"available": 1, "reserved": 4})


def test_a_hold_that_does_not_block_allocation_changes_nothing_for_who_waits(shop):
    order = late(shop)
    shop.handle(AddHold(order, "pay", "payment", ("ship",)))
    shop.handle(more(2))
    assert waiting(shop, order) == [0]


def test_units_given_up_go_to_the_first_who_waits(stocked):
    holder = place(stocked, {"TEA": 10})
    order = late(stocked, 3)
    stocked.handle(CancelLines(holder, {"1": 2}))
    assert waiting(stocked, order) == [1]


def test_units_given_up_may_serve_another_line_of_the_same_order(stocked):
    lines = [Line("TEA", 10), Line("TEA", 4, line_id="b")]
    order = stocked.handle(PlaceOrder("shop", "1", "EUR", lines, shortage="backorder")).result
    stocked.handle(CancelLines(order, {"1": 3}))
    line = stocked.order(order).line("b")
    assert (line.claimed, line.backordered) == (3, 1)


def test_a_return_to_stock_serves_who_waits(stocked):
    holder = place(stocked, {"TEA": 5}, strategy="priority")
    stocked.handle(Ship(holder))
    place(stocked, {"TEA": 5})
    order = late(stocked, 2)
    stocked.handle(
        ReceiveReturn(holder, "R1", "WH1", (ReturnedLine("1", 1, "damaged"), ReturnedLine("1", 1, "restock")))
    )
    assert waiting(stocked, order) == [1]


def test_a_pin_of_one_allocation_sends_nobody_to_wait_beside_stock(make_shop):
    shop = make_shop(policies=Policies(allocate="manual", shortage="backorder"))
    given_stock(shop, {"WH1": {"TEA": 1}, "WH2": {"TEA": 5}})
    order = place(shop, {"TEA": 4})
    shop.handle(AllocateOrder(order, pins={"1": "WH1"}))
    line = shop.order(order).line("1")
    assert (line.claimed, line.unallocated, line.backordered) == (1, 3, 0)
    shop.handle(AllocateOrder(order))
    assert shop.order(order).line("1").claimed == 4


def test_an_adopted_order_waits_for_new_supply(stocked, clock):
    line = AdoptedLine("TEA", 6, "1.00", shipped=2, delivered=1, backordered=2, reserved={"WH1": 2})
    order = stocked.handle(AdoptOrder("old", "1", "EUR", clock.now(), [line])).result
    assert (waiting(stocked, order), stocked.units("TEA")) == ([2], {"available": 3, "reserved": 2})
    stocked.handle(OpenBalance("WH1", "day-1", [Opening("TEA", 1)]))
    assert waiting(stocked, order) == [0]


def test_an_adopted_order_takes_what_it_had_reserved_or_nothing(stocked, clock):
    length = stocked.length()
    with pytest.raises(Insufficient):
        stocked.handle(AdoptOrder("old", "1", "EUR", clock.now(), [AdoptedLine("TEA", 9, reserved={"WH1": 6})]))
    assert stocked.length() == length


def test_what_fills_a_waiting_line_names_its_own_rule(shop):
    order = late(shop)
    shop.handle(more(2))
    event = shop.timeline(order)[-1].event
    assert isinstance(event, OrderAllocated)
    assert (event.strategy, event.waiting) == ("waiting_first", "backordered")
