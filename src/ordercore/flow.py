"""Flows: decisions that read, written once as generators of effects and driven synchronously or not.

A flow yields effects, each answered by the driver, and returns one `Decision`: what to commit and what it comes to.
It runs again from the start when its commit met a conflict or a shortage, so it must be pure between its effects::

    def close(command: Close, context: Context, shop: Shop) -> Flow[OrderId]:
        order = state_of(ORDERS, stream_of(command.order))     # what to fold; known versions come from a cache
        snapshot = yield from read(order)
        loaded = snapshot.of(order)
        yield from guard(command, loaded.state)                # plugins may refuse, after the read
        ...
        return Decision(...)
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from typing import Any, Generic, TypeVar

from attrs import Factory, frozen

from ordercore.internal import internal
from ordercore.message import Command, Event
from ordercore.store.batch import Append, Bump, DocumentChange, Floor, Requirement, TimerChange
from ordercore.store.query import Query, Snapshot
from ordercore.values import Stream

S = TypeVar("S")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


@frozen
class Folder(Generic[S]):
    """How the events of one kind of stream become its state: a name, and a pure fold from the state so far.

    `fold(state, events, stream)` takes None for a stream without events.
    """

    name: str
    fold: Callable[[S | None, Iterable[Event], Stream], S | None]


@internal
class Loaded(Generic[S]):
    """A stream's state and the version (number of events) it was folded to; None and 0 if it does not exist."""

    state: S | None
    version: int


@internal(eq=False)
class ReadState(Query[Loaded[S]]):
    """Ask for the folded state of a stream. The driver folds from what it remembers; stores never see this query."""

    stream: Stream
    folder: Folder[S]


@internal(eq=False)
class Read:
    """Effect: answer these queries from one snapshot."""

    queries: tuple[Query[Any], ...]


@internal(eq=False)
class Guard:
    """Effect: let guard plugins refuse the command, given the state it is decided on."""

    command: Command[Any]
    state: object


@internal(eq=False)
class Retry:
    """Effect: which attempt this is, from 0. Later ones read afresh what the first one dared to assume."""


Effect = Read | Guard | Retry


@internal(eq=False)
class Decision(Generic[R_co]):
    """What a flow decided: the content of its batch, the result of its receipt, and the states it leaves behind.

    The first append is on the command's own stream: the receipt's result is that stream's name after the slash, so
    that a repeat gives the same. `states` are the new states of streams in `appends`, so that nobody folds them a
    second time. A decision without appends and documents is a success that changes nothing.
    """

    result: R_co
    appends: tuple[Append, ...] = ()
    documents: tuple[DocumentChange, ...] = ()
    requires: tuple[Requirement, ...] = ()
    bumps: tuple[Bump, ...] = ()
    floors: tuple[Floor, ...] = ()
    timers: tuple[TimerChange, ...] = ()
    states: Mapping[Stream, object] = Factory(dict)


Flow = Generator[Effect, object, Decision[R]]
"""A decision in progress. Its result type is that of the receipt."""


def read(*queries: Query[Any]) -> Generator[Effect, Any, Snapshot]:
    """Read in one round trip; `snapshot.of(query)` has the answers."""
    snapshot: Snapshot = yield Read(queries)
    return snapshot


def attempt() -> Generator[Effect, Any, int]:
    """How often this flow was run before for the same command."""
    tried: int = yield _RETRY
    return tried


_RETRY = Retry()


def guard(command: Command[Any], state: object) -> Generator[Effect, object, None]:
    """Let plugins refuse. Raises Refused."""
    yield Guard(command, state)
