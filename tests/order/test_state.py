from datetime import UTC, datetime

import pytest

from ordercore.errors import BrokenRule, NotFound, TransitionRefused
from ordercore.order import (
    ConfirmDelivery,
    ConfirmOrder,
    Content,
    OrderLine,
    PackParcel,
    PickLines,
    ReceiveReturn,
    RecordTracking,
    ReleaseOrder,
    ReturnedLine,
    Ship,
    fold_order,
    stream_of,
)
from ordercore.order.events import AdoptedCounters, LinesFulfilled, OrderAdopted, OrderConfirmed
from ordercore.order.lines import Claim, LineQuantity

ID = "shop:1"
AT = datetime(2026, 3, 1, tzinfo=UTC)


def test_an_order_is_the_fold_of_its_events(story):
    story.placed(("1", "TEA", 5), ("2", "postage", 1)).allocated("1", 3).waits("1", 2)
    story.when(Ship(ID))
    story.when(ConfirmDelivery(ID))
    assert fold_order(None, story.events, "order/shop:1") == story.order
    head = fold_order(None, story.events[:2], "order/shop:1")
    assert fold_order(head, story.events[2:], "order/shop:1") == story.order
    assert story.order.version == len(story.events)


def test_a_stream_begins_with_an_order(story):
    with pytest.raises(BrokenRule, match="cannot begin"):
        fold_order(None, [OrderConfirmed()], "order/shop:1")
    assert fold_order(None, [], "order/shop:1") is None


def test_an_order_that_is_not_confirmed_is_not_worked_on(story):
    story.placed(("1", "TEA", 2), confirmed=False).allocated("1", 2)
    refused = story.refused(TransitionRefused, Ship(ID), machine="order", state="placed", asked="Ship")
    assert "ConfirmOrder" in refused.allowed
    (event,) = story.when(ConfirmOrder(ID))
    assert isinstance(event, OrderConfirmed)
    story.refused(TransitionRefused, ConfirmOrder(ID))
    story.when(Ship(ID))


def test_fulfillment_statuses_in_the_order_of_the_table(story):
    seen = []
    story.placed(("1", "TEA", 4))
    seen.append(story.order.fulfillment_status)
    story.waits("1", 1)
    seen.append(story.order.fulfillment_status)
    story.allocated("1", 1, waiting="backordered").allocated("1", 3, "WH2")
    story.when(ReleaseOrder(ID, "WH2"))
    seen.append(story.order.fulfillment_status)
    story.when(PickLines(ID, "F1"))
    story.when(PackParcel(ID, "F1", "B1"))
    story.when(Ship(ID, "B1"))
    seen.append(story.order.fulfillment_status)
    story.when(Ship(ID, contents=(Content("1", 1),)))
    seen.append(story.order.fulfillment_status)
    story.when(RecordTracking(ID, "B1", "delivered", AT))
    seen.append(story.order.fulfillment_status)
    story.when(ConfirmDelivery(ID))
    seen.append(story.order.fulfillment_status)
    assert seen == [
        "unfulfilled",
        "backordered",
        "in_progress",
        "partially_fulfilled",
        "fulfilled",
        "partially_delivered",
        "delivered",
    ]


def test_a_completed_order_still_takes_returns(story):
    story.placed(("1", "TEA", 1)).allocated("1", 1)
    story.when(Ship(ID))
    story.when(ConfirmDelivery(ID))
    assert story.order.status == "completed"
    story.when(ReceiveReturn(ID, "R1", "WH1", (ReturnedLine("1", 1, "scrap"),)))
    assert (story.order.status, story.order.return_status) == ("completed", "returned")
    story.refused(TransitionRefused, ReleaseOrder(ID), state="completed")


def test_an_adopted_order_goes_on_from_where_it_stood(story):
    line = OrderLine("1", "TEA", 9, 100, 2, 900)
    claims = (Claim("loc/WH1", "reserved", 2),)
    counters = AdoptedCounters("1", cancelled=1, backordered=1, shipped=3, delivered=1, returned=1, claims=claims)
    story.given(OrderAdopted("old", "1", "EUR", AT, (line,), (counters,), 900))
    expected = {"unallocated": 2, "backordered": 1, "cancelled": 1, "shipped": 3, "delivered": 1, "returned": 1}
    assert story.line("1") == {**expected, "reserved": 2}
    story.when(Ship(ID))
    story.when(ConfirmDelivery(ID, "adopted"))
    assert story.order.line("1").delivered == 3


def test_what_came_back_before_an_order_was_adopted_came_back(story):
    line = OrderLine("1", "TEA", 9, 100, 2, 900)
    counters = AdoptedCounters("1", cancelled=3, shipped=6, delivered=6, returned=3)
    story.given(OrderAdopted("old", "1", "EUR", AT, (line,), (counters,), 900))
    assert story.order.return_status == "partially_returned"
    assert story.order.statuses[3] == "partially_returned"


def test_an_order_of_services_alone_is_not_completed_before_it_is_confirmed(story):
    story.placed(("1", "postage", 1), confirmed=False).given(LinesFulfilled((LineQuantity("1", 1),)))
    assert story.order.status == "placed"
    story.when(ConfirmOrder(ID))
    assert story.order.status == "completed"


def test_what_an_order_has_is_found_by_name_or_the_nearest_names(story):
    story.placed(("line-1", "TEA", 1))
    with pytest.raises(NotFound) as caught:
        story.order.line("line-2")
    assert "line-1" in caught.value.hint
    for ask in (story.order.work, story.order.parcel):
        with pytest.raises(NotFound):
            ask("X")


def test_an_id_that_no_store_can_hold_is_unknown():
    assert stream_of("shop:ä 1") == "order/shop:ä 1"
    with pytest.raises(NotFound):
        stream_of("shop:\ud800")
