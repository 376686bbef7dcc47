"""Facts of stock: goods that came in with their cost, and every posting of every event."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ordercore.message import Event, Recorded
from ordercore.report.facts.table import Fact, FactTable, Rules, instant
from ordercore.stock.events import StockOpened, StockReceived
from ordercore.store.posting import posting_rule

MOVEMENTS: Final = FactTable(
    "movements",
    "Postings: units from a bucket at a place to another; places outside of the books have no bucket.",
    {"sku": "varchar", "quantity": "bigint", "source": "varchar", "source_bucket": "varchar", "target": "varchar",
     "target_bucket": "varchar", "lot": "varchar", "owner": "varchar", "narrowing": "boolean", "effective_at": "timestamp"},
)  # fmt: skip

TABLES: Final = (
    FactTable(
        "receipts",
        "Goods that came in; one unit of sale cost `cost` / 10**`digits` `currency`, or it is not known (no currency).",
        {"place": "varchar", "sku": "varchar", "quantity": "bigint", "bucket": "varchar", "lot": "varchar",
         "cost": "bigint", "digits": "integer", "currency": "varchar", "source": "varchar", "document": "varchar",
         "opening": "boolean", "effective_at": "timestamp"},
    ),
    MOVEMENTS,
)  # fmt: skip


def _received(event: StockReceived, record: Recorded, begins: bool) -> Iterable[Fact]:
    at = instant(record.effective_at)
    for sku, quantity, bucket, lot, cost, digits, currency in event.lines:
        yield "receipts", (
            event.place, sku, quantity, bucket, lot, cost, digits, currency, event.source, event.external_id, False, at
        )  # fmt: skip


def _opened(event: StockOpened, record: Recorded, begins: bool) -> Iterable[Fact]:
    at = instant(record.effective_at)
    for sku, quantity, bucket, lot, cost, digits, currency in event.lines:
        yield "receipts", (
            event.place, sku, quantity, bucket, lot, cost, digits, currency, "", event.reference, True, at
        )  # fmt: skip


RULES: Final[Rules] = {StockReceived: _received, StockOpened: _opened}


def movements(event: Event, at: str) -> Iterable[tuple[object, ...]]:
    """What the event moved, in rows of `movements`."""
    return [
        (sku, quantity, source, bucket, target, into, lot, owner, narrowing, at)
        for sku, quantity, source, bucket, target, into, lot, owner, _, narrowing in posting_rule(type(event))(event)
    ]
