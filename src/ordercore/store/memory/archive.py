"""Streams that leave the memory store for an archive, and come back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter

from ordercore.message import Context
from ordercore.store.archived import ARCHIVE, Back, Cut, before
from ordercore.store.memory.shelf import Shelf
from ordercore.store.memory.tenant import Entry, Record, Tenant
from ordercore.store.memory.transfer import codec_of, place
from ordercore.store.query import Document
from ordercore.store.result import Conflicted
from ordercore.store.scalars import moment_of, position_of
from ordercore.store.transfer import DocumentRow, LogRow, sound
from ordercore.values import Cursor


def archive(kept: Tenant, cut: Cut) -> Conflicted | None:
    """Take away what leaves, or say what is in the way. The caller holds the lock."""
    for conflict in _in_the_way(kept, cut):
        return conflict
    records = [_read(kept, record) for record in cut.records]
    greatest = _greatest(kept, cut)
    for stream in cut.heads:
        first, *others = kept.streams[stream]
        first.last = others[-1].last if others else first.last
        first.events, first.archived = (), cut.segment
        kept.streams[stream] = [first]
        for entry in others:
            kept.log[entry.position - 1] = None
            entry.position, entry.events = 0, ()
            if not any(part.position for part in entry.record.entries):
                del kept.records[entry.record.command_id]
    for kind, key, _ in cut.documents:
        kept.shelves[kind].remove(key)
    for document in records:
        _set(kept, document)
    kept.consumers[ARCHIVE] = Cursor(str(max(greatest, position_of(kept.consumers.get(ARCHIVE)))))
    kept.counters[ARCHIVE] = max(cut.latest, kept.counters.get(ARCHIVE, 0))
    return None


def _greatest(kept: Tenant, cut: Cut) -> int:
    return max((kept.streams[stream][-1].position for stream in cut.heads), default=0)


def _in_the_way(kept: Tenant, cut: Cut) -> Iterator[Conflicted]:
    for stream, size in cut.heads.items():
        if (head := kept.head(stream)) != size or kept.segment_of(stream):
            yield Conflicted(stream, size, head)
    greatest = _greatest(kept, cut)
    if greatest >= len(kept.log):
        yield Conflicted("log", greatest + 1, len(kept.log))
    for name, cursor in sorted(kept.consumers.items()):
        if name != ARCHIVE and position_of(cursor) < greatest:
            yield Conflicted(name, greatest, position_of(cursor))
    yield from _changed(kept, (*cut.documents, *before(cut.records)))


def _changed(kept: Tenant, expected: Iterable[tuple[str, str, int]]) -> Iterator[Conflicted]:
    for kind, key, revision in expected:
        if (actual := kept.revision(kind, key)) != revision:
            yield Conflicted(f"{kind}/{key}", revision, actual)


def restore(kept: Tenant, back: Back) -> Conflicted | None:
    """Put back what comes back, or say what is in the way. The caller holds the lock."""
    for conflict in _changed(kept, (back.expected, *back.deletes, *before(back.puts))):
        return conflict
    groups = [list(group) for _, group in groupby(back.rows, key=attrgetter("stream"))]
    for rows in groups:
        stream, size = rows[0].stream, sum(row.size for row in rows)
        if stream is None or kept.head(stream) != size or kept.segment_of(stream) != back.segment:
            return Conflicted(stream or "", -size, kept.head(stream) if stream is not None else 0)
    codec = codec_of(kept)
    made = [[(row, codec.load_events(sound(row).events)) for row in rows] for rows in groups]
    documents = [_read(kept, document) for document in back.documents]
    puts = [_read(kept, put) for put in back.puts]
    for group in made:
        (first, events), *others = group
        assert first.stream is not None  # noqa: S101  # looked at above
        stub = kept.streams[first.stream][0]
        stub.events, stub.archived, stub.last = events, "", first.size
        for nth, (row, its) in enumerate(others, 1):
            position = stub.position + nth if row.position is None else position_of(row.position)
            entry = Entry(position, first.stream, row.version, its, _record(kept, row))
            kept.log[entry.position - 1] = entry
            kept.streams[first.stream].append(entry)
            place(entry.record, row.part, entry)
    for document in documents:
        if not kept.revision(document.kind, document.key):
            _set(kept, document)
    for kind, key, _ in back.deletes:
        if kind in kept.shelves:
            kept.shelves[kind].remove(key)
    for put in puts:
        _set(kept, put)
    return None


def _record(kept: Tenant, row: LogRow) -> Record:
    record = kept.records.get(row.command_id)
    if record is None:
        context = Context(
            row.command_id, moment_of(row.at), moment_of(row.effective), row.actor, row.cause, row.correlation
        )
        record = kept.records[row.command_id] = Record(row.command_id, row.fingerprint, context)
    return record


def _read(kept: Tenant, row: DocumentRow) -> Document:
    return Document(row.kind, row.key, row.revision, codec_of(kept).load_document(row.body), row.tag, row.sort)


def _set(kept: Tenant, document: Document) -> None:
    kept.shelves.setdefault(document.kind, Shelf()).put(document)
