"""New supply meets lines that wait for it: in the commit that brings it, in the stated order.

Highest priority first, then earliest placed, then order id and line. Nobody waits beside stock that came in
meanwhile, nor beside stock that comes in at the same moment: whatever makes stock available bumps the counter
`supply/<sku>` and requires `waiting/<sku>`, whatever sends a line to wait bumps the second and requires the first.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from typing import Final

from attrs import evolve, field, frozen

from ordercore.catalog import Item, Location
from ordercore.errors import Conflict
from ordercore.flow import Effect, ReadState, read
from ordercore.flows.catalog import CatalogView, ReadCatalog
from ordercore.flows.record import ORDERS, WAITING, Change, blocks_allocation, change, queue_counter, waiting_document
from ordercore.flows.shop import Shop
from ordercore.message import Event
from ordercore.order import Order, WaitingLine, stream_of
from ordercore.order.events import OrderAllocated
from ordercore.plan import Leg
from ordercore.store import (
    Append,
    Bump,
    DeleteDocument,
    Document,
    Floor,
    PutDocument,
    ReadCounter,
    ReadDocuments,
    ReadOffers,
    Require,
)
from ordercore.values import LineId, OrderId, Place, Sku, Stream

PAGE: Final = 1000
STRATEGY: Final = "waiting_first"
RULE_VERSION: Final = 1
RETRIES: Final = 8
"""How often queue and orders are read again because they do not agree."""


def supply_counter(sku: Sku) -> str:
    """The counter that new supply of a SKU bumps."""
    return f"supply/{sku}"


@frozen
class Filled:
    """Units of a waiting line that got stock."""

    order: OrderId
    line: LineId
    sku: Sku
    place: Place
    quantity: int


@frozen
class Filling:
    """What new supply changes beside itself; merge it into the decision that brings the supply.

    `own`: events for the order that the same batch changes, to come after its others.
    """

    appends: tuple[Append, ...] = ()
    documents: tuple[PutDocument | DeleteDocument, ...] = ()
    bumps: tuple[Bump, ...] = ()
    floors: tuple[Floor, ...] = ()
    states: Mapping[Stream, object] = field(factory=dict)
    filled: tuple[Filled, ...] = ()
    requires: tuple[Require, ...] = ()
    own: tuple[Event, ...] = ()


@frozen
class _Free:
    """Units of one SKU that waiting lines may have, by place; used up while filling."""

    units: dict[Place, int]

    def take(self, quantity: int, place: Place | None) -> list[tuple[Place, int]]:
        taken: list[tuple[Place, int]] = []
        for at in (place,) if place is not None else tuple(self.units):
            part = min(quantity, self.units.get(at, 0))
            if part > 0:
                taken.append((at, part))
                self.units[at] -= part
                quantity -= part
        return taken

    @property
    def left(self) -> bool:
        return any(units > 0 for units in self.units.values())


@frozen
class _Queue:
    """What the queue says of those who may get something, and what it should say where an order knows better.

    Both are written in one commit, so a document that still has the revision that its order contradicted is wrong.
    """

    fixes: dict[str, tuple[int, PutDocument | DeleteDocument]] = field(factory=dict)
    """Key -> revision of the wrong document, and what puts it right."""
    given: dict[str, Document] = field(factory=dict)
    used: dict[str, PutDocument | DeleteDocument] = field(factory=dict)

    def put_right(self, waiting: Iterable[Document]) -> list[Document]:
        """These documents as they should be."""
        right: list[Document] = []
        for document in waiting:
            revision, fix = self.fixes.get(document.key, _NO_FIX)
            if fix is None or revision != document.revision:
                right.append(document)
                continue
            self.used[document.key] = fix
            if isinstance(fix, PutDocument) and fix.tag:
                right.append(Document(fix.kind, fix.key, revision, fix.body, fix.tag, fix.sort))
        return right

    def correct(self, id: OrderId, order: Order | None) -> None:
        """Note what is wrong of an order that cannot take what it was given."""
        blocked = order is not None and blocks_allocation(order.holds)
        for key, document in self.given.items():
            body = document.body
            if isinstance(body, WaitingLine) and body.order == id:
                line = order.lines.get(body.line) if order is not None else None
                fix: PutDocument | DeleteDocument = DeleteDocument(WAITING, key)
                if order is not None and line is not None and line.backordered:
                    # Another change of the order meanwhile writes another revision, or bumps the counter of the queue.
                    put = waiting_document(order, line, blocked=blocked)
                    fix = PutDocument(put.kind, put.key, put.body, document.revision, put.tag, put.sort)
                self.fixes[key] = (document.revision, fix)

    def repairs(self, written: Iterable[PutDocument | DeleteDocument]) -> tuple[PutDocument | DeleteDocument, ...]:
        """What puts the queue right beside what is written anyhow."""
        keys = {(one.kind, one.key) for one in written}
        return tuple(fix for fix in self.used.values() if (fix.kind, fix.key) not in keys)


_NO_FIX: Final[tuple[int, None]] = (0, None)


def fill(
    freed: Mapping[Sku, Mapping[Place, int]], shop: Shop, *, own: Change | None = None, woken: Iterable[Sku] = (),
    changed: Item | Location | None = None,
) -> Generator[Effect, object, Filling]:  # fmt: skip
    """Give `freed` units (sku -> place -> units that this batch makes available) to lines that wait for them.

    `own` is what the same batch does to an order: its lines wait with the others, as they stand after it. `woken` are
    SKUs for which its lines begin to wait in this batch; they may have what is available already. `changed` is an item
    or a location as the same batch puts it, which may make more of what is there available to those who wait. Orders on a hold
    that blocks allocation are not in the queue.
    """
    skus = tuple(sku for sku, places in freed.items() if any(units > 0 for units in places.values()))
    waking = tuple(sku for sku in woken if sku not in skus)
    if not skus and not waking:
        return Filling()
    fixes: dict[str, tuple[int, PutDocument | DeleteDocument]] = {}
    for _ in range(RETRIES):
        filling = yield from _fill(skus, waking, freed, own, changed, _Queue(fixes))
        if filling is not None:
            return filling
    raise Conflict(
        "The lines that wait change faster than they can be read.", skus=(*skus, *waking), hint="Send it again."
    )


def _fill(
    skus: tuple[Sku, ...], waking: tuple[Sku, ...], freed: Mapping[Sku, Mapping[Place, int]], own: Change | None,
    changed: Item | Location | None, queue: _Queue,
) -> Generator[Effect, object, Filling | None]:  # fmt: skip
    """One attempt; None if the queue and the orders were read at different moments and do not agree."""
    every = (*skus, *waking)
    catalog, offers = ReadCatalog(every), ReadOffers(every)
    pages = {sku: ReadDocuments(WAITING, sku, limit=PAGE) for sku in every}
    queues = {sku: ReadCounter(queue_counter(sku)) for sku in every}
    supplies = {sku: ReadCounter(supply_counter(sku)) for sku in waking}
    snapshot = yield from read(catalog, offers, *pages.values(), *queues.values(), *supplies.values())
    view, there = snapshot.of(catalog), snapshot.of(offers)
    if changed is not None:
        view = view.after(changed)
    wishes: dict[OrderId, list[Leg]] = {}
    floors: list[Floor] = []
    mine = _lines_of(own.order) if own is not None else {}
    for sku in every:
        free = _usable(view, sku, freed.get(sku, {}), there.get(sku, {}))
        yield from _give(sku, free, snapshot.of(pages[sku]), own, mine.get(sku, []), wishes, queue)
        if sku in view.items and view.items[sku].safety_stock:
            floors += [Floor(sku, place, view.items[sku].safety_stock) for place in free.units]
    # Who joins a queue after it was read would be left beside the stock; who begins to wait, beside a receipt.
    requires = [view.require, *(Require(queue_counter(sku), snapshot.of(queues[sku])) for sku in every)]
    requires += [Require(supply_counter(sku), snapshot.of(supplies[sku])) for sku in waking]
    bumps = tuple(Bump(supply_counter(sku)) for sku in skus)
    events: tuple[Event, ...] = ()
    if own is not None and own.order.id in wishes:
        events = (OrderAllocated(tuple(wishes.pop(own.order.id)), STRATEGY, RULE_VERSION, "backordered"),)
    if not wishes:
        return Filling(
            documents=queue.repairs(()), bumps=bumps, floors=tuple(floors) if events else (), requires=tuple(requires),
            own=events,
        )  # fmt: skip
    others = yield from _allocate(wishes, queue)
    if others is None:
        return None
    documents = (*others.documents, *queue.repairs(others.documents)) if queue.used else others.documents
    return evolve(others, documents=documents, bumps=bumps, floors=tuple(floors), requires=tuple(requires), own=events)


def _usable(view: CatalogView, sku: Sku, freed: Mapping[Place, int], there: Mapping[Place, int]) -> _Free:
    item = view.items.get(sku)
    floor = item.safety_stock if item else 0
    units: dict[Place, int] = {}
    for place in {**freed, **there}:
        location = view.at(place)
        if location is not None and location.sellable:
            units[place] = freed.get(place, 0) + there.get(place, 0) - floor
    ranked = sorted(units, key=lambda place: (place not in freed, view.sites[place].rank, place))
    return _Free({place: units[place] for place in ranked if units[place] > 0})


def _lines_of(order: Order) -> dict[Sku, list[Document]]:
    """The lines of an order that wait, as the queue will have them."""
    found: dict[Sku, list[Document]] = {}
    if not blocks_allocation(order.holds):
        for line in order.lines.values():
            if line.backordered:
                put = waiting_document(order, line)
                document = Document(put.kind, put.key, 0, put.body, put.tag, put.sort)
                found.setdefault(line.facts.sku, []).append(document)
    return found


def _give(
    sku: Sku, free: _Free, waiting: tuple[Document, ...], own: Change | None, mine: list[Document],
    wishes: dict[OrderId, list[Leg]], queue: _Queue,
) -> Generator[Effect, object, None]:  # fmt: skip
    """Stock to those who wait, in their order, page by page; what the queue says of our own order is out of date."""
    while free.left:
        last = len(waiting) < PAGE
        end = (waiting[-1].sort, waiting[-1].key) if waiting else ("", "")
        ours = [document for document in mine if last or (document.sort, document.key) <= end]
        mine = mine[len(ours) :]
        others = [d for d in waiting if own is None or getattr(d.body, "order", "") != own.order.id]
        if queue.fixes:
            others = queue.put_right(others)
        _take(sorted((*ours, *others), key=lambda d: (d.sort, d.key)) if ours else others, free, wishes, queue)
        if last or not free.left:
            return
        following = ReadDocuments(WAITING, sku, end, PAGE)
        waiting = (yield from read(following)).of(following)


def _take(waiting: Iterable[Document], free: _Free, wishes: dict[OrderId, list[Leg]], queue: _Queue) -> None:
    for document in waiting:
        line = document.body
        assert isinstance(line, WaitingLine)  # noqa: S101  # what this kind of document holds
        queue.given[document.key] = document
        pinned = Place("loc/" + line.location) if line.location else None
        for place, units in free.take(line.quantity, pinned):
            wishes.setdefault(line.order, []).append(Leg(line.line, line.sku, place, units))
        if not free.left:
            return


def _allocate(wishes: Mapping[OrderId, list[Leg]], queue: _Queue) -> Generator[Effect, object, Filling | None]:
    states = {order: ReadState(stream_of(order), ORDERS) for order in wishes}
    snapshot = yield from read(*states.values())
    appends: list[Append] = []
    documents: list[PutDocument | DeleteDocument] = []
    after: dict[Stream, object] = {}
    filled: list[Filled] = []
    stale = False
    for id, legs in wishes.items():
        loaded = snapshot.of(states[id])
        order = loaded.state
        if order is None or not _still_waiting(order, legs):
            queue.correct(id, order)
            stale = True
            continue
        event = OrderAllocated(tuple(legs), STRATEGY, RULE_VERSION, "backordered")
        changed = change(id, order, loaded.version, (event,))
        appends.append(changed.append)
        documents += changed.documents
        after[changed.append.stream] = changed.order
        filled += [Filled(id, leg.line, leg.sku, leg.place, leg.quantity) for leg in legs]
    if stale:
        return None
    return Filling(tuple(appends), tuple(documents), states=after, filled=tuple(filled))


def _still_waiting(order: Order, legs: list[Leg]) -> bool:
    """The queue and the orders are read one after the other: in between an order may have got, lost or held something."""
    if blocks_allocation(order.holds):
        return False
    left = {name: line.backordered for name, line in order.lines.items()}
    for leg in legs:
        left[leg.line] -= leg.quantity
    return min(left.values()) >= 0
