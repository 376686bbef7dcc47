"""The file that facts are kept in, and how far it has followed which log: rows and cursor move in one transaction."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Final, Self

import duckdb
from attrs import frozen

from ordercore.errors import ConfigurationError, StoreError
from ordercore.report.facts.table import FactTable
from ordercore.values import Cursor

NOTHING: Final = "\x01"
"""What would be read as NULL: no text of ours has it, so that an empty text stays an empty text."""


@frozen
class Mark:
    """How far a log was followed: where the next page begins, and by what the log is known again.

    `first` and `last` are digests of the first record and of the last one that was taken, which stood at `position`.
    """

    cursor: Cursor
    records: int
    first: str
    position: Cursor
    last: str
    tenant: str = ""


class Facts:
    """Tables of facts in a DuckDB file; one process writes at a time."""

    def __init__(self, path: Path, tables: Sequence[FactTable]) -> None:
        """Open or make it; tables of another release are emptied, for the log can fill them again.

        Raises StoreError for a file that another process has open, or that is no such file.
        """
        self.path = path
        self.tables: Final = {table.name: table for table in tables}
        path.parent.mkdir(parents=True, exist_ok=True)
        self._duck = _opened(path)
        self._staged = TemporaryDirectory(prefix="ordercore-facts-")
        self._prepare()

    def _prepare(self) -> None:
        shape = hashlib.sha256("\n".join(table.ddl for table in self.tables.values()).encode()).hexdigest()
        known = self._duck.execute("select table_name from duckdb_tables()").fetchall()
        if ("followed",) in known:
            if self._duck.execute("select shape from shape").fetchall() == [(shape,)]:
                return
        elif known:
            self.close()
            raise StoreError(
                f"{self.path} has tables of something else.", reason="foreign_file", path=str(self.path),
                hint="Give the facts a file of their own.",
            )  # fmt: skip
        self._make(shape)

    def _make(self, shape: str) -> None:
        self._duck.execute("begin")
        for (name,) in self._duck.execute("select table_name from duckdb_tables()").fetchall():
            self._duck.execute(f'drop table "{name}"')
        for table in self.tables.values():
            self._duck.execute(table.ddl)
        self._duck.execute(
            "create table followed"
            ' ("cursor" varchar, records bigint, first varchar, position varchar, last varchar, tenant varchar)'
        )
        self._duck.execute("create table shape as select $1 as shape", [shape])
        self._duck.execute("commit")

    @property
    def mark(self) -> Mark | None:
        """How far it has come; None if it is empty."""
        row = self._duck.execute("from followed").fetchone()
        return None if row is None else Mark(Cursor(row[0]), row[1], row[2], Cursor(row[3]), row[4], row[5])

    def append(self, rows: Mapping[str, Sequence[tuple[object, ...]]], mark: Mark) -> None:
        """Add the rows of a stretch of the log and move the mark behind it: both or neither."""
        self._duck.execute("begin")
        try:
            for name, added in rows.items():
                if added:
                    self._load(self.tables[name], added)
            self._duck.execute("delete from followed")
            self._duck.execute(
                "insert into followed values ($1, $2, $3, $4, $5, $6)",
                [mark.cursor, mark.records, mark.first, mark.position, mark.last, mark.tenant],
            )
        except BaseException:
            self._duck.execute("rollback")
            raise
        self._duck.execute("commit")

    def _load(self, table: FactTable, rows: Sequence[tuple[object, ...]]) -> None:
        """Through a file: twice as quick as lists in parameters, thirty times as quick as a row at a time."""
        staged = Path(self._staged.name) / f"{table.name}.csv"
        if table.key:
            at = list(table.columns).index(table.key)
            rows = list({row[at]: row for row in rows}.values())
        with staged.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
        columns = ", ".join(f"'{name}': '{kind}'" for name, kind in table.columns.items())
        source = (
            f"read_csv($1, header = false, auto_detect = false, delim = ',', quote = '\"', escape = '\"', "
            f"new_line = '\\r\\n', nullstr = '{NOTHING}', columns = {{{columns}}})"
        )
        if table.key:
            self._duck.execute(f"delete from {table.name} where {table.key} in (select {table.key} from {source})",  # noqa: S608
                               [str(staged)])  # fmt: skip
        self._duck.execute(f"insert into {table.name} from {source}", [str(staged)])

    def close(self) -> None:
        """Give the file back."""
        self._duck.close()
        if hasattr(self, "_staged"):
            self._staged.cleanup()

    def __enter__(self) -> Self:
        """The facts, closed at the end of the block."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Close."""
        self.close()


def _opened(path: Path) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(str(path), config={"autoinstall_known_extensions": False})
    except duckdb.IOException as error:
        busy = "lock" in str(error)
        raise StoreError(
            f"{path} is being written by another process." if busy else f"{path} is no file of facts.",
            reason="busy" if busy else "foreign_file", path=str(path),
            hint="Wait for it, or name another file with --facts." if busy else "Name another file with --facts.",
        ) from error  # fmt: skip


def removed(path: Path) -> None:
    """Remove a file of facts and what DuckDB keeps beside it. Raises ConfigurationError if that cannot be done."""
    try:
        for name in (path, path.with_name(f"{path.name}.wal")):
            name.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be removed: {error.strerror}.", hint="Close what has it open, or remove it by hand."
        ) from None
