"""Following the log: events to facts, a stretch at a time, each exactly once however often it is interrupted."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from attrs import evolve

from ordercore.errors import Archived, ConfigurationError
from ordercore.kernel import Kernel
from ordercore.message import Event, Recorded
from ordercore.report.facts import catalog, orders, stock, supply
from ordercore.report.facts.file import Facts, Mark
from ordercore.report.facts.table import FactTable, Rule, instant
from ordercore.store import Page, ReadLog
from ordercore.values import Cursor

PAGE: Final = 10_000
"""Log rows to a transaction."""

AREAS: Final = (catalog, orders, stock, supply)
"""Modules with `TABLES` and `RULES`: to report on another area, write such a module and name it here."""

TABLES: Final[tuple[FactTable, ...]] = tuple(table for area in AREAS for table in area.TABLES)
RULES: Final[Mapping[type[Event], Rule]] = {kind: rule for area in AREAS for kind, rule in area.RULES.items()}

Tell = Callable[[str, int, int], None]
"""Told now and then: what is being done, how much of it is done, how much there is (0: not known)."""


def follow(kernel: Kernel, facts: Facts, tell: Tell | None = None) -> int:
    """Bring the facts up to the end of the log; returns how many records were taken.

    Cursor and rows are one transaction of the facts' file, so a killed run leaves whole stretches and the next one
    goes on behind them. Raises ConfigurationError if the facts are of another log.
    """
    mark = facts.mark
    if mark is not None:
        _same_log(kernel, mark, str(facts.path))
    taken = 0
    while True:
        page = kernel.log(None if mark is None else mark.cursor, limit=PAGE)
        if not page.records:
            return taken
        mark = _behind(mark, page, kernel.core.tenant)
        facts.append(facts_of(page.records), mark)
        taken += len(page.records)
        if tell is not None:
            tell("log rows", taken, taken + page.lag)


def facts_of(records: Iterable[Recorded]) -> dict[str, list[tuple[object, ...]]]:
    """The rows of each table that a stretch of the log amounts to; log rows must be whole, as pages have them."""
    rows: dict[str, list[tuple[object, ...]]] = {table.name: [] for table in TABLES}
    moved = rows[stock.MOVEMENTS.name]
    began: tuple[Cursor, str] | None = None
    for record in records:
        row = (record.position, record.stream)
        if record.version == 1:
            began = row
        event = record.event
        rule = RULES.get(type(event))
        if rule is not None:
            for name, values in rule(event, record, row == began):
                rows[name].append(values)
        moved += stock.movements(event, instant(record.effective_at))
    return rows


def _behind(mark: Mark | None, page: Page, tenant: str) -> Mark:
    assert page.cursor is not None  # noqa: S101  # there were records
    last = page.records[-1]
    first = digest(page.records[0]) if mark is None else mark.first
    before = Mark(page.cursor, 0, first, last.position, "", tenant) if mark is None else mark
    return evolve(
        before,
        cursor=page.cursor,
        records=before.records + len(page.records),
        position=last.position,
        last=digest(last),
    )


def digest(record: Recorded) -> str:
    """What a record is known again by: where it stands, and the command and moment that made it."""
    known = (record.position, record.stream, record.version, record.command_id, record.recorded_at.isoformat())
    return hashlib.sha256(repr(known).encode()).hexdigest()


def _same_log(kernel: Kernel, mark: Mark, path: str) -> None:
    """The first record and the last one taken must be what they were: a rebuilt or restored store is another log."""
    again = _records_at(kernel, mark.position)
    same = mark.tenant == kernel.core.tenant
    same = same and (not again or digest(again[-1]) == mark.last)
    try:
        there = kernel.log(None, limit=1).records
    except Archived:
        pass  # both may have left for an archive since
    else:
        same = same and bool(there) and digest(there[0]) == mark.first and bool(again)
    if not same:
        raise ConfigurationError(
            f"{path} holds facts of another store, or of this one before it was rebuilt.", path=path,
            hint="Name another file with --facts (from Python: facts=), or let it be made again with --rebuild (rebuild=True).",
        )  # fmt: skip


def _records_at(kernel: Kernel, position: Cursor) -> Sequence[Recorded]:
    asked = ReadLog(positions=(position,))
    return kernel.store.read((asked,), tenant=kernel.core.tenant).of(asked)
