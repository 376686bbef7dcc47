"""What a table of facts is, and what a rule gives for an event: the two things an area declares to be reported on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from attrs import frozen

from ordercore.message import Event, Recorded

Fact = tuple[str, tuple[object, ...]]
"""(table, row): one value per column, in the order of the columns; there is no NULL, what is unknown is empty."""

Rule = Callable[[Any, Recorded, bool], Iterable[Fact]]
"""(event, record, whether the record is in the log row that began its stream) -> its facts."""

Rules = Mapping[type[Event], Rule]


@frozen
class FactTable:
    """A table of the facts: quantities are smallest units, amounts minor units, times UTC, all of them integers.

    `columns` are names with the types of DuckDB. With a `key`, a row replaces the earlier one with the same value in
    that column; without one, rows are only ever added.
    """

    name: str
    doc: str
    columns: Mapping[str, str]
    key: str = ""

    @property
    def ddl(self) -> str:
        """The statement that makes it."""
        return (
            f"create table {self.name} ({', '.join(f'{name} {kind} not null' for name, kind in self.columns.items())})"
        )


def instant(at: datetime) -> str:
    """A time as the tables have it: UTC, without a zone."""
    return at.astimezone(UTC).isoformat(" ")[:-6]
