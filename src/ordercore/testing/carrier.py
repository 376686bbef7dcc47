"""A carrier for tests: books at a `CarrierDesk`, and has as many or as few capabilities as a test wants."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Final

from ordercore.codec import load, parse_json
from ordercore.errors import (
    AuthenticationFailed,
    InvalidInput,
    NotSupported,
    ProtocolViolation,
    TransientFailure,
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
from ordercore.values import Money

ALL: Final[tuple[CarrierCapability, ...]] = ("rate", "book", "query", "void", "manifest", "track_push")
URL: Final = "https://carrier.invalid/"


class MemoryCarrier:
    """Two services, priced by weight; labels in ZPL. What a request contains is what the desk writes down: no people."""

    def __init__(self, instance: str = "memory", capabilities: Iterable[CarrierCapability] = ALL) -> None:
        """`query` and `idempotent` must be what the desk can do."""
        self._instance = instance
        self._capabilities = frozenset(capabilities)

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
        return tuple(
            RateQuote(service, _cost(service, query.parcel.weight_grams)) for service in ("standard", "express")
        )

    def book(self, request: BookingRequest, *, key: str) -> Op[Booking | Declined]:
        """One request; 201 is a booking, 422 a no."""
        self._require("book")
        parcel = request.parcel
        said = {"service": request.service, "weight_grams": parcel.weight_grams, "reference": parcel.reference}
        response = yield _request("POST", "bookings", key, said)
        if _status(response) not in (200, 201):
            return _declined(response)
        return _booking(response)

    def find(self, key: str) -> Op[Booking | None]:
        """Ask the desk."""
        self._require("query")
        response = yield _request("GET", "bookings", key, {})
        if _status(response) == 404:
            return None
        if _status(response) != 200:
            # Anything but a clear answer must not be taken for "there is none": it would be booked twice.
            raise TransientFailure("The desk does not say.")
        return _booking(response)

    def void(self, reference: str, *, key: str) -> Op[Declined | None]:
        """Take it back."""
        self._require("void")
        response = yield _request("POST", "voids", key, {"booking": reference})
        return None if _status(response) in (200, 201) else _declined(response)

    def manifest(self, references: Sequence[str], *, key: str) -> Op[Manifest | Declined]:
        """Close the day."""
        self._require("manifest")
        response = yield _request("POST", "manifests", key, {"bookings": " ".join(references)})
        if _status(response) not in (200, 201):
            return _declined(response)
        return Manifest(_body(response)["number"], tuple(references))

    def verify(self, transmission: Transmission, *, now: datetime) -> None:
        """A shared word in a header."""
        if not compare_digest(transmission.headers.get("x-secret", ""), "let me in"):
            raise AuthenticationFailed("The word is wrong.", hint="It is in the header x-secret.")

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
            raise NotSupported(f"{self._instance} cannot {capability}.", capability=capability)


def _request(method: str, path: str, key: str, said: dict[str, object]) -> HttpRequest:
    body = json.dumps(said, sort_keys=True).encode() if method == "POST" else b""
    return HttpRequest(method, URL + path, {"idempotency-key": key}, body)


def _status(response: object) -> int:
    return response.status if isinstance(response, HttpResponse) else 0


def _body(response: object) -> dict[str, str]:
    assert isinstance(response, HttpResponse)
    found: dict[str, str] = json.loads(response.body)
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
    tracking = number + sha256(number.encode()).hexdigest()[:4].upper()
    return Booking(number, tracking, service, _cost(service, int(said.get("weight_grams", 0))), (label,))
