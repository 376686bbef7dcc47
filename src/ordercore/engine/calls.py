"""What the engine asks of a driver, and what it is given to run."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any, Generic, Protocol, TypeVar

from ordercore.errors import BrokenRule, Rejected
from ordercore.flow import Flow
from ordercore.internal import internal
from ordercore.message import Command, Context, Event, Receipt, Recorded
from ordercore.ports import Request, Response, Transport
from ordercore.store import Batch, CommitResult, Query, Snapshot, Store
from ordercore.values import Stream

R = TypeVar("R")
T = TypeVar("T")


@internal(eq=False)
class StoreRead:
    """Call: answer these queries from one snapshot."""

    queries: tuple[Query[Any], ...]
    tenant: str

    def __call__(self, store: Store) -> Snapshot:
        """Read."""
        return store.read(self.queries, tenant=self.tenant)


@internal(eq=False)
class StoreCommit:
    """Call: commit these batches, each for itself."""

    batches: tuple[Batch, ...]

    def __call__(self, store: Store) -> Sequence[CommitResult]:
        """Commit."""
        return store.commit_many(self.batches)


@internal(eq=False)
class Outside:
    """Call: send a request to the outside. It needs no store, but it waits, so it goes where store calls may wait."""

    transport: Transport | None
    request: Request

    def __call__(self, store: Store) -> Response:
        """Send."""
        assert self.transport is not None  # noqa: S101  # checked before anything is sent
        return self.transport.send(self.request)


class ArchivedEvents(Protocol):
    """Where the events of a stream that left the store are read."""

    def events(self, segment: str, stream: Stream, after: int) -> tuple[Event, ...]:
        """Those behind a version. Raises Archived, NotFound, Corrupted."""
        ...

    def recorded(self, segment: str, stream: Stream) -> tuple[Recorded, ...]:
        """All of them, with all that the log says of each."""
        ...


@internal(eq=False)
class Elsewhere:
    """Call: read what is not in the store. It waits for a disk or a network, so it goes where store calls may wait."""

    read: Callable[[], Any]

    def __call__(self, store: Store) -> Any:
        """Read."""
        return self.read()


StoreCall = Callable[[Any], Any]
"""One call of a method of a `Store` or an `AsyncStore`, returned as it is, so that a driver may await it."""
Calls = Generator[StoreCall, Any, T]
"""A piece of work in store calls: a driver makes each and sends back what it returned, or throws what it raised."""


@internal(eq=False)
class Task(Generic[R]):
    """One command to run: how to begin its flow, the stream it is about, and the version its caller saw."""

    command: Command[R]
    context: Context
    begin: Callable[[], Flow[R]]
    is_order: bool = False
    expect: int | None = None
    """The version of `seen` that its caller saw."""
    replans: int = 3
    about: Callable[[], str] | None = None
    """For a command with its caller's key, the stream it is about: what it says leaves its id behind in any case."""
    seen: Stream = Stream("")


Result = Receipt[Any] | Rejected | BrokenRule
"""What one command of several comes to: its receipt, why it was refused, or the defect that it met."""
