"""Master data in flows: put it, and read it through the cache of the engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ordercore.catalog.commands import PutItem, PutLocation
from ordercore.catalog.decide import put_item, put_location
from ordercore.catalog.events import ItemPut, LocationPut
from ordercore.catalog.state import Item, Location
from ordercore.errors import NotFound
from ordercore.flow import Decision, Flow, guard, read
from ordercore.flows.shop import Shop
from ordercore.internal import internal
from ordercore.message import Context
from ordercore.plan import Sites
from ordercore.store import Append, Bump, PutDocument, ReadDocument, ReadHead, Require
from ordercore.store.query import Query
from ordercore.values import LocationCode, Place, Sku, Stream, sku_of

REVISION = "catalog"
"""The counter that every change of master data bumps; a decision that used cached items requires its value."""


@internal
class CatalogView:
    """Items asked for (those that exist), every location, and the revision they are true at."""

    revision: int
    items: Mapping[Sku, Item]
    locations: Mapping[LocationCode, Location]
    sites: Sites

    def has(self, skus: Iterable[Sku]) -> bool:
        """Whether every one of these is an item."""
        items = self.items
        return all([sku in items for sku in skus])  # noqa: C419  # a list is quicker

    def item(self, sku: str, *, path: str = "sku") -> Item:
        """An item by its SKU. Raises NotFound, with the nearest of those that were asked for, and `path`."""
        try:
            return self.items[Sku(sku)]
        except KeyError:
            raise NotFound(f"{path}: there is no item {sku!r}.", kind="item", name=str(sku)[:64], path=path) from None

    def location(self, code: str, *, path: str = "location") -> Location:
        """A location by its code. Raises NotFound, with the nearest codes."""
        try:
            return self.locations[LocationCode(code)]
        except KeyError:
            error = NotFound.named("location", str(code)[:64], self.locations)
            error.fields = {**error.fields, "path": path}
            raise error from None

    def at(self, place: Place) -> Location | None:
        """The location at a place, if it is one."""
        return self.locations.get(LocationCode(place[4:])) if place.startswith("loc/") else None

    @property
    def require(self) -> Require:
        """What a decision that used this view must require."""
        return Require(REVISION, self.revision)


@internal(eq=False)
class ReadCatalog(Query[CatalogView]):
    """Ask for items and all locations. The driver answers from its cache while the revision holds."""

    skus: tuple[Sku, ...] = ()


def skus_of(texts: Sequence[str]) -> tuple[Sku, ...]:
    """Distinct SKUs in order; each checked. Raises InvalidCommand."""
    return tuple(dict.fromkeys(map(sku_of, texts)))


def flow_put_item(command: PutItem, context: Context, shop: Shop) -> Flow[Sku]:
    """Define or change an item."""
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
    return Decision(sku, (Append(stream, snapshot.of(head), events),), (put,), bumps=(Bump(REVISION),))


def flow_put_location(command: PutLocation, context: Context, shop: Shop) -> Flow[LocationCode]:
    """Define or change a location."""
    stream = Stream("location/" + command.code)
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
    return Decision(event.location.code, (Append(stream, snapshot.of(head), events),), (put,), bumps=(Bump(REVISION),))
