"""Decisions on the carriage of a parcel: booked once at a time, taken back, put right. Nothing here moves stock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, assert_never

from ordercore.errors import At, InvalidCommand, NotFound, TransitionRefused
from ordercore.lifecycle import BOOKING, ORDER
from ordercore.message import Context, Event
from ordercore.order import commands as c
from ordercore.order import events as e
from ordercore.order.fields import code_at, text_at
from ordercore.order.fulfillment import Parcel
from ordercore.order.holds import require_free
from ordercore.order.state import Order
from ordercore.order.tracking import checked_eta
from ordercore.values import Eta, units_of

WEIGHT_MOST: Final = 10_000_000
SIZE_MOST: Final = 100_000
"""Grams and millimetres: ten tonnes, a hundred metres."""


def require_unbooked(parcel: Parcel, command: str) -> None:
    """A box whose label is paid for stays as it was weighed. Raises TransitionRefused."""
    if parcel.booking is not None and parcel.booking.live:
        raise TransitionRefused(
            f"Parcel {parcel.parcel!r} has a booking with {parcel.booking.carrier}: {command} is not possible.",
            machine="booking", state=parcel.booking.status, asked=command, allowed=(), parcel=parcel.parcel,
            hint="VoidBooking takes it back.",
        )  # fmt: skip


def decide_booking(  # `effect`: the id of the outside effect that a command wants
    order: Order, command: c.BookingCommand, context: Context, effect: str = ""
) -> Sequence[Event]:
    """The events that `command` comes to. Raises a Rejected subclass when it cannot be."""
    ORDER.require(order.status, type(command).__name__)
    match command:
        case c.BookParcel():
            return [book(order, command, effect)]
        case c.RecordBooking():
            return record(order, command, context)
        case c.RefuseBooking():
            return refuse(order, command)
        case c.VoidBooking():
            return [void(order, command, effect)]
        case c.RecordVoid():
            return record_void(order, command)
        case c.CorrectShipment():
            return correct(order, command)
    assert_never(command)


def book(order: Order, command: c.BookParcel, effect: str) -> e.BookingWanted:
    """A parcel that has no booking, with a weight."""
    require_free(order.holds, "ship")
    parcel = order.parcel(command.parcel)
    require_unbooked(parcel, "BookParcel")
    service = code_at(command.service, "service")
    weight = units_of(command.weight_grams, what="weight_grams")
    if weight > WEIGHT_MOST:
        raise InvalidCommand(
            f"weight_grams: more than {WEIGHT_MOST}.", path="weight_grams", hint="Grams, of one parcel."
        )
    for name in ("length_mm", "width_mm", "height_mm"):
        size = getattr(command, name)
        if type(size) is not int or not 0 <= size <= SIZE_MOST:
            raise InvalidCommand(
                f"{name} is 0 (unknown) to {SIZE_MOST} millimetres.",
                path=name,
                hint="Leave it out where nobody measured it.",
            )
    return e.BookingWanted(parcel.parcel, effect, command.carrier, service, weight)


def record(order: Order, command: c.RecordBooking, context: Context) -> Sequence[Event]:
    """The carrier's answer; a repeat adds nothing."""
    parcel = order.parcel(command.parcel)
    known = parcel.booking
    booking = command.booking or f"{command.carrier}:{command.reference}"
    if (
        known is not None
        and known.status == "booked"
        and (known.booking, known.reference) == (booking, command.reference)
    ):
        return []
    if command.booking:
        _own(parcel, command.booking, "RecordBooking")
    else:
        require_unbooked(parcel, "RecordBooking")
    cost = command.cost
    eta = _estimate(command.eta, context.effective)
    return [
        e.ParcelBooked(
            parcel.parcel, booking, text_at(command.carrier, "carrier", empty=False),
            text_at(command.service, "service"), text_at(command.reference, "reference", empty=False),
            text_at(command.tracking, "tracking", empty=False), cost.amount if cost is not None else None,
            cost.currency if cost is not None else "", tuple(label_keys(command)), eta,
        )
    ]  # fmt: skip


def label_keys(command: c.RecordBooking) -> list[str]:
    """Keys of the documents of the labels: of this booking of this parcel, in the carrier's order."""
    booking = command.booking or command.reference
    return [f"{command.order}|{command.parcel}|{booking}|{n}" for n in range(len(command.labels))]


def _estimate(eta: Eta | None, when: datetime) -> Eta | None:
    if eta is None:
        return None
    found = checked_eta(eta, "eta")
    return Eta(found.earliest, found.latest, found.precision, found.source, found.as_of or when)


def refuse(order: Order, command: c.RefuseBooking) -> Sequence[Event]:
    """The carrier's no."""
    parcel = order.parcel(command.parcel)
    _own(parcel, command.booking, "RefuseBooking")
    return [e.BookingRefused(parcel.parcel, command.booking, command.code, command.problems)]


def void(order: Order, command: c.VoidBooking, effect: str) -> e.VoidWanted:
    """Only what was booked can be taken back."""
    parcel = order.parcel(command.parcel)
    if parcel.booking is None:
        raise NotFound.named("booking of parcel", command.parcel)
    BOOKING.require(parcel.booking.status, "VoidBooking")
    return e.VoidWanted(parcel.parcel, parcel.booking.booking, effect)


def record_void(order: Order, command: c.RecordVoid) -> Sequence[Event]:
    """What the carrier said to it, or that it was taken back elsewhere: then nobody has asked, and there is no no."""
    parcel = order.parcel(command.parcel)
    _own(parcel, command.booking, "RecordVoid")
    if command.code:
        if told_by_hand(order, command):
            raise TransitionRefused.of("booking", "booked", "RecordVoid", ("VoidBooking",), "Leave out the code.")
        return [e.VoidRefused(parcel.parcel, command.booking, command.code, command.problems)]
    return [e.BookingVoided(parcel.parcel, command.booking)]


def told_by_hand(order: Order, command: c.BookingCommand) -> bool:
    """Whether a person says it, about what was done elsewhere, rather than a worker that has asked a carrier."""
    if isinstance(command, c.RecordVoid):
        booking = order.parcel(command.parcel).booking
        return booking is not None and booking.status == "booked"
    return isinstance(command, c.CorrectShipment) or (isinstance(command, c.RecordBooking) and not command.booking)


def adds_nothing(order: Order, command: c.RecordBooking | c.RefuseBooking | c.RecordVoid) -> bool:
    """Whether the end of an effect is nothing new to the order: somebody has told it by hand, and it goes by that.

    A booking made under another number than was told is news; so is one that is no longer the parcel's.
    """
    parcel = order.parcels.get(command.parcel)
    known = parcel.booking if parcel is not None else None
    if known is None or known.booking != command.booking:
        return not isinstance(command, c.RecordBooking)
    match command:
        case c.RecordBooking():
            return known.status in ("booked", "voiding", "voided") and known.reference == command.reference
        case c.RefuseBooking():
            return known.status != "wanted"
        case c.RecordVoid():
            return known.status == "voided" or (known.status == "booked" and bool(command.code))
    assert_never(command)


def correct(order: Order, command: c.CorrectShipment) -> Sequence[Event]:
    """Another carrier or number; the same again adds nothing."""
    parcel = order.parcel(command.parcel)
    if not parcel.shipped:
        raise TransitionRefused.of("parcel", "packed", "CorrectShipment", ("Ship",))
    carrier = text_at(command.carrier, "carrier", empty=False)
    tracking = text_at(command.tracking, "tracking", empty=False)
    reason = text_at(command.reason, "reason", empty=False)
    if (carrier, tracking) == (parcel.carrier, parcel.tracking):
        return []
    return [e.ShipmentCorrected(parcel.parcel, carrier, tracking, reason)]


def _own(parcel: Parcel, booking: str, command: str) -> None:
    """An answer is about the parcel's booking of now, and expected."""
    with At("booking"):
        if parcel.booking is None or parcel.booking.booking != booking:
            raise NotFound.named("booking", booking, () if parcel.booking is None else (parcel.booking.booking,))
        BOOKING.require(parcel.booking.status, command)
