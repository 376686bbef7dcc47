"""The Protocols a store fulfils and the codec it is given."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from ordercore.message import Command, Event
from ordercore.store.batch import Batch
from ordercore.store.query import Outcome, Query, Snapshot
from ordercore.store.result import Breach, CommitResult, Lease, Page
from ordercore.values import CommandId, Cursor

Capability = Literal[
    "durable", "multi_process", "global_order", "group_commit", "fencing", "borrowed_transaction", "transfer", "archive"
]


class EventCodec(Protocol):
    """Events, documents and commands to text and back, under registered names and versions; implemented by `codec`."""

    def dump_events(self, events: Sequence[Event]) -> str:
        """`[[name, version, {fields}], ...]` as JSON."""
        ...

    def load_events(self, text: str) -> tuple[Event, ...]:
        """Back, through upcasters. Raises Corrupted for text that does not read, UnknownEvent for an unknown name."""
        ...

    def dump_document(self, body: object) -> str:
        """A document body as JSON, under its registered name."""
        ...

    def load_document(self, text: str) -> object:
        """Back."""
        ...

    def fingerprint(self, command: Command[Any]) -> bytes:
        """Algorithm tag and digest of the command without fields at their default."""
        ...


class Store(Protocol):
    """Where it is kept. Everything a backend promises is numbered in docs/stores.md and checked by StoreSuite.

    `tenant` leads every key: nothing of one tenant is ever seen or touched by a call for another.
    """

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What this store can do beyond the common contract."""
        ...

    def use_codec(self, codec: EventCodec) -> None:
        """Called once by the kernel before anything else; a store that keeps objects may ignore it."""
        ...

    def read(self, queries: Sequence[Query[Any]], *, tenant: str = "") -> Snapshot:
        """Answer all queries from one snapshot, in one round trip."""
        ...

    def commit(self, batch: Batch) -> CommitResult:
        """All or nothing."""
        ...

    def commit_many(self, batches: Sequence[Batch]) -> list[CommitResult]:
        """Independent results in the same order; the backend may write them in one transaction, a savepoint each."""
        ...

    def outcome(self, command_id: CommandId, *, tenant: str = "") -> Outcome | None:
        """Resolve an unknown result."""
        ...

    def read_all(self, after: Cursor | None, limit: int = 1000, *, tenant: str = "", hot: bool = False) -> Page:
        """The log after an opaque cursor: in order, nothing missed, holes allowed. Log rows are never split.

        Raises Archived where rows behind the cursor have left for an archive; with `hot` what is left is read.
        With `limit` 0 nothing is read but how much lies behind the cursor (`lag`).
        """
        ...

    def lease_due(
        self, owner: str, now: datetime, ttl: timedelta, limit: int = 100, *, kind: str | None = None, tenant: str = ""
    ) -> tuple[Lease, ...]:
        """Lease due timers, earliest first: each to one owner at a time, until its lease runs out."""
        ...

    def ack(self, lease: Lease, *, tenant: str = "") -> bool:
        """Done: remove the timer. False if the lease was lost (a newer fence) or the timer was moved meanwhile."""
        ...

    def nack(self, lease: Lease, due: datetime, *, tenant: str = "") -> bool:
        """Give it back, due again at `due`. False if the lease was lost."""
        ...

    def next_due(self, *, tenant: str = "") -> datetime | None:
        """When the earliest timer is due, leased or not; cheap."""
        ...

    def cursor_of(self, consumer: str, *, tenant: str = "") -> Cursor | None:
        """Where a follower stands."""
        ...

    def checkpoint(
        self,
        consumer: str,
        expected: Cursor | None,
        cursor: Cursor | None,
        batch: Batch | None = None,
        *,
        tenant: str = "",
    ) -> CommitResult:
        """Move a follower from `expected` to `cursor` and write its effects, in one commit; Conflicted if it moved."""
        ...

    def verify(self, *, tenant: str = "") -> tuple[Breach, ...]:
        """Compare the rows with the log, lots with pools; every breach, past negatives from backdating included."""
        ...

    def close(self) -> None:
        """Give back what was opened."""
        ...


class AsyncStore(Protocol):
    """The same contract, awaited: for a store whose driver is asynchronous. `AsyncKernel` takes either."""

    @property
    def capabilities(self) -> frozenset[Capability]: ...

    def use_codec(self, codec: EventCodec) -> None: ...

    async def read(self, queries: Sequence[Query[Any]], *, tenant: str = "") -> Snapshot: ...

    async def commit(self, batch: Batch) -> CommitResult: ...

    async def commit_many(self, batches: Sequence[Batch]) -> list[CommitResult]: ...

    async def outcome(self, command_id: CommandId, *, tenant: str = "") -> Outcome | None: ...

    async def read_all(
        self, after: Cursor | None, limit: int = 1000, *, tenant: str = "", hot: bool = False
    ) -> Page: ...

    async def lease_due(
        self, owner: str, now: datetime, ttl: timedelta, limit: int = 100, *, kind: str | None = None, tenant: str = ""
    ) -> tuple[Lease, ...]: ...

    async def ack(self, lease: Lease, *, tenant: str = "") -> bool: ...

    async def nack(self, lease: Lease, due: datetime, *, tenant: str = "") -> bool: ...

    async def next_due(self, *, tenant: str = "") -> datetime | None: ...

    async def cursor_of(self, consumer: str, *, tenant: str = "") -> Cursor | None: ...

    async def checkpoint(
        self,
        consumer: str,
        expected: Cursor | None,
        cursor: Cursor | None,
        batch: Batch | None = None,
        *,
        tenant: str = "",
    ) -> CommitResult: ...

    async def verify(self, *, tenant: str = "") -> tuple[Breach, ...]: ...

    async def close(self) -> None: ...
