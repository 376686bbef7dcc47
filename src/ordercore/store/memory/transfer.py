"""Rows out of the memory store and into it: objects are written and read by the codec on the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from zlib import crc32

from ordercore.errors import StoreError
from ordercore.message import Context, Event
from ordercore.store.batch import SetTimer
from ordercore.store.contract import EventCodec
from ordercore.store.memory.shelf import Shelf
from ordercore.store.memory.tenant import Entry, Record, Tenant
from ordercore.store.posting import Row, RowKey
from ordercore.store.query import Document
from ordercore.store.scalars import micros_of, moment_of, position_of
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
)
from ordercore.values import CommandId, Cursor, Stream


def counts(kept: Tenant) -> Counts:
    """How many rows there are."""
    return Counts(
        sum(entry is not None for entry in kept.log),
        sum(not record.entries for record in kept.records.values()),
        sum(len(shelf.documents) for shelf in kept.shelves.values()),
        len(kept.counters),
        len(kept.timers),
        len(kept.consumers),
    )


class MemoryExport:
    """What was there when it was asked for; objects never change, so that their references are the snapshot."""

    __slots__ = (
        "_balances",
        "_codec",
        "_consumers",
        "_counters",
        "_counts",
        "_documents",
        "_ids",
        "_log",
        "_streams",
        "_timers",
    )

    def __init__(self, kept: Tenant) -> None:
        self._codec = codec_of(kept)
        self._counts = counts(kept)
        self._log = list(kept.log)
        """Rows by position, None where one has left."""
        self._ids = [record for record in kept.records.values() if not record.entries]
        self._streams = {name: list(entries) for name, entries in kept.streams.items()}
        self._documents = {kind: dict(shelf.documents) for kind, shelf in kept.shelves.items()}
        self._counters = dict(kept.counters)
        self._timers = kept.timers.listed()
        self._consumers = dict(kept.consumers)
        self._balances = [(key, tuple(row)) for key, row in kept.rows.items()]

    def counts(self) -> Counts:
        """How many rows there are."""
        return self._counts

    def log(self, after: Cursor | None = None) -> Iterator[LogRow]:
        """Log rows behind a cursor, in order."""
        for entry in self._log[max(position_of(after), 0) :]:
            if entry is not None:
                yield self._row(entry)

    def settled(self) -> Cursor | None:
        """All of it is: what is written later goes behind it."""
        return None

    def ids(self) -> Iterator[LogRow]:
        """Commands without events."""
        for record in self._ids:
            yield _row(self._codec, record, None)

    def streams(self, names: Sequence[Stream]) -> Iterator[LogRow]:
        """All rows of these streams."""
        for name in names:
            for entry in self._streams.get(name, ()):
                yield self._row(entry)

    def documents(self, kind: str | None = None) -> Iterator[DocumentRow]:
        """Documents."""
        for name, documents in self._documents.items():
            if kind is None or name == kind:
                for document in documents.values():
                    yield self._document(document)

    def document(self, kind: str, key: str) -> DocumentRow | None:
        """One document."""
        found = self._documents.get(kind, {}).get(key)
        return self._document(found) if found is not None else None

    def counters(self) -> Iterator[CounterRow]:
        """Counters."""
        return (CounterRow(name, value) for name, value in self._counters.items())

    def timers(self) -> Iterator[TimerRow]:
        """Timers."""
        return (TimerRow(kind, key, micros_of(due)) for kind, key, due in self._timers)

    def consumers(self) -> Iterator[ConsumerRow]:
        """Followers."""
        for name, cursor in self._consumers.items():
            yield ConsumerRow(name, sum(entry is not None for entry in self._log[: int(cursor)]))

    def balances(self) -> Iterator[tuple[RowKey, Row]]:
        """Rows of stock."""
        return iter(self._balances)

    def _document(self, document: Document) -> DocumentRow:
        kind, key, revision, body, tag, sort = document
        return DocumentRow(kind, key, revision, tag, sort, self._codec.dump_document(body))

    def _row(self, entry: Entry) -> LogRow:
        return _row(self._codec, entry.record, entry)


def _row(codec: EventCodec, record: Record, entry: Entry | None) -> LogRow:
    """The row that an entry would be, or that a record without entries would be."""
    command, context = record.command, record.context
    text = codec.dump_events(entry.events) if entry is not None else ""
    size = len(entry.events) if entry is not None else 0
    if entry is not None and entry.archived:
        text, size = entry.archived, -entry.last
    return LogRow(
        Cursor(str(entry.position)) if entry is not None else None,
        record.command_id,
        record.entries.index(entry) if entry is not None else 0,
        command if isinstance(command, bytes) else codec.fingerprint(command),
        entry.stream if entry is not None else None,
        entry.first if entry is not None else 0,
        size,
        micros_of(context.now), micros_of(context.effective), context.actor, context.cause, context.correlation,
        crc32(text.encode()) if text else 0, text,
    )  # fmt: skip


def take(kept: Tenant, rows: Sequence[StoredRow]) -> None:
    """Write rows as they are; the caller holds the lock. Whatever may be refused is read before anything is written."""
    codec = codec_of(kept)
    made = _read_log(kept, [sound(row) for row in rows if isinstance(row, LogRow)])
    documents = [
        Document(row.kind, row.key, row.revision, codec.load_document(row.body), row.tag, row.sort)
        for row in rows
        if isinstance(row, DocumentRow)
    ]
    for record, taken, events in made:
        _append(kept, record, taken, events)
    for document in documents:
        kept.shelves.setdefault(document.kind, Shelf()).put(document)
    for row in rows:
        if isinstance(row, CounterRow):
            kept.counters[row.name] = row.value
        elif isinstance(row, TimerRow):
            kept.timers.change(SetTimer(row.kind, row.key, moment_of(row.due)))
        elif isinstance(row, ConsumerRow):
            here = [entry.position for entry in kept.log if entry is not None][: row.passed]
            kept.consumers[row.name] = Cursor(str(here[-1] if here else 0))


_Made = tuple[Record, LogRow, tuple[Event, ...]]


def _read_log(kept: Tenant, rows: Sequence[LogRow]) -> list[_Made]:
    codec = codec_of(kept)
    made: list[_Made] = []
    records: dict[CommandId, Record] = {}
    heads: dict[Stream, int] = {}
    known: dict[tuple[CommandId, int], LogRow] = {}
    for row in rows:
        there = known.get((row.command_id, row.part)) or _known(kept, row)
        if there is not None:
            if not row.same_as(there):
                raise another(row)
            continue
        known[row.command_id, row.part] = row
        events = codec.load_events(row.events) if row.size > 0 else ()
        if row.stream is not None:
            if heads.get(row.stream, kept.head(row.stream)) != row.version - 1:
                raise another(row)
            heads[row.stream] = row.version + abs(row.size) - 1
        record = kept.records.get(row.command_id) or records.get(row.command_id)
        if record is None:
            context = Context(
                row.command_id, moment_of(row.at), moment_of(row.effective), row.actor, row.cause, row.correlation
            )
            record = records[row.command_id] = Record(row.command_id, row.fingerprint, context)
        made.append((record, row, events))
    return made


def _known(kept: Tenant, row: LogRow) -> LogRow | None:
    record = kept.records.get(row.command_id)
    if record is None:
        return None
    codec = codec_of(kept)
    if row.part < len(record.entries) and record.entries[row.part].position:
        return _row(codec, record, record.entries[row.part])
    return None if record.entries else _row(codec, record, None)


def _append(kept: Tenant, record: Record, row: LogRow, events: tuple[Event, ...]) -> None:
    kept.records.setdefault(record.command_id, record)
    if row.stream is None:
        return
    entry = Entry(len(kept.log) + 1, row.stream, row.version, events, record)
    kept.log.append(entry)
    kept.streams.setdefault(row.stream, []).append(entry)
    if row.size < 0:
        entry.archived, entry.last = row.events, -row.size
        # Room for the rows that it stands for: they may come back.
        kept.log += [None] * (entry.last - 1)
    place(record, row.part, entry)


def place(record: Record, part: int, entry: Entry) -> None:
    """Let an entry be the nth part of its record; parts before it that are not here are taken for archived."""
    entries = list(record.entries)
    entries += [Entry(0, entry.stream, 1, (), record) for _ in range(part + 1 - len(entries))]
    entries[part] = entry
    record.entries = tuple(entries)


def clear(kept: Tenant, keep: str) -> None:
    """Forget all but the log and the documents of a kind. The caller holds the lock."""
    kept.shelves = {kind: shelf for kind, shelf in kept.shelves.items() if kind == keep}
    kept.counters.clear()
    kept.consumers.clear()
    kept.timers.forget()


def codec_of(kept: Tenant) -> EventCodec:
    if kept.codec is None:
        raise StoreError(
            "Nobody said how events are written.", reason="no_codec",
            hint="A kernel does it; by hand call store.use_codec(codec) first.",
        )  # fmt: skip
    return kept.codec
