"""Whether the ledger and the orders agree: units claimed in stock against the orders' own counters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ordercore.engine import Calls, StoreCall, StoreRead
from ordercore.flows.cart import RESERVATIONS
from ordercore.flows.record import SUMMARY
from ordercore.order import fold_order, stream_of
from ordercore.stock.events import ReservationMade
from ordercore.stock.reservation import reservation_stream
from ordercore.store import BUCKETS, CLAIMED, Breach, Document, Page, ReadDocuments, ReadPositions, ReadStream, Snapshot
from ordercore.values import Cursor, OrderId, Place, Sku

PAGE: Final = 500

Claims = dict[tuple[Sku, Place, str, str, str], int]
"""(sku, place, lot or "" for the pool, owner, bucket) -> units."""


def verify_claims(tenant: str) -> Calls[tuple[Breach, ...]]:
    """Every claimed bucket equals what orders and carts claim of it, pool and lots; a page of orders at a time."""
    claims: Claims = {}
    yield from _of_orders(tenant, claims)
    yield from _of_carts(tenant, claims)
    skus = {key[0] for key in claims} | (yield from _skus(tenant))
    breaches: list[Breach] = []
    ordered = sorted(skus)
    for at in range(0, len(ordered), PAGE):
        query = ReadPositions(tuple(ordered[at : at + PAGE]))
        snapshot: Snapshot = yield StoreRead((query,), tenant)
        for (sku, place, lot, owner), row in snapshot.of(query).items():
            for bucket, units in zip(BUCKETS, row, strict=True):
                if bucket in CLAIMED:
                    claimed = claims.pop((sku, place, lot, owner, bucket), 0)
                    if claimed != units:
                        where = f"{sku} at {place}" + (f" lot {lot}" if lot else "")
                        breaches.append(Breach("claims", f"{where}: {bucket}", str(claimed), str(units)))
    breaches += [
        Breach("claims", f"{key[0]} at {key[1]}: {key[4]}", str(units), "0") for key, units in claims.items() if units
    ]
    return tuple(breaches)


def _skus(tenant: str) -> Calls[set[Sku]]:
    found: set[Sku] = set()
    after: tuple[str, str] | None = None
    while True:
        query = ReadDocuments("item", None, after, PAGE)
        snapshot: Snapshot = yield StoreRead((query,), tenant)
        documents = snapshot.of(query)
        found |= {Sku(document.key) for document in documents}
        if len(documents) < PAGE:
            return found
        after = (documents[-1].sort, documents[-1].key)


def _of_orders(tenant: str, claims: Claims) -> Calls[None]:
    after: tuple[str, str] | None = None
    while True:
        page = ReadDocuments(SUMMARY, None, after, PAGE)
        snapshot: Snapshot = yield StoreRead((page,), tenant)
        documents = snapshot.of(page)
        # Orders with nothing left to ship claim nothing; folding them would read the whole log a second time.
        live = [document for document in documents if _claims_something(document)]
        asked = [ReadStream(stream_of(OrderId(document.key))) for document in live]
        heads: Snapshot = yield StoreRead(tuple(asked), tenant)
        for query in asked:
            order = fold_order(None, heads.of(query).events, query.stream)
            for line in order.lines.values() if order is not None else ():
                for claim in line.claims:
                    _add(claims, line.facts.sku, claim.place, claim.lot, claim.owner, claim.bucket, claim.quantity)
        if len(documents) < PAGE:
            return
        after = (documents[-1].sort, documents[-1].key)


def _claims_something(document: Document) -> bool:
    return getattr(document.body, "fulfillment", "") not in (
        "delivered",
        "fulfilled",
        "cancelled",
        "partially_delivered",
    )


def _of_carts(tenant: str, claims: Claims) -> Calls[None]:
    """Carts have no document: those that were ever made are found in the log."""
    carts: set[str] = set()
    cursor: Cursor | None = None
    while True:
        at = cursor
        page: Page = yield _page(at, tenant)
        carts |= {record.stream[12:] for record in page.records if isinstance(record.event, ReservationMade)}
        if not page.records:
            break
        cursor = page.cursor
    for group in _groups(sorted(carts)):
        asked = [ReadStream(reservation_stream(cart)) for cart in group]
        snapshot: Snapshot = yield StoreRead(tuple(asked), tenant)
        for query in asked:
            cart = RESERVATIONS.fold(None, snapshot.of(query).events, query.stream)
            if cart is not None and cart.status == "soft":
                for unit in cart.contents:
                    _add(claims, unit.sku, unit.place, unit.lot, unit.owner, "soft_reserved", unit.quantity)


def _groups(names: list[str]) -> Iterable[list[str]]:
    return (names[at : at + PAGE] for at in range(0, len(names), PAGE))


def _add(claims: Claims, sku: Sku, place: Place, lot: str, owner: str, bucket: str, units: int) -> None:
    for row in ("", lot) if lot else ("",):
        key = (sku, place, row, owner, bucket)
        claims[key] = claims.get(key, 0) + units


def _page(after: Cursor | None, tenant: str) -> StoreCall:
    return lambda store: store.read_all(after, 2_000, tenant=tenant)
