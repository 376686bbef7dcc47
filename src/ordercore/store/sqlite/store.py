"""The SQLite store: the contract in one file, durable at every commit, shared by threads and processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, Final, Literal, Self

from ordercore.errors import BrokenRule, ConfigurationError, OutcomeUnknown, StoreError
from ordercore.store.archived import Back, Cut
from ordercore.store.batch import Batch
from ordercore.store.contract import Capability, EventCodec
from ordercore.store.query import Outcome, Query, Snapshot
from ordercore.store.refusal import refusal_of
from ordercore.store.result import Breach, CommitResult, Committed, Conflicted, Lease, Page, Unknown
from ordercore.store.scalars import position_of
from ordercore.store.sqlite import archive, audit, bulk, timers, transfer
from ordercore.store.sqlite.lent import AnySession, Lender, Lending
from ordercore.store.sqlite.read import Reading, is_one_statement
from ordercore.store.sqlite.refusal import Found
from ordercore.store.sqlite.rows import Cells, Writing
from ordercore.store.sqlite.session import Database
from ordercore.store.sqlite.work import Work
from ordercore.store.sqlite.write import apply
from ordercore.store.transfer import StoredRow
from ordercore.values import CommandId, Cursor

Move = tuple[str, int, int]
"""A follower's step: (consumer, expected position, new position)."""

_BORROWED: Final[frozenset[Capability]] = frozenset(
    ("durable", "multi_process", "global_order", "group_commit", "fencing", "borrowed_transaction")
)
_PREFIX: Final = "sqlite:///"


class _RefusedError(Exception):
    """Undo what was written, and say what was in the way."""

    def __init__(self, conflict: Conflicted) -> None:
        self.conflict = conflict
        super().__init__()


def _insist(conflict: Conflicted | None) -> None:
    if conflict is not None:
        raise _RefusedError(conflict)


class SQLiteStore:
    """Everything in one SQLite file (WAL). Safe to share by threads, usable from many processes and after a fork.

    `synchronous="FULL"` survives a power cut; "NORMAL" is several times faster and may lose the last commits then
    (never at a crash of the process). Every method raises StoreError and its subclasses, never sqlite3's errors.

    `borrowing` makes one in a database of the host, on the host's connection and inside its transaction.
    """

    capabilities: frozenset[Capability] = frozenset(
        ("durable", "multi_process", "global_order", "group_commit", "fencing", "transfer", "archive")
    )

    def __init__(
        self,
        path: str | Path,
        *,
        synchronous: Literal["FULL", "NORMAL"] = "FULL",
        busy_timeout_seconds: float = 30.0,
    ) -> None:
        """Open the file or create it. Raises SchemaVersion, Corrupted, StoreError, ConfigurationError."""
        name = str(path)
        if name in ("", ":memory:") or name.startswith("file:"):
            raise ConfigurationError(
                f"{name!r} is not the path of a file.", hint="Use MemoryStore() to keep everything in memory."
            )
        if synchronous not in ("FULL", "NORMAL"):
            raise ConfigurationError(f"synchronous={synchronous!r} is not supported.", hint="Use FULL or NORMAL.")
        self._use(Database(name, synchronous=synchronous, busy_timeout_seconds=busy_timeout_seconds))
        with self._database.session():
            pass

    def _use(self, database: Database | Lender) -> None:
        self._database = database
        self._codec: EventCodec | None = None
        self._cells: dict[str, Cells] = {}
        self._committed = 0
        """A position up to which the log is known to be committed."""

    @classmethod
    def borrowing(
        cls,
        lending: Lending,
        *,
        in_transaction: Callable[[], bool] | None = None,
        wrote: Callable[[], object] | None = None,
        migrate: str = "",
        busy_timeout_seconds: float = 30.0,
    ) -> Self:
        """In a database of the host: on its connection, or on the one that a callable gives for this thread.

        What is written follows the host's transaction, if it has one open, and is `Pending` until then; otherwise the
        store makes a short transaction of its own. The connection is never committed, rolled back or set. The tables
        are made by the host's migrations.

        `in_transaction`: whether a transaction of the host is open, where the host knows better than the connection;
        `wrote` is called after each operation that wrote into it; `migrate`: what to do when the tables are missing, a
        sentence. Every method may raise SchemaVersion, and RetryTransaction inside the host's transaction. What copies and
        archives needs a store made from a path.
        """
        store = cls.__new__(cls)
        lender = Lender(
            lending, in_transaction=in_transaction, wrote=wrote, migrate=migrate,
            busy_timeout_seconds=busy_timeout_seconds,
        )  # fmt: skip
        store._use(lender)
        store.capabilities = _BORROWED
        return store

    def in_transaction(self) -> bool:
        """Whether what would be written now waits for a transaction of the host."""
        return isinstance(self._database, Lender) and self._database.in_transaction()

    @classmethod
    def open(
        cls, url: str, *, synchronous: Literal["FULL", "NORMAL"] = "FULL", busy_timeout_seconds: float = 30.0
    ) -> SQLiteStore:
        """From `sqlite:///relative.db`, `sqlite:////absolute.db` or a plain path."""
        path = url.removeprefix(_PREFIX)
        if "://" in path or path.startswith("sqlite:"):
            raise ConfigurationError(
                f"{url!r} is not an address of this store.",
                url=url,
                hint="Write sqlite:///shop.db or sqlite:////var/shop.db.",
            )
        return cls(path, synchronous=synchronous, busy_timeout_seconds=busy_timeout_seconds)

    @property
    def path(self) -> str:
        """The file; of a borrowed connection, words for it."""
        return self._database.path

    def use_codec(self, codec: EventCodec) -> None:
        """How events, documents and commands are written. Before anything else."""
        self._codec = codec

    def read(self, queries: Sequence[Query[Any]], *, tenant: str = "") -> Snapshot:
        """Answer all queries from one snapshot; never waits for writers."""
        with self._database.session() as session:
            reading = self._reading(session, tenant)
            if len(queries) == 1 and is_one_statement(queries[0]):
                return Snapshot({id(queries[0]): reading.answer(queries[0])}, session.settled)
            answers: dict[int, object] = {}
            session.begin_reading()
            for query in queries if len(queries) < bulk.MANY else bulk.answer(reading, queries, answers):
                answers[id(query)] = reading.answer(query)
            session.end_reading()
            return Snapshot(answers, session.settled)

    def commit(self, batch: Batch) -> CommitResult:
        """All or nothing, durable when it returns. Raises StoreBusy after the deadline."""
        return self._commit([Work(batch, self._events())], None)[0]

    def commit_many(self, batches: Sequence[Batch]) -> list[CommitResult]:
        """One transaction; batches that are refused leave the others alone, later ones see earlier ones."""
        codec = self._events()
        results: list[CommitResult] = []
        for _, group in groupby(batches, key=lambda batch: batch.tenant):
            results += self._commit([Work(batch, codec) for batch in group], None)
        return results

    def outcome(self, command_id: CommandId, *, tenant: str = "") -> Outcome | None:
        """What became of a command id."""
        with self._database.session() as session:
            return self._reading(session, tenant).outcome(command_id, None)

    def read_all(self, after: Cursor | None, limit: int = 1000, *, tenant: str = "", hot: bool = False) -> Page:
        """Log rows after the cursor until `limit` events are reached, at least one row.

        `lag` counts the rows of this tenant, from 1,000 on those of other tenants in between too. Inside a transaction
        of the host that has written, nothing is shown behind what this store has seen to be committed.
        """
        with self._database.session() as session:
            end = None if session.final else self._committed
            page, last = self._reading(session, tenant).page(after, limit, end, hot=hot)
            if session.settled:
                self._committed = last
            return page

    def lease_due(
        self, owner: str, now: datetime, ttl: timedelta, limit: int = 100, *, kind: str | None = None, tenant: str = ""
    ) -> tuple[Lease, ...]:
        """Lease due timers, earliest first; does not wait for writers when nothing is due."""
        with self._database.session() as session:
            if not timers.any_due(session, tenant, now, kind):
                return ()
            with self._transaction(session):
                return timers.lease(session, tenant, now, ttl, limit, kind)

    def ack(self, lease: Lease, *, tenant: str = "") -> bool:
        """Remove the timer if the lease still holds."""
        with self._database.session() as session, self._transaction(session):
            return timers.end(session, tenant, lease, None)

    def nack(self, lease: Lease, due: datetime, *, tenant: str = "") -> bool:
        """Make the timer due again at `due` if the lease still holds."""
        with self._database.session() as session, self._transaction(session):
            return timers.end(session, tenant, lease, due)

    def next_due(self, *, tenant: str = "") -> datetime | None:
        """When the earliest timer is due, leased or not: one look into an index."""
        with self._database.session() as session:
            return timers.earliest(session, tenant)

    def cursor_of(self, consumer: str, *, tenant: str = "") -> Cursor | None:
        """Where a follower stands."""
        with self._database.session() as session:
            position = timers.cursor_of(session, tenant, consumer)
            return Cursor(str(position)) if position >= 0 else None

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
        move = (consumer, position_of(expected), position_of(cursor))
        if batch is None:
            return self._move(move, tenant)
        if batch.tenant != tenant:
            raise BrokenRule("A follower's batch belongs to another tenant.", tenant=tenant, batch=batch.tenant)
        return self._commit([Work(batch, self._events())], move)[0]

    def verify(self, *, tenant: str = "") -> tuple[Breach, ...]:
        """Rebuild every row from the log and compare; reads everything, stops nobody."""
        with self._database.session() as session:
            session.begin_reading()
            found = tuple(audit.breaches(self._reading(session, tenant)))
            session.end_reading()
            return found

    # Rows in and out

    def tenants(self) -> tuple[str, ...]:
        """Everybody who has anything in this file."""
        with self._database.session() as session:
            return transfer.tenants(session)

    @contextmanager
    def export(self, *, tenant: str = "") -> Iterator[transfer.SQLiteExport]:
        """A snapshot to read from, on a connection of its own."""
        with self._database.alone() as connection:
            connection.execute("begin")
            yield transfer.SQLiteExport(connection, tenant)

    def take(self, rows: Sequence[StoredRow], *, tenant: str = "") -> None:
        """Write rows as they are, in one transaction."""
        with self._database.session() as session, self._transaction(session):
            transfer.take(session, tenant, rows)

    def clear(self, *, tenant: str = "", keep: str = "") -> None:
        """Forget all but the log, and the documents of the kind `keep`."""
        with self._database.session() as session, self._transaction(session):
            transfer.clear(session, tenant, keep)

    def rebuild(self, *, tenant: str = "") -> None:
        """Make the rows anew from the log; others cannot write meanwhile."""
        with self._database.session() as session:
            rows = Writing(session, self._cells_of(tenant), tenant)
            with self._transaction(session):
                reading = self._reading(session, tenant)
                transfer.rebuild(reading, rows, audit.rows_of_log(reading))
            if session.keeps:
                rows.committed()

    def archive(self, cut: Cut, *, tenant: str = "") -> CommitResult:
        """Take streams and documents away, leaving stubs."""
        return self._undone_if_refused(lambda session: archive.archive(session, tenant, cut))

    def restore(self, back: Back, *, tenant: str = "") -> CommitResult:
        """Put them back where they were."""
        return self._undone_if_refused(lambda session: archive.restore(session, tenant, back))

    def _undone_if_refused(self, change: Callable[[AnySession], Conflicted | None]) -> CommitResult:
        with self._database.session() as session:
            try:
                with self._transaction(session):
                    _insist(change(session))
            except _RefusedError as refused:
                return refused.conflict
            except OutcomeUnknown as error:
                return Unknown(error.message)
            return session.results([Committed(None, {})])[0]

    def close(self) -> None:
        """Close the file, or give back what was lent; a later call raises StoreError."""
        self._database.close()

    # Writing

    def _commit(self, works: Sequence[Work], move: Move | None) -> list[CommitResult]:
        tenant = works[0].batch.tenant
        with self._database.session() as session:
            try:
                results = self._all_at_once(session, works, move, tenant)
                if results is not None:
                    return results
                if len(works) == 1:
                    # Most refusals are explained without a lock.
                    refusal = self._refusal(session, works[0], move, tenant)
                    if refusal is not None:
                        return [refusal]
                # Many batches, or what was in the way is gone meanwhile.
                return self._one_by_one(session, works, move, tenant)
            except OutcomeUnknown as error:
                return [Unknown(error.message) for _ in works]

    def _all_at_once(
        self, session: AnySession, works: Sequence[Work], move: Move | None, tenant: str
    ) -> list[CommitResult] | None:
        """None if any of them is refused; then nothing was written."""
        rows = Writing(session, self._cells_of(tenant), tenant)
        session.take_turn()
        try:
            session.begin()
            results = None
            if move is None or timers.move_cursor(session, tenant, *move):
                results = apply(session, rows, works)
            if results is None:
                session.rollback()
                return None
            session.commit()
        except BaseException:
            session.undo()
            raise
        finally:
            session.give_turn()
        if session.keeps:
            rows.committed()
        return session.results(results)

    def _one_by_one(
        self, session: AnySession, works: Sequence[Work], move: Move | None, tenant: str
    ) -> list[CommitResult]:
        """Under the write lock, ask for each batch why it cannot be; write it if there is no reason."""
        rows = Writing(session, self._cells_of(tenant), tenant)
        reading = self._reading(session, tenant)
        results: list[CommitResult] = []
        with self._transaction(session):
            if move is not None and (conflict := self._moved(session, move, tenant)) is not None:
                return [conflict]
            for work in works:
                result = refusal_of(work.batch, work.floors, Found(reading, rows, work))
                if result is None:
                    done = apply(session, rows, [work])
                    if done is None:
                        raise BrokenRule("A batch was refused without a reason.", command_id=work.batch.command_id)
                    result = done[0]
                results.append(result)
            if move is not None and isinstance(results[0], Committed):
                timers.move_cursor(session, tenant, *move)
        if session.keeps:
            rows.committed()
        return session.results(results)

    def _refusal(self, session: AnySession, work: Work, move: Move | None, tenant: str) -> CommitResult | None:
        session.begin_reading()
        result: CommitResult | None = self._moved(session, move, tenant) if move is not None else None
        if result is None:
            rows = Writing(session, self._cells_of(tenant), tenant)
            result = refusal_of(work.batch, work.floors, Found(self._reading(session, tenant), rows, work))
        session.end_reading()
        return result

    def _move(self, move: Move, tenant: str) -> CommitResult:
        with self._database.session() as session:
            with self._transaction(session):
                moved = timers.move_cursor(session, tenant, *move)
                conflict = None if moved else self._moved(session, move, tenant)
            return conflict or session.results([Committed(None, {})])[0]

    def _moved(self, session: AnySession, move: Move, tenant: str) -> Conflicted | None:
        consumer, expected, _ = move
        stands = timers.cursor_of(session, tenant, consumer)
        return None if stands == expected else Conflicted(consumer, max(expected, 0), max(stands, 0))

    @contextmanager
    def _transaction(self, session: AnySession) -> Iterator[None]:
        session.take_turn()
        try:
            session.begin()
            yield
            session.commit()
        except BaseException:
            session.undo()
            raise
        finally:
            session.give_turn()

    # What belongs to a tenant, and the codec

    def _reading(self, session: AnySession, tenant: str) -> Reading:
        cells = self._cells_of(tenant)
        return Reading(session, self._events(), cells if session.settled else cells.aside(), tenant)

    def _cells_of(self, tenant: str) -> Cells:
        cells = self._cells.get(tenant)
        if cells is None:
            cells = self._cells.setdefault(tenant, Cells())
        return cells

    def _events(self) -> EventCodec:
        if self._codec is None:
            raise StoreError(
                f"{self._database.path}: nobody said how events are written.", reason="no_codec",
                hint="A kernel does it; by hand call store.use_codec(codec) first.",
            )  # fmt: skip
        return self._codec
