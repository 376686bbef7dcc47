"""Stock that turned out otherwise, and moves between buckets at one location."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from attrs import frozen

from ordercore.message import Event
from ordercore.store import Posting, RowKey, postings_of
from ordercore.values import Place, Sku

COUNT: Final = Place("count")
SCRAP: Final = Place("scrap")


@frozen
class StockAdjusted(Event):
    """`change` units more (or less, if negative) stand in a bucket than the books said."""

    place: Place
    sku: Sku
    bucket: str
    change: int
    reason: str
    lot: str = ""


@frozen
class StockCounted(Event):
    """`counted` units stood in a bucket where the books said `expected`; the difference is posted."""

    place: Place
    sku: Sku
    bucket: str
    counted: int
    expected: int
    lot: str = ""


@frozen
class StockMoved(Event):
    """Units changed bucket at one location, or were scrapped."""

    place: Place
    sku: Sku
    quantity: int
    source: str
    target: str
    reason: str
    lot: str = ""


@frozen
class LastCount:
    """The newest count of a bucket of a row: an older one says nothing any more."""

    effective: datetime
    counted: int
    expected: int


def count_key(row: RowKey, bucket: str) -> str:
    """The key of a row's last count; neither SKUs nor codes have a bar."""
    sku, place, lot, _ = row
    return f"{sku}|{place}|{lot}|{bucket}"


def _difference(place: Place, sku: Sku, bucket: str, lot: str, change: int) -> list[Posting]:
    if not change:
        return []
    if change > 0:
        return [Posting(sku, change, COUNT, "", place, bucket, lot)]
    return [Posting(sku, -change, place, bucket, COUNT, "", lot)]


@postings_of.register
def _(event: StockAdjusted) -> Iterable[Posting]:
    return _difference(event.place, event.sku, event.bucket, event.lot, event.change)


@postings_of.register
def _(event: StockCounted) -> Iterable[Posting]:
    return _difference(event.place, event.sku, event.bucket, event.lot, event.counted - event.expected)


@postings_of.register
def _(event: StockMoved) -> Iterable[Posting]:
    target, bucket = (SCRAP, "") if event.target == "scrap" else (event.place, event.target)
    return [Posting(event.sku, event.quantity, event.place, event.source, target, bucket, event.lot)]
