"""The memory store: the contract on plain dicts, one lock, objects kept as they are and never encoded."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from ordercore.errors import BrokenRule
from ordercore.store.archived import Back, Cut
from ordercore.store.batch import Batch
from ordercore.store.contract import Capability, EventCodec
from ordercore.store.memory import archive, transfer
from ordercore.store.memory.tenant import ANSWERS, Tenant
from ordercore.store.query import Outcome, Query, Snapshot
from ordercore.store.result import Breach, CommitResult, Committed, Conflicted, Lease, Page
from ordercore.store.scalars import micros_of, position_of
from ordercore.store.transfer import StoredRow
from ordercore.values import CommandId, Cursor


class MemoryStore:
    """Everything in this process, for tests, simulations and shops that need no file. Safe to share by threads."""

    capabilities: frozenset[Capability] = frozenset(("global_order", "group_commit", "fencing", "transfer", "archive"))

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._tenants: dict[str, Tenant] = {}
        self._codec: EventCodec | None = None

    def use_codec(self, codec: EventCodec) -> None:
        """Nothing is encoded here, but for other stores."""
        with self._lock:
            self._codec = codec
            for kept in self._tenants.values():
                kept.codec = codec

    def read(self, queries: Sequence[Query[Any]], *, tenant: str = "") -> Snapshot:
        """Answer all queries as of one moment."""
        with self._lock:
            kept = self._of(tenant)
            return Snapshot({id(query): ANSWERS[type(query)](kept, query) for query in queries})

    def commit(self, batch: Batch) -> CommitResult:
        """All or nothing. Raises BrokenRule for a time without a zone and for a balance beyond 2**62."""
        with self._lock:
            return self._of(batch.tenant).commit(batch)

    def commit_many(self, batches: Sequence[Batch]) -> list[CommitResult]:
        """One after the other; later ones see earlier ones."""
        with self._lock:
            return [self._of(batch.tenant).commit(batch) for batch in batches]

    def outcome(self, command_id: CommandId, *, tenant: str = "") -> Outcome | None:
        """What became of a command id."""
        with self._lock:
            return self._of(tenant).outcome(command_id, None)

    def read_all(self, after: Cursor | None, limit: int = 1000, *, tenant: str = "", hot: bool = False) -> Page:
        """Log rows after the cursor until `limit` events are reached, at least one row. Raises InvalidCommand."""
        with self._lock:
            return self._of(tenant).page(after, limit, hot=hot)

    def lease_due(
        self, owner: str, now: datetime, ttl: timedelta, limit: int = 100, *, kind: str | None = None, tenant: str = ""
    ) -> tuple[Lease, ...]:
        """Lease due timers, earliest first."""
        with self._lock:
            return self._of(tenant).timers.lease(now, ttl, limit, kind)

    def ack(self, lease: Lease, *, tenant: str = "") -> bool:
        """Remove the timer if the lease still holds."""
        with self._lock:
            return self._of(tenant).timers.end(lease, None)

    def nack(self, lease: Lease, due: datetime, *, tenant: str = "") -> bool:
        """Make the timer due again at `due` if the lease still holds. Raises BrokenRule without a zone."""
        micros_of(due)
        with self._lock:
            return self._of(tenant).timers.end(lease, due)

    def next_due(self, *, tenant: str = "") -> datetime | None:
        """When the earliest timer is due, leased or not."""
        kept = self._tenants.get(tenant)
        if kept is None or not kept.timers:
            return None  # asked after every command, so it waits for nobody
        with self._lock:
            return kept.timers.earliest()

    def cursor_of(self, consumer: str, *, tenant: str = "") -> Cursor | None:
        """Where a follower stands."""
        with self._lock:
            return self._of(tenant).consumers.get(consumer)

    def checkpoint(
        self,
        consumer: str,
        expected: Cursor | None,
        cursor: Cursor | None,
        batch: Batch | None = None,
        *,
        tenant: str = "",
    ) -> CommitResult:
        """Move a follower and write its effects; if either is refused, nothing is done. Raises InvalidCommand."""
        asked, position_after = position_of(expected), position_of(cursor)
        if batch is not None and batch.tenant != tenant:
            raise BrokenRule("A follower's batch belongs to another tenant.", tenant=tenant, batch=batch.tenant)
        with self._lock:
            kept = self._of(tenant)
            if (stands := kept.consumers.get(consumer)) != expected:
                return Conflicted(consumer, max(asked, 0), max(position_of(stands), 0))
            result = kept.commit(batch) if batch is not None else Committed(None, {})
            if isinstance(result, Committed):
                if position_after < 0:
                    kept.consumers.pop(consumer, None)
                else:
                    kept.consumers[consumer] = Cursor(str(position_after))
            return result

    def verify(self, *, tenant: str = "") -> tuple[Breach, ...]:
        """Rebuild the rows from the kept events and compare."""
        with self._lock:
            return tuple(self._of(tenant).breaches())

    # Rows in and out

    def tenants(self) -> tuple[str, ...]:
        """Everybody who has anything here."""
        with self._lock:
            return tuple(sorted(name for name, kept in self._tenants.items() if not transfer.counts(kept).nothing))

    @contextmanager
    def export(self, *, tenant: str = "") -> Iterator[transfer.MemoryExport]:
        """A snapshot to read from."""
        with self._lock:
            snapshot = transfer.MemoryExport(self._of(tenant))
        yield snapshot

    def take(self, rows: Sequence[StoredRow], *, tenant: str = "") -> None:
        """Write rows as they are, all or none."""
        with self._lock:
            transfer.take(self._of(tenant), rows)

    def clear(self, *, tenant: str = "", keep: str = "") -> None:
        """Forget all but the log, and the documents of the kind `keep`."""
        with self._lock:
            transfer.clear(self._of(tenant), keep)

    def rebuild(self, *, tenant: str = "") -> None:
        """Make the rows anew from the log."""
        with self._lock:
            self._of(tenant).rebuild()

    def archive(self, cut: Cut, *, tenant: str = "") -> CommitResult:
        """Take streams and documents away, leaving stubs."""
        with self._lock:
            return archive.archive(self._of(tenant), cut) or Committed(None, {})

    def restore(self, back: Back, *, tenant: str = "") -> CommitResult:
        """Put them back where they were."""
        with self._lock:
            return archive.restore(self._of(tenant), back) or Committed(None, {})

    def close(self) -> None:
        """Nothing was opened."""

    def _of(self, tenant: str) -> Tenant:
        kept = self._tenants.get(tenant)
        if kept is None:
            kept = self._tenants[tenant] = Tenant(self._codec)
        return kept
