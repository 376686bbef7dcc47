"""How the events of orders and stock read: units by SKU, money with its currency, places by their name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from ordercore.notifiers.news import lines_of, title_of
from ordercore.order.events import (
    HoldAdded,
    LinesBackordered,
    LinesCancelled,
    OrderPlaced,
    ParcelShipped,
    PickShorted,
    ReturnReceived,
)
from ordercore.readable.words import location
from ordercore.stock.events import StockAdjusted, StockReceived
from ordercore.values import Money


def units(parts: Iterable[Any]) -> list[str]:
    """`3 x TEA` for each SKU, in the order they first stand there; smallest units unless a part knows its scale."""
    total: Counter[tuple[str, int]] = Counter()
    for part in parts:
        total[part.sku, getattr(part, "scale", 0)] += part.quantity
    return [f"{Decimal(quantity).scaleb(-scale):f} x {sku}" for (sku, scale), quantity in total.items()]


def _reason(reason: str) -> list[str]:
    return [f"reason: {reason}"] if reason else []


@title_of.register
def _(event: OrderPlaced) -> str:
    return f"placed, {Money(event.total, event.currency)}"


@lines_of.register
def _(event: OrderPlaced) -> list[str]:
    where = [f"to {event.destination.country}"] if event.destination.country else []
    return [*units(event.lines), f"over {event.channel}", *where]


@lines_of.register
def _(event: LinesBackordered) -> list[str]:
    return [f"line {line.line}: {line.quantity} waiting for supply" for line in event.lines]


@lines_of.register
def _(event: LinesCancelled) -> list[str]:
    waiting = [f"line {line.line}: {line.quantity}" for line in (*event.unallocated, *event.backordered)]
    return [*waiting, *(f"{said} back in stock" for said in units(event.contents)), *_reason(event.reason)]


@title_of.register
def _(event: HoldAdded) -> str:
    return f"on hold, {event.kind}"


@lines_of.register
def _(event: HoldAdded) -> list[str]:
    return [f"hold {event.hold} blocks {', '.join(event.blocks)}"]


@title_of.register
def _(event: PickShorted) -> str:
    return "picked short"


@lines_of.register
def _(event: PickShorted) -> list[str]:
    return [f"{said} not found" for said in units(event.contents)] + _reason(event.reason)


@title_of.register
def _(event: ParcelShipped) -> str:
    return f"shipped from {location(event.place)}"


@lines_of.register
def _(event: ParcelShipped) -> list[str]:
    with_ = [f"with {event.carrier}, tracking {event.tracking}"] if event.tracking else []
    return [*units(event.contents), *with_]


@title_of.register
def _(event: ReturnReceived) -> str:
    return f"returned to {location(event.place)}"


@lines_of.register
def _(event: ReturnReceived) -> list[str]:
    return [f"{part.quantity} x {part.sku}: {part.disposition}" for part in event.contents] + _reason(event.reason)


@title_of.register
def _(event: StockReceived) -> str:
    return f"received at {location(event.place)}"


@lines_of.register
def _(event: StockReceived) -> list[str]:
    return [*units(event.lines), *([f"from {event.source}"] if event.source else [])]


@title_of.register
def _(event: StockAdjusted) -> str:
    return f"{event.sku} adjusted by {event.change:+d}"


@lines_of.register
def _(event: StockAdjusted) -> list[str]:
    return [f"{event.bucket} at {location(event.place)}", *_reason(event.reason)]
