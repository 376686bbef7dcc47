"""What can be read: a closed set of queries, answered from one snapshot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Generic, NamedTuple, TypeVar

from attrs import field, frozen

from ordercore.internal import internal
from ordercore.message import Command, Event, Recorded
from ordercore.store.posting import Row, RowKey
from ordercore.values import CommandId, Cursor, Place, Sku, Stream

A = TypeVar("A")

RECORDED_BEFORE: Final = timedelta(hours=1)
"""See `ReadChange`."""
A_co = TypeVar("A_co", covariant=True)


class Query(Generic[A_co]):
    """A question whose answer is an `A`. Queries compare by identity: each is the key of its own answer."""

    __slots__ = ()


@internal
class Head:
    """Events of a stream after a version, and the version (number of events) the stream is at.

    `archived`: the segment that the events are in, none of which are here.
    """

    version: int
    events: tuple[Event, ...]
    archived: str = ""


class Document(NamedTuple):
    """A stored document; `revision` counts its writes from 1."""

    kind: str
    key: str
    revision: int
    body: object
    tag: str = ""
    sort: str = ""


@frozen
class Outcome:
    """What the store knows of a command id: whether the command was the same, and what it came to."""

    command_id: CommandId
    matches: bool
    at: datetime
    position: Cursor | None
    appended: tuple[tuple[Stream, int, tuple[Event, ...]], ...]
    """(stream, version of the first event, events), in the order of the batch; no events where they are archived."""
    archived: bool = False
    """Its first append is not here any more, so that nobody can say what it came to."""

    @property
    def events(self) -> tuple[Event, ...]:
        """All events, in the order of the batch."""
        return tuple(event for _, _, events in self.appended for event in events)


@internal(eq=False)
class ReadStream(Query[Head]):
    """Events of a stream after version `after`, the first `limit` of them if asked; the version is the stream's own."""

    stream: Stream
    after: int = 0
    limit: int | None = None


@internal(eq=False)
class ReadHead(Query[int]):
    """The version of a stream, without its events."""

    stream: Stream


@internal(eq=False)
class ReadPositions(Query[Mapping[RowKey, Row]]):
    """Every row of these SKUs; with `place`, only the rows there. Rows of zeros may be missing."""

    skus: tuple[Sku, ...]
    place: Place | None = None


@internal(eq=False)
class ReadOffers(Query[Mapping[Sku, Mapping[Place, int]]]):
    """For each SKU where own stock is available: place -> units > 0 of the pool row. The hot read: no objects."""

    skus: tuple[Sku, ...]


@internal(eq=False)
class ReadDocument(Query[Document | None]):
    """One document by kind and key; None if there is none."""

    kind: str
    key: str


@internal(eq=False)
class ReadDocuments(Query[tuple[Document, ...]]):
    """Documents of a kind ordered by (sort, key): with `tag` only those, `after` a (sort, key), at most `limit`."""

    kind: str
    tag: str | None = None
    after: tuple[str, str] | None = None
    limit: int = 1000
    newest_first: bool = False


@internal(eq=False)
class ReadCounter(Query[int]):
    """A counter's value; 0 if it was never bumped."""

    counter: str


@internal(eq=False)
class ReadOutcome(Query[Outcome | None]):
    """What became of a command id; with `command`, `matches` says whether it was this one."""

    command_id: CommandId
    command: Command[Any] | None = None


@internal(eq=False)
class ReadChange(Query[Row]):
    """The net change of one row by all batches effective after a moment: what it held then is what it holds less this.

    Goes back through the log, so it is for counts, not for hot paths; but not further than `RECORDED_BEFORE` behind
    that moment: an event is not recorded earlier than it is effective, give or take the clocks of several processes.
    """

    key: RowKey
    after: datetime


@internal(eq=False)
class ReadLog(Query[tuple[Recorded, ...]]):
    """The recorded events at these positions of the log, or of one stream with everything about each."""

    stream: Stream | None = None
    positions: Sequence[Cursor] = ()


@internal(eq=False)
class Snapshot:
    """Answers by query, all as of one moment.

    Not `settled` if what was read may still be undone: it was read inside a transaction of the host that has written
    and has not committed. Then it answers the query and is remembered by nobody.
    """

    answers: dict[int, Any] = field(factory=dict)
    settled: bool = True

    def of(self, query: Query[A]) -> A:
        """The answer to `query`, which must have been asked."""
        answer: A = self.answers[id(query)]
        return answer
