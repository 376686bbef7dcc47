"""The page about what reports may ask: tables of facts, tables made ready, functions, and the reports that come along."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from importlib.resources import files

from ordercore.report import TABLES, Period, built_in
from ordercore.report.functions import functions


def facts_page() -> str:
    """All of it."""
    lines = [
        "# Facts and reports", "", "What `ordercore report` keeps of a log, what a query may use, and the reports that it",
        "writes by itself. How to write one of your own: [Reports](../reports.md).", "",
        "Times are UTC without a zone, quantities are smallest units, amounts minor units; there is no NULL.", "",
        "## Tables", "",
    ]  # fmt: skip
    for table in TABLES:
        lines += [f"### {table.name}", "", table.doc, ""]
        lines += [f"- `{name}`: {kind}" for name, kind in table.columns.items()]
        lines.append("")
    lines += ["## Made ready", "", "For the period that is asked for, once per run.", ""]
    for name, doc, columns in prepared():
        lines += [f"### {name}", "", doc, "", f"Columns: {', '.join(f'`{column}`' for column in columns)}.", ""]
    lines += ["## Functions", "", "| call | what it gives |", "| --- | --- |"]
    lines += [f"| `{one.signature}` | {one.doc} |" for one in functions(_PERIOD)]
    lines += ["", "## Reports", "", "Each is a file in `ordercore/report/built_in`.", ""]
    for report in built_in():
        lines += [f"### {report.name}", "", f"{report.title}. {report.definition}", ""]
        lines += [f"- {column.label}: {column.definition}" for column in report.columns.values() if column.definition]
        lines.append("")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


_PERIOD = Period(date(2026, 1, 1), date(2026, 1, 31), "UTC", datetime(2026, 1, 31, tzinfo=UTC).replace(tzinfo=None))


def prepared() -> Iterator[tuple[str, str, list[str]]]:
    """(name, what the comment above it says, the names of its columns)."""
    script = files("ordercore.report").joinpath("prepared.sql").read_text("utf-8")
    made = re.compile(r"((?:^-- [^\n]*\n)+)create table (\w+) as\n(.*?;)", re.MULTILINE | re.DOTALL)
    for comment, name, body in made.findall(script):
        doc = " ".join(line.removeprefix("-- ") for line in comment.splitlines())
        yield name, doc, _columns(name, body)


def _columns(name: str, body: str) -> list[str]:
    """What the table has when it is made over empty facts."""
    import duckdb

    with duckdb.connect() as duck:
        for table in TABLES:
            duck.execute(table.ddl).fetchall()
        for one in functions(_PERIOD):
            duck.execute(one.ddl).fetchall()
        duck.execute(f"create table {name} as\n{body}").fetchall()
        return list(duck.table(name).columns)
