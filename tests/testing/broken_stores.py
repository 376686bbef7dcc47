"""Stores that are wrong in one way each. What they do otherwise is right, so that they fail for their defect alone.

In a module of their own without pytest, because racers in other processes import it.
"""

import threading
import time
from unittest.mock import patch

from attrs import evolve

from ordercore.store import BUCKETS, Committed, Conflicted, ReadHead, Short, Snapshot
from ordercore.store.memory import MemoryStore
from ordercore.store.posting import COLUMN
from ordercore.store.sqlite import SQLiteStore
from ordercore.store.sqlite.rows import Writing


def one_by_one(cls):
    """Let `commit_many` go through the broken `commit`."""
    cls.commit_many = lambda self, batches: [self.commit(batch) for batch in batches]
    return cls


def caught_up(append, conflict):
    """The append at the version that its stream has now."""
    return evolve(append, expected=conflict.actual) if append.stream == conflict.what else append


@one_by_one
class ReadModifyWrite(MemoryStore):
    """Reads a balance, and writes it back less what was taken, whatever happened in between."""

    def commit(self, batch):
        kept = self._of(batch.tenant)
        read = {key: list(kept.rows[key]) for key in batch.rows if key in kept.rows}
        time.sleep(0)
        with self._lock:
            if batch.command_id not in kept.records:
                for key, row in read.items():
                    kept.rows[key][:] = row
            return super().commit(batch)


@one_by_one
class NoIdempotency(MemoryStore):
    """Forgets which commands it has seen."""

    def commit(self, batch):
        self._of(batch.tenant).records.pop(batch.command_id, None)
        return super().commit(batch)


@one_by_one
class ClampedBalance(MemoryStore):
    """Takes what is there and stops at zero instead of refusing."""

    def commit(self, batch):
        result = super().commit(batch)
        if not isinstance(result, Short):
            return result
        kept = self._of(batch.tenant)
        for short in result.shortages:
            key = (short.sku, short.place, short.lot, short.owner)
            if key not in kept.rows:
                kept._new_row(key, [0] * len(COLUMN))
            kept.rows[key][COLUMN[short.bucket]] += short.missing
        return super().commit(batch)


@one_by_one
class ClaimantSwapped(MemoryStore):
    """Applies postings without comparing the version of the claimant's stream: the bucket's guard is all there is."""

    def commit(self, batch):
        result = super().commit(batch)
        while isinstance(result, Conflicted) and any(append.stream == result.what for append in batch.appends):
            batch = evolve(batch, appends=tuple(caught_up(append, result) for append in batch.appends))
            result = super().commit(batch)
        return result


@one_by_one
class PostingLost(MemoryStore):
    """Drops the last of more than two rows of a batch."""

    def commit(self, batch):
        batch = evolve(batch)
        if len(batch.rows) > 2:
            batch.rows.popitem()
        return super().commit(batch)


@one_by_one
class ForgottenRollback(MemoryStore):
    """Counts the bumps of a batch before it finds out that it is short, and leaves them."""

    def commit(self, batch):
        result = super().commit(batch)
        if isinstance(result, Short):
            kept = self._of(batch.tenant)
            for bump in batch.bumps:
                kept.counters[bump.counter] = kept.counters.get(bump.counter, 0) + 1
        return result


@one_by_one
class HeadComparedBefore(MemoryStore):
    """Compares the head of a stream, and opens its transaction after that."""

    def commit(self, batch):
        kept = self._of(batch.tenant)
        if batch.command_id not in kept.records:
            for append in batch.appends:
                head = kept.head(append.stream)
                if append.expected is not None and append.expected != head:
                    return Conflicted(append.stream, append.expected, head)
        time.sleep(0)
        with self._lock:
            appends = tuple(
                evolve(append, expected=append.expected and kept.head(append.stream)) for append in batch.appends
            )
            return super().commit(evolve(batch, appends=appends))


class TornRead(MemoryStore):
    """Answers each query of a read as of another moment: after rivals have written."""

    def __init__(self):
        super().__init__()
        self.begun, self.written = threading.Event(), threading.Event()

    def read(self, queries, *, tenant=""):
        answers = {}
        for query in queries:
            answers |= super().read([query], tenant=tenant).answers
            if len(queries) > 1:
                self.written.clear()
                self.begun.set()
                self.written.wait(0.5)  # for as long as it takes, where there are rivals
        return Snapshot(answers)

    def commit(self, batch):
        result = super().commit(batch)
        self.written.set()
        self.begun.wait(0.1)  # the rivals must not be done before anybody has read
        return result


class FencelessTimers(MemoryStore):
    """Believes whoever says that he holds a lease."""

    def ack(self, lease, *, tenant=""):
        with self._lock:
            due, fence, _ = self._of(tenant).timers._set.get((lease.kind, lease.key), (None, 0, None))
            return due is not None and super().ack(evolve(lease, due=due, fence=fence), tenant=tenant)


class SharedHouse(MemoryStore):
    """Knows only one tenant."""

    def _of(self, tenant):
        return super()._of("")


class HastyLog(MemoryStore):
    """Moves the cursor past what a page had no room for."""

    def read_all(self, after, limit=1000, *, tenant="", hot=False):
        with self._lock:
            page = super().read_all(after, limit, tenant=tenant)
            end = super().read_all(after, 10**6, tenant=tenant)
            return evolve(page, cursor=end.cursor)


@one_by_one
class ReadModifyWriteOnDisk(SQLiteStore):
    """Reads the rows, and puts them back with the change, whatever other processes wrote in between."""

    def commit(self, batch):
        with self._database.session() as session:
            rows = Writing(session, self._cells_of(batch.tenant), batch.tenant)
            read = [(*rows.row(key), number) for key in batch.rows if (number := rows.id_of(key)) is not None]
            if not read:
                return super().commit(batch)
            # Long enough for another process to write, also where all of them share one busy core.
            time.sleep(0.001)
            with self._transaction(session):
                put = ", ".join(f"{bucket} = ?" for bucket in BUCKETS)
                session.executemany(f"update position set {put} where id = ?", read)
        return super().commit(batch)


@one_by_one
class HeadComparedBeforeOnDisk(SQLiteStore):
    """Compares the heads of streams by a read, and writes at whatever they are by then."""

    def commit(self, batch):
        heads = [ReadHead(append.stream) for append in batch.appends]
        snapshot = self.read(heads, tenant=batch.tenant)
        fresh = all(each.expected in (None, snapshot.of(head)) for each, head in zip(batch.appends, heads, strict=True))
        time.sleep(0)
        result = super().commit(batch)
        while fresh and isinstance(result, Conflicted):
            batch = evolve(batch, appends=tuple(caught_up(append, result) for append in batch.appends))
            result = super().commit(batch)
        return result


class HastyAcknowledgment(SQLiteStore):
    """Says that a batch is committed when it stands in a queue; whoever looks through this store sees it there."""

    def __init__(self, path, **options):
        self.queue = []
        super().__init__(path, **options)

    def commit(self, batch):
        return self.commit_many([batch])[0]

    def commit_many(self, batches):
        self.queue += batches
        if len(self.queue) >= 20:
            self._flush()
        return [Committed(None, {each.stream: len(each.events) for each in batch.appends}) for batch in batches]

    def _flush(self):
        queue, self.queue = self.queue, []
        super().commit_many(queue)

    def read(self, queries, *, tenant=""):
        self._flush() if self.queue else None
        return super().read(queries, tenant=tenant)

    def close(self):
        self._flush() if self.queue else None
        super().close()


class LeakyWriting(Writing):
    """What a transaction looked up or made is known to all at once."""

    __slots__ = ()

    def __init__(self, session, cells, tenant):
        super().__init__(session, cells, tenant)
        self.ids, self.skus = cells.ids, cells.skus


class IdsOfRefusedBatches(SQLiteStore):
    """Keeps the ids of rows that a refused batch had made; SQLite gives them to other rows."""

    def _commit(self, works, move):
        with patch("ordercore.store.sqlite.store.Writing", LeakyWriting):
            return super()._commit(works, move)


class BalancesKept(SQLiteStore):
    """Remembers the rows it has read."""

    def __init__(self, path, **options):
        self.kept = {}
        super().__init__(path, **options)

    def commit(self, batch):
        self.kept.clear()
        return super().commit(batch)

    def read(self, queries, *, tenant=""):
        snapshot = super().read(queries, tenant=tenant)
        for query in queries:
            if hasattr(query, "skus"):
                name = (tenant, type(query), query.skus, getattr(query, "place", None))
                snapshot.answers[id(query)] = self.kept.setdefault(name, snapshot.answers[id(query)])
        return snapshot
