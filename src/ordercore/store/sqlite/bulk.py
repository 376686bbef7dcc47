"""Reads for many commands at once: queries of one kind share statements, so that a group costs little per command."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from ordercore.store.query import Head, Query, ReadCounter, ReadHead, ReadOffers, ReadOutcome, ReadStream
from ordercore.store.sqlite.read import Reading

MANY: Final = 6
"""From so many queries on it pays to look for those that are alike."""
MOST_VALUES: Final = 256

Answers = dict[int, object]

_OUTCOMES: Final = """select command, pos, part, fingerprint, stream, version, count, at, crc, cast(events as blob) from ordercore_log
    where tenant = ? and command in ({}) order by command, part"""
# Of the columns beside max(), SQLite takes those of the row that has the greatest version.
_HEADS: Final = """select stream, max(version) + count - 1 from ordercore_log
    where tenant = ? and stream in ({}) group by stream"""
_COUNTERS: Final = "select name, value from ordercore_counter where tenant = ? and name in ({})"


def answer(reading: Reading, queries: Sequence[Query[Any]], answers: Answers) -> Iterable[Query[Any]]:
    """Answer what is asked alike; the queries that are left are the caller's. The caller holds the snapshot."""
    alike: defaultdict[type, list[Any]] = defaultdict(list)
    for query in queries:
        alike[type(query)].append(query)
    left: list[Query[Any]] = []
    for kind, group in alike.items():
        bulk = _BULK.get(kind)
        if bulk is None or len(group) < MANY:
            left += group
        else:
            left += bulk(reading, group, answers)
    return left


def _outcomes(reading: Reading, queries: Sequence[ReadOutcome], answers: Answers) -> Iterable[Query[Any]]:
    rows = _rows(reading, _OUTCOMES, {query.command_id for query in queries})
    found = {command: [row[1:] for row in parts] for command, parts in groupby(rows, key=itemgetter(0))}
    for query in queries:
        parts = found.get(query.command_id)
        answers[id(query)] = reading.outcome_from(parts, query) if parts is not None else None
    return ()


def _streams(reading: Reading, queries: Sequence[ReadStream], answers: Answers) -> Iterable[Query[Any]]:
    """Heads first: most streams are new, or known up to their head."""
    heads = _heads_of(reading, queries)
    for query in queries:
        head = heads.get(query.stream, 0)
        if head > query.after or head < 0:
            yield query
        else:
            answers[id(query)] = Head(head, ())


def _heads(reading: Reading, queries: Sequence[ReadHead], answers: Answers) -> Iterable[Query[Any]]:
    heads = _heads_of(reading, queries)
    for query in queries:
        answers[id(query)] = abs(heads.get(query.stream, 0))
    return ()


def _counters(reading: Reading, queries: Sequence[ReadCounter], answers: Answers) -> Iterable[Query[Any]]:
    values = dict(_rows(reading, _COUNTERS, {query.counter for query in queries}))
    for query in queries:
        answers[id(query)] = values.get(query.counter, 0)
    return ()


def _offers(reading: Reading, queries: Sequence[ReadOffers], answers: Answers) -> Iterable[Query[Any]]:
    offers = reading.offers(ReadOffers(tuple({sku: None for query in queries for sku in query.skus})))
    for query in queries:
        answers[id(query)] = {sku: offers[sku] for sku in query.skus if sku in offers}
    return ()


def _heads_of(reading: Reading, queries: Sequence[ReadStream | ReadHead]) -> Mapping[str, int]:
    return dict(_rows(reading, _HEADS, {query.stream for query in queries}))


def _rows(reading: Reading, select: str, values: Iterable[str]) -> Iterator[Any]:
    listed = list(values)
    for start in range(0, len(listed), MOST_VALUES):
        some = listed[start : start + MOST_VALUES]
        # A few lengths only, so that few texts are prepared: the last value fills up.
        length = 1 << (len(some) - 1).bit_length()
        some += some[-1:] * (length - len(some))
        yield from reading.execute(_text(select, length), (reading.tenant, *some)).fetchall()


@lru_cache(maxsize=64)
def _text(select: str, length: int) -> str:
    return select.format(", ".join("?" * length))


_BULK: Final[Mapping[type, Callable[[Reading, Any, Answers], Iterable[Query[Any]]]]] = {
    ReadOutcome: _outcomes,
    ReadStream: _streams,
    ReadHead: _heads,
    ReadCounter: _counters,
    ReadOffers: _offers,
}
