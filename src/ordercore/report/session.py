"""Asking the facts: queries that can read the tables of facts, and nothing else of the machine."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import duckdb
from attrs import frozen

from ordercore.errors import InvalidReport, did_you_mean
from ordercore.report.definition import MOST_ROWS, Definition
from ordercore.report.functions import functions
from ordercore.report.period import Period, checked_zone, local_day

RESULTS: Final = "results"
"""The schema that keeps what each report's query gave, under the report's name."""

Cell = Any
"""str, bool, int, float, Decimal, date, datetime or None, as DuckDB gives them."""


@frozen
class Rows:
    """What a query gave: the names of its columns, the first `MOST_ROWS` rows, and how many there are in all."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    count: int

    def column(self, name: str) -> list[Cell]:
        """The values of one column."""
        at = self.columns.index(name)
        return [row[at] for row in self.rows]


class Session:
    """A connection over one file of facts, for one period.

    Once it is made, its configuration is locked: no file but those of `tables` (where exports go) can be read or
    written, nothing can be attached, and no extension can be loaded.
    """

    def __init__(
        self, facts: Path, *, since: date | None = None, until: date | None = None, zone: str = "",
        tables: Path | None = None,
    ) -> None:  # fmt: skip
        """Without `since` and `until` the period is all there is; without `zone`, days are those of the locations."""
        self.duck: Final = duckdb.connect(
            ":memory:", config={"autoinstall_known_extensions": False, "autoload_known_extensions": False}
        )
        self.duck.execute(f"attach {_quoted(facts)} as facts (read_only)")
        self.duck.execute("set search_path = 'memory.main,facts.main'")
        self.period: Final = self._period(since, until, zone)
        self._prepare()
        self._lock(tables)

    def _period(self, since: date | None, until: date | None, zone: str) -> Period:
        zones = [zone for (zone,) in self.duck.execute("select distinct time_zone from locations").fetchall()]
        zone = checked_zone(zone or (zones[0] if len(zones) == 1 else "UTC"))
        first, last = self._one(
            "select min(first), max(last) from (select min(placed_at) as first, max(placed_at) as last from orders"
            " union all select min(effective_at), max(effective_at) from movements)"
        )
        begun = self._one("select min(placed_at) from orders where not adopted")[0] or first
        if begun is None:  # nothing is known at all: the period is as asked, or a day on which nothing happened
            nowhere = since or until or date(1970, 1, 1)
            return Period(nowhere, until or nowhere, zone, datetime.combine(nowhere, time()))
        since, to = since or local_day(begun, zone), until or local_day(last, zone)
        if to < since:
            raise InvalidReport(
                f"The period from {since} to {to} has no day.",
                hint=f"There are facts from {local_day(begun, zone)} to {local_day(last, zone)}.",
            )
        period = Period(since, to, zone, last)
        return period if last < period.end else Period(since, to, zone, period.end - timedelta(microseconds=1))

    def _prepare(self) -> None:
        for function in functions(self.period):
            self.duck.execute(function.ddl).fetchall()
        script = files("ordercore.report").joinpath("prepared.sql").read_text("utf-8")
        for statement in self.duck.extract_statements(script):
            self.duck.execute(statement)
        self.duck.execute(f"create schema {RESULTS}")

    def _lock(self, tables: Path | None) -> None:
        if tables is not None:
            tables.mkdir(parents=True, exist_ok=True)
            self.duck.execute(f"set allowed_directories = [{_quoted(tables.resolve())}]")
        self.duck.execute("set enable_external_access = false")
        self.duck.execute("set lock_configuration = true")

    def _one(self, query: str) -> tuple[Cell, ...]:
        (row,) = self.duck.execute(query).fetchall()
        return row

    def run(self, report: Definition) -> Rows:
        """What the report's query gives; its rows stay in the session for the finding and for exports.

        Raises InvalidReport with the file, the line of the query, and what was meant.
        """
        table = self.table(report)
        self._execute(report, report.query, f"create table {table} as\n")
        self._narrow(report, table)
        relation = self.result(report)
        (count,) = self._one(f"select count(*) from {table}")  # noqa: S608  # a checked name
        return Rows(tuple(relation.columns), tuple(relation.limit(MOST_ROWS).fetchall()), count)

    def _narrow(self, report: Definition, table: str) -> None:
        """Sums of integers are HUGEINT: no file format has such a type, and no sum of ours needs it."""
        relation = self.result(report)
        for name, kind in zip(relation.columns, relation.types, strict=True):
            if str(kind) == "HUGEINT":
                quoted = name.replace('"', '""')
                try:
                    self.duck.execute(f'alter table {table} alter column "{quoted}" type bigint').fetchall()
                except duckdb.Error as error:
                    raise _explained(report, report.query, str(error), 0) from None

    def result(self, report: Definition) -> duckdb.DuckDBPyRelation:
        """The rows of a report that ran, whole; an Arrow stream for whoever takes one (`__arrow_c_stream__`)."""
        return self.duck.table(self.table(report))

    def table(self, report: Definition) -> str:
        """The table that keeps the rows of a report that ran."""
        return f'{RESULTS}."{report.name}"'

    def finding(self, report: Definition) -> str:
        """The sentence that says what the rows show; empty if the report has none, or it cannot be said."""
        if not report.finding:
            return ""
        self.duck.execute(f"create or replace view result as from {self.table(report)}").fetchall()
        rows = self._execute(report, report.finding)
        if len(rows) > 1 or (rows and len(rows[0]) != 1):
            raise report.wrong("the finding is a query for one text.", line=report.line_of(report.finding))
        return str(rows[0][0]) if rows and rows[0][0] is not None else ""

    def _execute(self, report: Definition, query: str, before: str = "") -> list[tuple[Cell, ...]]:
        try:
            statements = self.duck.extract_statements(query)
            if [one.type for one in statements] != [duckdb.StatementType.SELECT]:
                raise report.wrong("a query is one SELECT.", line=report.line_of(query))
            self._only_reads(report, query)
            return self.duck.execute(before + statements[0].query if before else statements[0]).fetchall()
        except duckdb.Error as error:
            raise _explained(report, query, str(error), before.count("\n")) from None

    def _only_reads(self, report: Definition, query: str) -> None:
        """A SELECT may have a WITH that writes, and what other reports read is in memory, where it could."""
        self.duck.execute("begin transaction read only")
        try:
            self.duck.execute("explain " + query).fetchall()
        except duckdb.Error as error:
            raise _explained(report, query, str(error), 0) from None
        finally:
            self.duck.execute("rollback")

    def close(self) -> None:
        """Give the file of facts back."""
        self.duck.close()

    def __enter__(self) -> Self:
        """The session, closed at the end of the block."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Close."""
        self.close()


_FORBIDDEN: Final = re.compile("^(Permission|TransactionContext) Error")


def _explained(report: Definition, query: str, said: str, lines_before: int) -> InvalidReport:
    """DuckDB's message without the excerpt, at the line of the file, with what was meant."""
    place = re.search(r"^LINE (\d+):", said, re.MULTILINE)
    line = report.line_of(query, int(place[1]) - lines_before if place else 1)
    message, _, _ = said.partition("\n\nLINE")
    first, *more = [part.strip() for part in message.splitlines() if part.strip()]
    hint = " ".join(more) or ("Queries read the facts and nothing else." if _FORBIDDEN.search(first) else "")
    named = re.search(r'column "([^"]+)"', first)
    candidates = re.findall(r'"([^"]+)"', hint) if "Candidate" in hint else []
    if named and candidates:
        hint = did_you_mean(named[1], candidates) or f"There are: {', '.join(candidates)}."
    return report.wrong(first.removesuffix(".").removesuffix("!") + ".", hint=hint, line=line)


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
