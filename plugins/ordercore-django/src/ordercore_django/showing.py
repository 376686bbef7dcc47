"""What pages of the admin show, as plain values for templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen
from django.utils.safestring import SafeString

from ordercore.catalog import Item
from ordercore.kernel import Kernel
from ordercore.lifecycle import ORDER
from ordercore.order import Order
from ordercore.order.summary import OrderSummary
from ordercore.store import BUCKETS, ReadDocuments, ReadPositions
from ordercore.values import Money, Sku
from ordercore.views import StockView

STATUSES: Final = tuple(ORDER.states)


@frozen
class StockLine:
    """One item: what is there, what is free of it, and what is promised."""

    sku: str
    name: str
    unit: str
    on_hand: int
    available: int
    claimed: int
    places: int


def stock_lines(kernel: Kernel, after: str, limit: int, start: str = "") -> list[StockLine]:
    """Items by SKU behind `after`, or from `start` on: one read of items, one of all their rows."""
    tenant = kernel.core.tenant
    begin = after or (start[:-1] + chr(ord(start[-1]) - 1) + "\U0010ffff" if start else "")
    asked = ReadDocuments("item", after=("", begin) if begin else None, limit=limit)
    items = [one.body for one in kernel.store.read([asked], tenant=tenant).of(asked) if isinstance(one.body, Item)]
    positions = ReadPositions(tuple(Sku(item.sku) for item in items))
    rows = kernel.store.read([positions], tenant=tenant).of(positions)
    return [_line(item, rows) for item in items]


def _line(item: Item, rows: Mapping[Any, Any]) -> StockLine:
    # Lots are a part of the pool, whose row has no lot.
    pools = [
        dict(zip(BUCKETS, row, strict=True)) for (sku, _, lot, _), row in rows.items() if sku == item.sku and not lot
    ]
    on_hand = sum(sum(pool.values()) for pool in pools)
    available = sum(pool["available"] for pool in pools)
    claimed = sum(
        pool[bucket] for pool in pools for bucket in ("soft_reserved", "reserved", "released", "picked", "packed")
    )
    there = sum(1 for pool in pools if any(pool.values()))
    return StockLine(item.sku, item.name, item.unit, on_hand, available, claimed, there)


def axes(summary: OrderSummary) -> list[str]:
    """Its statuses, without those that say that nothing happened."""
    return ["" if word == "none" else word for word in (summary.fulfillment, summary.payment, summary.returned)]


def total(summary: OrderSummary) -> str:
    """What it comes to."""
    return str(Money(summary.total, summary.currency))


def order_page(kernel: Kernel, id: str) -> dict[str, Any]:
    """An order and its story. Raises NotFound."""
    return {"order": _html(kernel.order(id)), "timeline": kernel.timeline(id)}


def stock_page(kernel: Kernel, sku: str) -> dict[str, Any]:
    """The stock of an item, place by place. Raises NotFound."""
    return {"stock": _html(kernel.stock(sku))}


def _html(shown: Order | StockView) -> SafeString:
    # It escapes what is in it.
    return SafeString(shown._repr_html_())
