"""The carrier under test: what its author supplies, what it declares, and a world for it to book in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, ClassVar, Final, TypeVar

import pytest
from attrs import evolve

from ordercore.errors import NotSupported
from ordercore.ports import (
    Booking,
    BookingRequest,
    Carrier,
    CarrierKind,
    Declined,
    Op,
    ParcelFacts,
    RateQuery,
    TrackingUpdate,
    Transmission,
    Transport,
)
from ordercore.testing.person import PERSON
from ordercore.testing.suite import Suite
from ordercore.testing.transports import RecordedTransport, run
from ordercore.values import Address

T = TypeVar("T")
INSTANCE: Final = "parcels"
NOW: Final = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


class CarrierSubject(Suite):
    """What a subclass of the suite says about its carrier."""

    plugin = "carrier"
    page = "docs/carriers.md"

    rate: bool = False
    """It quotes prices. All flags are checked against `carrier.capabilities`."""
    query: bool = False
    """A booking is found again by its key."""
    idempotent: bool = False
    """The same key gives the same booking, however often it is sent."""
    void: bool = False
    """It takes a booking back."""
    manifest: bool = False
    """It closes the day with a list of parcels."""
    track_push: bool = False
    """It reports tracking, signed: `report()` makes such a transmission."""

    kind: ClassVar[CarrierKind]
    """What the plugin registers."""
    settings: ClassVar[Mapping[str, object]] = {}
    """Settings with which `kind.make` gives a carrier that serves `service`."""
    service: ClassVar[str] = ""
    """A service that takes a parcel of 500 g to the recipient of `request()`."""

    def make_carrier(self) -> Carrier:
        """A carrier of this kind, fresh."""
        return self.kind.make(INSTANCE, self.settings)

    def desk(self) -> Transport:
        """The carrier's computers, new: what answers its requests. For a carrier that asks nobody the default will do."""
        return RecordedTransport()

    def request(self) -> BookingRequest:
        """A booking that the carrier takes."""
        sender = Address("DE", "Warehouse", ("Dock 2",), "Berlin", postal_code="10115")
        return BookingRequest(sender, PERSON, ParcelFacts(500, reference="web:1/P1"), self.service, date(2026, 3, 2))

    def impossible(self) -> Sequence[BookingRequest]:
        """Bookings that the carrier does not take."""
        return (evolve(self.request(), service="no-such-service"),)

    def report(self, updates: Sequence[TrackingUpdate]) -> Transmission:
        """A signed report of these facts, as this carrier would send it. Needs `track_push`."""
        self.missing("report(updates)")

    # Ways to look

    def book(self, carrier: Carrier, desk: Transport, key: str = "key-1") -> Booking:
        """A booking that is made."""
        made = run(carrier.book(self.request(), key=key), desk)
        assert isinstance(made, Booking), f"a booking that can be was not made: {made!r}"
        return made

    def answered(self, carrier: Carrier, request: BookingRequest) -> Booking | Declined | Exception:
        """What a booking comes to, errors too."""
        try:
            return run(carrier.book(request, key="key-1"), self.desk())
        except Exception as error:  # noqa: BLE001  # looked at by the rule
            return error

    def asked(self) -> RateQuery:
        """What the booking would cost."""
        booking = self.request()
        return RateQuery(booking.sender, booking.recipient, booking.parcel, booking.ship_on)

    def operations(self, carrier: Carrier) -> Iterator[tuple[str, Op[Any]]]:
        """Every operation that needs a capability."""
        yield "rate", carrier.rate(self.asked())
        yield "query", carrier.find("key-1")
        yield "void", carrier.void("reference-1", key="key-2")
        yield "manifest", carrier.manifest(("reference-1",), key="key-3")

    @contextmanager
    def unsupported(self) -> Iterator[None]:
        """What is not declared says so."""
        with pytest.raises(NotSupported):
            yield


def told(declined: Declined) -> str:
    """All that a no says."""
    return " ".join(f"{one.code} {one.path} {one.message} {one.raw or ''}" for one in declined.problems)
