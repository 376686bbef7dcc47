"""Stores that are wrong in one way each. What they do otherwise is right, so that they fail for their defect alone.

In a module of their own without pytest, because racers in other processes import it.
"""

import copy
import threading
import time
from collections import Counter, defaultdict
from unittest.mock import patch

from attrs import evolve

from ordercore.message import Recorded
from ordercore.store import (
    BUCKETS,
    Committed,
    Conflicted,
    Pending,
    ReadDocuments,
    ReadHead,
    ReadOutcome,
    Require,
    Short,
    Snapshot,
)
from ordercore.store.memory import MemoryStore
from ordercore.store.posting import COLUMN
from ordercore.store.sqlite import SQLiteStore
from ordercore.store.sqlite.rows import Writing
from ordercore.testing.sample_events import NOW
from ordercore.testing.sqlite_host import SQLiteHost


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
            page = super().read_all(after, limit, tenant=tenant, hot=hot)
            end = super().read_all(after, 10**6, tenant=tenant)
            return evolve(page, cursor=end.cursor)


class SequenceCursor(MemoryStore):
    """Numbers log rows when they are written and shows them when they are committed: readers pass the slow ones by."""

    def __init__(self):
        super().__init__()
        self.open = set()
        self.passed = threading.Event()

    def commit(self, batch):
        if len(batch.appends) < 2 or self.passed.is_set() or threading.active_count() < 3:
            return super().commit(batch)
        with self._lock:
            before = len(self._of(batch.tenant).log)
            result = super().commit(batch)
            written = set(range(before, len(self._of(batch.tenant).log)))
            self.open |= written
        # The rows are numbered; the rest of the transaction takes its time: until a reader has passed it by.
        self.passed.wait(2)
        with self._lock:
            self.open -= written
        return result

    def read_all(self, after, limit=1000, *, tenant="", hot=False):
        with self._lock:
            page = super().read_all(after, limit, tenant=tenant, hot=hot)
            shown = [record for record in page.records if int(record.position) - 1 not in self.open]
            cursor = shown[-1].position if shown else after
            if shown and self.open and min(self.open) < int(cursor) - 1:
                self.passed.set()
            return evolve(page, records=tuple(shown), cursor=cursor)


class DirtyLog(MemoryStore):
    """Lets readers of the log see what is being written and may still be refused."""

    def __init__(self):
        super().__init__()
        self.writing = {}

    def commit(self, batch):
        with self._lock:
            kept = self._of(batch.tenant)
            at = len(kept.log)
            self.writing[batch.command_id] = [
                Recorded(event, each.stream, 1, str(at + 1), batch.command_id, NOW, NOW)
                for each in batch.appends[:1]
                for event in each.events
            ]
        time.sleep(0)
        with self._lock:
            del self.writing[batch.command_id]
            return super().commit(batch)

    def read_all(self, after, limit=1000, *, tenant="", hot=False):
        with self._lock:
            page = super().read_all(after, limit, tenant=tenant, hot=hot)
            more = [record for records in self.writing.values() for record in records]
            return evolve(page, records=(*page.records, *more)) if page.records and not page.lag else page


class DoubledDelivery(MemoryStore):
    """Begins each page of the log where the page before ended, with its last row once more."""

    def read_all(self, after, limit=1000, *, tenant="", hot=False):
        with self._lock:
            page = super().read_all(after, limit, tenant=tenant, hot=hot)
            if not page.records or after is None:
                return page
            again = super().read_all(str(int(after) - 1), 1, tenant=tenant)
            return evolve(page, records=(*again.records, *page.records))


@one_by_one
class SwallowedConflict(MemoryStore):
    """Says that a batch is committed when somebody else was quicker, and writes nothing."""

    def commit(self, batch):
        result = super().commit(batch)
        if isinstance(result, Conflicted):
            return Committed(None, {append.stream: (append.expected or 0) + 1 for append in batch.appends})
        return result


class MissingSavepoint(MemoryStore):
    """Undoes a refused batch of a group by rolling the transaction back, and those before it with it."""

    def commit_many(self, batches):
        with self._lock:
            before = copy.deepcopy(self._tenants)
            results = []
            for batch in batches:
                results.append(self.commit(batch))
                if not isinstance(results[-1], Committed):
                    self._tenants = copy.deepcopy(before)
            return results


class NothingUndoneInGroups(MemoryStore):
    """Has written documents and counters of a batch of a group when it finds out that the batch is short."""

    def commit_many(self, batches):
        results = []
        for batch in batches:
            results.append(self.commit(batch))
            if isinstance(results[-1], Short):
                self.commit(evolve(batch, command_id=f"{batch.command_id}?", appends=(), requires=(), timers=()))
        return results


class UnsortedLocks(MemoryStore):
    """Locks rows in the order in which each batch names them, and finds out after a while that it is a deadlock."""

    def __init__(self):
        super().__init__()
        self.rows = defaultdict(threading.Lock)
        self.holders, self.waiting = {}, {}

    def commit(self, batch):
        return self.commit_many([batch])[0]

    def commit_many(self, batches):
        keys = list(dict.fromkeys(key for batch in batches for key in batch.rows))
        for _ in range(3):
            if self.locked(keys):
                break
        else:
            keys.sort()  # so that the test ends
            while not self.locked(keys):
                pass
        try:
            return [MemoryStore.commit(self, batch) for batch in batches]
        finally:
            self.unlock(keys)

    def locked(self, keys):
        me = threading.get_ident()
        for at, key in enumerate(keys):
            with self._lock:
                row = self.rows[key]
            self.waiting[me] = key
            while not row.acquire(timeout=0.1):
                if self.deadlocked(me):
                    self.unlock(keys[:at])
                    return False
            self.holders[key] = me
            time.sleep(0)
        return True

    def deadlocked(self, me):
        """Whether whom it waits for waits for it, however many are in between."""
        other = self.holders.get(self.waiting[me])
        for _ in range(20):
            if other is None or other == me:
                break
            other = self.holders.get(self.waiting.get(other))
        return other == me

    def unlock(self, keys):
        self.waiting.pop(threading.get_ident(), None)
        for key in keys:
            self.holders.pop(key, None)
            self.rows[key].release()


class ForgottenTenant(MemoryStore):
    """Lists documents of all tenants: one query of ten forgets whom it is for."""

    def read(self, queries, *, tenant=""):
        snapshot = super().read(queries, tenant=tenant)
        for query in queries:
            if isinstance(query, ReadDocuments):
                found = [
                    each for name in self._tenants for each in MemoryStore.read(self, [query], tenant=name).of(query)
                ]
                snapshot.answers[id(query)] = tuple(dict.fromkeys(found))
        return snapshot


@one_by_one
class OutcomeWithoutFingerprint(MemoryStore):
    """Keeps which ids were committed, and not with what."""

    def commit(self, batch):
        record = self._of(batch.tenant).records.get(batch.command_id)
        if record is not None:
            record.command = batch.command
        return super().commit(batch)

    def read(self, queries, *, tenant=""):
        snapshot = super().read(queries, tenant=tenant)
        for query in queries:
            if isinstance(query, ReadOutcome) and (known := snapshot.of(query)) is not None:
                snapshot.answers[id(query)] = evolve(known, matches=True)
        return snapshot


@one_by_one
class LotNotApplied(MemoryStore):
    """Books the pool and leaves the lots as they are."""

    def commit(self, batch):
        batch = evolve(batch)
        for key in [key for key in batch.rows if key[2] and len(batch.rows) > 1]:
            del batch.rows[key]
        return super().commit(batch)


class FenceReused(MemoryStore):
    """Counts the fences of each timer from 1, and forgets the count with the timer."""

    def lease_due(self, owner, now, ttl, limit=100, *, kind=None, tenant=""):
        with self._lock:
            timers = self._of(tenant).timers
            leases = super().lease_due(owner, now, ttl, limit, kind=kind, tenant=tenant)
            counted = self.__dict__.setdefault("counted", {})
            found = []
            for lease in leases:
                name = (lease.kind, lease.key)
                fence = counted[name] = counted.get(name, 0) + 1
                due, _, until = timers._set[name]
                timers._set[name] = (due, fence, until)
                found.append(evolve(lease, fence=fence))
            return tuple(found)

    def ack(self, lease, *, tenant=""):
        done = super().ack(lease, tenant=tenant)
        if done:
            self.counted.pop((lease.kind, lease.key), None)
        return done


@one_by_one
class RequiredAfterBump(MemoryStore):
    """Bumps the counters of a batch first, and compares what it requires of them then."""

    def commit(self, batch):
        bumped = Counter(bump.counter for bump in batch.bumps)
        requires = [
            evolve(each, value=each.value - bumped[each.counter]) if isinstance(each, Require) else each
            for each in batch.requires
        ]
        return super().commit(evolve(batch, requires=tuple(requires)))


class CursorApart(MemoryStore):
    """Writes the effects of a follower in one transaction and moves its cursor in another."""

    def checkpoint(self, consumer, expected, cursor, batch=None, *, tenant=""):
        result = self.commit(batch) if batch is not None else None
        moved = super().checkpoint(consumer, expected, cursor, tenant=tenant)
        return moved if result is None else result


class TwoRelays(MemoryStore):
    """Compares where a follower stands, and moves it in a transaction that does not compare again."""

    def checkpoint(self, consumer, expected, cursor, batch=None, *, tenant=""):
        if self.cursor_of(consumer, tenant=tenant) != expected:
            return Conflicted(consumer, 0, 1)
        time.sleep(0)
        with self._lock:
            stands = self.cursor_of(consumer, tenant=tenant)
            return super().checkpoint(consumer, stands, cursor, batch, tenant=tenant)


class ClockBelieved(MemoryStore):
    """Takes any clock that is not the one of the lease as a sign that the lease has run out."""

    def lease_due(self, owner, now, ttl, limit=100, *, kind=None, tenant=""):
        with self._lock:
            timers = self._of(tenant).timers
            for name, (due, fence, until) in list(timers._set.items()):
                if until is not None and until > now + ttl:
                    timers._set[name] = (due, fence, None)
                    now = max(now, due)
            return super().lease_due(owner, now, ttl, limit, kind=kind, tenant=tenant)


class TiesByChance(MemoryStore):
    """Gives timers that are due at the same time in the order in which they were set."""

    def lease_due(self, owner, now, ttl, limit=100, *, kind=None, tenant=""):
        with self._lock:
            set_in_order = list(self._of(tenant).timers._set)
            leases = super().lease_due(owner, now, ttl, 10**6, kind=kind, tenant=tenant)
            order = sorted(leases, key=lambda lease: (lease.due, set_in_order.index((lease.kind, lease.key))))
            for lease in order[limit:]:
                self.nack(lease, lease.due, tenant=tenant)
            return tuple(order[:limit])


class OrderOfADictionary(MemoryStore):
    """Lists documents as a dictionary would, upper and lower case side by side."""

    def read(self, queries, *, tenant=""):
        snapshot = super().read(queries, tenant=tenant)
        for query in queries:
            if isinstance(query, ReadDocuments):
                found = sorted(snapshot.of(query), key=lambda each: (each.sort.lower(), each.key.lower()))
                snapshot.answers[id(query)] = tuple(found[::-1] if query.newest_first else found)
        return snapshot


@one_by_one
class ShortageFirst(MemoryStore):
    """Looks at the stock first, and finds out later that the decision was out of date anyway."""

    def commit(self, batch):
        kept = self._of(batch.tenant)
        if batch.command_id not in kept.records and isinstance(short := kept._rows_after(batch), Short):
            return short
        return super().commit(batch)


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
                session.executemany(f"update ordercore_position set {put} where id = ?", read)
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


class CommitsForTheHost(SQLiteStore):
    """Commits what it has written, and with it whatever the host has."""

    def commit(self, batch):
        result = super().commit(batch)
        if isinstance(result, Pending):
            self._database.connection().execute("commit")
        return result


class SaysCommitted(SQLiteStore):
    """Says that a batch is committed when it stands in a transaction that the host may take back."""

    def commit(self, batch):
        result = super().commit(batch)
        return Committed("1", result.versions) if isinstance(result, Pending) else result


class RollsTheHostBack(SQLiteStore):
    """Has no savepoint of its own: to undo a refused batch it rolls the host's transaction back."""

    def commit(self, batch):
        result = super().commit(batch)
        if isinstance(result, Short):
            self._database.connection().execute("rollback")
        return result


class SetsTheSession(SQLiteStore):
    """Gives the host's connection a setting that suits the store."""

    def read_all(self, after, limit=1000, *, tenant="", hot=False):
        self._database.connection().execute("pragma cache_size = -4321")
        return super().read_all(after, limit, tenant=tenant, hot=hot)


class SettledTooSoon(SQLiteStore):
    """Takes what it reads inside a transaction of the host for what there is."""

    def read(self, queries, *, tenant=""):
        return evolve(super().read(queries, tenant=tenant), settled=True)


class BrokenHost(SQLiteHost):
    """Lends its connection to a broken store."""

    def __init__(self, path, broken):
        super().__init__(path)
        self.broken = broken

    def store(self, in_transaction=None, **options):
        return self.broken.borrowing(lambda: self.connection, in_transaction=in_transaction, **options)
