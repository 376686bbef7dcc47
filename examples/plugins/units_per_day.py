"""A projection: units ordered per day and SKU, in a SQLite file of its own.

A follower is given every event at least once, so adding up alone would count a repeat twice. Each line is therefore kept
under what identifies it (stream, version, line), and a repeat writes the same row again: the sums are right however often
the log is read, and the file can be deleted and built anew from the log.

    SELECT day, sku, SUM(units) FROM ordered GROUP BY day, sku
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import UTC
from pathlib import Path

from ordercore.hooks import hookimpl
from ordercore.message import Recorded
from ordercore.order.events import OrderPlaced

ORDERCORE_API = 1

FILE = Path("units_per_day.db")

TABLE = """
CREATE TABLE IF NOT EXISTS ordered (
    stream TEXT, version INTEGER, line TEXT, day TEXT, sku TEXT, units INTEGER, PRIMARY KEY (stream, version, line)
) WITHOUT ROWID
"""


class UnitsPerDay:
    """The projection, and the plugin that brings it; `path` is its file."""

    name = "units-per-day"

    def __init__(self, path: Path = FILE) -> None:
        self.path = path

    def apply(self, records: Sequence[Recorded]) -> None:
        """Keep the lines of these records, all of them or none. Days are those of UTC."""
        rows = [
            (record.stream, record.version, line.line, record.effective_at.astimezone(UTC).date().isoformat(),
             line.sku, line.quantity)
            for record in records
            if isinstance(record.event, OrderPlaced)
            for line in record.event.lines
        ]  # fmt: skip
        if not rows:
            return
        with closing(sqlite3.connect(self.path)) as database, database:
            database.execute(TABLE)
            database.executemany("INSERT OR REPLACE INTO ordered VALUES (?, ?, ?, ?, ?, ?)", rows)

    def units(self) -> dict[tuple[str, str], int]:
        """Units by day and SKU."""
        with closing(sqlite3.connect(self.path)) as database:
            database.execute(TABLE)
            found = database.execute("SELECT day, sku, SUM(units) FROM ordered GROUP BY day, sku ORDER BY day, sku")
            return {(day, sku): units for day, sku, units in found}

    @hookimpl
    def ordercore_register_projections(self) -> Iterable[UnitsPerDay]:
        """Itself."""
        return [self]


_here = UnitsPerDay()


@hookimpl
def ordercore_register_projections() -> Iterable[UnitsPerDay]:
    """The one that keeps its file in the working directory, for `--plugins-dir`."""
    return [_here]
