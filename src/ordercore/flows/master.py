"""Master data in flows: put it. What it makes available fills lines that wait, in the same commit."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final, TypeVar

from ordercore.catalog.commands import PutItem, PutLocation, PutStockLevels
from ordercore.catalog.decide import put_item, put_levels, put_location
from ordercore.catalog.events import ItemPut, LevelsPut, LocationPut
from ordercore.catalog.state import LEVELS, Item, Location, StockLevels, levels_key
from ordercore.errors import At
from ordercore.flow import Decision, Effect, Flow, guard, read
from ordercore.flows.catalog import REVISION, ReadCatalog
from ordercore.flows.record import WAITING
from ordercore.flows.shop import Shop
from ordercore.flows.supply import PAGE, Filling, fill
from ordercore.message import Context
from ordercore.order import WaitingLine
from ordercore.order.fields import code_at
from ordercore.store import Append, Bump, PutDocument, ReadDocument, ReadDocuments, ReadHead
from ordercore.values import LocationCode, Sku, Stream, sku_of

K = TypeVar("K", Sku, LocationCode)


def flow_put_item(command: PutItem, context: Context, shop: Shop) -> Flow[Sku]:
    """Define or change an item; less safety stock is more for those who wait."""
    sku = sku_of(command.sku)
    stream = Stream("item/" + sku)
    document, head = ReadDocument("item", sku), ReadHead(stream)
    snapshot = yield from read(document, head)
    found = snapshot.of(document)
    known = found.body if found is not None and isinstance(found.body, Item) else None
    yield from guard(command, known)
    events = tuple(put_item(known, command))
    if not events:
        return Decision(sku)
    (event,) = events
    assert isinstance(event, ItemPut)  # noqa: S101  # what put_item returns
    put = PutDocument("item", sku, event.item, found.revision if found else 0)
    filling = NOTHING
    if known is not None and event.item.safety_stock < known.safety_stock:
        filling = yield from fill({}, shop, woken=(sku,), changed=event.item)
    return _decided(sku, Append(stream, snapshot.of(head), events), put, filling)


def flow_put_location(command: PutLocation, context: Context, shop: Shop) -> Flow[LocationCode]:
    """Define or change a location; one that sells again has stock for those who wait."""
    stream = Stream("location/" + code_at(command.code, "code"))
    document, head = ReadDocument("location", command.code), ReadHead(stream)
    snapshot = yield from read(document, head)
    found = snapshot.of(document)
    known = found.body if found is not None and isinstance(found.body, Location) else None
    yield from guard(command, known)
    events = tuple(put_location(known, command))
    if not events:
        return Decision(LocationCode(command.code))
    (event,) = events
    assert isinstance(event, LocationPut)  # noqa: S101  # what put_location returns
    put = PutDocument("location", command.code, event.location, found.revision if found else 0)
    filling = NOTHING
    if known is not None and event.location.sellable and not known.sellable:
        skus = yield from waited_for()
        filling = yield from fill({}, shop, woken=skus, changed=event.location)
    return _decided(event.location.code, Append(stream, snapshot.of(head), events), put, filling)


LEVELS_REVISION: Final = "levels"
"""The counter that every change of stock levels bumps; 0: nothing is watched."""


def flow_put_stock_levels(command: PutStockLevels, context: Context, shop: Shop) -> Flow[str]:
    """Define or change the levels of an item at a location."""
    with At("sku"):
        sku = sku_of(command.sku)
    location = code_at(command.location, "location")
    key = levels_key(location, sku)
    stream = Stream("levels/" + key)
    catalog, document, head = ReadCatalog((sku,)), ReadDocument(LEVELS, key), ReadHead(stream)
    snapshot = yield from read(catalog, document, head)
    found, view = snapshot.of(document), snapshot.of(catalog)
    known = found.body if found is not None and isinstance(found.body, StockLevels) else None
    yield from guard(command, known)
    events = tuple(put_levels(known, command, view.item(sku), view.location(location)))
    if not events:
        return Decision(key)
    (event,) = events
    assert isinstance(event, LevelsPut)  # noqa: S101  # what put_levels returns
    put = PutDocument(LEVELS, key, event.levels, found.revision if found else 0, sku, location)
    return Decision(
        key, (Append(stream, snapshot.of(head), events),), (put,), (view.require,), (Bump(LEVELS_REVISION),)
    )


NOTHING: Final = Filling()


def _decided(key: K, own: Append, put: PutDocument, filling: Filling) -> Decision[K]:
    return Decision(
        key, (own, *filling.appends), (put, *filling.documents), filling.requires, (Bump(REVISION), *filling.bumps),
        filling.floors, states=filling.states,
    )  # fmt: skip


def waited_for() -> Generator[Effect, object, tuple[Sku, ...]]:
    """SKUs that lines wait for. Who joins later requires the catalog as it was, and looks again."""
    skus: dict[Sku, None] = {}
    after: tuple[str, str] | None = None
    while True:
        asked = ReadDocuments(WAITING, None, after, PAGE)
        page = (yield from read(asked)).of(asked)
        skus.update((document.body.sku, None) for document in page if isinstance(document.body, WaitingLine))
        if len(page) < PAGE:
            return tuple(skus)
        after = (page[-1].sort, page[-1].key)
