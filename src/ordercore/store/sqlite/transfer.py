"""Rows out of a file of SQLite and into one, as they are kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, Final

from ordercore.store.posting import BUCKETS, WIDTH, Row, RowKey
from ordercore.store.sqlite.lent import AnySession
from ordercore.store.sqlite.read import Reading
from ordercore.store.sqlite.rows import Writing
from ordercore.store.sqlite.write import head_of
from ordercore.store.transfer import (
    ConsumerRow,
    CounterRow,
    Counts,
    DocumentRow,
    LogRow,
    StoredRow,
    TimerRow,
    another,
    sound,
    text_of,
)
from ordercore.values import Cursor, Place, Sku, Stream

_COLUMNS: Final = (
    "pos, command, part, fingerprint, stream, version, count, at, effective, actor, cause, correlation, crc"
)
_ROWS: Final = f"select {_COLUMNS}, cast(events as blob) from ordercore_log"
_LOG: Final = f"{_ROWS} not indexed where pos > ? and tenant = ? order by pos"
_IDS: Final = f"{_ROWS} not indexed where pos < 0 and tenant = ? order by pos desc"
_STREAM: Final = f"{_ROWS} where tenant = ? and stream = ? order by version"
_KNOWN: Final = f"{_ROWS} where tenant = ? and command = ? and part = ?"
_INSERT: Final = f"insert into ordercore_log (tenant, {_COLUMNS}, events) values ({', '.join('?' * 15)})"
_DOCUMENTS: Final = "select kind, key, revision, tag, sort, body from ordercore_document where tenant = ?"
_BALANCES: Final = f"""select sku.sku, place, lot, owner, {", ".join(BUCKETS)}
    from ordercore_sku sku join ordercore_cell cell on cell.sku = sku.n
    join ordercore_position position on position.id = cell.id where sku.tenant = ?"""
_PASSED: Final = """select name, (select count(*) from ordercore_log log not indexed
    where pos between 1 and position and log.tenant = ordercore_consumer.tenant) from ordercore_consumer where tenant = ?"""
_NTH: Final = "select pos from ordercore_log not indexed where pos > 0 and tenant = ? order by pos limit 1 offset ?"
_TENANTS: Final = tuple(
    (f"select min(tenant) from {table}", f"select min(tenant) from {table} where tenant > ?")
    for table in (
        "ordercore_log", "ordercore_document", "ordercore_counter", "ordercore_timer", "ordercore_consumer",
        "ordercore_sku",
    )
)  # fmt: skip
_NOBODY: Final = "\0"
"""Whose row at position 0 is."""
_COUNTS: Final = tuple(
    f"select count(*) from {source} tenant = ?"
    for source in (
        "ordercore_log not indexed where pos > 0 and", "ordercore_log not indexed where pos < 0 and",
        "ordercore_document where", "ordercore_counter where", "ordercore_timer where", "ordercore_consumer where",
    )
)  # fmt: skip

SET_DOCUMENT: Final = (
    "insert or replace into ordercore_document (tenant, kind, key, revision, tag, sort, body)"
    " values (?, ?, ?, ?, ?, ?, ?)"
)
_SET_COUNTER: Final = "insert or replace into ordercore_counter (tenant, name, value) values (?, ?, ?)"
_SET_TIMER: Final = (
    "insert or replace into ordercore_timer (tenant, kind, key, due, fence, until) values (?, ?, ?, ?, 0, null)"
)
_SET_CONSUMER: Final = "insert or replace into ordercore_consumer (tenant, name, position) values (?, ?, ?)"


class SQLiteExport:
    """A snapshot on a connection of its own, so that the store's sessions stay free meanwhile."""

    __slots__ = ("_connection", "_tenant")

    def __init__(self, connection: sqlite3.Connection, tenant: str) -> None:
        self._connection = connection
        self._tenant = tenant

    def counts(self) -> Counts:
        """How many rows there are."""
        return Counts(*(self._connection.execute(count, (self._tenant,)).fetchone()[0] for count in _COUNTS))

    def log(self, after: Cursor | None = None) -> Iterator[LogRow]:
        """Log rows behind a cursor, in order."""
        for row in self._connection.execute(_LOG, (int(after or 0), self._tenant)):
            yield _log_row(row)

    def settled(self) -> Cursor | None:
        """All of it is: what is written later goes behind it."""
        return None

    def ids(self) -> Iterator[LogRow]:
        """Commands without events."""
        for row in self._connection.execute(_IDS, (self._tenant,)):
            yield _log_row(row)

    def streams(self, names: Sequence[Stream]) -> Iterator[LogRow]:
        """All rows of these streams."""
        for name in names:
            for row in self._connection.execute(_STREAM, (self._tenant, name)):
                yield _log_row(row)

    def documents(self, kind: str | None = None) -> Iterator[DocumentRow]:
        """Documents, by their key."""
        more, parameters = ("", ()) if kind is None else (" and kind = ?", (kind,))
        for row in self._connection.execute(_DOCUMENTS + more, (self._tenant, *parameters)):
            yield DocumentRow(*row)

    def document(self, kind: str, key: str) -> DocumentRow | None:
        """One document."""
        found = self._connection.execute(f"{_DOCUMENTS} and kind = ? and key = ?", (self._tenant, kind, key)).fetchone()
        return DocumentRow(*found) if found is not None else None

    def counters(self) -> Iterator[CounterRow]:
        """Counters."""
        for row in self._connection.execute(
            "select name, value from ordercore_counter where tenant = ?", (self._tenant,)
        ):
            yield CounterRow(*row)

    def timers(self) -> Iterator[TimerRow]:
        """Timers."""
        for row in self._connection.execute(
            "select kind, key, due from ordercore_timer where tenant = ?", (self._tenant,)
        ):
            yield TimerRow(*row)

    def consumers(self) -> Iterator[ConsumerRow]:
        """Followers."""
        for row in self._connection.execute(_PASSED, (self._tenant,)).fetchall():
            yield ConsumerRow(*row)

    def balances(self) -> Iterator[tuple[RowKey, Row]]:
        """Rows of stock."""
        for sku, place, lot, owner, *figures in self._connection.execute(_BALANCES, (self._tenant,)):
            yield (Sku(sku), Place(place), lot, owner), tuple(figures)


def _log_row(row: Sequence[Any]) -> LogRow:
    position = row[0]
    cursor = Cursor(str(position)) if position > 0 else None
    return sound(LogRow._make((cursor, *row[1:-1], text_of(position, row[-1]))))


def tenants(session: AnySession) -> tuple[str, ...]:
    """Everybody who has anything, by hopping from one to the next in the indexes."""
    found: set[str] = set()
    for first, following in _TENANTS:
        (name,) = session.execute(first).fetchone()
        while name is not None:
            found.add(name)
            (name,) = session.execute(following, (name,)).fetchone()
    return tuple(sorted(found - {_NOBODY}))


def take(session: AnySession, tenant: str, rows: Sequence[StoredRow]) -> None:
    """Write rows as they are. The caller holds the write lock and commits."""
    log = _Log(session, tenant)
    for row in rows:
        if isinstance(row, LogRow):
            log.take(sound(row))
        elif isinstance(row, DocumentRow):
            session.execute(SET_DOCUMENT, (tenant, *row))
        elif isinstance(row, CounterRow):
            session.execute(_SET_COUNTER, (tenant, *row))
        elif isinstance(row, TimerRow):
            session.execute(_SET_TIMER, (tenant, *row))
        elif row.passed:
            position = session.execute(_NTH, (tenant, row.passed - 1)).fetchone()
            if position is not None:
                session.execute(_SET_CONSUMER, (tenant, row.name, position[0]))
        else:
            session.execute(_SET_CONSUMER, (tenant, row.name, 0))


class _Log:
    """The ends of the log, where rows are taken in: positions upwards, ids without events downwards."""

    __slots__ = ("_first", "_last", "_session", "_tenant")

    def __init__(self, session: AnySession, tenant: str) -> None:
        self._session = session
        self._tenant = tenant
        first, last = session.execute("select min(pos), max(pos) from ordercore_log").fetchone()
        self._first, self._last = min(first, 0), max(last, 0)

    def take(self, row: LogRow) -> None:
        """Put it at the end, unless it is there. Raises BrokenRule."""
        known = self._session.execute(_KNOWN, (self._tenant, row.command_id, row.part)).fetchone()
        if known is not None:
            if not row.same_as(_log_row(known)):
                raise another(row)
            return
        if row.stream is None:
            self._first -= 1
            position = self._first
        else:
            if head_of(self._session, self._tenant, row.stream) != row.version - 1:
                raise another(row)
            position = self._last + 1
            # Behind a stub there is room for the rows that it stands for: they may come back.
            self._last += max(1, -row.size)
        insert_log(self._session, self._tenant, position, row)


def insert_log(session: AnySession, tenant: str, position: int, row: LogRow) -> None:
    """Write a log row at a position."""
    session.execute(_INSERT, (tenant, position, *row[1:]))


def clear(session: AnySession, tenant: str, keep: str) -> None:
    """Forget all but the log and the documents of a kind. The caller holds the write lock and commits."""
    session.execute("delete from ordercore_document where tenant = ? and kind <> ?", (tenant, keep))
    for table in ("ordercore_counter", "ordercore_timer", "ordercore_consumer"):
        session.execute(f"delete from {table} where tenant = ?", (tenant,))  # a name from above


def rebuild(reading: Reading, rows: Writing, wanted: dict[RowKey, list[int]]) -> None:
    """Set every row to what it is wanted to be, nothing where nothing is. The caller holds the write lock and commits."""
    session = reading.session
    for key, _ in SQLiteExport(session.cursor.connection, reading.tenant).balances():
        wanted.setdefault(key, [0] * WIDTH)
    for key in sorted(wanted):
        rows.put(key, wanted[key])
