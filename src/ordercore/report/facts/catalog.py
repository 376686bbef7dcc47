"""Facts of the catalog: items and locations as they are now."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ordercore.catalog.events import ItemPut, LocationPut
from ordercore.message import Recorded
from ordercore.report.facts.table import Fact, FactTable, Rules

TABLES: Final = (
    FactTable(
        "items",
        "Items as they are now; `scale` is how many decimal digits their smallest unit has.",
        {"sku": "varchar", "name": "varchar", "unit": "varchar", "scale": "integer", "tracked": "boolean",
         "ships": "boolean", "safety_stock": "bigint", "active": "boolean"},
        key="sku",
    ),
    FactTable(
        "locations",
        "Locations as they are now; `place` is how movements, allocations and parcels name them.",
        {"place": "varchar", "code": "varchar", "name": "varchar", "country": "varchar", "time_zone": "varchar",
         "rank": "integer", "sellable": "boolean"},
        key="place",
    ),
)  # fmt: skip


def _item(event: ItemPut, record: Recorded, begins: bool) -> Iterable[Fact]:
    it = event.item
    yield "items", (it.sku, it.name, it.unit, it.scale, it.tracked, it.ships, it.safety_stock, it.active)


def _location(event: LocationPut, record: Recorded, begins: bool) -> Iterable[Fact]:
    it = event.location
    yield "locations", (it.place, it.code, it.name, it.country, it.time_zone, it.rank, it.sellable)


RULES: Final[Rules] = {ItemPut: _item, LocationPut: _location}
