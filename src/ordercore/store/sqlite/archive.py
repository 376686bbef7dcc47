"""Streams that leave a file of SQLite for an archive, and come back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter
from typing import Final
from zlib import crc32

from ordercore.store.archived import ARCHIVE, Back, Cut, before
from ordercore.store.result import Conflicted
from ordercore.store.sqlite.lent import AnySession
from ordercore.store.sqlite.transfer import SET_DOCUMENT, insert_log
from ordercore.store.sqlite.write import head_of
from ordercore.store.transfer import LogRow, sound

_REVISION: Final = "select revision from ordercore_document where tenant = ? and kind = ? and key = ?"
_NEWEST: Final = "select max(pos) from ordercore_log where tenant = ? and stream = ?"
_BEHIND: Final = """select name, position from ordercore_consumer
    where tenant = ? and name <> ? and position < ? order by name limit 1"""
_STUB: Final = """update ordercore_log set count = ?, events = ?, crc = ?
    where tenant = ? and stream = ? and version = 1"""
_REST: Final = "delete from ordercore_log where tenant = ? and stream = ? and version > 1"
_DELETE: Final = "delete from ordercore_document where tenant = ? and kind = ? and key = ?"
_PASSED: Final = """insert into ordercore_consumer (tenant, name, position) values (?, ?, ?)
    on conflict do update set position = max(position, excluded.position)"""
_LATEST: Final = """insert into ordercore_counter (tenant, name, value) values (?, ?, ?)
    on conflict do update set value = max(value, excluded.value)"""
_FIND_STUB: Final = "select pos, count, events from ordercore_log where tenant = ? and stream = ? and version = 1"
_FILL_STUB: Final = "update ordercore_log set count = ?, events = ?, crc = ? where pos = ?"
_KEEP_DOCUMENT: Final = SET_DOCUMENT.replace("insert or replace", "insert or ignore")


def archive(session: AnySession, tenant: str, cut: Cut) -> Conflicted | None:
    """Take away what leaves, or say what is in the way. The caller holds the write lock, and commits or undoes."""
    greatest = 0
    for stream, size in cut.heads.items():
        if (head := head_of(session, tenant, stream)) != size:
            return Conflicted(stream, size, abs(head))
        greatest = max(greatest, session.execute(_NEWEST, (tenant, stream)).fetchone()[0])
    for conflict in _in_the_way(session, tenant, cut, greatest):
        return conflict
    crc = crc32(cut.segment.encode())
    session.executemany(_STUB, [(-size, cut.segment, crc, tenant, stream) for stream, size in cut.heads.items()])
    session.executemany(_REST, [(tenant, stream) for stream in cut.heads])
    session.executemany(_DELETE, [(tenant, kind, key) for kind, key, _ in cut.documents])
    session.executemany(SET_DOCUMENT, [(tenant, *record) for record in cut.records])
    session.execute(_PASSED, (tenant, ARCHIVE, greatest))
    session.execute(_LATEST, (tenant, ARCHIVE, cut.latest))
    return None


def _in_the_way(session: AnySession, tenant: str, cut: Cut, greatest: int) -> Iterator[Conflicted]:
    last = session.execute("select max(pos) from ordercore_log").fetchone()[0]
    if greatest >= last:
        # SQLite would give the position out again, and a follower that has passed it would miss what stands there.
        yield Conflicted("log", greatest + 1, last)
    behind = session.execute(_BEHIND, (tenant, ARCHIVE, greatest)).fetchone()
    if behind is not None:
        yield Conflicted(behind[0], greatest, behind[1])
    yield from _changed(session, tenant, (*cut.documents, *before(cut.records)))


def restore(session: AnySession, tenant: str, back: Back) -> Conflicted | None:
    """Put back what comes back, or say what is in the way. The caller holds the write lock, and commits or undoes."""
    for conflict in _changed(session, tenant, (back.expected, *back.deletes, *before(back.puts))):
        return conflict
    for _, group in groupby(back.rows, key=attrgetter("stream")):
        if (refused := _fill(session, tenant, back.segment, list(group))) is not None:
            return refused
    session.executemany(_KEEP_DOCUMENT, [(tenant, *document) for document in back.documents])
    session.executemany(_DELETE, [(tenant, kind, key) for kind, key, _ in back.deletes])
    session.executemany(SET_DOCUMENT, [(tenant, *put) for put in back.puts])
    return None


def _fill(session: AnySession, tenant: str, segment: str, rows: list[LogRow]) -> Conflicted | None:
    first, size = rows[0], sum(row.size for row in rows)
    found = session.execute(_FIND_STUB, (tenant, first.stream)).fetchone()
    if found is None or found[1] != -size or found[2] != segment:
        return Conflicted(first.stream or "", -size, abs(found[1]) if found is not None else 0)
    position = found[0]
    session.execute(_FILL_STUB, (first.size, first.events, sound(first).crc, position))
    for nth, row in enumerate(rows[1:], 1):
        insert_log(session, tenant, position + nth if row.position is None else int(row.position), sound(row))
    return None


def _changed(session: AnySession, tenant: str, expected: Iterable[tuple[str, str, int]]) -> Iterator[Conflicted]:
    for kind, key, revision in expected:
        if (actual := _revision(session, tenant, kind, key)) != revision:
            yield Conflicted(f"{kind}/{key}", revision, actual)


def _revision(session: AnySession, tenant: str, kind: str, key: str) -> int:
    row = session.execute(_REVISION, (tenant, kind, key)).fetchone()
    return row[0] if row is not None else 0
