"""The PostgreSQL store for asynchronous hosts: the same operations, awaited; see `store` for what each promises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Self

from ordercore.store import (
    Batch,
    Breach,
    CommitResult,
    EventCodec,
    Lease,
    Outcome,
    Page,
    Query,
    Snapshot,
)
from ordercore.values import CommandId, Cursor
from ordercore_postgres import audit
from ordercore_postgres.address import parsed
from ordercore_postgres.connections_async import Lender, Lending, Lent, Owned
from ordercore_postgres.core import Operations
from ordercore_postgres.lent import SHOWN, Terms
from ordercore_postgres.store import BORROWED, CAPABILITIES


class AsyncPostgresStore:
    """`PostgresStore` awaited, on a small pool of connections; share it between the tasks of one event loop.

    Connections are opened and the tables looked at when it is first used, in the event loop of that moment.
    """

    def __init__(self, url: str, *, migrate: bool = False, retry_seconds: float = 30.0) -> None:
        """On `postgresql://user@host/database?pool=10`; `migrate` makes the tables or what they lack. Raises ConfigurationError."""
        address = parsed(url)
        self.capabilities = CAPABILITIES
        self._lender: Lender = Owned(address, migrate=migrate, retry_seconds=retry_seconds)
        self._operations = Operations(address.shown, owned=True, retry_seconds=retry_seconds)

    @classmethod
    def open(cls, url: str, *, migrate: bool = False, retry_seconds: float = 30.0) -> Self:
        """From an address, as the constructor."""
        return cls(url, migrate=migrate, retry_seconds=retry_seconds)

    @classmethod
    def borrowing(
        cls,
        lending: Lending,
        *,
        in_transaction: Callable[[], bool] | None = None,
        wrote: Callable[[], object] | None = None,
        migrate: str = "",
        retry_seconds: float = 30.0,
    ) -> Self:
        """On connections of the host: one, or a callable that gives this task's, awaited if need be; asked for at every operation.

        Inside a transaction of the host's commits come to `Pending`, followers see them after the host's commit, and
        what can only be run again by the host is RetryTransaction. `in_transaction`: whether the host decides what
        becomes of what is written now, where the connection itself does not know (test cases); `wrote` is called after
        an operation that has written into the host's transaction; `migrate` is the hint where tables are missing.
        """
        store = cls.__new__(cls)
        store.capabilities = BORROWED
        store._lender = Lent(lending, Terms(in_transaction, wrote), migrate)
        store._operations = Operations(SHOWN, owned=False, retry_seconds=retry_seconds)
        return store

    async def in_transaction(self) -> bool:
        """Whether what would be written now waits for a transaction of the host."""
        return isinstance(self._lender, Lent) and await self._lender.in_transaction()

    @property
    def address(self) -> str:
        """Where it is, without the password."""
        return self._operations.shown

    def use_codec(self, codec: EventCodec) -> None:
        """How events, documents and commands are written. Before anything else."""
        self._operations.codec = codec

    async def read(self, queries: Sequence[Query[Any]], *, tenant: str = "") -> Snapshot:
        """Answer all queries from one snapshot, in one round trip; never waits for writers."""
        return await self._lender.run(self._operations.read(queries, tenant))

    async def commit(self, batch: Batch) -> CommitResult:
        """All or nothing, durable when it returns, in one round trip. Raises StoreBusy after the deadline."""
        return await self._lender.run(self._operations.commit(batch))

    async def commit_many(self, batches: Sequence[Batch]) -> list[CommitResult]:
        """One transaction and one round trip; batches that are refused leave the others alone, later ones see earlier ones."""
        return await self._lender.run(self._operations.commit_many(batches))

    async def outcome(self, command_id: CommandId, *, tenant: str = "") -> Outcome | None:
        """What became of a command id."""
        return await self._lender.run(self._operations.outcome(command_id, tenant))

    async def read_all(self, after: Cursor | None, limit: int = 1000, *, tenant: str = "", hot: bool = False) -> Page:
        """Log rows after the cursor until `limit` events are reached, at least one row. Raises Archived unless `hot`.

        Rows appear when no older transaction of the database is open any more; `lag` counts those that wait for it too.
        """
        return await self._lender.run(self._operations.read_all(after, limit, tenant, hot=hot))

    async def lease_due(
        self, owner: str, now: datetime, ttl: timedelta, limit: int = 100, *, kind: str | None = None, tenant: str = ""
    ) -> tuple[Lease, ...]:
        """Lease due timers, earliest first; those that another worker is leasing at this moment are passed over."""
        return await self._lender.run(self._operations.lease_due(now, ttl, limit, kind, tenant))

    async def ack(self, lease: Lease, *, tenant: str = "") -> bool:
        """Remove the timer if the lease still holds."""
        return await self._lender.run(self._operations.end(lease, None, tenant))

    async def nack(self, lease: Lease, due: datetime, *, tenant: str = "") -> bool:
        """Make the timer due again at `due` if the lease still holds."""
        return await self._lender.run(self._operations.end(lease, due, tenant))

    async def next_due(self, *, tenant: str = "") -> datetime | None:
        """When the earliest timer is due, leased or not: one look into an index."""
        return await self._lender.run(self._operations.next_due(tenant))

    async def cursor_of(self, consumer: str, *, tenant: str = "") -> Cursor | None:
        """Where a follower stands."""
        return await self._lender.run(self._operations.cursor_of(consumer, tenant))

    async def checkpoint(
        self,
        consumer: str,
        expected: Cursor | None,
        cursor: Cursor | None,
        batch: Batch | None = None,
        *,
        tenant: str = "",
    ) -> CommitResult:
        """Move a follower and write its effects; if either is refused, nothing is done."""
        return await self._lender.run(self._operations.checkpoint(consumer, expected, cursor, batch, tenant))

    async def verify(self, *, tenant: str = "") -> tuple[Breach, ...]:
        """Rebuild every row from the log and compare; reads everything, stops nobody."""
        return await self._lender.run(audit.verify(self._operations, tenant))

    async def close(self) -> None:
        """Close the connections; a later call raises StoreError."""
        await self._lender.close()
