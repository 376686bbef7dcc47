"""From an order's new events to what a batch must write: the append, the summary, the lines that wait."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from ordercore.flow import Folder
from ordercore.internal import internal
from ordercore.message import Event
from ordercore.order import Order, OrderSummary, WaitingLine, evolve_order, fold_order, stream_of
from ordercore.order.events import (
    HoldAdded,
    HoldReleased,
    LinesBackordered,
    LinesCancelled,
    OrderAdopted,
    OrderAllocated,
    ParcelBooked,
    ParcelShipped,
    ShipmentCorrected,
)
from ordercore.order.fulfillment import Parcel
from ordercore.order.holds import Hold
from ordercore.order.lines import LineState
from ordercore.order.manifest import ManifestEntry
from ordercore.order.summary import TrackedOrder, waiting_sort
from ordercore.store import Append, Bump, DeleteDocument, PutDocument
from ordercore.values import OrderId, Sku

ORDERS: Final = Folder("order", fold_order)
SUMMARY: Final = "order"
WAITING: Final = "waiting"
PERSON: Final = "person"
TRACKED: Final = "tracked"
LABEL: Final = "label"
TRACKING_TEXT: Final = "tracking_text"
OPEN_BOOKING: Final = "open_booking"
HELD_BY: Final = "allocate"
"""The step that must be free for a line to get stock."""


@internal
class Change:
    """An order before and after some events, and what to write for it."""

    order: Order
    append: Append
    documents: tuple[PutDocument | DeleteDocument, ...]
    joined: tuple[Sku, ...] = ()
    """SKUs for which a line joined the queue, or waits for more units than before."""

    @property
    def bumps(self) -> tuple[Bump, ...]:
        """What tells supply that comes in at the same moment to look at the queue again."""
        return tuple([Bump(queue_counter(sku)) for sku in self.joined]) if self.joined else ()


def change(id: OrderId, before: Order | None, version: int, events: Sequence[Event]) -> Change:
    """Apply the events (identities are checked) and derive the order's documents. `events` must not be empty."""
    after = before
    waits = False
    for event in events:
        after = evolve_order(after, event, id)
        waits = waits or type(event) in MAY_WAIT
    assert after is not None  # noqa: S101  # events are not empty
    documents: tuple[PutDocument | DeleteDocument, ...] = ()
    if before is None or before.statuses != after.statuses:
        documents = (summary_of(after),)
    joined: tuple[Sku, ...] = ()
    if waits:
        waiting, joined = _waiting(before, after)
        documents = (*documents, *waiting)
    if any([type(event) in _NAMES_PARCELS for event in events]):  # noqa: C419  # a list is quicker
        documents = (*documents, *_tracked(after, events))
    return Change(after, Append(stream_of(id), version, tuple(events)), documents, joined)


MAY_WAIT: Final = frozenset((OrderAdopted, OrderAllocated, LinesBackordered, LinesCancelled, HoldAdded, HoldReleased))
"""Events after which other units than before may wait for supply, or other lines may have it."""


_NAMES_PARCELS: Final = frozenset((ParcelBooked, ParcelShipped, ShipmentCorrected))
"""Events after which a carrier knows a parcel by a number."""


def open_booking(carrier: str, entry: ManifestEntry) -> PutDocument:
    """A booking that is on no manifest yet, by its carrier."""
    return PutDocument(OPEN_BOOKING, entry.booking, entry, None, carrier, entry.reference)


def manifest_counter(carrier: str) -> str:
    """What changes whenever a booking of a carrier is put onto a list or taken back: lists rest on it."""
    return f"manifest/{carrier}"


def tracking_key(carrier: str, tracking: str) -> str:
    """The key of the document that says whose parcels a carrier means by a number."""
    return f"{carrier}\x1f{tracking}"


def tracking_text_key(order: str, parcel: str, identity: tuple[object, ...]) -> str:
    """The key of the document with a carrier's words about one of its facts."""
    return f"{order}|{parcel}|{sha256(repr(identity).encode()).hexdigest()[:32]}"


def _tracked(order: Order, events: Sequence[Event]) -> list[PutDocument]:
    """That the carrier's numbers in these events are of parcels of this order."""
    named = {(getattr(event, "carrier", ""), getattr(event, "tracking", "")): None for event in events}
    body = TrackedOrder(order.id)
    return [PutDocument(TRACKED, tracking_key(*names), body) for names in named if all(names)]


def goes_under(parcel: Parcel, carrier: str, tracking: str) -> bool:
    """Whether this carrier means this parcel by the number, as it stands now: it ships or is booked under it."""
    if (parcel.carrier, parcel.tracking) == (carrier, tracking):
        return True
    booking = parcel.booking
    return (
        booking is not None
        and booking.status == "booked"
        and (booking.carrier, booking.tracking) == (carrier, tracking)
    )


def summary_of(order: Order) -> PutDocument:
    """The order's line in lists: statuses computed now."""
    head = order.head
    status, fulfillment, payment, returned = order.statuses
    body = OrderSummary(
        status, fulfillment, head.channel, head.external_id, head.currency, head.total, head.placed_at,
        head.customer, payment, returned,
    )  # fmt: skip
    return PutDocument(SUMMARY, order.id, body, None, status, head.placed_at.isoformat())


def waiting_key(order: OrderId, line: str) -> str:
    """The key of a waiting line's document; sorts by order, then by line."""
    # A character that neither can hold, and that sorts before all they can: "10" comes after "1", whatever follows.
    return f"{order}\x1f{line}"


def queue_counter(sku: Sku) -> str:
    """The counter that is bumped when a line joins those that wait for a SKU."""
    return f"waiting/{sku}"


def blocks_allocation(holds: tuple[Hold, ...]) -> bool:
    """Whether an open hold blocks allocation; lines of such an order wait outside of the queue."""
    return any([HELD_BY in hold.blocks for hold in holds])  # noqa: C419  # a list is quicker


def _waiting(before: Order | None, after: Order) -> tuple[list[PutDocument | DeleteDocument], tuple[Sku, ...]]:
    """The documents of lines that began or ceased to wait; the SKUs whose queue grew."""
    blocked = bool(after.holds) and blocks_allocation(after.holds)
    moved = before is not None and before.holds is not after.holds and blocked is not blocks_allocation(before.holds)
    if before is not None and before.lines is after.lines and not moved:
        return [], ()
    documents: list[PutDocument | DeleteDocument] = []
    joined: dict[Sku, None] = {}
    for name, line in after.lines.items():
        was = before.lines[name] if before is not None else None
        if line is was and not moved:
            continue
        waited = was.backordered if was is not None else 0
        if line.backordered == waited and not (moved and waited):
            continue
        if not line.backordered:
            documents.append(DeleteDocument(WAITING, waiting_key(after.id, name)))
            continue
        documents.append(waiting_document(after, line, blocked=blocked))
        if not blocked and (moved or line.backordered > waited):
            joined[line.facts.sku] = None
    return documents, tuple(joined)


def waiting_document(order: Order, line: LineState, *, blocked: bool = False) -> PutDocument:
    """A line that waits: in the queue of its SKU, or outside while a hold blocks its order."""
    head, facts = order.head, line.facts
    body = WaitingLine(order.id, facts.line, facts.sku, line.backordered, head.priority, head.placed_at, facts.location)
    queue = "" if blocked else facts.sku
    return PutDocument(
        WAITING, waiting_key(order.id, facts.line), body, None, queue, waiting_sort(head.priority, head.placed_at)
    )
