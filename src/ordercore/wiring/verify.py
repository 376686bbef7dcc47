"""Whether the ledger, the queues and the orders agree: claims and waiting lines against the orders' own counters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from attrs import define, field

from ordercore.engine import Calls, StoreCall, StoreRead
from ordercore.flows.cart import RESERVATIONS
from ordercore.flows.record import SUMMARY, WAITING, blocks_allocation, waiting_document
from ordercore.message import Event
from ordercore.order import WaitingLine, fold_order, stream_of
from ordercore.stock.reservation import reservation_stream
from ordercore.store import (
    BUCKETS,
    CLAIMED,
    Breach,
    Document,
    Page,
    Query,
    ReadDocument,
    ReadDocuments,
    ReadPositions,
    ReadStream,
    Snapshot,
)
from ordercore.store.archived import read_hot
from ordercore.values import Cursor, OrderId, Place, Sku, Stream

PAGE: Final = 500
NOT_READ: Final = frozenset(("checksum", "unreadable"))
"""Identities of rows of the log that nobody can fold; what orders and carts claim is not known beside them."""
LOOKS: Final = 10
"""How often what does not agree is looked at again because somebody changed it meanwhile."""

_ORDER: Final = stream_of(OrderId(""))
_CART: Final = reservation_stream("")

Claim = tuple[Sku, Place, str, str, str]
"""(sku, place, lot or "" for the pool, owner, bucket)."""
Waits = tuple[object, str, str]
"""What a waiting line's document says: body, tag, sort."""


@define
class _Books:
    """What orders and carts say, and what stands in the rows and queues beside them."""

    claims: dict[Claim, int] = field(factory=dict)
    waits: dict[str, Waits] = field(factory=dict)
    holders: dict[Sku, set[Stream]] = field(factory=dict)
    """Streams that claim units of a SKU."""

    def add(self, stream: Stream, events: Iterable[Event]) -> None:
        """What an order or a cart says."""
        if stream.startswith(_CART):
            cart = RESERVATIONS.fold(None, events, stream)
            for unit in cart.contents if cart is not None and cart.status == "soft" else ():
                self._claim(stream, unit.sku, unit.place, unit.lot, unit.owner, "soft_reserved", unit.quantity)
            return
        order = fold_order(None, events, stream)
        if order is None:
            return
        blocked = blocks_allocation(order.holds)
        for line in order.lines.values():
            for claim in line.claims:
                self._claim(stream, line.facts.sku, claim.place, claim.lot, claim.owner, claim.bucket, claim.quantity)
            if line.backordered:
                put = waiting_document(order, line, blocked=blocked)
                self.waits[put.key] = (put.body, put.tag, put.sort)

    def _claim(self, stream: Stream, sku: Sku, place: Place, lot: str, owner: str, bucket: str, units: int) -> None:
        self.holders.setdefault(sku, set()).add(stream)
        for row in ("", lot) if lot else ("",):
            key = (sku, place, row, owner, bucket)
            self.claims[key] = self.claims.get(key, 0) + units

    def compare_rows(self, rows: Mapping[Any, tuple[int, ...]], skus: Iterable[Sku]) -> dict[Claim, Breach]:
        """Claims on these SKUs that do not agree with their rows."""
        stands: dict[Claim, int] = {}
        for (sku, place, lot, owner), row in rows.items():
            for bucket, units in zip(BUCKETS, row, strict=True):
                if bucket in CLAIMED and units:
                    stands[(sku, place, lot, owner, bucket)] = units
        wanted = set(skus)
        keys = stands.keys() | {key for key in self.claims if key[0] in wanted}
        found: dict[Claim, Breach] = {}
        for key in sorted(keys):
            claimed, units = self.claims.get(key, 0), stands.get(key, 0)
            if claimed != units:
                where = f"{key[0]} at {key[1]}" + (f" lot {key[2]}" if key[2] else "")
                found[key] = Breach("claims", f"{where}: {key[4]}", str(claimed), str(units))
        return found

    def compare_waits(self, documents: Mapping[str, Document]) -> dict[str, Breach]:
        """Lines that wait and have another document or none, documents of lines that do not wait."""
        found: dict[str, Breach] = {}
        for key in sorted(self.waits.keys() | documents.keys()):
            wanted, document = self.waits.get(key), documents.get(key)
            stands = (document.body, document.tag, document.sort) if document is not None else None
            if wanted != stands:
                order, line = _line(wanted or stands)
                found[key] = Breach("waiting", f"{order} line {line}", _shown(wanted), _shown(stands))
        return found


def _line(waits: Waits | None) -> tuple[str, str]:
    body = waits[0] if waits is not None else None
    return str(getattr(body, "order", "?")), str(getattr(body, "line", "?"))


def _shown(waits: Waits | None) -> str:
    if waits is None:
        return "none"
    body, tag, _ = waits
    return f"{getattr(body, 'quantity', '?')} units of {getattr(body, 'sku', '?')}" + (
        "" if tag else ", not in the queue"
    )


def verify_claims(tenant: str) -> Calls[tuple[Breach, ...]]:
    """Every claimed bucket equals what orders and carts claim of it, every waiting line has its document.

    It reads a page of orders at a time, so what does not agree at first is looked at again, in one snapshot.
    """
    books = _Books()
    # Carts have no document: those that were ever made are found in the log.
    carts, cursor = yield from _touched(None, tenant, (_CART,))
    for group in _groups(sorted(carts)):
        yield from _add(books, group, tenant)
    yield from _of_orders(tenant, books)
    skus = {key[0] for key in books.claims} | (yield from _skus(tenant))
    suspects: set[Sku] = set()
    for part in _groups(sorted(skus)):
        query = ReadPositions(tuple(part))
        snapshot: Snapshot = yield StoreRead((query,), tenant)
        suspects |= {key[0] for key in books.compare_rows(snapshot.of(query), part)}
    documents = {document.key: document for document in (yield from _all(WAITING, tenant))}
    waiting = set(books.compare_waits(documents))
    if not suspects and not waiting:
        return ()
    streams = {stream for sku in suspects for stream in books.holders.get(sku, ())}
    for key in waiting:
        for body in (books.waits[key][0] if key in books.waits else None, getattr(documents.get(key), "body", None)):
            if isinstance(body, WaitingLine):
                streams.add(stream_of(body.order))
    return (yield from _look_again(suspects, waiting, streams, cursor, tenant))


def _look_again(
    skus: set[Sku], waiting: set[str], streams: set[Stream], cursor: Cursor | None, tenant: str
) -> Calls[tuple[Breach, ...]]:
    """What does not agree in one snapshot of rows, documents and all streams that can have to do with them.

    Those are the ones that were found to, and whatever was touched since; if more was touched while it was read, again.
    """
    breaches: tuple[Breach, ...] = ()
    for _ in range(LOOKS):
        more, cursor = yield from _touched(cursor, tenant)
        streams |= more
        rows = ReadPositions(tuple(sorted(skus)))
        documents = {key: ReadDocument(WAITING, key) for key in sorted(waiting)}
        asked = [ReadStream(stream) for stream in sorted(streams)]
        queries: tuple[Query[Any], ...] = (rows, *documents.values(), *asked)
        snapshot: Snapshot = yield StoreRead(queries, tenant)
        books = _Books()
        for query in asked:
            books.add(query.stream, snapshot.of(query).events)
        books.waits = {key: waits for key, waits in books.waits.items() if key in waiting}
        stands = {key: found for key, query in documents.items() if (found := snapshot.of(query)) is not None}
        wrong, late = books.compare_rows(snapshot.of(rows), skus), books.compare_waits(stands)
        breaches = (*wrong.values(), *late.values())
        more, cursor = yield from _touched(cursor, tenant)
        if not breaches or more <= streams:
            return breaches
        skus, waiting, streams = {key[0] for key in wrong}, set(late), streams | more
    return breaches


def _touched(
    cursor: Cursor | None, tenant: str, kinds: tuple[str, ...] = (_ORDER, _CART)
) -> Calls[tuple[set[Stream], Cursor | None]]:
    """Orders and carts that events were recorded of since, and up to where the log was read."""
    found: set[Stream] = set()
    while True:
        page: Page = yield _page(cursor, tenant)
        if not page.records:
            return found, cursor
        found |= {record.stream for record in page.records if record.stream.startswith(kinds)}
        cursor = page.cursor


def _skus(tenant: str) -> Calls[set[Sku]]:
    return {Sku(document.key) for document in (yield from _all("item", tenant))}


def _all(kind: str, tenant: str) -> Calls[list[Document]]:
    found: list[Document] = []
    after: tuple[str, str] | None = None
    while True:
        query = ReadDocuments(kind, None, after, PAGE)
        snapshot: Snapshot = yield StoreRead((query,), tenant)
        documents = snapshot.of(query)
        found += documents
        if len(documents) < PAGE:
            return found
        after = (documents[-1].sort, documents[-1].key)


def _of_orders(tenant: str, books: _Books) -> Calls[None]:
    after: tuple[str, str] | None = None
    while True:
        page = ReadDocuments(SUMMARY, None, after, PAGE)
        snapshot: Snapshot = yield StoreRead((page,), tenant)
        documents = snapshot.of(page)
        # Orders with nothing left to ship claim nothing; folding them would read the whole log a second time.
        yield from _add(books, [stream_of(OrderId(one.key)) for one in documents if _claims_something(one)], tenant)
        if len(documents) < PAGE:
            return
        after = (documents[-1].sort, documents[-1].key)


def _add(books: _Books, streams: Iterable[Stream], tenant: str) -> Calls[None]:
    asked = [ReadStream(stream) for stream in streams]
    snapshot: Snapshot = yield StoreRead(tuple(asked), tenant)
    for query in asked:
        books.add(query.stream, snapshot.of(query).events)


def _claims_something(document: Document) -> bool:
    return getattr(document.body, "fulfillment", "") not in (
        "delivered",
        "fulfilled",
        "cancelled",
        "partially_delivered",
    )


def _groups(names: list[Any]) -> Iterable[list[Any]]:
    return (names[at : at + PAGE] for at in range(0, len(names), PAGE))


def _page(after: Cursor | None, tenant: str) -> StoreCall:
    return lambda store: read_hot(store, after, 2_000, tenant)
