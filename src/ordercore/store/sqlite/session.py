"""One connection per thread: opened on first use, one user at a time, closed before a fork and with the store."""

from __future__ import annotations

import os
import random
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Final, Self

from ordercore.errors import OutcomeUnknown, StoreError
from ordercore.store.result import CommitResult
from ordercore.store.sqlite import schema
from ordercore.store.sqlite.faults import busy, is_busy, primary, translated

Execute = Callable[..., sqlite3.Cursor]

LONGEST_SLEEP: Final = 0.005
"""SQLite's own busy handler sleeps up to 100 ms and starves the unlucky; short random sleeps kept p99 3.4 times lower."""


CHECKPOINT_PAGES: Final = 4000
"""Pages (16 MB) in the log of SQLite before they are copied into the file: hot pages are copied once for many commits."""


def insist(action: Callable[[], object], path: str, seconds: float) -> None:
    """Until the deadline, try again what other writers stand in the way of. Raises StoreBusy."""
    deadline = time.monotonic() + seconds
    longest = 0.000_2
    while True:
        try:
            action()
        except sqlite3.OperationalError as error:
            if not is_busy(error):
                raise
            if time.monotonic() >= deadline:
                raise busy(path, seconds) from error
        else:
            return
        time.sleep(random.uniform(0, longest))  # noqa: S311  # jitter, not a secret
        longest = min(longest * 1.5, LONGEST_SLEEP)


def write_durably(execute: Execute, path: str, seconds: float) -> None:
    """Commit. Raises OutcomeUnknown when the disk failed while it was written, StoreBusy after the deadline."""
    try:
        execute("commit")
    except sqlite3.OperationalError as error:
        if is_busy(error):
            insist(lambda: execute("commit"), path, seconds)
            return
        if primary(error) == sqlite3.SQLITE_IOERR:
            raise OutcomeUnknown(f"{path}: the disk failed during a commit: {error}.") from error
        raise


def last_position(execute: Execute) -> int:
    """The rowid of the connection's last insert, whichever call made it."""
    return int(execute("select last_insert_rowid()").fetchone()[0])


class Session:
    """A thread's connection. As a context manager: undoes what was left open and translates what SQLite raises."""

    __slots__ = (
        "__weakref__",
        "_database",
        "_lock",
        "connection",
        "cursor",
        "execute",
        "executemany",
        "pid",
        "thread",
    )
    settled: Final = True
    """Whether what is read can no longer be undone."""
    final: Final = True
    """Whether what is read counts as committed."""
    keeps: Final = True
    """Whether what was written last is committed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.RLock()
        self.thread = weakref.ref(threading.current_thread())
        self.connection: sqlite3.Connection | None = None
        self.pid = 0

    def __enter__(self) -> Self:
        self._lock.acquire()
        if self.connection is None or self.pid != os.getpid():
            try:
                self._open()
            except BaseException:
                self._lock.release()
                raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            if error is not None:
                self.undo()
                if isinstance(error, Exception) and (better := translated(error, self._database.path)) is not None:
                    raise better from error
        finally:
            self._lock.release()

    def _open(self) -> None:
        if self.connection is not None:
            # Forked without Python's hooks: closing here would give up locks that the parent believes it has.
            _ABANDONED.append(self.connection)
        self.connection = connection = self._database.connect()
        self.pid = os.getpid()
        self.cursor = connection.cursor()
        self.execute = self.cursor.execute
        self.executemany = self.cursor.executemany

    def undo(self) -> None:
        """Roll back what was left open, if anything."""
        if self.connection is not None and self.connection.in_transaction:
            try:
                self.connection.rollback()
            except sqlite3.Error:
                self.connection = None  # not even a rollback: the next use opens anew

    def last_position(self) -> int:
        """The rowid of the last insert, whichever call made it."""
        return last_position(self.execute)

    def fresh_cursor(self) -> sqlite3.Cursor:
        """A cursor of its own, for reading row by row while other statements run."""
        return self.cursor.connection.cursor()

    def take_turn(self) -> None:
        """Wait for the other threads of this process; `give_turn` ends it. Raises StoreBusy."""
        self._database.take_turn()

    def give_turn(self) -> None:
        """Let the next thread write."""
        self._database.writing.release()

    def begin_reading(self) -> None:
        """Everything until `end_reading` is read as of one moment."""
        self.execute("begin")

    def end_reading(self) -> None:
        """End what `begin_reading` began."""
        self.execute("commit")

    def begin(self) -> None:
        """Take the write lock. Raises StoreBusy after the deadline."""
        try:
            self.execute("begin immediate")
        except sqlite3.OperationalError as error:
            if not is_busy(error):
                raise
            self._database.insist(lambda: self.execute("begin immediate"))

    def commit(self) -> None:
        """Make it durable. Raises OutcomeUnknown when the disk failed while it was written."""
        write_durably(self.execute, self._database.path, self._database.busy_timeout_seconds)

    def results(self, results: Sequence[CommitResult]) -> list[CommitResult]:
        """Results of what was written: here they stand."""
        return list(results)

    def rollback(self) -> None:
        """Undo all since `begin`."""
        self.execute("rollback")

    def __del__(self) -> None:
        """A store that nobody closed does not leave its connections to the garbage collector."""
        if getattr(self, "connection", None) is not None:
            self.close()

    def close(self) -> None:
        """Close it, unless it is in the middle of something."""
        with self._lock:
            connection = self.connection
            if connection is not None and not connection.in_transaction:
                self.connection = None
                if self.pid == os.getpid():
                    connection.close()
                else:
                    _ABANDONED.append(connection)


_ABANDONED: Final[list[sqlite3.Connection]] = []
"""Connections of a parent process: never closed by the child, not even by the garbage collector."""


class Database:
    """A file, how to connect to it, and every session that is open."""

    def __init__(self, path: str, *, synchronous: str, busy_timeout_seconds: float) -> None:
        self.path = path
        self.synchronous = synchronous
        self.busy_timeout_seconds = busy_timeout_seconds
        self.closed = False
        self._reset()
        _DATABASES.add(self)

    def _reset(self) -> None:
        self._local = threading.local()
        self._sessions: list[Session] = []
        self._registry = threading.Lock()
        self.writing = threading.Lock()
        """Threads of one process queue here instead of polling the file."""

    def session(self) -> Session:
        """This thread's session."""
        session: Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = Session(self)
            with self._registry:
                gone = [
                    other for other in self._sessions if (thread := other.thread()) is None or not thread.is_alive()
                ]
                self._sessions = [other for other in self._sessions if other not in gone]
                self._sessions.append(session)
            for other in gone:
                other.close()
        return session

    def connect(self) -> sqlite3.Connection:
        """A new connection with the settings of this store; creates the tables in a new file."""
        if self.closed:
            raise StoreError(
                f"{self.path}: this store is closed.", reason="closed", path=self.path, hint="Open it anew."
            )
        try:
            connection = sqlite3.connect(
                self.path, timeout=0, isolation_level=None, cached_statements=512, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise translated(error, self.path) or error from error
        try:
            self.insist(lambda: self._prepare(connection))
        except BaseException as error:
            connection.close()
            if isinstance(error, sqlite3.Error):
                raise translated(error, self.path) or error from error
            raise
        return connection

    @contextmanager
    def alone(self) -> Iterator[sqlite3.Connection]:
        """A connection for one long reading, closed at the end; what SQLite raises is translated."""
        connection = self.connect()
        try:
            yield connection
        except Exception as error:
            if (better := translated(error, self.path)) is not None:
                raise better from error
            raise
        finally:
            connection.close()

    def _prepare(self, connection: sqlite3.Connection) -> None:
        for setting in (
            f"synchronous = {self.synchronous}", "cache_size = -65536", "temp_store = memory", "trusted_schema = off",
            f"wal_autocheckpoint = {CHECKPOINT_PAGES}",
            "journal_size_limit = 67108864",
        ):  # fmt: skip
            connection.execute(f"pragma {setting}")
        connection.execute("begin")  # one snapshot: another process may be making the tables right now
        try:
            known = schema.recognize(connection, self.path)
        finally:
            connection.rollback()
        if known and not schema.is_ours(connection):
            # How its host writes the file is the host's affair, and without WAL a reader may have to wait.
            connection.execute(f"pragma busy_timeout = {round(self.busy_timeout_seconds * 1000)}")
            return
        connection.execute("pragma journal_mode = wal")
        if not known:
            connection.execute("begin immediate")
            try:
                if not schema.recognize(connection, self.path):  # another process may have been first
                    schema.upgrade(connection, self.path)
                connection.commit()
            finally:
                connection.rollback()

    def insist(self, action: Callable[[], object]) -> None:
        """Until the deadline, try again what other writers stand in the way of. Raises StoreBusy."""
        insist(action, self.path, self.busy_timeout_seconds)

    def take_turn(self) -> None:
        """Wait for the other threads of this process; the caller gives `writing` back. Raises StoreBusy."""
        if not self.writing.acquire(timeout=self.busy_timeout_seconds):
            raise busy(self.path, self.busy_timeout_seconds)

    def before_fork(self) -> None:
        """Close every connection: SQLite's locks do not survive a fork, and a child must not close its parent's."""
        self._registry.acquire()
        for session in self._sessions:
            session.close()

    def after_fork_in_parent(self) -> None:
        """Threads may open connections again."""
        self._registry.release()

    def after_fork_in_child(self) -> None:
        """Begin anew: the other threads are not here, and whoever held a lock is gone with them."""
        self._reset()

    def close(self) -> None:
        """Close every session; a later use raises StoreError."""
        self.closed = True
        with self._registry:
            sessions, self._sessions = self._sessions, []
        for session in sessions:
            session.close()
        _DATABASES.discard(self)


_DATABASES: Final[weakref.WeakSet[Database]] = weakref.WeakSet()


_FORKING: Final[list[Database]] = []


def _before_fork() -> None:
    for database in list(_DATABASES):
        _FORKING.append(database)
        database.before_fork()


def _after_fork_in_parent() -> None:
    while _FORKING:
        _FORKING.pop().after_fork_in_parent()


def _after_fork_in_child() -> None:
    while _FORKING:
        _FORKING.pop().after_fork_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
