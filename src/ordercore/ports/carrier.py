"""What a carrier is: rates, bookings with labels, voids, manifests and what it reports, as operations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Literal, Protocol

from attrs import field, frozen

from ordercore.ports.channel import Settings
from ordercore.ports.operation import Declined, Op
from ordercore.ports.transmission import Decoded, Transmission
from ordercore.values import Address, Eta, Money

CarrierCapability = Literal["rate", "book", "query", "idempotent", "void", "manifest", "track_push"]
"""What a carrier can do.

`rate`, `book`, `void`, `manifest`: the methods of these names. `query`: a booking can be found again by its key, so that
one whose answer was lost is looked for before anything is sent again. `idempotent`: it drops repeats by the key itself,
so that what may have arrived may be sent again. `track_push`: it reports tracking by itself. One that can `book` and
neither `query` nor `idempotent` is never sent a booking twice: a person finds out what became of it.
"""


@frozen
class ParcelFacts:
    """A parcel as a carrier needs to know it: weight in grams, outer size in millimetres where it is known."""

    weight_grams: int
    length_mm: int = 0
    width_mm: int = 0
    height_mm: int = 0
    reference: str = ""


@frozen
class RateQuery:
    """What sending this parcel from here to there would cost, on a day."""

    sender: Address = field(repr=False)
    recipient: Address = field(repr=False)
    parcel: ParcelFacts
    ship_on: date
    service: str = ""


@frozen
class RateQuote:
    """One service and its price; `zone` as the carrier names it, `eta` if it says one."""

    service: str
    cost: Money
    zone: str = ""
    eta: Eta | None = None


@frozen
class BookingRequest:
    """Send this parcel. Addresses are personal data: they pass through, and are in no event and no repr."""

    sender: Address = field(repr=False)
    recipient: Address = field(repr=False)
    parcel: ParcelFacts
    service: str
    ship_on: date


@frozen
class LabelDocument:
    """A label: opaque bytes of `media_type` (`application/pdf`, `application/zpl`, `image/png`)."""

    media_type: str
    content: bytes = field(repr=False)
    dpi: int = 0
    size: str = ""


@frozen
class Booking:
    """A parcel that the carrier has taken on: its number, labels, cost, and when it may arrive."""

    reference: str
    tracking: str
    service: str
    cost: Money | None = None
    labels: tuple[LabelDocument, ...] = ()
    eta: Eta | None = None


@frozen
class Manifest:
    """The list of parcels handed over together, as the carrier wants it."""

    reference: str
    bookings: tuple[str, ...]
    document: LabelDocument | None = None


class Carrier(Protocol):
    """One account of one carrier. Pure: it yields requests and never opens a connection."""

    @property
    def instance(self) -> str:
        """The name of this account, unique within a kernel."""
        ...

    @property
    def capabilities(self) -> frozenset[CarrierCapability]:
        """What of the following it can do; the rest raises NotSupported."""
        ...

    def rate(self, query: RateQuery) -> Op[tuple[RateQuote, ...] | Declined]:
        """Services and their prices, cheapest first."""
        ...

    def book(self, request: BookingRequest, *, key: str) -> Op[Booking | Declined]:
        """Book it, once per key: the same key gives the same booking."""
        ...

    def find(self, key: str) -> Op[Booking | None]:
        """The booking that was made under a key, None if there certainly is none. Needs `query`."""
        ...

    def void(self, reference: str, *, key: str) -> Op[Declined | None]:
        """Take a booking back."""
        ...

    def manifest(self, references: Sequence[str], *, key: str) -> Op[Manifest | Declined]:
        """Close the day: these bookings are handed over together."""
        ...

    def verify(self, transmission: Transmission, *, now: datetime) -> None:
        """Check who sent a report of tracking. Raises AuthenticationFailed."""
        ...

    def decode(self, transmission: Transmission) -> Decoded:
        """Read a report of tracking: `TrackingUpdate` intents and problems."""
        ...


def _capabilities(given: Iterable[CarrierCapability]) -> frozenset[CarrierCapability]:
    return frozenset(given)


@frozen
class CarrierKind:
    """A kind of carrier, as a plugin registers it: `make(instance, settings)` builds one account.

    `make` raises ConfigurationError, with the nearest known names, for settings that cannot work.
    """

    kind: str
    make: Callable[[str, Settings], Carrier]
    capabilities: frozenset[CarrierCapability] = field(converter=_capabilities)
    api_version: int = 1
