"""Streams that leave the tables for an archive, and come back. Rules S21 of docs/stores.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, Final
from zlib import crc32

from ordercore.store.archived import ARCHIVE, Back, Cut, before
from ordercore.store.result import Conflicted
from ordercore.store.transfer import LogRow, sound
from ordercore_postgres.cursors import Position, cursor_of, position_of
from ordercore_postgres.steps import Ask, Operation
from ordercore_postgres.transfer import INSERT, REPLACE, SET_DOCUMENTS, as_line
from ordercore_postgres.work import as_json

# Who appends holds the other side of this lock from before the look at the head of the stream (`ordercore_commit`), so
# that nobody appends to what is leaving.
_LOCK: Final = "lock table ordercore_log in share row exclusive mode"
# Whoever comes to write while it waits, for a transaction of a host's that is open long, waits behind it: so not for long,
# and then again (`transfer.alone`).
_PATIENCE: Final = "set local lock_timeout = '100ms'"
_HEADS: Final = """select h.stream, l.version + l.count - 1, l.epoch, l.xid::text::bigint, l.pos
from unnest(%(streams)s::text[]) with ordinality h (stream, i) cross join lateral (
    select * from ordercore_log l where l.tenant = %(t)s and l.stream = h.stream order by l.version desc limit 1
) l order by h.i"""
_LAST: Final = """select l.epoch, l.xid::text::bigint, l.pos, (select e.epoch from ordercore_epoch e),
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint
from ordercore_log l where l.tenant = %(t)s and l.stream is not null order by l.epoch desc, l.xid desc, l.pos desc limit 1"""
_BEHIND: Final = """select name, cursor from ordercore_consumer
where tenant = %(t)s and name <> %(archive)s and cursor < %(cursor)s order by name limit 1 for share"""
_REVISIONS: Final = """select o.kind, o.key, o.revision from unnest(%(kinds)s::text[], %(keys)s::text[]) w (kind, key)
join ordercore_document o on o.tenant = %(t)s and o.kind = w.kind and o.key = w.key order by o.kind, o.key for update of o"""
_STUB: Final = """update ordercore_log set count = -(s->>1)::integer, events = %(segment)s, crc = %(crc)s
from jsonb_array_elements(%(rows)s::jsonb) s where tenant = %(t)s and stream = s->>0 and version = 1"""
_REST: Final = "delete from ordercore_log where tenant = %(t)s and stream = any(%(streams)s::text[]) and version > 1"
_DELETE: Final = """delete from ordercore_document o using unnest(%(kinds)s::text[], %(keys)s::text[]) w (kind, key)
where o.tenant = %(t)s and o.kind = w.kind and o.key = w.key"""
_PASSED: Final = """insert into ordercore_consumer as c (tenant, name, cursor) values (%(t)s, %(archive)s, %(cursor)s)
on conflict (tenant, name) do update set cursor = greatest(c.cursor, excluded.cursor)"""
_LATEST: Final = """insert into ordercore_counter as c (tenant, name, value) values (%(t)s, %(archive)s, %(latest)s)
on conflict (tenant, name) do update set value = greatest(c.value, excluded.value)"""
_FIND_STUB: Final = """select epoch, xid::text::bigint, pos, count, events from ordercore_log
where tenant = %(t)s and stream = %(stream)s and version = 1 for update"""
_FILL_STUB: Final = """update ordercore_log set count = %(count)s, events = %(events)s, crc = %(crc)s
where tenant = %(t)s and stream = %(stream)s and version = 1"""


def archive(tenant: str, cut: Cut) -> Operation[Conflicted | None]:
    """Take away what leaves, or say what is in the way. The caller holds the transaction, and commits or undoes."""
    yield Ask(_PATIENCE)
    yield Ask(_LOCK)
    heads = {row[0]: row[1:] for row in (yield Ask(_HEADS, {"t": tenant, "streams": list(cut.heads)}))}
    greatest = Position(0, 0, 0)
    for stream, size in cut.heads.items():
        head, *where = heads.get(stream, (0, 0, 0, 0))
        if head != size:
            return Conflicted(stream, size, abs(head))
        greatest = max(greatest, Position(*where))
    conflict = yield from _in_the_way(tenant, cut, greatest)
    if conflict is not None:
        return conflict
    rows = as_json([[stream, size] for stream, size in cut.heads.items()])
    yield Ask(_STUB, {"t": tenant, "rows": rows, "segment": cut.segment, "crc": crc32(cut.segment.encode())})
    yield Ask(_REST, {"t": tenant, "streams": list(cut.heads)})
    yield from _delete(tenant, cut.documents)
    yield Ask(SET_DOCUMENTS + REPLACE, {"t": tenant, "rows": as_json([list(record) for record in cut.records])})
    yield Ask(_PASSED, {"t": tenant, "archive": ARCHIVE, "cursor": greatest.text()})
    yield Ask(_LATEST, {"t": tenant, "archive": ARCHIVE, "latest": cut.latest})
    return None


def _in_the_way(tenant: str, cut: Cut, greatest: Position) -> Operation[Conflicted | None]:
    for *last, epoch, oldest in (yield Ask(_LAST, {"t": tenant})):
        # As embedded stores: the end of the log stays. And what an older transaction may still come before does not
        # leave, for a follower that begins behind what left would never see it.
        if greatest >= Position(*last) or greatest >= Position(epoch, oldest, 0):
            return Conflicted("log", greatest.pos + 1, last[2])
    parameters = {"t": tenant, "archive": ARCHIVE, "cursor": greatest.text()}
    for name, cursor in (yield Ask(_BEHIND, parameters)):
        return Conflicted(name, greatest.pos, position_of(cursor).pos)
    return (yield from _changed(tenant, (*cut.documents, *before(cut.records))))


def restore(tenant: str, back: Back) -> Operation[Conflicted | None]:
    """Put back what comes back, or say what is in the way. The caller holds the transaction, and commits or undoes."""
    conflict = yield from _changed(tenant, (back.expected, *back.deletes, *before(back.puts)))
    if conflict is not None:
        return conflict
    for _, group in groupby(back.rows, key=attrgetter("stream")):
        conflict = yield from _fill(tenant, back.segment, list(group))
        if conflict is not None:
            return conflict
    yield Ask(SET_DOCUMENTS + "nothing", {"t": tenant, "rows": as_json([list(row) for row in back.documents])})
    yield from _delete(tenant, back.deletes)
    yield Ask(SET_DOCUMENTS + REPLACE, {"t": tenant, "rows": as_json([list(put) for put in back.puts])})
    return None


def _fill(tenant: str, segment: str, rows: Sequence[LogRow]) -> Operation[Conflicted | None]:
    first, size = rows[0], sum(row.size for row in rows)
    found = yield Ask(_FIND_STUB, {"t": tenant, "stream": first.stream})
    if not found or found[0][3] != -size or found[0][4] != segment:
        return Conflicted(first.stream or "", -size, abs(found[0][3]) if found else 0)
    epoch, xid, pos, _, _ = found[0]
    filling = {"count": first.size, "events": first.events, "crc": sound(first).crc}
    yield Ask(_FILL_STUB, {"t": tenant, "stream": first.stream, **filling})
    # Where they were, if the stub is where it was; in a copy of the store behind it, with numbers of their own.
    same = first.position == cursor_of(epoch, xid, pos)
    lines = [
        as_line(sound(row), position_of(row.position) if same and row.position is not None else (epoch, xid, None))
        for row in rows[1:]
    ]
    if lines:
        yield Ask(INSERT, {"t": tenant, "rows": as_json(lines)})
    return None


def _changed(tenant: str, expected: Iterable[tuple[str, str, int]]) -> Operation[Conflicted | None]:
    wanted = list(expected)
    names = {"kinds": [kind for kind, _, _ in wanted], "keys": [key for _, key, _ in wanted]}
    there: dict[tuple[str, str], int] = {
        (kind, key): revision for kind, key, revision in (yield Ask(_REVISIONS, {"t": tenant, **names}))
    }
    for kind, key, revision in wanted:
        if (actual := there.get((kind, key), 0)) != revision:
            return Conflicted(f"{kind}/{key}", revision, actual)
    return None


def _delete(tenant: str, documents: Iterable[tuple[Any, ...]]) -> Operation[None]:
    names = [(kind, key) for kind, key, *_ in documents]
    if names:
        yield Ask(_DELETE, {"t": tenant, "kinds": [kind for kind, _ in names], "keys": [key for _, key in names]})
