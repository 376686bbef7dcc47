"""New supply meets lines that wait for it: in the commit that brings it, in the stated order.

Highest priority first, then earliest placed, then order id and line. Nobody waits beside stock that came in
meanwhile: whatever makes stock available bumps the counter `supply/<sku>`, and whatever sends a line to wait
requires the value it saw.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Final

from attrs import field, frozen

from ordercore.flow import Effect, ReadState, read
from ordercore.flows.catalog import CatalogView, ReadCatalog
from ordercore.flows.record import ORDERS, WAITING, change
from ordercore.flows.shop import Shop
from ordercore.message import Context
from ordercore.order import Order, WaitingLine, stream_of
from ordercore.order.events import OrderAllocated
from ordercore.order.holds import Hold
from ordercore.plan import Leg
from ordercore.store import Append, Bump, DeleteDocument, Document, Floor, PutDocument, ReadDocuments, ReadOffers
from ordercore.values import LineId, OrderId, Place, Sku, Stream

PAGE: Final = 1000
STRATEGY: Final = "waiting_first"
RULE_VERSION: Final = 1


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
    """What new supply changes beside itself; merge it into the decision that brings the supply."""

    appends: tuple[Append, ...] = ()
    documents: tuple[PutDocument | DeleteDocument, ...] = ()
    bumps: tuple[Bump, ...] = ()
    floors: tuple[Floor, ...] = ()
    states: Mapping[Stream, object] = field(factory=dict)
    filled: tuple[Filled, ...] = ()


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


def fill(
    freed: Mapping[Sku, Mapping[Place, int]], context: Context, shop: Shop, *, but: OrderId | None = None
) -> Generator[Effect, object, Filling]:
    """Give `freed` units (sku -> place -> units that this batch makes available) to lines that wait for them.

    `but` is an order that the same batch changes already: its lines are left alone. Orders on a hold that blocks
    allocation keep waiting.
    """
    skus = tuple(sku for sku, places in freed.items() if any(units > 0 for units in places.values()))
    if not skus:
        return Filling()
    catalog, offers = ReadCatalog(skus), ReadOffers(skus)
    pages = {sku: ReadDocuments(WAITING, sku, limit=PAGE) for sku in skus}
    snapshot = yield from read(catalog, offers, *pages.values())
    view, there = snapshot.of(catalog), snapshot.of(offers)
    wishes: dict[OrderId, list[Leg]] = {}
    floors: list[Floor] = []
    for sku in skus:
        waiting = snapshot.of(pages[sku])
        free = _usable(view, sku, freed[sku], there.get(sku, {}))
        while waiting and free.left:
            _give(waiting, free, wishes, but)
            if len(waiting) < PAGE or not free.left:
                break
            last = waiting[-1]
            following = ReadDocuments(WAITING, sku, (last.sort, last.key), PAGE)
            waiting = (yield from read(following)).of(following)
        if sku in view.items and view.items[sku].safety_stock:
            floors += [Floor(sku, place, view.items[sku].safety_stock) for place in free.units]
    bumps = tuple(Bump(supply_counter(sku)) for sku in skus)
    if not wishes:
        return Filling(bumps=bumps)
    return (yield from _allocate(wishes, bumps, tuple(floors)))


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


def _give(waiting: tuple[Document, ...], free: _Free, wishes: dict[OrderId, list[Leg]], but: OrderId | None) -> None:
    for document in waiting:
        line = document.body
        assert isinstance(line, WaitingLine)  # noqa: S101  # what this kind of document holds
        if line.order == but:
            continue
        pinned = Place("loc/" + line.location) if line.location else None
        for place, units in free.take(line.quantity, pinned):
            wishes.setdefault(line.order, []).append(Leg(line.line, line.sku, place, units))
        if not free.left:
            return


def _allocate(
    wishes: Mapping[OrderId, list[Leg]], bumps: tuple[Bump, ...], floors: tuple[Floor, ...]
) -> Generator[Effect, object, Filling]:
    states = {order: ReadState(stream_of(order), ORDERS) for order in wishes}
    snapshot = yield from read(*states.values())
    appends: list[Append] = []
    documents: list[PutDocument | DeleteDocument] = []
    after: dict[Stream, object] = {}
    filled: list[Filled] = []
    for id, legs in wishes.items():
        loaded = snapshot.of(states[id])
        order = loaded.state
        if order is None or blocks_allocation(order.holds):
            continue
        kept = _still_waiting(order, legs)
        if not kept:
            continue
        event = OrderAllocated(tuple(kept), STRATEGY, RULE_VERSION, "backordered")
        changed = change(id, order, loaded.version, (event,))
        appends.append(changed.append)
        documents += changed.documents
        after[changed.append.stream] = changed.order
        filled += [Filled(id, leg.line, leg.sku, leg.place, leg.quantity) for leg in kept]
    return Filling(tuple(appends), tuple(documents), bumps, floors, after, tuple(filled))


def _still_waiting(order: Order, legs: list[Leg]) -> list[Leg]:
    """The two snapshots may differ: an order that was changed in between gets no more than it waits for."""
    left = {name: line.backordered for name, line in order.lines.items()}
    kept: list[Leg] = []
    for leg in legs:
        units = min(leg.quantity, left.get(leg.line, 0))
        if units:
            kept.append(leg if units == leg.quantity else leg._replace(quantity=units))
            left[leg.line] -= units
    return kept


def blocks_allocation(holds: tuple[Hold, ...]) -> bool:
    """Whether an open hold blocks allocation."""
    return any("allocate" in hold.blocks for hold in holds)
