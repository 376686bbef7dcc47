"""A carrier for tests: books at a `CarrierDesk`, and has as many or as few capabilities as a test wants."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from ordercore.codec import load, parse_json
from ordercore.errors import (
    AnswerLost,
    AuthenticationFailed,
    InvalidInput,
    NotSupported,
    ProtocolViolation,
)
from ordercore.ports import (
    Booking,
    BookingRequest,
    CarrierCapability,
    Declined,
    Decoded,
    ExternalKey,
    HttpRequest,
    HttpResponse,
    Inbound,
    LabelDocument,
    Manifest,
    Op,
    Problem,
    RateQuery,
    RateQuote,
    TrackingUpdate,
    Transmission,
)
from ordercore.testing.outside import SERVICES, CarrierDesk
from ordercore.values import Money

ALL: Final[tuple[CarrierCapability, ...]] = ("rate", "book", "query", "void", "manifest", "track_push")
URL: Final = "https://carrier.invalid/"


class MemoryCarrier:
    """Two services, priced by weight; labels in ZPL. What a request contains is what the desk writes down: no people."""

    def __init__(self, instance: str = "memory", capabilities: Iterable[CarrierCapability] = ALL) -> None:
        """`query` and `idempotent` must be what the desk can do."""
        self._instance = instance
        self._capabilities = frozenset(capabilities)
        self.desk = CarrierDesk(idempotent="idempotent" in self._capabilities)
        """The carrier's computers, as a transport: wrap them in a FaultyTransport, look at `desk.bookings`."""

    @property
    def instance(self) -> str:
        """Its name."""
        return self._instance

    @property
    def capabilities(self) -> frozenset[CarrierCapability]:
        """As it was given."""
        return self._capabilities

    def rate(self, query: RateQuery) -> Op[tuple[RateQuote, ...] | Declined]:
        """Nothing is asked of anybody."""
        self._require("rate")
        yield from ()
        return tuple(RateQuote(service, _cost(service, query.parcel.weight_grams)) for service in SERVICES)

    def book(self, request: BookingRequest, *, key: str) -> Op[Booking | Declined]:
        """One request; 201 is a booking, 422 a no."""
        self._require("book")
        parcel = request.parcel
        said = {"service": request.service, "weight_grams": parcel.weight_grams, "reference": parcel.reference}
        response = yield _request("POST", "bookings", key, said)
        if _status(response) == 422:
            return _declined(response)
        return _booking(_taken(response))

    def find(self, key: str) -> Op[Booking | None]:
        """Ask the desk."""
        self._require("query")
        response = yield _request("GET", "bookings", key, {})
        # Anything but a clear answer must not be taken for "there is none": it would be booked twice.
        return None if _status(response) == 404 else _booking(_taken(response))

    def void(self, reference: str, *, key: str) -> Op[Declined | None]:
        """Take it back."""
        self._require("void")
        response = yield _request("POST", "voids", key, {"booking": reference})
        if _status(response) == 422:
            return _declined(response)
        _taken(response)
        return None

    def manifest(self, references: Sequence[str], *, key: str) -> Op[Manifest | Declined]:
        """Close the day."""
        self._require("manifest")
        response = yield _request("POST", "manifests", key, {"bookings": " ".join(references)})
        if _status(response) == 422:
            return _declined(response)
        return Manifest(_body(_taken(response)).get("number", ""), tuple(references))

    @staticmethod
    def sign(body: bytes) -> str:
        """The header `x-signature` of a report."""
        return hmac.new(b"let me in", body, "sha256").hexdigest()

    def verify(self, transmission: Transmission, *, now: datetime) -> None:
        """HMAC-SHA256 of the body, in the header `x-signature`."""
        given = transmission.headers.get("x-signature", "").encode()
        if not hmac.compare_digest(self.sign(transmission.body).encode(), given):
            raise AuthenticationFailed("The report is not signed by this carrier.", hint="MemoryCarrier.sign makes it.")

    def decode(self, transmission: Transmission) -> Decoded:
        """`{"events": [...]}`, each a TrackingUpdate as `ordercore.codec.dump` writes it."""
        try:
            events: Any = parse_json(transmission.body)
            events = events["events"]
        except (InvalidInput, TypeError, KeyError):
            raise ProtocolViolation("This is no report.") from None
        items: list[Inbound] = []
        problems: list[Problem] = []
        for n, event in enumerate(events if isinstance(events, list) else []):
            try:
                update = load(TrackingUpdate, event)
            except InvalidInput as error:
                problems += [Problem(code, "reject", f"events[{n}].{at}", text) for code, at, text in error.problems]
                continue
            subject = ExternalKey(self._instance, "shipment", update.tracking)
            items.append(Inbound(sha256(repr(event).encode()).hexdigest(), subject, update, path=f"events[{n}]"))
        return Decoded(tuple(items), tuple(problems))

    def _require(self, capability: CarrierCapability) -> None:
        if capability not in self._capabilities:
            raise NotSupported(
                f"{self._instance} cannot {capability}.", capability=capability, hint="Pass it among its capabilities."
            )


def _request(method: str, path: str, key: str, said: dict[str, object]) -> HttpRequest:
    body = json.dumps(said, sort_keys=True).encode() if method == "POST" else b""
    return HttpRequest(method, URL + path, {"idempotency-key": key}, body)


def _status(response: object) -> int:
    return response.status if isinstance(response, HttpResponse) else 0


def _taken(response: object) -> object:
    """The response, if it says that it was done. Raises AnswerLost: whatever else it says, it may have been done."""
    if _status(response) not in (200, 201):
        raise AnswerLost(f"The desk answers {_status(response)}, which says nothing.")
    return response


def _body(response: object) -> dict[str, str]:
    assert isinstance(response, HttpResponse)
    try:
        found: dict[str, str] = json.loads(response.body)
    except ValueError:
        raise AnswerLost("The desk answers something that is no JSON.") from None
    return found


def _declined(response: object) -> Declined:
    said = _body(response)
    return Declined((Problem(said.get("code", "declined"), "reject", "", said.get("message", "")),))


def _cost(service: str, weight_grams: int) -> Money:
    base = {"standard": 390, "express": 990}.get(service, 390)
    return Money(base + 50 * -(-weight_grams // 1_000), "EUR")


def _booking(response: object) -> Booking:
    said = _body(response)
    number, service = said["number"], said.get("service", "")
    label = LabelDocument("application/zpl", f"^XA^FD{number}^FS^XZ".encode(), 203, "100x150")
    return Booking(number, tracking_of(number), service, _cost(service, int(said.get("weight_grams", 0))), (label,))


def tracking_of(number: str) -> str:
    """The number on the label of a booking, as people read it to the carrier."""
    return number + sha256(number.encode()).hexdigest()[:4].upper()
