"""The PostgreSQL store: the contract in one database, one round trip a commit, shared by threads and processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing
from datetime import datetime, timedelta
from typing import Any, Final, Self

from ordercore.errors import StoreError
from ordercore.store import (
    Batch,
    Breach,
    Capability,
    CommitResult,
    Conflicted,
    EventCodec,
    Lease,
    Outcome,
    Page,
    Query,
    Snapshot,
)
from ordercore.store.archived import Back, Cut
from ordercore.store.transfer import StoredRow
from ordercore.values import CommandId, Cursor
from ordercore_postgres import archive, audit, schema, transfer
from ordercore_postgres.address import parsed
from ordercore_postgres.connections import Lender, Owned
from ordercore_postgres.core import Operations
from ordercore_postgres.export import PostgresExport, exporting
from ordercore_postgres.lent import SHOWN, Lending, Lent, Terms
from ordercore_postgres.reading import Reading
from ordercore_postgres.steps import Operation

CAPABILITIES: Final[frozenset[Capability]] = frozenset(
    ("durable", "multi_process", "global_order", "group_commit", "fencing")
)
OWNED: Final[frozenset[Capability]] = CAPABILITIES | {"transfer", "archive"}
BORROWED: Final[frozenset[Capability]] = CAPABILITIES | {"borrowed_transaction"}


class PostgresStore:
    """Everything in one PostgreSQL database. Safe to share by threads, usable from many processes and after a fork.

    Every method raises StoreError and its subclasses, never psycopg's errors.
    """

    def __init__(self, url: str, *, migrate: bool = False, retry_seconds: float = 30.0) -> None:
        """Connect to `postgresql://user@host/database`; `migrate` makes the tables or what they lack.

        `retry_seconds`: for so long, locks are waited for, and deadlocks, conflicts and a server that is away tried again. Raises
        SchemaVersion without the tables, StoreError when the server cannot be used, ConfigurationError.
        """
        address = parsed(url)
        self.capabilities = OWNED
        self._lender: Lender = Owned(address, retry_seconds)
        self._operations = Operations(address.shown, owned=True, retry_seconds=retry_seconds)
        try:
            self._lender.run(schema.migrate(address.shown) if migrate else schema.check(address.shown))
        except BaseException:
            self._lender.close()
            raise

    @classmethod
    def open(cls, url: str, *, migrate: bool = False, retry_seconds: float = 30.0) -> Self:
        """From an address, as the constructor."""
        return cls(url, migrate=migrate, retry_seconds=retry_seconds)

    @classmethod
    def migrate(cls, url: str) -> tuple[int, int]:
        """Make the tables, or what they lack: (version before, version after). Safe when several do it at once.

        Raises SchemaVersion for tables of a newer release, StoreError when the server or role does not allow it.
        """
        address = parsed(url)
        with closing(Owned(address)) as lender:
            return lender.run(schema.migrate(address.shown))

    @classmethod
    def after_restore(cls, url: str) -> None:
        """Once after the database was restored from a dump or copied: the log goes on behind all that was copied."""
        with closing(Owned(parsed(url))) as lender:
            lender.run(schema.begin_epoch())

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
        """On connections of the host: one, or a callable that gives this thread's; asked for at every operation.

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

    def in_transaction(self) -> bool:
        """Whether what would be written now waits for a transaction of the host."""
        return isinstance(self._lender, Lent) and self._lender.in_transaction()

    @property
    def address(self) -> str:
        """Where it is, without the password."""
        return self._operations.shown

    def use_codec(self, codec: EventCodec) -> None:
        """How events, documents and commands are written. Before anything else."""
        self._operations.codec = codec

    def read(self, queries: Sequence[Query[Any]], *, tenant: str = "") -> Snapshot:
        """Answer all queries from one snapshot, in one round trip; never waits for writers."""
        return self._lender.run(self._operations.read(queries, tenant))

    def commit(self, batch: Batch) -> CommitResult:
        """All or nothing, durable when it returns, in one round trip. Raises StoreBusy after the deadline."""
        return self._lender.run(self._operations.commit(batch))

    def commit_many(self, batches: Sequence[Batch]) -> list[CommitResult]:
        """One transaction and one round trip; batches that are refused leave the others alone, later ones see earlier ones."""
        return self._lender.run(self._operations.commit_many(batches))

    def outcome(self, command_id: CommandId, *, tenant: str = "") -> Outcome | None:
        """What became of a command id."""
        return self._lender.run(self._operations.outcome(command_id, tenant))

    def read_all(self, after: Cursor | None, limit: int = 1000, *, tenant: str = "", hot: bool = False) -> Page:
        """Log rows after the cursor until `limit` events are reached, at least one row. Raises Archived unless `hot`.

        Rows appear when no older transaction of the database is open any more; `lag` counts those that wait for it too.
        """
        return self._lender.run(self._operations.read_all(after, limit, tenant, hot=hot))

    def lease_due(
        self, owner: str, now: datetime, ttl: timedelta, limit: int = 100, *, kind: str | None = None, tenant: str = ""
    ) -> tuple[Lease, ...]:
        """Lease due timers, earliest first; those that another worker is leasing at this moment are passed over."""
        return self._lender.run(self._operations.lease_due(now, ttl, limit, kind, tenant))

    def ack(self, lease: Lease, *, tenant: str = "") -> bool:
        """Remove the timer if the lease still holds."""
        return self._lender.run(self._operations.end(lease, None, tenant))

    def nack(self, lease: Lease, due: datetime, *, tenant: str = "") -> bool:
        """Make the timer due again at `due` if the lease still holds."""
        return self._lender.run(self._operations.end(lease, due, tenant))

    def next_due(self, *, tenant: str = "") -> datetime | None:
        """When the earliest timer is due, leased or not: one look into an index."""
        return self._lender.run(self._operations.next_due(tenant))

    def cursor_of(self, consumer: str, *, tenant: str = "") -> Cursor | None:
        """Where a follower stands."""
        return self._lender.run(self._operations.cursor_of(consumer, tenant))

    def checkpoint(
        self,
        consumer: str,
        expected: Cursor | None,
        cursor: Cursor | None,
        batch: Batch | None = None,
        *,
        tenant: str = "",
    ) -> CommitResult:
        """Move a follower and write its effects; if either is refused, nothing is done."""
        return self._lender.run(self._operations.checkpoint(consumer, expected, cursor, batch, tenant))

    def verify(self, *, tenant: str = "") -> tuple[Breach, ...]:
        """Rebuild every row from the log and compare; reads everything, stops nobody."""
        return self._lender.run(audit.verify(self._operations, tenant))

    # Rows in and out (`ordercore.store.transfer`) and to the archive (`ordercore.store.archived`): transactions of its own

    def tenants(self) -> tuple[str, ...]:
        """Everybody who has anything here, sorted."""
        return self._lender.run(transfer.tenants())

    def export(self, *, tenant: str = "") -> AbstractContextManager[PostgresExport]:
        """A snapshot to read from until the end of the block, on a connection of its own."""
        lender = self._own()
        return exporting(lender.connect(), tenant, lender.shown)

    def take(self, rows: Sequence[StoredRow], *, tenant: str = "") -> None:
        """Write rows as they are, all in one commit, in the order given. Raises BrokenRule and Corrupted."""
        self._own().run(transfer.alone(self._operations, lambda: transfer.take(tenant, rows)))

    def clear(self, *, tenant: str = "", keep: str = "") -> None:
        """Forget documents (but those of the kind `keep`), counters, timers and consumers; the log stays."""
        self._own().run(transfer.alone(self._operations, lambda: transfer.clear(tenant, keep)))

    def rebuild(self, *, tenant: str = "") -> None:
        """Make the rows of stock anew from the log, in one commit. Raises what reading the log raises."""
        reading = Reading(self._operations.events(), tenant)
        self._own().run(transfer.alone(self._operations, lambda: transfer.rebuild(reading), "repeatable read"))

    def archive(self, cut: Cut, *, tenant: str = "") -> CommitResult:
        """Take streams and documents away, leaving stubs; balances stay. Conflicted if anything is in the way."""
        return self._or_conflicted(lambda: archive.archive(tenant, cut))

    def restore(self, back: Back, *, tenant: str = "") -> CommitResult:
        """Put them back where they were. Conflicted if a stream is no stub of this segment, or a document has changed."""
        return self._or_conflicted(lambda: archive.restore(tenant, back))

    def _or_conflicted(self, work: Callable[[], Operation[Conflicted | None]]) -> CommitResult:
        return self._own().run(transfer.or_conflicted(self._operations, work))

    def _own(self) -> Owned:
        if not isinstance(self._lender, Owned):
            raise StoreError(
                "This needs transactions of its own, and the connection is lent.", reason="borrowed",
                hint="Open the database by its address: PostgresStore(address).",
            )  # fmt: skip
        return self._lender

    def close(self) -> None:
        """Close the connections; a later call raises StoreError."""
        self._lender.close()
