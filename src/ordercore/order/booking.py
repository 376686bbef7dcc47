"""Booking a parcel with a carrier: wanted, booked with its number and labels, refused, or taken back.

No stock moves here. What the carrier is sent and what it answers is an outside effect; here stands what it means.
"""

from __future__ import annotations

from typing import NamedTuple

from attrs import frozen

from ordercore.message import Event
from ordercore.store import without_postings
from ordercore.values import Eta, OrderId


class ParcelBooking(NamedTuple):
    """The newest booking of a parcel; `booking` is the id of the effect that made it. `cost` in minor units, or None."""

    booking: str
    carrier: str
    service: str
    weight_grams: int
    status: str = "wanted"
    reference: str = ""
    tracking: str = ""
    cost: int | None = None
    currency: str = ""
    labels: tuple[str, ...] = ()
    code: str = ""

    @property
    def live(self) -> bool:
        """Whether the carrier has taken the parcel on, or may have."""
        return self.status in ("wanted", "booked", "voiding")


@frozen
class Label:
    """A label as a document: opaque bytes of `media_type`. It shows an address, so it is erasable, and in no event."""

    order: OrderId
    parcel: str
    media_type: str
    content: bytes
    dpi: int = 0
    size: str = ""


@frozen
class BookingWanted(Event):
    """A parcel is to be booked with a carrier; `booking` is the outside effect that does it."""

    parcel: str
    booking: str
    carrier: str
    service: str
    weight_grams: int


@frozen
class ParcelBooked(Event):
    """The carrier has taken the parcel on. `cost` in minor units of `currency`; `labels` are the keys of documents."""

    parcel: str
    booking: str
    carrier: str
    service: str
    reference: str
    tracking: str
    cost: int | None = None
    currency: str = ""
    labels: tuple[str, ...] = ()
    eta: Eta | None = None


@frozen
class BookingRefused(Event):
    """The carrier did not take the parcel, or nobody could be asked often enough (`gave_up`)."""

    parcel: str
    booking: str
    code: str
    problems: tuple[str, ...] = ()


@frozen
class VoidWanted(Event):
    """A booking is to be taken back; `void` is the outside effect that does it."""

    parcel: str
    booking: str
    void: str


@frozen
class BookingVoided(Event):
    """The carrier has taken the booking back: its number and labels are of no use any more."""

    parcel: str
    booking: str


@frozen
class VoidRefused(Event):
    """The carrier did not take the booking back: it stands."""

    parcel: str
    booking: str
    code: str
    problems: tuple[str, ...] = ()


@frozen
class ShipmentCorrected(Event):
    """The carrier or the number of a parcel was not what was said: reports of the right one count from now on."""

    parcel: str
    carrier: str
    tracking: str
    reason: str


without_postings(
    BookingWanted, ParcelBooked, BookingRefused, VoidWanted, BookingVoided, VoidRefused, ShipmentCorrected
)  # fmt: skip
