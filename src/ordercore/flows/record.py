"""From an order's new events to what a batch must write: the append, the summary, the lines that wait."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from ordercore.flow import Folder
from ordercore.internal import internal
from ordercore.message import Event
from ordercore.order import Order, OrderSummary, WaitingLine, evolve_order, fold_order, stream_of
from ordercore.order.events import LinesBackordered, LinesCancelled, OrderAdopted, OrderAllocated
from ordercore.order.lines import LineState
from ordercore.order.summary import waiting_sort
from ordercore.store import Append, DeleteDocument, PutDocument
from ordercore.values import OrderId

ORDERS: Final = Folder("order", fold_order)
SUMMARY: Final = "order"
WAITING: Final = "waiting"
PERSON: Final = "person"


@internal
class Change:
    """An order before and after some events, and what to write for it."""

    order: Order
    append: Append
    documents: tuple[PutDocument | DeleteDocument, ...]


def change(id: OrderId, before: Order | None, version: int, events: Sequence[Event]) -> Change:
    """Apply the events (identities are checked) and derive the order's documents. `events` must not be empty."""
    after = before
    for event in events:
        after = evolve_order(after, event, id)
    assert after is not None  # noqa: S101  # events are not empty
    documents: tuple[PutDocument | DeleteDocument, ...] = (summary_of(after),)
    if any([type(event) in _MAY_WAIT for event in events]):  # noqa: C419  # a list is quicker
        documents = (*documents, *_waiting(before, after))
    return Change(after, Append(stream_of(id), version, tuple(events)), documents)


_MAY_WAIT: Final = frozenset((OrderAdopted, OrderAllocated, LinesBackordered, LinesCancelled))
"""Events after which other units than before may wait for supply."""


def summary_of(order: Order) -> PutDocument:
    """The order's line in lists: statuses computed now."""
    head = order.head
    status = order.status
    body = OrderSummary(
        status, order.fulfillment_status, head.channel, head.external_id, head.currency, head.total, head.placed_at,
        head.customer, order.payment_status, order.return_status,
    )  # fmt: skip
    return PutDocument(SUMMARY, order.id, body, None, status, head.placed_at.isoformat())


def waiting_key(order: OrderId, line: str) -> str:
    """The key of a waiting line's document."""
    return f"{order}|{line}"


def _waiting(before: Order | None, after: Order) -> Iterable[PutDocument | DeleteDocument]:
    if before is not None and before.lines is after.lines:
        return
    for name, line in after.lines.items():
        was = before.lines[name] if before is not None else None
        if line is was:
            continue
        waited = was.backordered if was is not None else 0
        if line.backordered == waited:
            continue
        if line.backordered:
            yield _put_waiting(after, line)
        else:
            yield DeleteDocument(WAITING, waiting_key(after.id, name))


def _put_waiting(order: Order, line: LineState) -> PutDocument:
    head, facts = order.head, line.facts
    body = WaitingLine(order.id, facts.line, facts.sku, line.backordered, head.priority, head.placed_at, facts.location)
    key = waiting_key(order.id, facts.line)
    return PutDocument(WAITING, key, body, None, facts.sku, waiting_sort(head.priority, head.placed_at))
