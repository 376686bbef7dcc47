"""Decisions on master data: what may change, what is fixed for good."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ordercore.catalog.commands import PutItem, PutLocation, PutStockLevels
from ordercore.catalog.events import ItemPut, LevelsPut, LocationPut
from ordercore.catalog.state import Item, Location, StockLevels
from ordercore.errors import AlreadyExists, At, InvalidCommand, nearest
from ordercore.message import Event
from ordercore.values import LocationCode, code_of, country_of, decimal_of, sku_of, text_of, units_of

TRACKING: Final = ("none", "quantity", "lot")
DELIVERY: Final = ("ship", "pickup", "digital", "service")
STEPS: Final = (("ship",), ("pick", "ship"), ("pack", "ship"), ("pick", "pack", "ship"))


def put_item(known: Item | None, command: PutItem) -> Sequence[Event]:
    """An item as given; nothing happens if it is already so. Unit, scale and tracking are fixed once defined."""
    item = Item(
        sku_of(command.sku),
        text_of(command.name, what="Name"),
        text_of(command.unit, what="Unit", most=16, empty=False),
        units_of(command.scale, what="Scale", least=0),
        _one_of(command.tracking, TRACKING, "tracking"),
        _one_of(command.delivery, DELIVERY, "delivery"),
        {text_of(name, what="Unit", most=16, empty=False): _factor(factor) for name, factor in command.units.items()},
        units_of(command.safety_stock, what="Safety stock", least=0),
        command.active,
        dict(command.attributes),
    )
    if item.scale > 9:
        raise InvalidCommand(
            "A smallest unit has at most 9 decimal digits.", path="scale", hint="Choose a larger unit."
        )
    if known is not None and (known.unit, known.scale, known.tracking) != (item.unit, item.scale, item.tracking):
        raise AlreadyExists(
            f"Unit, scale and tracking of {item.sku} are fixed: stock and orders count by them.",
            sku=item.sku, unit=known.unit, scale=known.scale, tracking=known.tracking,
            hint="Define a new SKU and convert the stock.",
        )  # fmt: skip
    return [] if item == known else [ItemPut(item)]


def put_location(known: Location | None, command: PutLocation) -> Sequence[Event]:
    """A location as given; nothing happens if it is already so."""
    if tuple(command.steps) not in STEPS:
        raise InvalidCommand(
            f"Steps {tuple(command.steps)} are not in the order of work.", path="steps",
            hint="One of " + ", ".join(str(steps) for steps in STEPS),
        )  # fmt: skip
    try:
        ZoneInfo(text_of(command.time_zone, what="Time zone", most=64, empty=False))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidCommand(
            f"{command.time_zone!r} is not an IANA time zone.", path="time_zone", hint="Such as Europe/Berlin or UTC."
        ) from None
    if type(command.rank) is not int or abs(command.rank) > 1_000_000:
        raise InvalidCommand(
            "A rank is an int within a million.", path="rank", hint="Lower is preferred; 0 is the usual one."
        )
    location = Location(
        LocationCode(code_of(command.code, what="Location")),
        text_of(command.name, what="Name"),
        command.point,
        country_of(command.country),
        command.time_zone,
        tuple(command.steps),
        command.rank,
        command.sellable,
        dict(command.attributes),
    )
    return [] if location == known else [LocationPut(location)]


def put_levels(known: StockLevels | None, command: PutStockLevels, item: Item, location: Location) -> Sequence[Event]:
    """Levels as given; nothing happens if they are already so. Raises InvalidCommand where they do not ascend."""
    if not item.tracked:
        raise InvalidCommand(
            f"{item.sku} is not tracked: it has no stock to watch.", path="sku", sku=item.sku,
            hint='Levels are for items with PutItem(tracking="quantity") or "lot".',
        )  # fmt: skip
    least = _level(command.reorder_point, "reorder_point")
    clear = least + -(-least // 10) if command.clear_above is None else _level(command.clear_above, "clear_above")
    most = _level(command.order_up_to, "order_up_to")
    if clear < least:
        raise InvalidCommand(
            f"clear_above {clear} is below the reorder point {least}.", path="clear_above",
            hint="It is what the balance must be above before the next alert.",
        )  # fmt: skip
    if most <= clear:
        raise InvalidCommand(
            f"order_up_to {most} is not above {clear}, where an alert clears.", path="order_up_to",
            hint="reorder_point <= clear_above < order_up_to.",
        )  # fmt: skip
    levels = StockLevels(
        item.sku, location.code, least, most, clear, text_of(command.owner, what="Owner", most=64), command.active
    )
    return [] if levels == known else [LevelsPut(levels)]


def _level(value: int, path: str) -> int:
    with At(path):
        return units_of(value, what=path, least=0)


def _factor(value: str | Fraction) -> str:
    factor = value if isinstance(value, Fraction) else Fraction(decimal_of(value, what="Factor"))
    if factor <= 0:
        raise InvalidCommand(
            "A unit's factor is positive.", path="units", hint='Units of the item in one of it: {"case": 12}.'
        )
    return str(factor)


def _one_of(value: str, known: Sequence[str], path: str) -> str:
    if value in known:
        return value
    raise InvalidCommand(f"{path} {str(value)[:64]!r} is not known.", path=path, hint=nearest(str(value)[:64], known))
