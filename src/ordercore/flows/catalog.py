"""Master data in flows: read through the cache of the engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from attrs import evolve

from ordercore.catalog.state import Item, Location
from ordercore.errors import NotFound
from ordercore.internal import internal
from ordercore.plan import Site, Sites
from ordercore.store import Require
from ordercore.store.query import Query
from ordercore.values import LocationCode, Place, Sku, sku_of

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

    def after(self, changed: Item | Location) -> CatalogView:
        """The same with an item or a location as a batch that requires this view puts it."""
        if isinstance(changed, Item):
            return evolve(self, items={**self.items, changed.sku: changed})
        locations = {**self.locations, changed.code: changed}
        return evolve(self, locations=locations, sites=sites_of(locations.values()))

    @property
    def require(self) -> Require:
        """What a decision that used this view must require."""
        return Require(REVISION, self.revision)


def sites_of(locations: Iterable[Location]) -> Sites:
    """Those locations that sell."""
    return Sites({at.place: Site(at.place, at.code, at.name, at.point, at.rank) for at in locations if at.sellable})


@internal(eq=False)
class ReadCatalog(Query[CatalogView]):
    """Ask for items and all locations. The driver answers from its cache while the revision holds."""

    skus: tuple[Sku, ...] = ()


def skus_of(texts: Sequence[str]) -> tuple[Sku, ...]:
    """Distinct SKUs in order; each checked. Raises InvalidCommand."""
    return tuple(dict.fromkeys(map(sku_of, texts)))
