"""Stock of a SKU, place by place and bucket by bucket."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from ordercore.errors import NotFound
from ordercore.flows.catalog import ReadCatalog
from ordercore.store import BUCKETS, ReadPositions, Row, RowKey
from ordercore.values import Place, Sku
from ordercore.views.reading import Reading, ask, existing


@frozen
class LotRow:
    """One lot at a place: units per bucket; `available` is its stock less what is claimed of it."""

    lot: str
    buckets: Mapping[str, int]


@frozen
class StockRow:
    """One owner's stock of a SKU at one place, in smallest units."""

    place: Place
    owner: str
    buckets: Mapping[str, int]
    lots: tuple[LotRow, ...] = ()

    @property
    def on_hand(self) -> int:
        """What a picker can count there: the sum of all buckets."""
        return sum(self.buckets.values())

    @property
    def available(self) -> int:
        """What is free."""
        return self.buckets.get("available", 0)


@frozen
class StockView:
    """All stock of a SKU, and the units of order lines that wait for it."""

    sku: Sku
    name: str
    unit: str
    scale: int
    rows: tuple[StockRow, ...]

    @property
    def on_hand(self) -> int:
        """Units at all places."""
        return sum(row.on_hand for row in self.rows)

    @property
    def available(self) -> int:
        """Free units at all locations."""
        return sum(row.available for row in self.rows if row.place.startswith("loc/"))


def stock(sku: Sku) -> Reading[StockView]:
    """Stock of one SKU. Raises NotFound for an unknown one."""
    existing(sku)
    catalog, positions = ReadCatalog((sku,)), ReadPositions((sku,))
    snapshot = yield from ask(catalog, positions)
    item = snapshot.of(catalog).items.get(sku)
    if item is None:
        raise NotFound.named("item", sku, snapshot.of(catalog).items)
    return StockView(sku, item.name, item.unit, item.scale, _rows(snapshot.of(positions)))


def _rows(found: Mapping[RowKey, Row]) -> tuple[StockRow, ...]:
    lots: dict[tuple[Place, str], list[LotRow]] = {}
    for (_, place, lot, owner), row in sorted(found.items()):
        if lot and any(row):
            lots.setdefault((place, owner), []).append(LotRow(lot, _named(row)))
    return tuple(
        StockRow(place, owner, _named(row), tuple(lots.get((place, owner), ())))
        for (_, place, lot, owner), row in sorted(found.items())
        if not lot and any(row)
    )


def _named(row: Row) -> dict[str, int]:
    return {bucket: units for bucket, units in zip(BUCKETS, row, strict=True) if units}
