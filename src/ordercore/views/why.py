"""Why stock is what it is, and why an order was sourced as it was: read back from the log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import frozen

from ordercore.errors import Archived, NotFound
from ordercore.flows.catalog import ReadCatalog
from ordercore.flows.sourcing import sourcing_of
from ordercore.message import Event, Recorded
from ordercore.order import stream_of
from ordercore.order.decide import unknown_order
from ordercore.order.events import OrderAllocated, OrderPlaced
from ordercore.plan import Demand, Explanation, Missing, Plan
from ordercore.projection import JOURNAL, JournalChunk
from ordercore.readable import Span, Table, as_html, as_rich, as_text, brief, columns
from ordercore.readable.words import counted, in_words, location, moment, units
from ordercore.sourcing import explain
from ordercore.store import ReadDocument, ReadDocuments, ReadLog, location_place, postings_of
from ordercore.store.archived import CARRIED, Carried
from ordercore.store.posting import COLUMN
from ordercore.values import Cursor, OrderId, Place, Sku, Stream
from ordercore.views.reading import Reading, ask, at_end, existing
from ordercore.views.stock_words import changed, told


@frozen
class Movement:
    """One event's effect on a SKU at a place: change per bucket, and what stood there afterwards."""

    position: Cursor
    effective_at: datetime
    stream: Stream
    event: Event
    change: tuple[tuple[str, int], ...]
    on_hand: int
    available: int

    def __repr__(self) -> str:
        """`<Movement OrderAllocated: order/web:1001, 2026-03-02 09:12 UTC, 2 available -> reserved>`."""
        when = f"{moment(self.effective_at)} UTC"
        return brief("Movement", type(self.event).__name__, self.stream, when, changed(self.change, 0))


@frozen
class Why:
    """The journal of a SKU at a place, oldest first."""

    sku: Sku
    place: Place
    movements: tuple[Movement, ...]
    scale: int = 0

    __str__ = as_text
    __rich__ = as_rich
    _repr_html_ = as_html

    def tables(self) -> tuple[Table, ...]:
        """The newest hundred movements, oldest of them first, each with what stood there afterwards."""
        return (why_table(self),)

    def __repr__(self) -> str:
        """`<Why TEA at WH1: 12 movements, 10 on hand, 8 free>`."""
        last = self.movements[-1] if self.movements else None
        there = f"{units(last.on_hand, self.scale)} on hand" if last else ""
        free = f"{units(last.available, self.scale)} free" if last else ""
        return brief(
            "Why", f"{self.sku} at {location(self.place)}", counted(len(self.movements), "movement"), there, free
        )


def why_table(found: Why, last: int = 100) -> Table:
    """The last movements; how many came before is said."""
    hidden = len(found.movements) - last
    earlier = (Span(f"{counted(hidden, 'earlier movement')} not shown", "dim"),) if hidden > 0 else ()
    if not found.movements:
        return Table(f"{found.sku} never moved at {location(found.place)}.")
    rows = tuple(
        (
            moment(one.effective_at), changed(one.change, found.scale), units(one.on_hand, found.scale),
            units(one.available, found.scale), one.stream.removeprefix("order/"), in_words(told(one.event)),
        )
        for one in found.movements[-last:]
    )  # fmt: skip
    heads = columns("=when (UTC)", "=change", ">on hand", ">free", "document", "event")
    return Table(f"Why {found.sku} at {location(found.place)} is what it is", heads, rows, notes=earlier)


def positions(skus: Sequence[Sku]) -> Reading[tuple[Cursor, ...]]:
    """Log rows that touched any of these SKUs, from the journal index as far as it has come."""
    asked = {sku: ReadDocuments(JOURNAL, sku, limit=100_000) for sku in skus}
    snapshot = yield from ask(*asked.values())
    found = {
        Cursor(position)
        for query in asked.values()
        for document in snapshot.of(query)
        if isinstance(document.body, JournalChunk)
        for position in document.body.positions
    }
    return tuple(sorted(found, key=lambda position: (len(position), position)))


def why(sku: Sku, location: str) -> Reading[Why]:
    """Every movement of a SKU at a location, with the balance after each. Raises NotFound for unknown names."""
    catalog = ReadCatalog((existing(sku),))
    view = (yield from ask(catalog)).of(catalog)
    if sku not in view.items:
        raise NotFound.named("item", sku)
    view.location(location)
    place = location_place(location)
    found = yield from positions((sku,))
    log, left = ReadLog(None, found), ReadDocument(CARRIED, sku)
    snapshot = yield from ask(log, left)
    carried = snapshot.of(left)
    before = [carried.body] if carried is not None and isinstance(carried.body, Carried) else []
    return Why(sku, place, tuple(_movements(snapshot.of(log), sku, place, before)), view.items[sku].scale)


def _movements(records: Sequence[Recorded], sku: Sku, place: Place, before: Sequence[Carried]) -> list[Movement]:
    """Movements of the log; what rows that are archived had moved stood there before them."""
    made: list[Movement] = []
    on_hand = available = 0
    for carried in before:
        for (_, at, lot, _), net in carried.net().items():
            if at == place and not lot:
                on_hand += sum(net)
                available += net[COLUMN["available"]]
    for record in records:
        change: dict[str, int] = {}
        for posting in postings_of(record.event):
            if posting.sku != sku or posting.narrowing:
                continue
            if posting.source == place:
                change[posting.source_bucket] = change.get(posting.source_bucket, 0) - posting.quantity
            if posting.target == place:
                change[posting.target_bucket] = change.get(posting.target_bucket, 0) + posting.quantity
        moved = tuple((bucket, units) for bucket, units in change.items() if units)
        if moved:
            on_hand += sum(units for _, units in moved)
            available += change.get("available", 0)
            made.append(
                Movement(record.position, record.effective_at, record.stream, record.event, moved, on_hand, available)
            )
    return made


def explain_order(id: OrderId) -> Reading[Explanation]:
    """Why the order's first plan chose the places it chose: supply is read back as it was just before.

    Raises NotFound if there is no such order, or it was never allocated by a strategy.
    """
    own = ReadLog(stream_of(id))
    records = (yield from ask(own, at_end(own.stream))).of(own)
    if not records:
        raise unknown_order(id)
    planned = next((r for r in records if isinstance(r.event, OrderAllocated)), None)
    placed = next((r.event for r in records if isinstance(r.event, OrderPlaced)), None)
    if planned is None or placed is None or not isinstance(planned.event, OrderAllocated):
        raise NotFound(f"Order {id!r} was never allocated.", kind="plan", name=id, hint="AllocateOrder sources it.")
    skus = tuple(dict.fromkeys(line.sku for line in placed.lines if line.tracked))
    catalog = ReadCatalog(skus)
    view = (yield from ask(catalog)).of(catalog)
    supply = yield from _supply_before(skus, planned.position)
    demands = tuple(
        Demand(line.line, line.sku, line.quantity, location_place(line.location) if line.location else None)
        for line in placed.lines
        if line.tracked
    )
    legs = planned.event.legs
    served: dict[str, int] = {}
    for leg in legs:
        served[leg.line] = served.get(leg.line, 0) + leg.quantity
    missing = tuple(
        Missing(d.line, d.sku, d.quantity - served.get(d.line, 0))
        for d in demands
        if d.quantity > served.get(d.line, 0)
    )
    plan = Plan(legs, missing, planned.event.strategy, planned.event.rule_version)
    return explain(plan, sourcing_of(demands, supply, view, placed.destination))


def _supply_before(skus: tuple[Sku, ...], position: Cursor) -> Reading[dict[Sku, dict[Place, int]]]:
    """Available units per SKU and place as they were before a log position."""
    found = yield from positions(skus)
    key = (len(position), position)
    earlier = tuple(at for at in found if (len(at), at) < key)
    log, left = ReadLog(None, earlier), [ReadDocument(CARRIED, sku) for sku in skus]
    snapshot = yield from ask(log, *left)
    records = snapshot.of(log)
    for query in left:
        if snapshot.of(query) is not None:
            # What was there at that moment cannot be told any more: part of it is in what was carried forward.
            raise Archived(
                f"Part of the journal of {query.key} is archived.", position=position,
                hint="Restore the orders around it to explain this one: ordercore restore.",
            )  # fmt: skip
    supply: dict[Sku, dict[Place, int]] = {sku: {} for sku in skus}
    for record in records:
        for p in postings_of(record.event):
            if p.sku in supply and not p.owner and not p.narrowing:
                places = supply[p.sku]
                if p.source_bucket == "available":
                    places[p.source] = places.get(p.source, 0) - p.quantity
                if p.target_bucket == "available":
                    places[p.target] = places.get(p.target, 0) + p.quantity
    return {sku: {place: units for place, units in places.items() if units > 0} for sku, places in supply.items()}
