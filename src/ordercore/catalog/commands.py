"""Master data are commands too: upserts by content."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Literal

from attrs import field, frozen

from ordercore.message import Command
from ordercore.values import Attribute, GeoPoint, LocationCode, Sku

Tracking = Literal["none", "quantity", "lot"]
Delivery = Literal["ship", "pickup", "digital", "service"]
WorkStep = Literal["pick", "pack", "ship"]


@frozen
class PutItem(Command[Sku]):
    """Define or change an item. `scale`: decimal digits of its smallest unit (3: grams of a kg); fixed once defined.

    `units` holds how many `unit` another unit has, as text or Fraction: `{"case": "12"}`. `tracking` "none" makes
    fees, postage and services: ordinary lines that move no stock. `safety_stock` is the floor at every location
    below which orders do not take stock.
    """

    sku: str
    name: str = ""
    unit: str = "unit"
    scale: int = 0
    tracking: Tracking = "quantity"
    delivery: Delivery = "ship"
    units: Mapping[str, str | Fraction] = field(factory=dict)
    safety_stock: int = 0
    active: bool = True
    attributes: Mapping[str, Attribute] = field(factory=dict)


@frozen
class PutLocation(Command[LocationCode]):
    """Define or change a location. `steps` are the steps of its work; `Ship` passes those it skips.

    `rank`: lower is preferred by the priority strategy. `time_zone`: IANA name, for cut-offs and days.
    `sellable`: whether orders may be sourced from it.
    """

    code: str
    name: str = ""
    point: GeoPoint | None = None
    country: str = ""
    time_zone: str = "UTC"
    steps: tuple[WorkStep, ...] = ("ship",)
    rank: int = 0
    sellable: bool = True
    attributes: Mapping[str, Attribute] = field(factory=dict)


@frozen
class PutStockLevels(Command[str]):
    """Define or change the levels of an item at a location: when to raise an alert, and how much to order.

    An alert is raised once the projected balance is at or below `reorder_point` (or below the item's `safety_stock`)
    and may be raised again only after the balance was above `clear_above`; without it, that is a tenth above the
    reorder point, rounded up. What is ordered fills up to `order_up_to`. `owner` is who is told: a role or a
    department, never a person. With `active` false nothing is watched any more. The result is `<location>:<sku>`.
    """

    sku: str
    location: str
    reorder_point: int
    order_up_to: int
    clear_above: int | None = None
    owner: str = ""
    active: bool = True
