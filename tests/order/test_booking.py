"""Answers about bookings: of the booking of now, expected, and in any state of the order."""

from datetime import UTC, datetime

import pytest
from attrs import evolve

from ordercore.errors import InvalidCommand, NotFound, TransitionRefused
from ordercore.order import BookParcel, RecordBooking, RecordVoid, RefuseBooking, Ship, VoidBooking
from ordercore.order.decide_booking import decide_booking
from ordercore.order.events import BookingRefused, BookingVoided, BookingWanted, ParcelBooked, VoidRefused, VoidWanted
from ordercore.values import Eta

ID = "shop:1"
AT = datetime(2026, 3, 3, tzinfo=UTC)
BOOKED = RecordBooking(ID, "P1", "post", "standard", "R1", "T1", "E1")


@pytest.fixture
def away(story):
    from ordercore.message import Context

    story.placed(("1", "TEA", 2)).allocated("1", 2)
    story.when(Ship(ID))

    def when(command, effect=""):
        events = decide_booking(story.order, command, Context("c1", AT, AT), effect)
        story.given(*events)
        return tuple(events)

    story.says = when
    return story


def booked(away):
    away.says(BookParcel(ID, "P1", "post", "standard", 500), "E1")
    away.says(BOOKED)
    return away


def test_a_booking_goes_from_wanted_to_booked_and_its_number_to_the_parcel(away):
    (wanted,) = away.says(BookParcel(ID, "P1", "post", "standard", 500), "E1")
    assert wanted == BookingWanted("P1", "E1", "post", "standard", 500)
    (made,) = away.says(BOOKED)
    assert isinstance(made, ParcelBooked)
    assert away.says(BOOKED) == ()
    parcel = away.order.parcel("P1")
    assert (parcel.carrier, parcel.tracking, parcel.booking.status, parcel.booking.weight_grams) == (
        "post",
        "T1",
        "booked",
        500,
    )


@pytest.mark.parametrize(
    "command", [RefuseBooking(ID, "P1", "E9", "no"), RecordVoid(ID, "P1", "E9"), RecordBooking(ID, "P1", "a", "b", "c", "d", "E9")],
    ids=lambda command: type(command).__name__,
)  # fmt: skip
def test_an_answer_about_another_booking_is_not_taken(away, command):
    booked(away)
    with pytest.raises(NotFound) as caught:
        away.says(command)
    assert caught.value.path == "booking"


@pytest.mark.parametrize("command", [RefuseBooking(ID, "P1", "E1", "no"), RecordVoid(ID, "P1", "E1", "too_late")],
                         ids=lambda command: type(command).__name__)  # fmt: skip
def test_an_answer_that_nobody_waits_for_is_not_taken(away, command):
    booked(away)
    with pytest.raises(TransitionRefused):
        away.says(command)


def test_after_a_no_another_booking_may_be_wanted(away):
    away.says(BookParcel(ID, "P1", "post", "standard", 500), "E1")
    assert away.says(RefuseBooking(ID, "P1", "E1", "too_heavy", ("No.",))) == (
        BookingRefused("P1", "E1", "too_heavy", ("No.",)),
    )
    assert away.order.parcel("P1").booking.code == "too_heavy"
    away.says(BookParcel(ID, "P1", "other", "express", 500), "E2")
    assert away.order.parcel("P1").booking.carrier == "other"


def test_a_booking_is_taken_back_or_stands(away):
    booked(away)
    assert away.says(VoidBooking(ID, "P1"), "V1") == (VoidWanted("P1", "E1", "V1"),)
    assert away.says(RecordVoid(ID, "P1", "E1", "too_late")) == (VoidRefused("P1", "E1", "too_late"),)
    assert away.order.parcel("P1").booking.status == "booked"
    away.says(VoidBooking(ID, "P1"), "V2")
    assert away.says(RecordVoid(ID, "P1", "E1")) == (BookingVoided("P1", "E1"),)
    with pytest.raises(TransitionRefused):
        away.says(VoidBooking(ID, "P1"), "V3")


def test_an_answer_counts_whatever_has_become_of_the_order(away):
    from ordercore.order import ConfirmDelivery

    away.says(BookParcel(ID, "P1", "post", "standard", 500), "E1")
    away.when(ConfirmDelivery(ID))
    assert away.order.status == "completed"
    assert isinstance(away.says(BOOKED)[0], ParcelBooked)


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"reference": ""}, "reference"),
        ({"tracking": "a\nb"}, "tracking"),
        ({"eta": Eta(AT, AT.replace(day=1))}, "eta"),
    ],
    ids=["reference", "tracking", "eta"],
)
def test_an_answer_that_cannot_be_is_refused_where_it_stands(away, fields, path):
    away.says(BookParcel(ID, "P1", "post", "standard", 500), "E1")
    with pytest.raises(InvalidCommand) as caught:
        away.says(evolve(BOOKED, **fields))
    assert path in (caught.value.fields.get("path"), caught.value.fields.get("what"))


def test_the_order_shows_with_whom_a_parcel_goes_and_the_fact_that_counts(away):
    from ordercore.order import RecordTracking

    booked(away)
    soon = Eta(AT.replace(day=5), AT.replace(day=6))
    away.when(RecordTracking(ID, "P1", "in_transit", AT, eta=soon))
    shown = str(away.order)
    assert "post T1" in shown
    assert "expected 2026-03-06" in shown
    away.when(RecordTracking(ID, "P1", "delivered", AT.replace(hour=9)))
    away.when(RecordTracking(ID, "P1", "in_transit", AT.replace(hour=11)))
    shown = str(away.order)
    assert "delivered (2026-03-03 09:00" in shown
    assert "in transit" not in shown
