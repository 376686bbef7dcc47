"""One snapshot of a tenant, row by row, on a connection of its own. Rules S20 of docs/stores.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any, Final, TypeVar

import psycopg

from ordercore.store.posting import BUCKETS, Row, RowKey
from ordercore.store.transfer import ConsumerRow, CounterRow, Counts, DocumentRow, LogRow, TimerRow
from ordercore.values import Cursor, Place, Sku, Stream
from ordercore_postgres.connections import execute
from ordercore_postgres.cursors import cursor_of, position_of
from ordercore_postgres.faults import translated
from ordercore_postgres.steps import Ask
from ordercore_postgres.transfer import LOG_COLUMNS, log_row

R = TypeVar("R")

PAGE: Final = 2_000
"""Rows that are held in memory."""

_ROWS: Final = f"select {LOG_COLUMNS} from ordercore_log l where l.tenant = %(t)s"
_BEHIND: Final = "(l.epoch, l.xid, l.pos) > (%(epoch)s, %(xid)s::xid8, %(pos)s)"
_LOG: Final = f"{_ROWS} and l.stream is not null and {_BEHIND} order by l.epoch, l.xid, l.pos"
_SETTLED: Final = "select epoch, pg_snapshot_xmin(pg_current_snapshot())::text::bigint from ordercore_epoch"
_IDS: Final = f"{_ROWS} and l.stream is null order by l.command"
_STREAMS: Final = f"""select {LOG_COLUMNS} from unnest(%(streams)s::text[]) with ordinality s (stream, i)
cross join lateral (select * from ordercore_log l where l.tenant = %(t)s and l.stream = s.stream offset 0) l
order by s.i, l.version"""
_DOCUMENTS: Final = """select kind, key, revision, tag, sort, body from ordercore_document where tenant = %(t)s
and (%(kind)s::text is null or kind = %(kind)s::text) and (%(key)s::text is null or key = %(key)s::text)"""
_COUNTERS: Final = "select name, value from ordercore_counter where tenant = %(t)s and value > 0"
_TIMERS: Final = "select kind, key, due from ordercore_timer where tenant = %(t)s"
_CONSUMERS: Final = "select name, cursor from ordercore_consumer where tenant = %(t)s"
_PASSED: Final = f"""select count(*) from ordercore_log l
where l.tenant = %(t)s and l.stream is not null and not {_BEHIND}"""
_BALANCES: Final = f"select sku, place, lot, owner, {', '.join(BUCKETS)} from ordercore_position where tenant = %(t)s"
_COUNTS: Final = """select
    (select count(*) from ordercore_log where tenant = %(t)s and stream is not null),
    (select count(*) from ordercore_log where tenant = %(t)s and stream is null),
    (select count(*) from ordercore_document where tenant = %(t)s),
    (select count(*) from ordercore_counter where tenant = %(t)s and value > 0),
    (select count(*) from ordercore_timer where tenant = %(t)s),
    (select count(*) from ordercore_consumer where tenant = %(t)s)"""


class PostgresExport:
    """What is read is read as of one moment, in any order, also side by side; memory stays small."""

    __slots__ = ("_connection", "_names", "_shown", "_tenant")

    def __init__(self, connection: psycopg.Connection[Any], tenant: str, shown: str) -> None:
        self._connection = connection
        self._tenant = tenant
        self._shown = shown
        self._names = count()

    def counts(self) -> Counts:
        """How many rows there are."""
        return Counts(*self._all(_COUNTS)[0])

    def log(self, after: Cursor | None = None) -> Iterator[LogRow]:
        """Log rows behind a cursor, in order."""
        epoch, xid, pos = position_of(after)
        return self._each(log_row, _LOG, epoch=epoch, xid=str(xid), pos=pos)

    def settled(self) -> Cursor | None:
        """Where the oldest transaction would stand that was open when the snapshot was made."""
        epoch, xid = self._all(_SETTLED)[0]
        return cursor_of(epoch, xid, 0)

    def ids(self) -> Iterator[LogRow]:
        """Commands without events."""
        return self._each(log_row, _IDS)

    def streams(self, names: Sequence[Stream]) -> Iterator[LogRow]:
        """All rows of these streams."""
        return self._each(log_row, _STREAMS, streams=list(names))

    def documents(self, kind: str | None = None) -> Iterator[DocumentRow]:
        """Documents."""
        return self._each(DocumentRow._make, _DOCUMENTS, kind=kind, key=None)

    def document(self, kind: str, key: str) -> DocumentRow | None:
        """One document."""
        return next((DocumentRow._make(row) for row in self._all(_DOCUMENTS, kind=kind, key=key)), None)

    def counters(self) -> Iterator[CounterRow]:
        """Counters."""
        return self._each(CounterRow._make, _COUNTERS)

    def timers(self) -> Iterator[TimerRow]:
        """Timers."""
        return self._each(TimerRow._make, _TIMERS)

    def consumers(self) -> Iterator[ConsumerRow]:
        """Followers."""
        for name, cursor in self._all(_CONSUMERS):
            epoch, xid, pos = position_of(Cursor(cursor))
            yield ConsumerRow(name, self._all(_PASSED, epoch=epoch, xid=str(xid), pos=pos)[0][0])

    def balances(self) -> Iterator[tuple[RowKey, Row]]:
        """Rows of stock."""
        return self._each(_balance, _BALANCES)

    def _all(self, text: str, **parameters: object) -> Sequence[Sequence[Any]]:
        ask = Ask(text, {"t": self._tenant, **parameters})
        return execute(self._connection.cursor(), ask, self._shown, prepare=False)

    def _each(self, made: Callable[[Sequence[Any]], R], text: str, **parameters: object) -> Iterator[R]:
        with (
            _translating(self._connection, self._shown),
            self._connection.cursor(name=f"ordercore_export_{next(self._names)}") as cursor,
        ):
            cursor.itersize = PAGE
            cursor.execute(text, {"t": self._tenant, **parameters})
            for row in cursor:
                yield made(row)


def _balance(row: Sequence[Any]) -> tuple[RowKey, Row]:
    sku, place, lot, owner, *figures = row
    return (Sku(sku), Place(place), lot, owner), tuple(figures)


@contextmanager
def _translating(connection: psycopg.Connection[Any], shown: str) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise translated(error, shown, broken=connection.closed, sent=True) from error


@contextmanager
def exporting(connection: psycopg.Connection[Any], tenant: str, shown: str) -> Iterator[PostgresExport]:
    """A snapshot on this connection, which is closed in the end."""
    try:
        execute(connection.cursor(), Ask("begin isolation level repeatable read read only"), shown, prepare=False)
        yield PostgresExport(connection, tenant, shown)
    finally:
        connection.close()
