"""The tables behind the reports as files: CSV for spreadsheets, Parquet, and an Arrow stream."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

import nanoarrow.ipc  # type: ignore[import-untyped]

from ordercore.readable import guarded
from ordercore.report.definition import Definition
from ordercore.report.session import Cell, Session

_PAGE: Final = 10_000


def exported(session: Session, report: Definition, folder: Path) -> tuple[Path, ...]:
    """Write all rows of a report that ran as NAME.csv, NAME.parquet and NAME.arrows; the session must allow the folder."""
    base = folder / report.name
    _as_csv(session, report, base.with_suffix(".csv"))
    target = str(base.with_suffix(".parquet").resolve()).replace("'", "''")
    session.duck.execute(f"copy {session.table(report)} to '{target}' (format parquet)").fetchall()
    with nanoarrow.ipc.StreamWriter.from_path(str(base.with_suffix(".arrows"))) as stream:
        stream.write_stream(session.result(report))
    return tuple(base.with_suffix(suffix) for suffix in (".csv", ".parquet", ".arrows"))


def _as_csv(session: Session, report: Definition, path: Path) -> None:
    columns = session.result(report).columns
    rows = session.duck.execute(f"from {session.table(report)}")
    with path.open("w", encoding="utf-8", newline="") as file:
        sheet = csv.writer(file)
        sheet.writerow(map(guarded, columns))
        while page := rows.fetchmany(_PAGE):
            sheet.writerows(map(_cell, row) for row in page)


def _cell(cell: Cell) -> Cell:
    return guarded(cell) if isinstance(cell, str) else cell  # numbers stay numbers
