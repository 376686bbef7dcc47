"""Where an order's parcels are: what carriers said in order, the estimate beside the promise, labels."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from attrs import frozen

from ordercore.errors import Erased, NotFound
from ordercore.flow import ReadState
from ordercore.flows.manifest import DOCUMENT
from ordercore.flows.record import LABEL, PERSON, TRACKING_TEXT, tracking_text_key
from ordercore.order import Order, stream_of
from ordercore.order.booking import Label, ParcelBooking
from ordercore.order.decide import unknown_order
from ordercore.order.events import OrderPlaced
from ordercore.order.fulfillment import Parcel
from ordercore.order.manifest import MANIFESTS, Manifest, ManifestDocument, manifest_stream
from ordercore.order.summary import ErasedAddress, TrackingText
from ordercore.order.tracking import TrackingFact, current, in_order
from ordercore.ports import LabelDocument
from ordercore.store import ReadDocument, ReadDocuments, ReadHead
from ordercore.values import Address, Eta, OrderId
from ordercore.views.orders import order
from ordercore.views.reading import Reading, ask


@frozen
class ParcelTracking:
    """A parcel as its carrier tells it. `status` is empty before the first fact; `facts` are in the order they happened.

    `promised_by` is the order's and nobody moves it; `eta` is the newest estimate, `etas` all there were. `late`: it
    arrived after the promise, is expected to, or has not arrived though the promise has passed.
    """

    order: OrderId
    parcel: str
    carrier: str
    tracking: str
    status: str
    facts: tuple[TrackingFact, ...]
    etas: tuple[Eta, ...]
    promised_by: datetime | None
    late: bool
    shipped: bool
    delivered: bool
    booking: ParcelBooking | None = None

    @property
    def eta(self) -> Eta | None:
        """The newest estimate; None before the first."""
        return self.etas[-1] if self.etas else None


def tracking(id: OrderId, now: datetime) -> Reading[tuple[ParcelTracking, ...]]:
    """Every parcel of an order. Raises NotFound."""
    state = yield from order(id)
    asked = ReadDocuments(TRACKING_TEXT, id, limit=100_000)
    words = {one.key: one.body.text for one in (yield from ask(asked)).of(asked) if isinstance(one.body, TrackingText)}
    return tuple(_tracking(state, _told(state, parcel, words), now) for parcel in state.parcels.values())


def _told(state: Order, parcel: Parcel, words: Mapping[str, str]) -> Parcel:
    """The parcel with what its carrier wrote, unless that was erased."""
    if not words:
        return parcel
    facts = frozenset(
        fact._replace(text=words.get(tracking_text_key(state.id, parcel.parcel, fact.identity), fact.text))
        for fact in parcel.facts
    )
    return parcel._replace(facts=facts)


def person(id: OrderId) -> Reading[Address | ErasedAddress | None]:
    """Where an order goes; that it was erased, if it was; None if nobody said. Raises NotFound."""
    asked, stream = ReadDocument(PERSON, id), ReadHead(stream_of(id))
    snapshot = yield from ask(asked, stream)
    if not snapshot.of(stream):
        raise unknown_order(id)
    found = snapshot.of(asked)
    return found.body if found is not None and isinstance(found.body, Address | ErasedAddress) else None


def _tracking(state: Order, parcel: Parcel, now: datetime) -> ParcelTracking:
    booking = parcel.booking
    booked = booking if booking is not None and booking.status in ("booked", "voiding") else None
    carrier = parcel.carrier or (booked.carrier if booked else "")
    number = parcel.tracking or (booked.tracking if booked else "")
    promised = state.head.promised_by if isinstance(state.head, OrderPlaced) else None
    return ParcelTracking(
        state.id, parcel.parcel, carrier, number, parcel.status, in_order(parcel.facts), parcel.etas, promised,
        _is_late(parcel, promised, now), parcel.shipped, parcel.delivered, booking,
    )  # fmt: skip


def _is_late(parcel: Parcel, promised: datetime | None, now: datetime) -> bool:
    """Against the promise: when it arrived, else when it is expected (the early end of the window), else now."""
    if promised is None:
        return False
    fact = current(parcel.facts)
    if fact is not None and fact.status == "delivered":
        return fact.occurred_at > promised
    if parcel.delivered:
        return False
    return now > promised or (parcel.eta is not None and parcel.eta.earliest > promised)


def label(id: OrderId, parcel: str, media_type: str = "") -> Reading[LabelDocument]:
    """A label of a parcel's booking: the first, or the first of a media type. Raises NotFound, naming those there are."""
    state = yield from order(id)
    booking = state.parcel(parcel).booking
    keys = booking.labels if booking is not None and booking.status == "booked" else ()
    asked = [ReadDocument(LABEL, key) for key in keys]
    address = ReadDocument(PERSON, id)
    snapshot = yield from ask(*asked, address)
    erased = snapshot.of(address)
    if erased is not None and isinstance(erased.body, ErasedAddress):
        raise Erased(
            f"Labels of order {id!r} were erased with its address.", kind="label", name=parcel,
            hint="The tracking number stays: kernel.tracking(order_id).",
        )  # fmt: skip
    documents = [snapshot.of(query) for query in asked]
    found = [one.body for one in documents if one is not None and isinstance(one.body, Label)]
    for one in found:
        if media_type in ("", one.media_type):
            return LabelDocument(one.media_type, one.content, one.dpi, one.size)
    there = ", ".join(one.media_type for one in found)
    hint = f"There are: {there}." if there else "BookParcel, and work, make one; a carrier need not give any."
    what = f"{media_type} label" if media_type else "label"
    raise NotFound(f"Parcel {parcel!r} of order {id!r} has no {what}.", kind="label", name=parcel, hint=hint)


def manifest(id: str) -> Reading[tuple[Manifest, LabelDocument | None]]:
    """A manifest, and what the carrier wants printed, if it gave that. Raises NotFound."""
    asked, document = ReadState(manifest_stream(id), MANIFESTS), ReadDocument(DOCUMENT, id)
    snapshot = yield from ask(asked, document)
    state, found = snapshot.of(asked).state, snapshot.of(document)
    if state is None:
        raise NotFound.named("manifest", id)
    body = found.body if found is not None else None
    return state, LabelDocument(body.media_type, body.content) if isinstance(body, ManifestDocument) else None
