"""Items and locations as the catalog knows them: documents, cached by the catalog's revision."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

from attrs import field, frozen

from ordercore.store import location_place
from ordercore.values import MAX_QUANTITY, Attribute, GeoPoint, LocationCode, Place, Quantity, Sku, units_of


@frozen
class Item:
    """What can be ordered and stocked. Quantities of it are ints of 10**-`scale` `unit`."""

    sku: Sku
    name: str = ""
    unit: str = "unit"
    scale: int = 0
    tracking: str = "quantity"
    delivery: str = "ship"
    units: Mapping[str, str] = field(factory=dict)
    safety_stock: int = 0
    active: bool = True
    attributes: Mapping[str, Attribute] = field(factory=dict)

    @property
    def tracked(self) -> bool:
        """Whether it has stock at all."""
        return self.tracking != "none"

    @property
    def ships(self) -> bool:
        """Whether it goes out in a parcel or over the counter."""
        return self.delivery in ("ship", "pickup")

    def to_units(self, quantity: int | Quantity, *, what: str = "Quantity") -> int:
        """Smallest units of a quantity as written: the one place where quantities become ints. Raises InvalidCommand."""
        if type(quantity) is int and 1 <= quantity <= MAX_QUANTITY:
            return quantity
        if isinstance(quantity, Quantity):
            factors = {name: Fraction(factor) for name, factor in self.units.items()}
            return quantity.to_units(scale=self.scale, unit=self.unit, factors=factors)
        return units_of(quantity, what=what)


@frozen
class Location:
    """A place where stock is handled: warehouse, shop, supplier."""

    code: LocationCode
    name: str = ""
    point: GeoPoint | None = None
    country: str = ""
    time_zone: str = "UTC"
    steps: tuple[str, ...] = ("ship",)
    rank: int = 0
    sellable: bool = True
    attributes: Mapping[str, Attribute] = field(factory=dict)

    @property
    def place(self) -> Place:
        """The place its stock stands at."""
        return location_place(self.code)

    @property
    def zone(self) -> ZoneInfo:
        """Its time zone."""
        return ZoneInfo(self.time_zone)


LEVELS: Final = "levels"
"""The kind of document that holds stock levels; its tag is the SKU."""


@frozen
class StockLevels:
    """When an item is to be replenished at a location, and up to what. Units are smallest units.

    The safety stock is the item's own: the floor that orders leave untouched is the floor that alerts watch.
    """

    sku: Sku
    location: LocationCode
    reorder_point: int
    order_up_to: int
    clear_above: int
    owner: str = ""
    active: bool = True

    @property
    def key(self) -> str:
        """`<location>:<sku>`: codes have no colon, so it comes apart at the first one."""
        return levels_key(self.location, self.sku)


def levels_key(location: str, sku: str) -> str:
    """The key of a SKU at a location."""
    return f"{location}:{sku}"
