"""All that one tenant has in memory: log, streams, rows, documents, counters, timers and consumers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import add
from typing import Any, Final

from ordercore.errors import BrokenRule
from ordercore.message import Command, Context, Event, Recorded
from ordercore.store.archived import ARCHIVE, CARRIED, Carried, before_archive
from ordercore.store.batch import Batch, DocumentChange, PutDocument, RequireUnits, SetTimer
from ordercore.store.contract import EventCodec
from ordercore.store.guards import floors_of, shortages
from ordercore.store.memory.shelf import Shelf
from ordercore.store.memory.timers import Timers
from ordercore.store.posting import COLUMN, WIDTH, Posting, Row, RowKey, postings_in, rows_of
from ordercore.store.query import (
    RECORDED_BEFORE,
    Document,
    Head,
    Outcome,
    ReadChange,
    ReadCounter,
    ReadDocument,
    ReadDocuments,
    ReadHead,
    ReadLog,
    ReadOffers,
    ReadOutcome,
    ReadPositions,
    ReadStream,
)
from ordercore.store.result import Breach, CommitResult, Committed, Conflicted, Duplicate, Mismatched, Page, Short
from ordercore.store.scalars import MAX_BALANCE, micros_of, position_of
from ordercore.store.verify import Movements, Rebuild, differences, gaps, past_negatives, where
from ordercore.values import CommandId, Cursor, Place, Sku, Stream

NOTHING: Final = (0,) * WIDTH


class Record:
    """One committed batch."""

    __slots__ = ("command", "command_id", "context", "entries")

    def __init__(self, command_id: CommandId, command: Command[Any] | bytes, context: Context) -> None:
        """`command` is its fingerprint where it came from another store."""
        self.command_id = command_id
        self.command = command
        self.context = context
        self.entries: tuple[Entry, ...] = ()

    def postings(self) -> list[Posting]:
        return postings_in(event for entry in self.entries for event in entry.events)


class Entry:
    """One log row: the events of one append."""

    __slots__ = ("archived", "events", "first", "last", "position", "record", "stream")

    def __init__(self, position: int, stream: Stream, first: int, events: tuple[Event, ...], record: Record) -> None:
        self.position = position
        """0 for one that left for an archive."""
        self.archived = ""
        """The segment that the events of the whole stream are in, of which only this row is left."""
        self.stream = stream
        self.first = first
        self.last = first + len(events) - 1
        self.events = events
        self.record = record

    def recorded(self) -> Iterator[Recorded]:
        record, context = self.record, self.record.context
        position = Cursor(str(self.position))
        for version, event in enumerate(self.events, self.first):
            yield Recorded(
                event, self.stream, version, position, record.command_id, context.now, context.effective,
                context.actor, context.cause, context.correlation,
            )  # fmt: skip


class Tenant:
    """All that one tenant has."""

    __slots__ = (
        "codec",
        "consumers",
        "counters",
        "log",
        "offered",
        "records",
        "rows",
        "shelves",
        "skus",
        "streams",
        "timers",
    )

    def __init__(self, codec: EventCodec | None = None) -> None:
        self.codec = codec
        """Only for what comes from another store or goes there."""
        self.log: list[Entry | None] = []
        self.records: dict[CommandId, Record] = {}
        self.streams: dict[Stream, list[Entry]] = {}
        self.rows: dict[RowKey, list[int]] = {}
        self.skus: dict[Sku, dict[RowKey, list[int]]] = {}
        self.offered: dict[Sku, dict[Place, int]] = {}
        """Where own units of a SKU are available, ready for the hottest read."""
        self.shelves: dict[str, Shelf] = {}
        self.counters: dict[str, int] = {}
        self.timers = Timers()
        self.consumers: dict[str, Cursor] = {}

    def commit(self, batch: Batch) -> CommitResult:
        if batch.command_id in self.records:
            first = self.outcome(batch.command_id, batch.command)
            return Duplicate(first) if first is not None and first.matches else Mismatched(batch.command_id)
        _refuse_unzoned(batch)
        versions = self._versions_after(batch)
        if isinstance(versions, Conflicted):
            return versions
        conflict = self._stale_requirement(batch) or self._stale_document(batch)
        if conflict is not None:
            return conflict
        after = self._rows_after(batch)
        if isinstance(after, Short):
            return after
        return self._write(batch, versions, after)

    def head(self, stream: Stream) -> int:
        entries = self.streams.get(stream)
        return entries[-1].last if entries else 0

    def segment_of(self, stream: Stream) -> str:
        """Where the stream is if it is archived."""
        entries = self.streams.get(stream)
        return entries[0].archived if entries else ""

    def _versions_after(self, batch: Batch) -> dict[Stream, int] | Conflicted:
        versions: dict[Stream, int] = {}
        for append in batch.appends:
            stream, expected = append.stream, append.expected
            head = versions[stream] if stream in versions else self.head(stream)
            if (expected is not None and expected != head) or (head and self.segment_of(stream)):
                return Conflicted(stream, expected or 0, head)
            versions[stream] = head + len(append.events)
        return versions

    def _stale_requirement(self, batch: Batch) -> Conflicted | None:
        for require in batch.requires:
            if isinstance(require, RequireUnits):
                units = self.rows.get(require.key, NOTHING)[COLUMN[require.bucket]]
                if units != require.units:
                    return Conflicted(where(require.key, require.bucket), require.units, units)
                continue
            value = self.counters.get(require.counter, 0)
            if value != require.value:
                return Conflicted(require.counter, require.value, value)
        return None

    def _stale_document(self, batch: Batch) -> Conflicted | None:
        ahead: dict[tuple[str, str], int] = {}
        several = len(batch.documents) > 1
        for change in batch.documents:
            name = (change.kind, change.key)
            if isinstance(change, PutDocument):
                if change.expected is not None or several:
                    revision = ahead[name] if name in ahead else self.revision(*name)
                    if change.expected is not None and change.expected != revision:
                        return Conflicted(f"{change.kind}/{change.key}", change.expected, revision)
                    ahead[name] = revision + 1
            else:
                ahead[name] = 0
        return None

    def document(self, kind: str, key: str) -> Document | None:
        shelf = self.shelves.get(kind)
        return shelf.documents.get(key) if shelf is not None else None

    def revision(self, kind: str, key: str) -> int:
        document = self.document(kind, key)
        return document.revision if document is not None else 0

    def _rows_after(self, batch: Batch) -> list[tuple[RowKey, list[int] | None, list[int]]] | Short:
        """(key, row as it is, figures it will have), or every shortage."""
        floors = floors_of(batch)
        found, short = [], False
        for key, change in batch.rows.items():
            row = self.rows.get(key)
            after = list(map(add, row, change)) if row is not None else change.copy()
            if max(after) > MAX_BALANCE:
                raise BrokenRule(f"More than 2**62 units of {key[0]} at {key[1]}.", sku=key[0], place=key[1])
            if min(after) < 0 or (floors and change[0] < 0 and after[0] < floors.get(key, 0)):
                short = True
            found.append((key, row, after))
        if short:
            return Short(tuple(shortages(((key, batch.rows[key], after) for key, _, after in found), floors)))
        return found

    def _write(
        self, batch: Batch, versions: dict[Stream, int], after: list[tuple[RowKey, list[int] | None, list[int]]]
    ) -> Committed:
        record = Record(batch.command_id, batch.command, batch.context)
        if batch.command_id:
            self.records[batch.command_id] = record
        log, entries = self.log, []
        for append in batch.appends:
            if append.events:
                stream = append.stream
                known = self.streams.get(stream)
                if known is None:
                    known = self.streams[stream] = []
                first = known[-1].last + 1 if known else 1
                entry = Entry(len(log) + 1, stream, first, append.events, record)
                log.append(entry)
                entries.append(entry)
                known.append(entry)
        record.entries = tuple(entries)
        for bump in batch.bumps:
            self.counters[bump.counter] = self.counters.get(bump.counter, 0) + 1
        for change in batch.documents:
            self._put(change)
        for timer in batch.timers:
            self.timers.change(timer)
        for key, row, figures in after:
            units = 0
            if row is None:
                self._new_row(key, figures)
            else:
                units = row[0]
                row[:] = figures
            if figures[0] != units and not key[2] and not key[3]:
                self._offer(key[0], key[1], figures[0])
        return Committed(Cursor(str(len(log))) if entries else None, versions)

    def _new_row(self, key: RowKey, figures: list[int]) -> None:
        self.rows[key] = figures
        self.skus.setdefault(key[0], {})[key] = figures

    def _offer(self, sku: Sku, place: Place, units: int) -> None:
        offers = self.offered.get(sku)
        if offers is None:
            offers = self.offered[sku] = {}
        if units:
            offers[place] = units
        else:
            offers.pop(place, None)

    def _put(self, change: DocumentChange) -> None:
        kind, key = change.kind, change.key
        shelf = self.shelves.get(kind)
        if shelf is None:
            shelf = self.shelves[kind] = Shelf()
        if isinstance(change, PutDocument):
            before = shelf.documents.get(key)
            revision = before.revision + 1 if before is not None else 1
            shelf.put(Document(kind, key, revision, change.body, change.tag, change.sort))
        else:
            shelf.remove(key)

    # Answers

    def outcome(self, command_id: CommandId, command: Command[Any] | None) -> Outcome | None:
        record = self.records.get(command_id)
        if record is None:
            return None
        entries = [entry for entry in record.entries if entry.position]
        return Outcome(
            command_id, command is None or self._is(record, command), record.context.now,
            Cursor(str(entries[-1].position)) if entries else None,
            tuple((entry.stream, entry.first, entry.events) for entry in entries),
            bool(record.entries and not record.entries[0].position),
        )  # fmt: skip

    def _is(self, record: Record, command: Command[Any]) -> bool:
        known = record.command
        if isinstance(known, bytes):
            assert self.codec is not None  # noqa: S101  # it came in through the codec
            return known == self.codec.fingerprint(command)
        return known == command

    def stream(self, query: ReadStream) -> Head:
        entries = self.streams.get(query.stream)
        if not entries:
            return Head(0, ())
        after = query.after
        version = entries[-1].last
        if entries[0].archived:
            return Head(version, (), entries[0].archived)
        if after >= version:
            return Head(version, ())
        events: list[Event] = []
        for entry in entries:
            if after < entry.first:
                events.extend(entry.events)
            elif after < entry.last:
                events.extend(entry.events[after - entry.first + 1 :])
            if query.limit is not None and len(events) >= query.limit:
                break
        return Head(version, tuple(events[: query.limit]))

    def positions(self, query: ReadPositions) -> dict[RowKey, Row]:
        place = query.place
        return {
            key: tuple(row)
            for sku in query.skus
            for key, row in self.skus.get(sku, {}).items()
            if (place is None or key[1] == place) and any(row)
        }

    def change(self, query: ReadChange) -> Row:
        change = list(NOTHING)
        for record in reversed(self.records.values()):
            if record.context.now < query.after - RECORDED_BEFORE:
                continue  # not the end: what was copied or restored is not in the order of time
            if record.context.effective > query.after and (row := rows_of(record.postings()).get(query.key)):
                change = list(map(add, change, row))
        return tuple(change)

    def offers(self, query: ReadOffers) -> dict[Sku, dict[Place, int]]:
        offered = self.offered
        return {sku: offers.copy() for sku in query.skus if (offers := offered.get(sku))}

    def listing(self, query: ReadDocuments) -> tuple[Document, ...]:
        shelf = self.shelves.get(query.kind)
        return shelf.listing(query) if shelf is not None else ()

    def recorded(self, query: ReadLog) -> tuple[Recorded, ...]:
        if query.stream is not None:
            entries: Iterable[Entry] = self.streams.get(query.stream, ())
            if query.positions:
                wanted = {position_of(cursor) for cursor in query.positions}
                entries = (entry for entry in entries if entry.position in wanted)
        else:
            asked = sorted({position_of(cursor) for cursor in query.positions})
            at = (self.log[position - 1] for position in asked if 0 < position <= len(self.log))
            entries = (entry for entry in at if entry is not None)
        return tuple(recorded for entry in entries for recorded in entry.recorded())

    def page(self, after: Cursor | None, limit: int, *, hot: bool) -> Page:
        if not hot and position_of(after) < position_of(self.consumers.get(ARCHIVE)):
            raise before_archive(after)
        start = max(position_of(after), 0)
        records: list[Recorded] = []
        end = start
        while end < len(self.log) and len(records) < limit:
            entry = self.log[end]
            if entry is not None:
                records.extend(entry.recorded())
            end += 1
        lag = len(self.log) - end
        if ARCHIVE in self.consumers:
            lag = sum(entry is not None and not entry.archived for entry in self.log[end:])
        return Page(tuple(records), Cursor(str(end)) if records else after, max(lag, 0))

    # Verification

    def _batches(self) -> Iterator[Movements]:
        for record in self.records.values():
            yield micros_of(record.context.effective), record.postings()

    def rebuild(self) -> None:
        """Make the rows anew from the log."""
        rebuild = self._rebuilt()
        self.rows.clear()
        self.skus.clear()
        self.offered.clear()
        for key, figures in rebuild.rows.items():
            self._new_row(key, figures)
            if figures[0] and not key[2] and not key[3]:
                self._offer(key[0], key[1], figures[0])

    def _carried(self) -> Iterator[Carried]:
        shelf = self.shelves.get(CARRIED)
        for document in shelf.documents.values() if shelf is not None else ():
            if isinstance(document.body, Carried):
                yield document.body

    def _rebuilt(self) -> Rebuild:
        rebuild = Rebuild()
        for carried in self._carried():
            rebuild.carry(carried)
        for effective, postings in self._batches():
            rebuild.add(effective, postings)
        return rebuild

    def breaches(self) -> Iterator[Breach]:
        heads: dict[str, int] = {}
        for entry in self.log:
            if entry is not None:
                yield from gaps(heads, entry.stream, entry.first)
                heads[entry.stream] = entry.last
        rebuild = self._rebuilt()
        yield from differences(rebuild.rows, ((key, tuple(row)) for key, row in self.rows.items()))
        if rebuild.late:
            yield from past_negatives(self._batches(), rebuild.late, self._carried())


ANSWERS: Final[Mapping[type, Callable[[Tenant, Any], object]]] = {
    ReadStream: Tenant.stream,
    ReadHead: lambda kept, query: kept.head(query.stream),
    ReadPositions: Tenant.positions,
    ReadChange: Tenant.change,
    ReadOffers: Tenant.offers,
    ReadDocument: lambda kept, query: kept.document(query.kind, query.key),
    ReadDocuments: Tenant.listing,
    ReadCounter: lambda kept, query: kept.counters.get(query.counter, 0),
    ReadOutcome: lambda kept, query: kept.outcome(query.command_id, query.command),
    ReadLog: Tenant.recorded,
}


def _refuse_unzoned(batch: Batch) -> None:
    context = batch.context
    if context.now.tzinfo is None or context.effective.tzinfo is None:
        micros_of(context.now)
        micros_of(context.effective)
    for timer in batch.timers:
        if isinstance(timer, SetTimer):
            micros_of(timer.due)
