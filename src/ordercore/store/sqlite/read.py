"""Answers to queries, from one snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from operator import add
from typing import Any, Final

from ordercore.message import Event, Recorded
from ordercore.store.archived import ARCHIVE, before_archive
from ordercore.store.contract import EventCodec
from ordercore.store.posting import WIDTH, Row, RowKey, postings_in, rows_of
from ordercore.store.query import (
    RECORDED_BEFORE,
    Document,
    Head,
    Outcome,
    Query,
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
from ordercore.store.result import Page
from ordercore.store.scalars import micros_of, moment_of, position_of
from ordercore.store.sqlite.lent import AnySession
from ordercore.store.sqlite.rows import OFFERS, OTHERS, ROWS, SHIFT, Cells
from ordercore.store.sqlite.timers import cursor_of
from ordercore.store.sqlite.write import counter_of, head_of
from ordercore.store.stored import events_of
from ordercore.store.transfer import text_of
from ordercore.values import CommandId, Cursor, Place, Sku, Stream

# Events are fetched as bytes: what the checksum is of, and readable to sqlite3 even when a flipped bit is no UTF-8.
_OUTCOME: Final = """select pos, part, fingerprint, stream, version, count, at, crc, cast(events as blob) from ordercore_log
    where tenant = ? and command = ? order by part"""
_STREAM: Final = """select pos, version, count, crc, cast(events as blob) from ordercore_log
    where tenant = ? and stream = ? order by version desc"""
_FIRST: Final = """select pos, version, crc, cast(events as blob) from ordercore_log
    where tenant = ? and stream = ? and version >= (
        select max(version) from ordercore_log where tenant = ? and stream = ? and version <= ?
    ) order by version"""
_RECORDED: Final = """select pos, stream, version, command, at, effective, actor, cause, correlation, crc,
    cast(events as blob) from ordercore_log"""
_BY_STREAM: Final = f"{_RECORDED} where tenant = ? and stream = ? and count > 0 order by version"
_BY_POSITION: Final = f"{_RECORDED} where pos = ? and pos > 0 and tenant = ? and count > 0"
# Not by the indexes that begin with the tenant: the planner does not know that most rows are its own.
_AFTER: Final = f"{_RECORDED} not indexed where pos > ? and tenant = ? and count > 0 order by pos limit ?"
_BEHIND: Final = """select count(*) from (
    select 1 from ordercore_log not indexed where pos > ? and pos <= ? and tenant = ? and count > 0
)"""
_LAST: Final = "select max(pos) from ordercore_log"
_OLDER: Final = (
    "select pos from ordercore_log not indexed where pos > 0 and tenant = ? and at < ? order by pos desc limit 1"
)
_LATER: Final = """select pos, crc, cast(events as blob) from ordercore_log not indexed
    where pos > ? and tenant = ? and effective > ? and count > 0"""
_DOCUMENT: Final = "select revision, body, tag, sort from ordercore_document where tenant = ? and kind = ? and key = ?"

_LISTED: Final = "select key, revision, tag, sort, body from ordercore_document where tenant = ? and kind = ?"

MOST_RANGES: Final = 50
"""SKUs that are read by one statement."""
COUNTED_LAG: Final = 1000
"""Up to so many rows behind, only this tenant's are counted; further away it is the distance in the file."""


class Reading:
    """A session with what it takes to read for one tenant; the caller holds the snapshot."""

    __slots__ = ("cells", "codec", "execute", "session", "tenant")

    def __init__(self, session: AnySession, codec: EventCodec, cells: Cells, tenant: str) -> None:
        self.session = session
        self.execute = session.execute
        self.codec = codec
        self.cells = cells
        self.tenant = tenant

    def answer(self, query: Query[Any]) -> object:
        """One of them."""
        return _ANSWERS[type(query)](self, query)

    def events(self, position: int, crc: int, raw: bytes) -> tuple[Event, ...]:
        """The events of a log row. Raises Corrupted and UnknownEvent, naming the position."""
        return events_of(self.codec, position, crc, raw)

    def outcome(self, command_id: CommandId, fingerprint: bytes | None) -> Outcome | None:
        """What became of a command id; without a fingerprint it counts as the same command."""
        rows = self.execute(_OUTCOME, (self.tenant, command_id)).fetchall()
        return self._outcome(command_id, rows, fingerprint) if rows else None

    def outcome_of(self, query: ReadOutcome) -> Outcome | None:
        rows = self.execute(_OUTCOME, (self.tenant, query.command_id)).fetchall()
        return self.outcome_from(rows, query) if rows else None

    def outcome_from(self, rows: Sequence[Any], query: ReadOutcome) -> Outcome:
        """The outcome that these rows of the log tell."""
        command = query.command
        return self._outcome(query.command_id, rows, None if command is None else self.codec.fingerprint(command))

    def _outcome(self, command_id: CommandId, rows: Sequence[Any], fingerprint: bytes | None) -> Outcome:
        appended = tuple(
            (Stream(stream), version, self.events(position, crc, raw) if size > 0 else ())
            for position, _, _, stream, version, size, _, crc, raw in rows
            if stream is not None
        )
        _, part, known, _, _, _, at, _, _ = rows[0]
        matches = fingerprint is None or fingerprint == known
        # What may still be undone has no place in the log yet.
        position = Cursor(str(rows[-1][0])) if appended and self.session.final else None
        return Outcome(command_id, matches, moment_of(at), position, appended, part > 0)

    def stream(self, query: ReadStream) -> Head:
        after = query.after
        if query.limit is not None:
            return self._first(query, query.limit)
        rows = self.execute(_STREAM, (self.tenant, query.stream))
        head, found = 0, []
        for position, version, count, crc, raw in rows:
            if count < 0:
                return Head(-count, (), text_of(position, raw))
            last = version + count - 1
            head = head or last
            if last <= after:
                break
            events = self.events(position, crc, raw)
            found.append(events if after < version else events[after - version + 1 :])
        found.reverse()
        return Head(head, found[0] if len(found) == 1 else tuple(event for events in found for event in events))

    def _first(self, query: ReadStream, limit: int) -> Head:
        """The first events behind a version: rows are read from there on, and only as far as they are needed."""
        stream, after = query.stream, query.after
        head = head_of(self.session, self.tenant, stream)
        if head <= after or limit <= 0:
            return self.stream(ReadStream(stream, max(abs(head), after)))
        found: list[Event] = []
        for position, version, crc, raw in self.execute(_FIRST, (self.tenant, stream, self.tenant, stream, after + 1)):
            events = self.events(position, crc, raw)
            found += events[max(after - version + 1, 0) :]
            if len(found) >= limit:
                break
        return Head(head, tuple(found[:limit]))

    def head(self, query: ReadHead) -> int:
        return abs(head_of(self.session, self.tenant, query.stream))

    def counter(self, query: ReadCounter) -> int:
        return counter_of(self.session, self.tenant, query.counter)

    def document(self, query: ReadDocument) -> Document | None:
        row = self.execute(_DOCUMENT, (self.tenant, query.kind, query.key)).fetchone()
        if row is None:
            return None
        revision, body, tag, sort = row
        return Document(query.kind, query.key, revision, self.codec.load_document(body), tag, sort)

    def documents(self, query: ReadDocuments) -> tuple[Document, ...]:
        load = self.codec.load_document
        return tuple(
            Document(query.kind, key, revision, load(body), tag, sort)
            for key, revision, tag, sort, body in self.execute(*_listing(self.tenant, query)).fetchall()
        )

    def offers(self, query: ReadOffers) -> dict[Sku, dict[Place, int]]:
        keys = self.cells.keys
        rows, skus = self._scan(OFFERS, query.skus, OTHERS)
        answer: dict[Sku, dict[Place, int]] = {sku: {} for sku in skus.values()}
        for number, available in rows:
            key = keys[number] if number in keys else self._key(number, skus)
            answer[key[0]][key[1]] = available
        return {sku: offers for sku, offers in answer.items() if offers}

    def positions(self, query: ReadPositions) -> dict[RowKey, Row]:
        answer: dict[RowKey, Row] = {}
        keys, place = self.cells.keys, query.place
        rows, skus = self._scan(ROWS, query.skus, 2 * OTHERS)
        for number, *figures in rows:
            if any(figures):
                key = keys.get(number) or self._key(number, skus)
                if place is None or key[1] == place:
                    answer[key] = tuple(figures)
        return answer

    def _scan(self, select: str, skus: Sequence[Sku], width: int) -> tuple[list[Any], dict[int, Sku]]:
        """Rows of a range of ids for each SKU, in one statement for many; and the numbers of the SKUs."""
        numbers: dict[int, Sku] = {}
        for sku in skus:
            number = self.cells.number_of(self.tenant, sku, self.execute)
            if number is not None:
                numbers[number] = sku
        rows: list[Any] = []
        bounds = [bound for number in numbers for bound in (number << SHIFT, (number << SHIFT) + width - 1)]
        for start in range(0, len(bounds), 2 * MOST_RANGES):
            ranges = bounds[start : start + 2 * MOST_RANGES]
            rows += self.execute(_ranges(select, len(ranges) // 2), ranges).fetchall()
        return rows, numbers

    def _key(self, number: int, skus: Mapping[int, Sku]) -> RowKey:
        return self.cells.key_of(number, skus[number >> SHIFT], self.execute)

    def change(self, query: ReadChange) -> Row:
        older = self.execute(_OLDER, (self.tenant, micros_of(query.after - RECORDED_BEFORE))).fetchone()
        start = older[0] if older is not None else -1
        change = [0] * WIDTH
        for row in self.execute(_LATER, (start, self.tenant, micros_of(query.after))).fetchall():
            postings = postings_in(self.events(*row))
            if delta := rows_of(postings).get(query.key):
                change = list(map(add, change, delta))
        return tuple(change)

    # The log

    def recorded(self, query: ReadLog) -> tuple[Recorded, ...]:
        if query.stream is not None:
            rows = self.execute(_BY_STREAM, (self.tenant, query.stream)).fetchall()
            if query.positions:
                wanted = {position_of(cursor) for cursor in query.positions}
                rows = [row for row in rows if row[0] in wanted]
        else:
            asked = sorted({position_of(cursor) for cursor in query.positions})
            rows = [row for position in asked for row in self.execute(_BY_POSITION, (position, self.tenant)).fetchall()]
        return tuple(recorded for row in rows for recorded in self._records(row))

    def _records(self, row: Sequence[Any]) -> Iterator[Recorded]:
        position, stream, first, command_id, at, effective, actor, cause, correlation, crc, raw = row
        cursor, recorded_at = Cursor(str(position)), moment_of(at)
        effective_at = recorded_at if effective == at else moment_of(effective)
        for version, event in enumerate(self.events(position, crc, raw), first):
            yield Recorded(
                event, stream, version, cursor, command_id, recorded_at, effective_at, actor, cause, correlation
            )

    def page(self, after: Cursor | None, limit: int, end_of_log: int | None, *, hot: bool) -> tuple[Page, int]:
        """Log rows after the cursor until `limit` events are reached, and where the log ends. Raises Archived unless `hot`.

        Inside a transaction that has written it ends at `end_of_log`: what lies behind may still be undone.
        """
        self.session.begin_reading()
        if not hot and position_of(after) < cursor_of(self.session, self.tenant, ARCHIVE):
            raise before_archive(after)
        last: int = self.execute(_LAST).fetchone()[0] if end_of_log is None else end_of_log
        start = end = max(position_of(after), 0)
        records: list[Recorded] = []
        full = limit <= 0
        for row in self.execute(_AFTER, (start, self.tenant, limit)):
            if row[0] > last:
                break
            records += self._records(row)
            end = row[0]
            if full := len(records) >= limit:
                break
        lag = max(last - end, 0)
        if not full:
            # Nothing of this tenant lies behind: skip what belongs to others.
            end, lag = end + lag, 0
        elif 0 < lag <= COUNTED_LAG:
            lag = self.execute(_BEHIND, (end, last, self.tenant)).fetchone()[0]
        self.session.end_reading()
        return Page(tuple(records), Cursor(str(end)) if end > 0 else after, lag), last


@lru_cache(maxsize=256)
def _ranges(select: str, number: int) -> str:
    return " union all ".join([select] * number)


def _listing(tenant: str, query: ReadDocuments) -> tuple[str, tuple[object, ...]]:
    """Keys first, from the index alone; bodies only of the page."""
    direction, beyond = ("desc", "<") if query.newest_first else ("asc", ">")
    conditions, parameters = "", [tenant, query.kind]
    if query.tag is not None:
        conditions += " and tag = ?"
        parameters.append(query.tag)
    if query.after is not None:
        conditions += f" and (sort, key) {beyond} (?, ?)"
        parameters += query.after
    order = f"order by sort {direction}, key {direction}"
    page = f"select key from ordercore_document indexed by ordercore_document_tag where tenant = ? and kind = ?{conditions} {order} limit ?"
    statement = f"{_LISTED} and key in ({page}) {order}"
    return statement, (tenant, query.kind, *parameters, query.limit)


_ANSWERS: Final[Mapping[type, Callable[[Reading, Any], object]]] = {
    ReadStream: Reading.stream,
    ReadHead: Reading.head,
    ReadPositions: Reading.positions,
    ReadChange: Reading.change,
    ReadOffers: Reading.offers,
    ReadDocument: Reading.document,
    ReadDocuments: Reading.documents,
    ReadCounter: Reading.counter,
    ReadOutcome: Reading.outcome_of,
    ReadLog: Reading.recorded,
}
_ONE_STATEMENT: Final = frozenset((ReadStream, ReadHead, ReadDocument, ReadDocuments, ReadCounter, ReadOutcome))


def is_one_statement(query: Query[Any]) -> bool:
    """Whether one statement reads all that may change, so that it is its own snapshot; ids of rows never do."""
    if type(query) is ReadStream:
        return query.limit is None
    return type(query) in _ONE_STATEMENT or (type(query) is ReadOffers and len(query.skus) <= MOST_RANGES)
