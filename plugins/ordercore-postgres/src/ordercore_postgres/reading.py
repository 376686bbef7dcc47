"""Queries of one `read` into one statement, and its rows into answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from operator import add, itemgetter
from typing import Any, Final

from ordercore.message import Event, Recorded
from ordercore.store.contract import EventCodec
from ordercore.store.posting import BUCKETS, WIDTH, Row, RowKey, postings_in, rows_of
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
from ordercore.store.scalars import micros_of, moment_of
from ordercore.store.stored import events_of
from ordercore.values import CommandId, Cursor, Place, Sku, Stream
from ordercore_postgres.cursors import START, cursor_of, position_of
from ordercore_postgres.question import (
    BODY,
    CRC,
    EPOCH,
    FIGURES,
    N1,
    N2,
    N3,
    NUMBER,
    PLACE_IN_LOG,
    POS,
    SECTION,
    XID,
    A,
    B,
    C,
    D,
    E,
    Question,
    section,
)

Line = Sequence[Any]
Lines = Sequence[Line]

(
    OUTCOME, STREAM, HEAD, COUNTER, DOCUMENT, LISTED, OFFER, POSITION, POSITION_AT, CHANGE, OF_STREAM, AT_POSITION, REVISION,
    ROW, STANDS, OPEN,
) = range(16)  # fmt: skip
"""The numbers of the sections."""

FIGURES_OF: Final = f"array[{', '.join(BUCKETS)}]"
FIGURES_OF_P: Final = f"array[{', '.join(f'p.{bucket}' for bucket in BUCKETS)}]"
RECORDED: Final = {
    "a": "l.stream", "b": "l.command", "c": "l.actor", "d": "l.cause", "e": "l.correlation", "body": "l.events",
    "n1": "l.version", "n2": "l.at", "n3": "l.effective", "crc": "l.crc", **PLACE_IN_LOG,
}  # fmt: skip

_OUTCOMES: Final = section(
    OUTCOME, "from ordercore_log l where l.tenant = %(t)s and l.command = any(%(commands)s::text[]) order by l.command, l.part",
    i="l.part", a="l.command", b="l.stream", c="encode(l.fingerprint, 'hex')", body="l.events", n1="l.version", n2="l.count",
    n3="l.at", crc="l.crc", **PLACE_IN_LOG,
)  # fmt: skip
# The row that holds what comes first, those behind it, and at least the last, which says where the stream stands.
_STREAMS: Final = section(
    STREAM, """from unnest(%(streams)s::text[], %(afters)s::bigint[]) with ordinality s (stream, after, i)
    cross join lateral (
        select * from ordercore_log l where l.tenant = %(t)s and l.stream = s.stream and l.version >= coalesce((
            select b.version from ordercore_log b where b.tenant = %(t)s and b.stream = s.stream and b.version <= s.after + 1
            order by b.version desc limit 1
        ), 0) order by l.version offset 0
    ) l order by s.i, l.version""",
    i="s.i", body="case when l.version + l.count - 1 > s.after or l.count < 0 then l.events end", n1="l.version", n2="l.count",
    n3="s.after", crc="l.crc", **PLACE_IN_LOG,
)  # fmt: skip
_HEADS: Final = section(
    HEAD, """from unnest(%(heads)s::text[]) h (stream) cross join lateral (
        select l.version, l.count from ordercore_log l where l.tenant = %(t)s and l.stream = h.stream
        order by l.version desc limit 1
    ) l""",
    a="h.stream", n1="l.version", n2="l.count",
)  # fmt: skip
_COUNTERS: Final = section(
    COUNTER,
    "from ordercore_counter c where c.tenant = %(t)s and c.name = any(%(counters)s::text[])",
    a="c.name",
    n1="c.value",
)
_DOCUMENTS: Final = section(
    DOCUMENT, """from unnest(%(kinds)s::text[], %(keys)s::text[]) with ordinality w (kind, key, i)
    cross join lateral (
        select * from ordercore_document o where o.tenant = %(t)s and o.kind = w.kind and o.key = w.key limit 1
    ) o""",
    i="w.i", a="o.kind", b="o.key", c="o.tag", d="o.sort", body="o.body", n1="o.revision",
)  # fmt: skip
_OFFERS: Final = section(
    OFFER, """from ordercore_position p where p.tenant = %(t)s and p.sku = any(%(offered)s::text[]) and p.owner = '' and p.lot = ''
    and p.available > 0""", a="p.sku", b="p.place", n1="p.available",
)  # fmt: skip
_POSITIONS: Final = section(
    POSITION, "from ordercore_position p where p.tenant = %(t)s and p.sku = any(%(skus)s::text[])",
    a="p.sku", b="p.place", c="p.lot", d="p.owner", figures=FIGURES_OF,
)  # fmt: skip
_POSITIONS_AT: Final = section(
    POSITION_AT, """from unnest(%(at_skus)s::text[], %(at_places)s::text[]) w (sku, place)
    cross join lateral (
        select * from ordercore_position p where p.tenant = %(t)s and p.sku = w.sku and p.place = w.place offset 0
    ) p""",
    a="p.sku", b="p.place", c="p.lot", d="p.owner", figures=FIGURES_OF_P,
)  # fmt: skip
# Backwards until the first row that is old enough, then forwards from there.
_CHANGES: Final = section(
    CHANGE, """from (
        (select epoch, xid, pos from ordercore_log where tenant = %(t)s and stream is not null and at < %(old)s
        order by epoch desc, xid desc, pos desc limit 1) union all select 0, '0'::xid8, 0
        order by 1 desc, 2 desc, 3 desc limit 1
    ) s join ordercore_log l on l.tenant = %(t)s and l.stream is not null
        and (l.epoch, l.xid, l.pos) > (s.epoch, s.xid, s.pos) and l.effective > %(after)s and l.count > 0""",
    body="l.events", n1="l.effective", crc="l.crc", **PLACE_IN_LOG,
)  # fmt: skip
_LOG_OF: Final = section(
    OF_STREAM, """from unnest(%(of)s::text[]) with ordinality s (stream, i)
    cross join lateral (
        select * from ordercore_log l where l.tenant = %(t)s and l.stream = s.stream and l.count > 0 offset 0
    ) l order by s.i, l.version""",
    i="s.i", **RECORDED,
)  # fmt: skip
_LOG_AT: Final = section(
    AT_POSITION, """from unnest(%(epochs)s::integer[], %(xids)s::text[], %(poses)s::bigint[]) w (epoch, xid, pos)
    cross join lateral (
        select * from ordercore_log l where l.tenant = %(t)s and l.stream is not null
            and l.epoch = w.epoch and l.xid = w.xid::xid8 and l.pos = w.pos and l.count > 0 limit 1
    ) l
    order by l.epoch, l.xid, l.pos""", **RECORDED,
)  # fmt: skip

# For the facts of a refusal only.
REVISIONS: Final = section(
    REVISION, """from unnest(%(facts_kinds)s::text[], %(facts_keys)s::text[]) w (kind, key)
    cross join lateral (
        select * from ordercore_document o where o.tenant = %(t)s and o.kind = w.kind and o.key = w.key limit 1
    ) o""",
    a="o.kind", b="o.key", n1="o.revision",
)  # fmt: skip
ROWS: Final = section(
    ROW, """from unnest(%(row_skus)s::text[], %(row_owners)s::text[], %(row_lots)s::text[], %(row_places)s::text[])
        w (sku, owner, lot, place)
    cross join lateral (
        select * from ordercore_position p where p.tenant = %(t)s and p.sku = w.sku and p.owner = w.owner
            and p.lot = w.lot and p.place = w.place limit 1
    ) p""",
    a="p.sku", b="p.place", c="p.lot", d="p.owner", figures=FIGURES_OF_P,
)  # fmt: skip
CONSUMER: Final = section(
    STANDS, "from ordercore_consumer c where c.tenant = %(t)s and c.name = %(consumer)s", a="c.cursor"
)
OPEN_XID: Final = section(OPEN, "", n1="pg_current_xact_id_if_assigned()::text::bigint")


class Reading:
    """What turns rows into answers for one tenant."""

    __slots__ = ("codec", "open", "tenant")

    def __init__(self, codec: EventCodec, tenant: str) -> None:
        self.codec = codec
        self.tenant = tenant
        self.open: int | None = None
        """The transaction of the host, if it has written: what is of it may still be undone."""

    def events(self, row: Line) -> tuple[Event, ...]:
        """The events of a log row. Raises Corrupted and UnknownEvent, naming the position."""
        return events_of(self.codec, _cursor(row), row[CRC], row[BODY].encode())

    def outcome(self, command_id: CommandId, rows: Lines, fingerprint: bytes | None) -> Outcome:
        """The outcome that these rows of the log tell; without a fingerprint it counts as the same command."""
        appended = tuple(
            (Stream(row[B]), row[N1], self.events(row) if row[N2] > 0 else ()) for row in rows if row[B] is not None
        )
        first, last = rows[0], rows[-1]
        matches = fingerprint is None or fingerprint.hex() == first[C]
        position = _cursor(last) if appended and last[XID] != self.open else None
        return Outcome(command_id, matches, moment_of(first[N3]), position, appended, first[NUMBER] > 0)

    def records(self, rows: Iterable[Line]) -> Iterator[Recorded]:
        """What log rows record, one by one."""
        for row in rows:
            recorded_at, cursor = moment_of(row[N2]), _cursor(row)
            effective_at = recorded_at if row[N3] == row[N2] else moment_of(row[N3])
            for version, event in enumerate(self.events(row), row[N1]):
                yield Recorded(
                    event, row[A], version, cursor, row[B], recorded_at, effective_at, row[C], row[D], row[E]
                )

    def document(self, row: Line) -> Document:
        return Document(row[A], row[B], row[N1], self.codec.load_document(row[BODY]), row[C], row[D])


def _cursor(row: Line) -> Cursor:
    return cursor_of(row[EPOCH], row[XID], row[POS])


def sections_of(rows: Lines) -> Mapping[int, list[Line]]:
    """The rows by section."""
    found: defaultdict[int, list[Line]] = defaultdict(list)
    for row in rows:
        found[row[SECTION]].append(row)
    return found


Answer = Callable[[Reading, Mapping[int, list[Line]], dict[int, object]], None]


def ask(question: Question, queries: Sequence[Query[Any]]) -> list[Answer]:
    """Put the queries into the question; what to do with the rows afterwards, in any order."""
    alike: defaultdict[type, list[Any]] = defaultdict(list)
    for query in queries:
        alike[type(query)].append(query)
    return [answer for kind, group in alike.items() for answer in _ASK[kind](question, group)]


def _outcomes(question: Question, queries: Sequence[ReadOutcome]) -> Iterable[Answer]:
    question.ask(_OUTCOMES, commands=[query.command_id for query in queries])

    def answer(reading: Reading, rows: Mapping[int, list[Line]], answers: dict[int, object]) -> None:
        found = {command: list(parts) for command, parts in groupby(rows.get(OUTCOME, ()), key=itemgetter(A))}
        for query in queries:
            parts = found.get(query.command_id)
            command = query.command
            answers[id(query)] = None if parts is None else reading.outcome(
                query.command_id, parts, None if command is None else reading.codec.fingerprint(command)
            )  # fmt: skip

    return (answer,)


def _streams(question: Question, queries: Sequence[ReadStream]) -> Iterable[Answer]:
    question.ask(_STREAMS, streams=[query.stream for query in queries], afters=[query.after for query in queries])

    def answer(reading: Reading, rows: Mapping[int, list[Line]], answers: dict[int, object]) -> None:
        for query in queries:
            answers[id(query)] = _ABSENT
        for number, lines in groupby(rows.get(STREAM, ()), key=itemgetter(NUMBER)):
            query, head, found = queries[number - 1], 0, []
            archived = ""
            for row in lines:
                version = row[N1]
                head = version + row[N2] - 1
                if row[N2] < 0:
                    head, archived = -row[N2], row[BODY]
                elif row[BODY] is not None:
                    events = reading.events(row)
                    found.append(events if query.after < version else events[query.after - version + 1 :])
            events = found[0] if len(found) == 1 else tuple(event for part in found for event in part)
            answers[id(query)] = Head(head, events[: query.limit], archived)

    return (answer,)


_ABSENT: Final = Head(0, ())


def _heads(question: Question, queries: Sequence[ReadHead]) -> Iterable[Answer]:
    question.ask(_HEADS, heads=[query.stream for query in queries])

    def answer(reading: Reading, rows: Mapping[int, list[Line]], answers: dict[int, object]) -> None:
        heads = {row[A]: row[N1] + row[N2] - 1 for row in rows.get(HEAD, ())}
        for query in queries:
            answers[id(query)] = abs(heads.get(query.stream, 0))

    return (answer,)


def _counters(question: Question, queries: Sequence[ReadCounter]) -> Iterable[Answer]:
    question.ask(_COUNTERS, counters=[query.counter for query in queries])

    def answer(reading: Reading, rows: Mapping[int, list[Line]], answers: dict[int, object]) -> None:
        values = {row[A]: row[N1] for row in rows.get(COUNTER, ())}
        for query in queries:
            answers[id(query)] = values.get(query.counter, 0)

    return (answer,)


def _documents(question: Question, queries: Sequence[ReadDocument]) -> Iterable[Answer]:
    question.ask(_DOCUMENTS, kinds=[query.kind for query in queries], keys=[query.key for query in queries])

    def answer(reading: Reading, rows: Mapping[int, list[Line]], answers: dict[int, object]) -> None:
        for query in queries:
            answers[id(query)] = None
        for row in rows.get(DOCUMENT, ()):
            answers[id(queries[row[NUMBER] - 1])] = reading.document(row)

    return (answer,)


def _listings(question: Question, queries: Sequence[ReadDocuments]) -> Iterable[Answer]:
    """Those that differ in values only share a section, however many they are."""
    alike: defaultdict[tuple[bool, bool, bool], list[ReadDocuments]] = defaultdict(list)
    for query in queries:
        alike[query.tag is not None, query.after is not None, query.newest_first].append(query)
    for shape, group in alike.items():
        after = [query.after or ("", "") for query in group]
        number = question.ask_each(
            _listing(*shape), kind=[query.kind for query in group], tag=[query.tag for query in group],
            sort=[sort for sort, _ in after], key=[key for _, key in after], most=[query.limit for query in group],
        )  # fmt: skip
        yield _listed(group, number)


@lru_cache(maxsize=8)
def _listing(tagged: bool, goes_on: bool, newest_first: bool) -> str:  # what a text is made of
    direction, beyond = ("desc", "<") if newest_first else ("asc", ">")
    conditions = " and o.tag = s.tag" if tagged else ""
    if goes_on:
        conditions += f" and (o.sort, o.key) {beyond} (s.sort, s.key)"
    source = f"""from unnest(
        %(kind{{i}})s::text[], %(tag{{i}})s::text[], %(sort{{i}})s::text[], %(key{{i}})s::text[], %(most{{i}})s::bigint[]
    ) with ordinality s (kind, tag, sort, key, most, i) cross join lateral (
        select * from ordercore_document o where o.tenant = %(t)s and o.kind = s.kind{conditions}
        order by o.sort {direction}, o.key {direction} limit s.most
    ) o"""
    return section(
        LISTED, source, i="s.i", a="o.kind", b="o.key", c="o.tag", d="o.sort", body="o.body", n1="o.revision", n2="{i}"
    )


def _listed(queries: Sequence[ReadDocuments], number: int) -> Answer:
    def answer(reading: Reading, rows: Mapping[int, list[Line]], answers: dict[int, object]) -> None:
        found: defaultdict[int, list[Document]] = defaultdict(list)
        for row in rows.get(LISTED, ()):
            if row[N2] == number:
                found[row[NUMBER]].append(reading.document(row))
        for nth, query in enumerate(queries, 1):
            answers[id(query)] = tuple(found.get(nth, ()))

    return answer


def _offers(question: Question, queries: Sequence[ReadOffers]) -> Iterable[Answer]:
    question.ask(_OFFERS, offered=list({sku: None for query in queries for sku in query.skus}))

    def answer(reading: Reading, rows: Mapping[int, list[Line]], answers: dict[int, object]) -> None:
        offers: dict[Sku, dict[Place, int]] = {}
        for row in rows.get(OFFER, ()):
            offers.setdefault(row[A], {})[row[B]] = row[N1]
        if len(queries) == 1:
            answers[id(queries[0])] = offers
            return
        for query in queries:
            answers[id(query)] = {sku: offers[sku] for sku in query.skus if sku in offers}

    return (answer,)


def _positions(question: Question, queries: Sequence[ReadPositions]) -> Iterable[Answer]:
    anywhere = {sku: None for query in queries if query.place is None for sku in query.skus}
    if anywhere:
        question.ask(_POSITIONS, skus=list(anywhere))
    pairs = {(sku, query.place): None for query in queries if query.place is not None for sku in query.skus}
    if pairs:
        question.ask(_POSITIONS_AT, at_skus=[sku for sku, _ in pairs], at_places=[place for _, place in pairs])

    def answer(_: Reading, rows: Mapping[int, list[Line]], answers: dict[int, object]) -> None:
        of_sku: defaultdict[tuple[Sku, Place | None], dict[RowKey, Row]] = defaultdict(dict)
        for row in rows.get(POSITION, ()):
            of_sku[row[A], None][key_of(row)] = tuple(row[FIGURES])
        for row in rows.get(POSITION_AT, ()):
            of_sku[row[A], row[B]][key_of(row)] = tuple(row[FIGURES])
        for query in queries:
            found: dict[RowKey, Row] = {}
            for sku in query.skus:
                found.update(of_sku.get((sku, query.place), {}))
            answers[id(query)] = found

    return (answer,)


def key_of(row: Line) -> RowKey:
    """The key of a row of balances."""
    return (row[A], row[B], row[C], row[D])


def _changes(question: Question, queries: Sequence[ReadChange]) -> Iterable[Answer]:
    """The log is gone through once, for the earliest of them."""
    earliest = min(query.after for query in queries)
    question.ask(_CHANGES, old=micros_of(earliest - RECORDED_BEFORE), after=micros_of(earliest))

    def answer(reading: Reading, rows: Mapping[int, list[Line]], answers: dict[int, object]) -> None:
        asked: defaultdict[RowKey, list[tuple[int, list[int]]]] = defaultdict(list)
        totals = {id(query): [0] * WIDTH for query in queries}
        for query in queries:
            asked[query.key].append((micros_of(query.after), totals[id(query)]))
        for row in rows.get(CHANGE, ()):
            for key, delta in rows_of(postings_in(reading.events(row))).items():
                for after, total in asked.get(key, ()):
                    if row[N1] > after:
                        total[:] = map(add, total, delta)
        answers.update((name, tuple(total)) for name, total in totals.items())

    return (answer,)


def _logs(question: Question, queries: Sequence[ReadLog]) -> Iterable[Answer]:
    streams = [query.stream for query in queries if query.stream is not None]
    if streams:
        question.ask(_LOG_OF, of=streams)
    asked = {position_of(cursor): None for query in queries if query.stream is None for cursor in query.positions}
    question.ask(
        _LOG_AT,
        epochs=[one.epoch for one in asked],
        xids=[str(one.xid) for one in asked],
        poses=[one.pos for one in asked],
    )

    def answer(reading: Reading, rows: Mapping[int, list[Line]], answers: dict[int, object]) -> None:
        of_stream: defaultdict[int, list[Line]] = defaultdict(list)
        for row in rows.get(OF_STREAM, ()):
            of_stream[row[NUMBER]].append(row)
        nth = 0
        for query in queries:
            lines: Lines
            if query.stream is not None:
                nth += 1
                lines = of_stream[nth]
                wanted = {position_of(cursor) for cursor in query.positions}
            else:
                lines = rows.get(AT_POSITION, ())
                wanted = {position_of(cursor) for cursor in query.positions} or {START}
            if wanted:
                lines = [row for row in lines if (row[EPOCH], row[XID], row[POS]) in wanted]
            answers[id(query)] = tuple(reading.records(lines))

    return (answer,)


_ASK: Final[Mapping[type, Callable[[Question, Any], Iterable[Answer]]]] = {
    ReadStream: _streams,
    ReadHead: _heads,
    ReadPositions: _positions,
    ReadChange: _changes,
    ReadOffers: _offers,
    ReadDocument: _documents,
    ReadDocuments: _listings,
    ReadCounter: _counters,
    ReadOutcome: _outcomes,
    ReadLog: _logs,
}
