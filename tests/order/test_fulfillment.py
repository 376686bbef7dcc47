from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

from ordercore.errors import ExceedsQuantity, InvalidCommand, NotFound, TransitionRefused
from ordercore.order import (
    CancelLines,
    ConfirmDelivery,
    Content,
    PackParcel,
    PickLines,
    RecallWork,
    RecordTracking,
    ReleaseOrder,
    Ship,
    ShortPick,
)
from ordercore.order.decide import work_status
from ordercore.order.events import (
    LinesPicked,
    ParcelDelivered,
    ParcelPacked,
    ParcelShipped,
    PickShorted,
    TrackingRecorded,
    WorkRecalled,
    WorkReleased,
)
from ordercore.store import postings_of

ID = "shop:1"
AT = datetime(2026, 3, 3, tzinfo=UTC)


@pytest.fixture
def here(story):
    """Five units reserved where `Ship` is the only step."""
    return story.placed(("1", "TEA", 5)).allocated("1", 5)


@pytest.fixture
def there(story):
    """Five units released where they are picked and packed first."""
    story.placed(("1", "TEA", 5)).allocated("1", 5, "WH2")
    (event,) = story.when(ReleaseOrder(ID))
    assert isinstance(event, WorkReleased)
    return story


def status(story, work="F1"):
    return work_status(story.order, story.order.work(work))


# Release and recall


def test_release_makes_one_fulfillment_order_per_location(story):
    story.placed(("1", "TEA", 5)).allocated("1", 3).allocated("1", 2, "WH2")
    events = story.when(ReleaseOrder(ID))
    assert [(event.fulfillment, event.place) for event in events] == [("F1", "loc/WH1"), ("F2", "loc/WH2")]
    assert story.line("1") == {"released": 5}


def test_one_location_is_released_alone(story):
    story.placed(("1", "TEA", 5)).allocated("1", 3).allocated("1", 2, "WH2")
    story.when(ReleaseOrder(ID, "WH2"))
    assert story.line("1") == {"reserved": 3, "released": 2}


def test_nothing_is_released_that_is_not_reserved(there):
    there.refused(ExceedsQuantity, ReleaseOrder(ID), step="reserved")


def test_recalled_units_are_reserved_again_for_their_line_not_free(there):
    there.when(PickLines(ID, "F1", (Content("1", 3),)))
    there.when(PackParcel(ID, "F1", "B1", (Content("1", 1),)))
    (event,) = there.when(RecallWork(ID, "F1", "truck broke"))
    assert isinstance(event, WorkRecalled)
    assert {p.target_bucket for p in postings_of(event)} == {"reserved"}
    assert there.line("1") == {"reserved": 5}
    assert there.order.parcels == {}
    assert status(there) == "cancelled"


def test_work_is_recalled_once(there):
    there.when(RecallWork(ID, "F1"))
    there.refused(ExceedsQuantity, RecallWork(ID, "F1"))
    there.refused(NotFound, RecallWork(ID, "F9"))


# Pick, short pick, pack


def test_units_pass_released_picked_packed(there):
    (picked,) = there.when(PickLines(ID, "F1", (Content("1", 3),)))
    assert isinstance(picked, LinesPicked)
    (packed,) = there.when(PackParcel(ID, "F1", "B1", (Content("1", 2),)))
    assert isinstance(packed, ParcelPacked)
    assert there.line("1") == {"released": 2, "picked": 1, "packed": 2}
    assert status(there) == "in_progress"


@pytest.mark.parametrize(
    "command", [PickLines(ID, "F1", (Content("1", 6),)), PackParcel(ID, "F1", "B1", (Content("1", 1),))]
)
def test_no_step_takes_more_than_the_step_before_gave(there, command):
    there.refused(ExceedsQuantity, command)
    assert there.line("1") == {"released": 5}


def test_a_step_names_units_of_its_own_work(story):
    story.placed(("1", "TEA", 5)).allocated("1", 3).allocated("1", 2, "WH2")
    story.when(ReleaseOrder(ID))
    story.refused(ExceedsQuantity, PickLines(ID, "F2", (Content("1", 3),)), line="1", asked=3, there=2)


@pytest.mark.parametrize("quantity", [0, -1, True, 1.5, "2"])
def test_contents_are_whole_positive_units(there, quantity):
    there.refused(InvalidCommand, PickLines(ID, "F1", (Content("1", quantity),)))


def test_missing_units_leave_the_books_and_are_unallocated_again(there):
    event = there.shorts(ShortPick(ID, "F1", "1", 2))
    assert isinstance(event, PickShorted)
    (posting,) = postings_of(event)
    assert (posting.source_bucket, posting.target) == ("released", "count")
    assert there.line("1") == {"unallocated": 2, "released": 3}
    assert status(there) == "incomplete"


def test_a_parcel_stays_open_until_it_is_shipped(there):
    there.when(PickLines(ID, "F1"))
    there.when(PackParcel(ID, "F1", "B1", (Content("1", 2),)))
    there.when(PackParcel(ID, "F1", "B1", (Content("1", 1),)))
    assert sum(moved.quantity for moved in there.order.parcel("B1").contents) == 3
    there.when(Ship(ID, "B1"))
    there.refused(TransitionRefused, PackParcel(ID, "F1", "B1", (Content("1", 1),)), machine="parcel", state="shipped")


# Ship


def test_ship_passes_the_steps_that_a_location_skips(here):
    (event,) = here.when(Ship(ID))
    assert isinstance(event, ParcelShipped)
    assert here.line("1") == {"shipped": 5}
    (posting,) = postings_of(event)
    assert (posting.source_bucket, posting.target) == ("reserved", "carrier")


def test_several_parcels_leave_one_after_the_other(here):
    here.when(Ship(ID, contents=(Content("1", 3),)))
    assert (here.line("1"), here.order.fulfillment_status) == (
        {"reserved": 2, "shipped": 3},
        "partially_fulfilled",
    )
    here.when(Ship(ID))
    assert list(here.order.parcels) == ["P1", "P2"]
    assert here.order.fulfillment_status == "fulfilled"


def test_one_shipment_is_one_parcel_per_location(story):
    story.placed(("1", "TEA", 5)).allocated("1", 3).allocated("1", 2, "WH3")
    assert [event.place for event in story.when(Ship(ID))] == ["loc/WH1", "loc/WH3"]


def test_a_named_parcel_is_handed_over_at_one_location(story):
    story.placed(("1", "TEA", 5)).allocated("1", 3).allocated("1", 2, "WH3")
    story.refused(InvalidCommand, Ship(ID, "B1"))
    story.when(Ship(ID, "B1", "WH1"))


def test_nothing_is_shipped_before_the_steps_of_its_location(there):
    assert "released" in there.refused(ExceedsQuantity, Ship(ID), step="ready to ship").hint
    there.when(PickLines(ID, "F1"))
    there.when(PackParcel(ID, "F1", "B1", (Content("1", 2),)))
    assert "B1" in there.refused(ExceedsQuantity, Ship(ID)).hint
    there.when(Ship(ID, "B1"))
    assert there.line("1") == {"picked": 3, "shipped": 2}


def test_no_more_is_shipped_than_is_ready(here):
    here.refused(ExceedsQuantity, Ship(ID, contents=(Content("1", 6),)), asked=6, there=5)


def test_nothing_is_shipped_twice(here):
    here.when(Ship(ID, "B1"))
    here.refused(TransitionRefused, Ship(ID, "B1"), machine="parcel", state="shipped")
    here.refused(ExceedsQuantity, Ship(ID))


def test_untracked_lines_ride_with_the_first_shipment(story):
    story.placed(("1", "TEA", 5), ("2", "postage", 1)).allocated("1", 5)
    story.when(Ship(ID, contents=(Content("1", 1),)))
    assert story.line("2") == {"shipped": 1, "delivered": 1}
    (second,) = story.when(Ship(ID))
    assert second.services == ()


def test_an_order_of_untracked_lines_alone_can_be_shipped(story):
    story.placed(("1", "dropshipped", 2))
    (event,) = story.when(Ship(ID, tracking="T1"))
    assert (event.place, event.contents) == ("supplier", ())
    assert story.order.status == "completed"


def test_untracked_lines_are_done_when_the_rest_was_cancelled(story):
    story.placed(("1", "TEA", 5), ("2", "dropshipped", 1))
    story.refused(ExceedsQuantity, Ship(ID))
    story.when(CancelLines(ID, {"1": 5}))
    story.when(Ship(ID))
    assert story.line("2") == {"shipped": 1, "delivered": 1}


def test_lots_are_taken_by_expiry_unless_they_are_named(story):
    story.placed(("1", "MILK", 5)).allocated("1", 5)
    story.facts = evolve(story.facts, lot_skus=frozenset(["MILK"]), lots={("MILK", "loc/WH1"): (("L1", 2), ("L2", 9))})
    (named,) = story.when(Ship(ID, contents=(Content("1", 1, "L2"),)))
    assert [(moved.to_lot, moved.quantity) for moved in named.contents] == [("L2", 1)]
    (rest,) = story.when(Ship(ID))
    assert [(moved.to_lot, moved.quantity) for moved in rest.contents] == [("L1", 2), ("L2", 2)]
    assert sum(p.quantity for p in postings_of(rest) if p.narrowing) == 4


def test_what_no_lot_has_is_not_shipped(story):
    story.placed(("1", "MILK", 5)).allocated("1", 5)
    story.facts = evolve(story.facts, lot_skus=frozenset(["MILK"]), lots={("MILK", "loc/WH1"): (("L1", 4),)})
    story.refused(ExceedsQuantity, Ship(ID), step="in free lots", asked=5, there=4)


# Carriers


def test_delivery_is_by_parcel_or_for_all_under_way(here):
    here.when(Ship(ID, contents=(Content("1", 3),)))
    here.when(Ship(ID))
    (event,) = here.when(ConfirmDelivery(ID, "P1"))
    assert isinstance(event, ParcelDelivered)
    assert here.order.fulfillment_status == "partially_delivered"
    here.when(ConfirmDelivery(ID))
    assert (here.order.fulfillment_status, here.order.status) == ("delivered", "completed")


def test_a_parcel_arrives_once_and_only_when_it_left(there):
    there.when(PickLines(ID, "F1"))
    there.when(PackParcel(ID, "F1", "B1"))
    there.refused(TransitionRefused, ConfirmDelivery(ID, "B1"), state="packed")
    there.refused(ExceedsQuantity, ConfirmDelivery(ID), step="under way")
    there.when(Ship(ID, "B1"))
    there.when(ConfirmDelivery(ID, "B1"))
    there.refused(TransitionRefused, ConfirmDelivery(ID, "B1"), state="delivered")


def test_carriers_repeat_themselves_and_come_late(here):
    here.when(Ship(ID))
    told = RecordTracking(ID, "P1", "in_transit", AT, "X1", "Hamburg")
    (event,) = here.when(told)
    assert isinstance(event, TrackingRecorded)
    assert list(postings_of(event)) == []
    assert here.when(told) == ()
    here.when(RecordTracking(ID, "P1", "picked_up", AT - timedelta(hours=9)))
    assert len(here.order.parcel("P1").facts) == 2


def test_a_carriers_delivered_is_a_delivery_once(here):
    here.when(Ship(ID))
    events = here.when(RecordTracking(ID, "P1", "delivered", AT))
    assert [type(event) for event in events] == [TrackingRecorded, ParcelDelivered]
    assert len(here.when(RecordTracking(ID, "P1", "delivered", AT + timedelta(hours=1)))) == 1
    assert here.line("1") == {"shipped": 5, "delivered": 5}


def test_a_carriers_time_has_a_zone(here):
    here.when(Ship(ID))
    here.refused(InvalidCommand, RecordTracking(ID, "P1", "in_transit", AT.replace(tzinfo=None)))
    here.refused(NotFound, RecordTracking(ID, "P7", "in_transit", AT), name="P7")


def test_cancelling_units_at_a_location_ends_their_work(there):
    there.when(PickLines(ID, "F1", (Content("1", 2),)))
    there.when(CancelLines(ID, {"1": 5}))
    assert (status(there), there.order.status) == ("cancelled", "cancelled")


def test_packed_units_are_recalled_before_they_are_cancelled(there):
    there.when(PickLines(ID, "F1"))
    there.when(PackParcel(ID, "F1", "B1"))
    assert "RecallWork" in there.refused(ExceedsQuantity, CancelLines(ID)).hint
    there.when(RecallWork(ID, "F1"))
    there.when(CancelLines(ID))
    assert there.order.status == "cancelled"
