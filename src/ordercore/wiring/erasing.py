"""Erasing what is personal about an order: documents go, the log stays, and says that it was done and who asked."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

import attrs

from ordercore.errors import Archived
from ordercore.flow import Decision, Effect, Flow, guard, read
from ordercore.flows.record import PERSON
from ordercore.flows.shop import Shop
from ordercore.intake import Quarantined, Seen, seen_key
from ordercore.message import Context
from ordercore.order import ErasePerson, Order, fold_order, stream_of
from ordercore.order.decide import unknown_order
from ordercore.order.events import PersonErased
from ordercore.order.summary import ErasedAddress
from ordercore.store import (
    Append,
    DeleteDocument,
    Document,
    PutDocument,
    ReadDocument,
    ReadDocuments,
    ReadHead,
    ReadStream,
)
from ordercore.store.batch import DocumentChange
from ordercore.values import OrderId, Stream, text_of
from ordercore.wiring.personal import erased_whole
from ordercore.wiring.receive import QUARANTINE, RAW, SEEN

_PAGE = 500


def erasure_stream(order: str) -> Stream:
    """Where it stands that an order's person was erased: not the order's own, which may be archived."""
    return Stream(f"erasure/{order}")


def flow_erase_person(command: ErasePerson, context: Context, shop: Shop) -> Flow[OrderId]:
    """Documents and one event. Raises NotFound, and Archived for an order whose documents are elsewhere."""
    text_of(command.reference, what="Reference", most=200)
    stream = stream_of(command.order)
    events, head = ReadStream(stream), ReadHead(erasure_stream(command.order))
    snapshot = yield from read(events, head)
    found = snapshot.of(events)
    if not found.version:
        raise unknown_order(command.order)
    if found.archived and not command.archived:
        raise Archived(
            f"{stream} is archived in segment {found.archived}.", stream=stream, segment=found.archived,
            hint="Upkeep(kernel).erase(...) of a kernel with archive= erases what is in it, too.",
        )  # fmt: skip
    order = fold_order(None, found.events, stream) if not found.archived else None
    yield from guard(command, order)
    documents = (yield from _of_order(order, context)) if order is not None else ()
    if not documents and not command.archived and snapshot.of(head):
        return Decision(command.order)
    event = PersonErased(command.order, command.reference)
    return Decision(command.order, (Append(head.stream, snapshot.of(head), (event,)),), documents)


def _of_order(order: Order, context: Context) -> Generator[Effect, Any, tuple[DocumentChange, ...]]:
    """What becomes of the documents about it; nothing if all of it is erased already."""
    channel, external_id = order.head.channel, order.head.external_id
    person, seen = ReadDocument(PERSON, order.id), ReadDocument(SEEN, seen_key(channel, external_id))
    whole = [ReadDocument(kind, key) for kind, key in erased_whole(order)]
    snapshot = yield from read(person, seen, *whole)
    changes: list[DocumentChange] = []
    address, known = snapshot.of(person), snapshot.of(seen)
    if address is not None and not isinstance(address.body, ErasedAddress):
        changes.append(PutDocument(PERSON, order.id, ErasedAddress(context.now), address.revision))
    if known is not None and isinstance(known.body, Seen) and known.body.content:
        # The digest stays, so that the channel's repeats are still known for what they are.
        less = attrs.evolve(known.body, content="")
        changes.append(PutDocument(SEEN, known.key, less, known.revision, known.tag, known.sort))
    changes += [DeleteDocument(query.kind, query.key) for query in whole if snapshot.of(query) is not None]
    return (*changes, *(yield from _quarantined(channel, external_id)))


def _quarantined(channel: str, external_id: str) -> Generator[Effect, Any, tuple[DocumentChange, ...]]:
    """Documents of the channel that are about this order and no other: the bytes go, what was wrong stays."""
    changes: list[DocumentChange] = []
    after: tuple[str, str] | None = None
    while True:
        page = ReadDocuments(QUARANTINE, None, after, _PAGE)
        found: tuple[Document, ...] = (yield from read(page)).of(page)
        changes += [change for one in found for change in _redacted(one, channel, external_id)]
        if len(found) < _PAGE:
            return tuple(changes)
        after = (found[-1].sort, found[-1].key)


def _redacted(found: Document, channel: str, external_id: str) -> Iterator[DocumentChange]:
    kept = found.body
    if not isinstance(kept, Quarantined) or kept.status == "erased":
        return
    if (kept.instance, kept.subject) == (channel, external_id):
        after = kept.erased()
        yield DeleteDocument(RAW, found.key)
        yield PutDocument(QUARANTINE, found.key, after, found.revision, after.status, found.sort)
