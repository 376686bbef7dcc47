"""One account of the table carrier. It needs nobody: what it answers follows from the table, the request and the key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Final

from ordercore.errors import NotSupported
from ordercore.ports import (
    Booking,
    BookingRequest,
    CarrierCapability,
    CarrierKind,
    Declined,
    Decoded,
    Eta,
    Manifest,
    Op,
    Problem,
    RateQuery,
    RateQuote,
    Settings,
    Transmission,
)
from ordercore_tablecarrier import labels, reports, signature
from ordercore_tablecarrier.numbers import is_number, number_of
from ordercore_tablecarrier.table import Service, Table

CAPABILITIES: Final[frozenset[CarrierCapability]] = frozenset(
    ("rate", "book", "idempotent", "void", "manifest", "track_push")
)
"""`idempotent` rather than `query`: it remembers nothing, but under one key it always makes the same booking."""


class TableCarrier:
    """Rates, bookings, labels and reports of one account. Pure: it asks nobody, and the same always gives the same."""

    def __init__(self, instance: str, table: Table) -> None:
        """`instance` is its name within a kernel; two of them give different numbers to one key."""
        self._instance = instance
        self._table = table

    @property
    def instance(self) -> str:
        """The name of this account."""
        return self._instance

    @property
    def capabilities(self) -> frozenset[CarrierCapability]:
        """What it can do."""
        return CAPABILITIES

    def rate(self, query: RateQuery) -> Op[tuple[RateQuote, ...] | Declined]:
        """Services that take the parcel there, cheapest first; a no if none does."""
        yield from ()
        zone = self._zone(query.recipient.country)
        if isinstance(zone, Declined):
            return zone
        services = [self._table.services[query.service]] if query.service in self._table.services else []
        services = services if query.service else list(self._table.services.values())
        quotes = [
            RateQuote(service.name, cost, zone, _eta(service, zone, query.ship_on))
            for service in services
            if (cost := service.cost(zone, query.parcel.weight_grams)) is not None
        ]
        if not quotes:
            return self._unpriced(query.service, zone, query.parcel.weight_grams)
        return tuple(sorted(quotes, key=lambda quote: (quote.cost.amount, quote.service)))

    def book(self, request: BookingRequest, *, key: str) -> Op[Booking | Declined]:
        """The booking under this key: its number follows from the key, its labels and cost from the request."""
        yield from ()
        zone = self._zone(request.recipient.country)
        if isinstance(zone, Declined):
            return zone
        service = self._table.services.get(request.service)
        if service is None:
            known = ", ".join(self._table.services)
            return _declined("unknown_service", "service", f"There is no service of this name. Known: {known}.")
        cost = service.cost(zone, request.parcel.weight_grams)
        if cost is None:
            return self._unpriced(service.name, zone, request.parcel.weight_grams)
        number = number_of(self._table.prefix, self._instance, key)
        printed = labels.Printed(self._table.name, number, zone, request, self._table.font)
        eta = _eta(service, zone, request.ship_on)
        return Booking(number, number, service.name, cost, (labels.zpl(printed), labels.pdf(printed)), eta)

    def find(self, key: str) -> Op[Booking | None]:
        """It has no memory. Raises NotSupported; booking again under the key gives the same booking."""
        yield from ()
        raise NotSupported(
            "The table carrier remembers no bookings.", capability="query", hint="Its capabilities say what it can do."
        )

    def void(self, reference: str, *, key: str) -> Op[Declined | None]:
        """Nobody has to be told; only what is no number of this account is refused."""
        yield from ()
        if not is_number(reference, self._table.prefix):
            return _declined("unknown_booking", "reference", "This is no number of this carrier.")
        return None

    def manifest(self, references: Sequence[str], *, key: str) -> Op[Manifest | Declined]:
        """The list to sign when the van comes; its reference follows from the key."""
        yield from ()
        if not references:
            return _declined("nothing_to_hand_over", "references", "A manifest lists at least one parcel.")
        for n, reference in enumerate(references):
            if not is_number(reference, self._table.prefix):
                return _declined("unknown_booking", f"references[{n}]", "This is no number of this carrier.")
        reference = "M" + sha256(f"{self._instance}\x1f{key}".encode()).hexdigest()[:15].upper()
        return Manifest(reference, tuple(references), labels.manifest(self._table.name, reference, references))

    def verify(self, transmission: Transmission, *, now: datetime) -> None:
        """The header `x-signature` over the bytes as they came. Raises AuthenticationFailed."""
        signature.verify(transmission.body, transmission.headers, self._table.secret)

    def decode(self, transmission: Transmission) -> Decoded:
        """Read a report; see the README for its form. Raises ProtocolViolation for what is no report at all."""
        return reports.decode(transmission, self._table.prefix)

    def _zone(self, country: str) -> str | Declined:
        zone = self._table.zone(country)
        if zone is None:
            return _declined("not_served", "recipient.country", "No zone of the table has this country.")
        return zone

    def _unpriced(self, service: str, zone: str, weight_grams: int) -> Declined:
        """Why there is no price."""
        services = [self._table.services[service]] if service in self._table.services else self._table.services.values()
        most = max((rate.up_to_grams for one in services for rate in one.rates if zone in rate.costs), default=0)
        if not most:
            return _declined("not_served", "service", f"This service does not go to zone {zone}.")
        return _declined("too_heavy", "parcel.weight_grams", f"{weight_grams} g; at most {most} g go to zone {zone}.")


def _eta(service: Service, zone: str, ship_on: date) -> Eta | None:
    """Working days after the hand-over; the window from the morning of the first to the end of the last."""
    if zone not in service.transit_days:
        return None
    least, most = service.transit_days[zone]
    earliest = datetime.combine(_working(ship_on, least), datetime.min.time(), UTC)
    latest = datetime.combine(_working(ship_on, most), datetime.min.time(), UTC) + timedelta(days=1, seconds=-1)
    return Eta(earliest, latest)


def _working(day: date, days: int) -> date:
    """So many days later, Saturdays and Sundays apart."""
    while days or day.weekday() >= 5:
        day += timedelta(days=1)
        days -= day.weekday() < 5 and days > 0
    return day


def _declined(code: str, path: str, message: str) -> Declined:
    return Declined((Problem(code, "reject", path, message),))


def _made(instance: str, settings: Settings) -> TableCarrier:
    return TableCarrier(instance, Table.of(settings))


KIND: Final = CarrierKind("table", _made, CAPABILITIES)
