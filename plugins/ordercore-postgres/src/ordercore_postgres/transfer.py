"""Rows into the tables as they are kept: what copying and restoring are made of. Rules S20 of docs/stores.md."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any, Final, TypeVar

from ordercore.store.archived import CARRIED, Carried
from ordercore.store.posting import BUCKETS, postings_in
from ordercore.store.result import CommitResult, Committed, Conflicted
from ordercore.store.transfer import (
    ConsumerRow,
    CounterRow,
    DocumentRow,
    LogRow,
    StoredRow,
    TimerRow,
    another,
    sound,
)
from ordercore.store.verify import Rebuild
from ordercore.values import CommandId, Stream
from ordercore_postgres.audit import DECLARE_LOG, Log, declared
from ordercore_postgres.core import Again, Operations
from ordercore_postgres.cursors import START, Position, cursor_of
from ordercore_postgres.reading import Reading
from ordercore_postgres.steps import Ask, Disturbed, Operation
from ordercore_postgres.work import as_json

T = TypeVar("T")

LOG_COLUMNS: Final = (
    "l.epoch, l.xid::text::bigint, l.pos, l.command, l.part, l.fingerprint, l.stream, l.version, l.count, l.at, l.effective,"
    " l.actor, l.cause, l.correlation, l.crc, l.events"
)
_KNOWN: Final = (
    f"select {LOG_COLUMNS} from ordercore_log l where l.tenant = %(t)s and l.command = any(%(commands)s::text[])"
)
_ENDS: Final = """select h.stream, l.version + l.count - 1 from unnest(%(streams)s::text[]) h (stream) cross join lateral (
    select l.version, l.count from ordercore_log l where l.tenant = %(t)s and l.stream = h.stream
    order by l.version desc limit 1
) l"""
INSERT: Final = """insert into ordercore_log (
    tenant, command, part, epoch, xid, pos, fingerprint, stream, version, count, at, effective, actor, cause, correlation,
    crc, events
)
select %(t)s, r->>0, (r->>1)::integer, coalesce((r->>13)::integer, (select epoch from ordercore_epoch)),
    coalesce((r->>14)::xid8, pg_current_xact_id()), coalesce((r->>15)::bigint, nextval('ordercore_log_position')),
    decode(r->>2, 'hex'), r->>3, (r->>4)::integer, (r->>5)::integer, (r->>6)::bigint, (r->>7)::bigint, r->>8, r->>9, r->>10,
    (r->>11)::bigint, r->>12
from jsonb_array_elements(%(rows)s::jsonb) r"""
SET_DOCUMENTS: Final = """insert into ordercore_document (tenant, kind, key, revision, tag, sort, body)
select %(t)s, d->>0, d->>1, (d->>2)::integer, d->>3, d->>4, d->>5 from jsonb_array_elements(%(rows)s::jsonb) d
on conflict (tenant, kind, key) do """
REPLACE: Final = (
    "update set revision = excluded.revision, tag = excluded.tag, sort = excluded.sort, body = excluded.body"
)
_SET_COUNTERS: Final = """insert into ordercore_counter (tenant, name, value)
select %(t)s, d->>0, (d->>1)::bigint from jsonb_array_elements(%(rows)s::jsonb) d
on conflict (tenant, name) do update set value = excluded.value"""
_SET_TIMERS: Final = """insert into ordercore_timer (tenant, kind, key, due)
select %(t)s, d->>0, d->>1, (d->>2)::bigint from jsonb_array_elements(%(rows)s::jsonb) d
on conflict (tenant, kind, key) do update set due = excluded.due, fence = 0, until = null"""
_NTH: Final = """select epoch, xid::text::bigint, pos from ordercore_log where tenant = %(t)s and stream is not null
order by epoch, xid, pos limit 1 offset %(passed)s"""
_SET_CONSUMER: Final = """insert into ordercore_consumer (tenant, name, cursor) values (%(t)s, %(name)s, %(cursor)s)
on conflict (tenant, name) do update set cursor = excluded.cursor"""
_CLEAR: Final = (
    "delete from ordercore_document where tenant = %(t)s and kind <> %(keep)s",
    "delete from ordercore_counter where tenant = %(t)s",
    "delete from ordercore_timer where tenant = %(t)s",
    "delete from ordercore_consumer where tenant = %(t)s",
)
_CARRIED: Final = "select body from ordercore_document where tenant = %(t)s and kind = %(kind)s"
_EMPTY: Final = "delete from ordercore_position where tenant = %(t)s"
_FILL: Final = f"""insert into ordercore_position (tenant, sku, owner, lot, place, {", ".join(BUCKETS)})
select %(t)s, r->>0, r->>1, r->>2, r->>3, {", ".join(f"(r->>{column})::bigint" for column in range(4, 14))}
from jsonb_array_elements(%(rows)s::jsonb) r"""
_TABLES: Final = (
    "ordercore_log", "ordercore_document", "ordercore_counter", "ordercore_timer", "ordercore_consumer",
    "ordercore_position",
)  # fmt: skip
# By hopping from one to the next in each index: of ten million rows, a handful is looked at.
_TENANTS: Final = " union ".join(
    f"""(with recursive hop as (
        (select tenant from {table} order by tenant limit 1) union all
        select (select o.tenant from {table} o where o.tenant > hop.tenant order by o.tenant limit 1) from hop
        where hop.tenant is not null
    ) select tenant from hop where tenant is not null)"""
    for table in _TABLES
)
_PAGE: Final = 5_000


def alone(operations: Operations, work: Callable[[], Operation[T]], isolation: str = "read committed") -> Operation[T]:
    """Do it in one transaction; again, if others were in the way."""
    again = Again(operations, "own")
    while True:
        try:
            yield Ask(f"begin isolation level {isolation}")
            result = yield from work()
            yield Ask("commit", writes=True)
        except Disturbed as error:
            yield Ask("rollback")
            yield from again.after(error)
        else:
            return result


def or_conflicted(operations: Operations, work: Callable[[], Operation[Conflicted | None]]) -> Operation[CommitResult]:
    """Do it in one transaction, or undo it and say what was in the way."""

    def whole() -> Operation[CommitResult]:
        conflict = yield from work()
        if conflict is not None:
            yield Ask("rollback")
            yield Ask("begin")
            return conflict
        return Committed(None, {})

    return (yield from alone(operations, whole))


def tenants() -> Operation[tuple[str, ...]]:
    """Everybody who has anything, sorted."""
    return tuple(sorted(row[0] for row in (yield Ask(_TENANTS))))


def take(tenant: str, rows: Sequence[StoredRow]) -> Operation[None]:
    """Write rows as they are; neighbours of a kind together. The caller holds the transaction."""
    for kind, group in groupby(rows, key=type):
        some: list[Any] = list(group)
        if kind is LogRow:
            yield from _take_log(tenant, some)
        elif kind is ConsumerRow:
            for row in some:
                yield from _take_consumer(tenant, row)
        else:
            # Of two of one name, the last: one statement writes a row once.
            last = {row[: _KEYS[kind]]: row for row in some}
            yield Ask(_SETS[kind], {"t": tenant, "rows": as_json([list(row) for row in last.values()])})


_KEYS: Final[dict[type, int]] = {DocumentRow: 2, CounterRow: 1, TimerRow: 2}
_SETS: Final[dict[type, str]] = {
    DocumentRow: SET_DOCUMENTS + REPLACE, CounterRow: _SET_COUNTERS, TimerRow: _SET_TIMERS,
}  # fmt: skip


def _take_log(tenant: str, rows: Sequence[LogRow]) -> Operation[None]:
    found = yield Ask(_KNOWN, {"t": tenant, "commands": list({row.command_id for row in rows})})
    known = {(row.command_id, row.part): row for row in map(log_row, found)}
    ends = dict(
        (yield Ask(_ENDS, {"t": tenant, "streams": list({row.stream for row in rows if row.stream is not None})}))
    )
    new = []
    for row in rows:
        there = known.get((row.command_id, row.part))
        if there is not None:
            if not row.same_as(there):
                raise another(row)
            continue
        if row.stream is not None:
            if ends.get(row.stream, 0) != row.version - 1:
                raise another(row)
            ends[row.stream] = row.version + row.size - 1
        known[row.command_id, row.part] = sound(row)
        new.append(as_line(row))
    if new:
        yield Ask(INSERT, {"t": tenant, "rows": as_json(new)})


def as_line(row: LogRow, position: Position | tuple[int, int, None] | None = None) -> list[Any]:
    """A log row as INSERT takes it: at a position, or at the end of the log."""
    epoch, xid, pos = position or (None, None, None)
    return [
        row.command_id, row.part, row.fingerprint.hex(), row.stream, row.version, row.size, row.at, row.effective,
        row.actor, row.cause, row.correlation, row.crc, row.events, epoch, xid, pos,
    ]  # fmt: skip


def log_row(row: Sequence[Any]) -> LogRow:
    """A row of LOG_COLUMNS. Raises Corrupted naming the position of a damaged one."""
    epoch, xid, pos, command, part, fingerprint, stream, *rest = row
    where = cursor_of(epoch, xid, pos) if stream is not None else None
    return sound(
        LogRow(where, CommandId(command), part, bytes(fingerprint), None if stream is None else Stream(stream), *rest)
    )


def _take_consumer(tenant: str, row: ConsumerRow) -> Operation[None]:
    cursor = START.text()
    if row.passed:
        found = yield Ask(_NTH, {"t": tenant, "passed": row.passed - 1})
        if not found:
            return
        cursor = cursor_of(*found[0])
    yield Ask(_SET_CONSUMER, {"t": tenant, "name": row.name, "cursor": cursor})


def clear(tenant: str, keep: str) -> Operation[None]:
    """Forget all but the log and the documents of a kind. The caller holds the transaction."""
    for statement in _CLEAR:
        yield Ask(statement, {"t": tenant, "keep": keep})


def rebuild(reading: Reading) -> Operation[None]:
    """Make the rows of stock anew from the log. The caller holds the transaction, and its snapshot for all of it."""
    tenant, rebuilt = reading.tenant, Rebuild()
    for (body,) in (yield Ask(_CARRIED, {"t": tenant, "kind": CARRIED})):
        carried = reading.codec.load_document(body)
        if isinstance(carried, Carried):
            rebuilt.carry(carried)
    log = Log(lambda row: postings_in(reading.events(row)))
    yield Ask(declared(DECLARE_LOG, tenant))
    while rows := (yield Ask(f"fetch {_PAGE} from ordercore_verify")):
        for effective, postings in log.movements(rows):
            rebuilt.add(effective, postings)
    for effective, postings in log.rest():
        rebuilt.add(effective, postings)
    yield Ask("close ordercore_verify")
    yield Ask(_EMPTY, {"t": tenant})
    for lines in _pages(sorted(rebuilt.rows.items())):
        rows_as = [[sku, owner, lot, place, *figures] for (sku, place, lot, owner), figures in lines]
        yield Ask(_FILL, {"t": tenant, "rows": as_json(rows_as)})


def _pages(items: Sequence[T]) -> Iterable[Sequence[T]]:
    return (items[start : start + _PAGE] for start in range(0, len(items), _PAGE))
