"""A connection that the host lends: what the store does on it follows the host's transaction and leaves no trace.

Nothing is ever committed or rolled back for the host, and no setting of the connection is touched. Inside a transaction
of the host each batch is a savepoint; outside of one the store makes a short transaction of its own. A connection that
begins transactions by itself (`isolation_level` is not None, which is what `sqlite3.connect` gives) has a transaction
of the host from the first thing written on, as with any other statement.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from types import TracebackType
from typing import Final, Literal, Self

from attrs import evolve

from ordercore.errors import ConfigurationError, OrdercoreError, RetryTransaction, StoreError, hinted
from ordercore.store.result import CommitResult, Committed, Pending
from ordercore.store.sqlite import schema
from ordercore.store.sqlite.faults import is_busy, translated
from ordercore.store.sqlite.session import Session, insist, last_position, write_durably

Lending = sqlite3.Connection | Callable[[], sqlite3.Connection]
"""The host's connection, or what gives this thread's."""

Level = Literal["", "reading", "own", "joined", "savepoint"]
"""What the store has begun: nothing; a short transaction of its own to read or write in; the host's transaction, as its
first statement; a savepoint in it."""


class Lender:
    """Where the connection comes from, and what the host says of its transactions."""

    path: Final = schema.PATH

    def __init__(
        self,
        lending: Lending,
        *,
        in_transaction: Callable[[], bool] | None,
        wrote: Callable[[], object] | None,
        migrate: str,
        busy_timeout_seconds: float,
    ) -> None:
        self._lending = lending
        self._in_transaction = in_transaction
        self.wrote = wrote
        self.migrate = migrate
        self.busy_timeout_seconds = busy_timeout_seconds
        self.closed = False
        self.turn = threading.RLock() if isinstance(lending, sqlite3.Connection) else nullcontext()
        """Threads that share one connection would find themselves in each other's savepoints."""

    def session(self) -> Loan:
        """The connection for one operation."""
        return Loan(self)

    def connection(self) -> sqlite3.Connection:
        """What is lent to this thread now. Raises StoreError, ConfigurationError."""
        if self.closed:
            raise StoreError("This store is closed.", reason="closed", hint="Make it anew.")
        lending = self._lending
        found = lending if isinstance(lending, sqlite3.Connection) else lending()
        if not isinstance(found, sqlite3.Connection):
            raise ConfigurationError(
                f"What is lent is no sqlite3.Connection but {type(found).__name__}.",
                hint="Lend the connection of the driver: in Django `connection.connection`, in SQLAlchemy "
                "`session.connection().connection.driver_connection`.",
            )  # fmt: skip
        if found.text_factory is not str:
            raise ConfigurationError(
                "The connection that is lent reads text as something else than str.",
                hint="Lend one whose `text_factory` is `str`.",
            )
        return found

    def waits(self, connection: sqlite3.Connection) -> bool:
        """Whether a transaction of the host decides what becomes of what is written now."""
        if self._in_transaction is not None:
            return self._in_transaction()
        return connection.in_transaction or _begins_by_itself(connection)

    def in_transaction(self) -> bool:
        """The same, of the connection that would be used now."""
        return self.waits(self.connection())

    def alone(self) -> AbstractContextManager[sqlite3.Connection]:
        """A connection of its own is not lent. Raises StoreError."""
        raise StoreError(
            "A borrowed store has no connection for one long reading.", reason="borrowed",
            hint="Open the database by its address: SQLiteStore(path).",
        )  # fmt: skip

    def close(self) -> None:
        """Nothing to close: the connection is the host's."""
        self.closed = True


def _begins_by_itself(connection: sqlite3.Connection) -> bool:
    # Python 3.12 has a newer way to say it; True is SQLite's own mode, in which nothing begins by itself.
    return getattr(connection, "autocommit", None) is not True and connection.isolation_level is not None


class Loan:
    """The connection for one operation. As a context manager: takes back what it left open, translates what SQLite raises."""

    __slots__ = (
        "_connection", "_lender", "_level", "_wrote", "cursor", "execute", "executemany", "inside", "settled", "waits",
    )  # fmt: skip

    def __init__(self, lender: Lender) -> None:
        self._lender = lender
        self._level: Level = ""
        self._wrote = False

    def __enter__(self) -> Self:
        self._lender.turn.__enter__()
        try:
            self._begin_operation()
        except BaseException as error:
            self._lender.turn.__exit__(None, None, None)
            if isinstance(error, sqlite3.Error) and (better := self._translated(error)) is not None:
                raise better from error
            raise
        return self

    def _begin_operation(self) -> None:
        lender = self._lender
        self.inside = False
        self._connection = connection = lender.connection()
        self.cursor = self.fresh_cursor()
        self.execute, self.executemany = self.cursor.execute, self.cursor.executemany
        self.inside = connection.in_transaction
        """Whether the connection has a transaction open that the store did not begin."""
        self.waits = lender.waits(connection)
        # A connection on which nothing was ever written has nothing to undo; more is not known of a host's transaction.
        self.settled = not self.inside or connection.total_changes == 0
        schema.require(self.execute, lender.path, lender.migrate)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            if error is not None:
                self.undo()
                if isinstance(error, Exception) and (better := self._translated(error)) is not None:
                    raise better from error
            elif self._wrote and self._lender.wrote is not None:
                self._lender.wrote()
        finally:
            self._lender.turn.__exit__(None, None, None)

    @property
    def final(self) -> bool:
        """Whether what is read here counts as committed: nobody waits for the host."""
        return self.settled or not self.waits

    def fresh_cursor(self) -> sqlite3.Cursor:
        """A cursor of the store's own, whatever the host makes of its rows."""
        cursor = self._connection.cursor()
        cursor.row_factory = None
        return cursor

    def last_position(self) -> int:
        """The rowid of the last insert, whichever call made it."""
        return last_position(self.execute)

    def take_turn(self) -> None:
        """Nobody to wait for: each thread has a connection of its own, or has locked it."""

    def give_turn(self) -> None:
        """See `take_turn`."""

    def begin_reading(self) -> None:
        """Everything is read as of one moment; the host's transaction is one already."""
        if not self.inside:
            self.execute("begin")
            self._level = "reading"

    def end_reading(self) -> None:
        """End what `begin_reading` began."""
        if self._level == "reading":
            self.execute("commit")
            self._level = ""

    def begin(self) -> None:
        """Begin to write. Raises StoreBusy after the deadline, if nothing of the host's is open."""
        if self.inside:
            self.execute("savepoint ordercore")
            self._level = "savepoint"
        else:
            lender = self._lender
            insist(lambda: self.execute("begin immediate"), lender.path, lender.busy_timeout_seconds)
            self._level = "joined" if self.waits else "own"

    def commit(self) -> None:
        """Keep what was written: durable if the transaction was the store's own, else up to the host."""
        if self._level == "own":
            write_durably(self.execute, self._lender.path, self._lender.busy_timeout_seconds)
        elif self._level == "savepoint":
            self.execute("release ordercore")
        self._wrote = self._level != "own"
        self._level = ""

    def rollback(self) -> None:
        """Undo all since `begin`, and nothing else."""
        if self._level == "savepoint":
            self.execute("rollback to ordercore")
            self.execute("release ordercore")
        else:
            self.execute("rollback")
        self._level = ""

    def undo(self) -> None:
        """Undo what was left open, if anything."""
        if self._level and self._connection.in_transaction:
            with suppress(sqlite3.Error):  # the error that led here says why
                self.rollback()
        self._level = ""

    def results(self, results: Sequence[CommitResult]) -> list[CommitResult]:
        """Results of what was written, as the host's transaction leaves them."""
        if not self._wrote:
            return list(results)
        return [self._as_it_stands(one) if isinstance(one, Committed) else one for one in results]

    def _as_it_stands(self, result: Committed) -> CommitResult:
        return Pending(result.versions) if self.waits else evolve(result, settled=False)

    @property
    def keeps(self) -> bool:
        """Whether what was written last is committed."""
        return not self._wrote

    def _translated(self, error: Exception) -> OrdercoreError | None:
        if isinstance(error, sqlite3.Error) and is_busy(error) and self.inside:
            return RetryTransaction(
                "Another connection was writing while the host's transaction was open.", reason="busy",
                hint="Roll back and run the whole transaction again; a transaction that begins with `begin immediate` "
                "waits for its turn instead.",
            )  # fmt: skip
        if isinstance(error, sqlite3.ProgrammingError) and "same thread" in str(error):
            return StoreError(
                "The connection that is lent belongs to another thread.", reason="other_thread",
                hint="Lend a callable that gives each thread its own connection.",
            )  # fmt: skip
        better = translated(error, self._lender.path)
        if better is not None and self.inside and not self._connection.in_transaction:
            return hinted(better, "SQLite has ended the host's transaction: nothing of it was written.")
        return better


AnySession = Session | Loan
"""What statements run on: a connection of the store's own, or one that is lent."""
