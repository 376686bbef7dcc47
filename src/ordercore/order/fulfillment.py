"""Fulfillment: work at one location, from release to the hand-over of parcels, and what carriers say of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

from attrs import frozen

from ordercore.message import Event
from ordercore.order.booking import ParcelBooking
from ordercore.order.lines import (
    LineQuantity,
    Lines,
    LineState,
    Moved,
    checked,
    fulfill,
    line_state,
    move_postings,
    take_claim,
)
from ordercore.order.tracking import TrackingFact, current
from ordercore.store import Posting, postings_of, without_postings
from ordercore.values import Eta, LineId, Place

CARRIER: Final = Place("carrier")
COUNT: Final = Place("count")


class Work(NamedTuple):
    """A fulfillment order: units of this order to be handled at one place."""

    fulfillment: str
    place: Place
    released: int
    shipped: int = 0
    recalled: int = 0
    shorted: int = 0


class Parcel(NamedTuple):
    """A box: packed, then shipped, then perhaps delivered; what the carrier said is a set."""

    parcel: str
    place: Place
    contents: tuple[Moved, ...]
    work: str = ""
    shipped: bool = False
    carrier: str = ""
    tracking: str = ""
    facts: frozenset[TrackingFact] = frozenset()
    delivered: bool = False
    booking: ParcelBooking | None = None
    etas: tuple[Eta, ...] = ()
    """Every estimate there was, by the time it was made; the last one counts."""

    @property
    def status(self) -> str:
        """What the carrier's facts come to; empty before the first."""
        fact = current(self.facts)
        return fact.status if fact is not None else ""

    @property
    def eta(self) -> Eta | None:
        """The newest estimate."""
        return self.etas[-1] if self.etas else None


@frozen
class WorkReleased(Event):
    """Reserved units were handed to a location as a fulfillment order."""

    fulfillment: str
    place: Place
    contents: tuple[Moved, ...]


@frozen
class WorkRecalled(Event):
    """Unshipped units of a fulfillment order are reserved again, for the same lines, not free."""

    fulfillment: str
    contents: tuple[Moved, ...]
    reason: str = ""


@frozen
class LinesPicked(Event):
    """Units left the shelf; lot items are bound to the lot that was taken."""

    fulfillment: str
    contents: tuple[Moved, ...]


@frozen
class PickShorted(Event):
    """Units were not on the shelf: they leave the books there, and the line needs other stock."""

    fulfillment: str
    contents: tuple[Moved, ...]
    reason: str = ""


@frozen
class ParcelPacked(Event):
    """Picked units were put into a parcel."""

    fulfillment: str
    parcel: str
    place: Place
    contents: tuple[Moved, ...]


@frozen
class ParcelShipped(Event):
    """Units were handed over; the rest of their lines stays where it is. The last stock posting of a sale.

    `services`: untracked lines that are fulfilled with the first shipment of the order.
    """

    parcel: str
    place: Place
    contents: tuple[Moved, ...]
    services: tuple[LineQuantity, ...] = ()
    carrier: str = ""
    tracking: str = ""


@frozen
class TrackingRecorded(Event):
    """A carrier said something of a parcel; it moves no stock."""

    parcel: str
    status: str
    occurred_at: datetime
    raw_code: str = ""
    location: str = ""
    reason: str = ""
    text: str = ""
    eta: Eta | None = None
    correction: bool = False

    @property
    def fact(self) -> TrackingFact:
        """As the parcel keeps it. `text` is only in events of the time before it became a document of its own."""
        return TrackingFact(
            self.occurred_at, self.status, self.raw_code, self.location, self.reason, self.text, self.correction
        )


@frozen
class ParcelDelivered(Event):
    """A parcel's units reached the customer."""

    parcel: str
    lines: tuple[LineQuantity, ...]


without_postings(TrackingRecorded, ParcelDelivered)


@postings_of.register
def _(event: WorkReleased) -> Iterable[Posting]:
    return move_postings(event.contents, "released")


@postings_of.register
def _(event: WorkRecalled) -> Iterable[Posting]:
    return move_postings(event.contents, "reserved")


@postings_of.register
def _(event: LinesPicked) -> Iterable[Posting]:
    return move_postings(event.contents, "picked")


@postings_of.register
def _(event: PickShorted) -> Iterable[Posting]:
    return move_postings(event.contents, "", COUNT)


@postings_of.register
def _(event: ParcelPacked) -> Iterable[Posting]:
    return move_postings(event.contents, "packed")


@postings_of.register
def _(event: ParcelShipped) -> Iterable[Posting]:
    # Straight out of the step they stand at, never a release followed by a decrement: whether stock is free
    # elsewhere must not matter to goods that are already in the box.
    return move_postings(event.contents, "", CARRIER)


def ship(lines: Lines, event: ParcelShipped) -> dict[LineId, LineState]:
    """Claims become shipped units; untracked lines ride along."""
    after = dict(lines)
    for moved in event.contents:
        line, quantity = moved[0], moved[4]
        facts, a, b, c, d, shipped, e, f, g, claims = after[line]
        claims = () if claims == (moved[2:8],) else take_claim(claims, moved)
        after[line] = line_state(facts, a, b, c, d, shipped + quantity, e, f, g, claims)
    return fulfill(after, event.services) if event.services else after


def short(lines: Lines, event: PickShorted) -> dict[LineId, LineState]:
    """Units that were not there are unallocated again."""
    after = dict(lines)
    for moved in event.contents:
        state = after[moved.line]
        after[moved.line] = checked(
            state._replace(unallocated=state.unallocated + moved.quantity, claims=take_claim(state.claims, moved))
        )
    return after


def deliver(lines: Lines, event: ParcelDelivered) -> dict[LineId, LineState]:
    """Shipped units arrived."""
    after = dict(lines)
    for line, quantity in event.lines:
        facts, a, b, c, d, shipped, delivered, f, g, claims = after[line]
        after[line] = line_state(facts, a, b, c, d, shipped, delivered + quantity, f, g, claims)
    return after


def units(contents: Iterable[Moved]) -> int:
    """Sum of quantities."""
    return sum([moved[4] for moved in contents])
