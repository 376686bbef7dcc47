"""Synchronous connections: the store's own, one for each thread at work, or one that the host lends."""

from __future__ import annotations

import os
import select
import time
from typing import Any, Final, Protocol, TypeVar

import psycopg
from psycopg.pq import TransactionStatus

from ordercore.errors import StoreError
from ordercore_postgres.address import Address
from ordercore_postgres.faults import outdated, translated, unstorable
from ordercore_postgres.steps import Ask, Asked, Operation, Pause, Rows

T = TypeVar("T")

RETRY_SECONDS: Final = 30.0
"""For so long, what is in the way is tried again, unless the host says otherwise."""

KEPT_ROWS: Final = 100
"""A cursor that gave fewer is used again; until then it keeps them."""

OWN_SETTINGS: Final = (
    "set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set enable_material = off"
)
"""Every statement goes by keys. A plan that was prepared while the tables were small would scan them for ever."""


def own_settings(retry_seconds: float) -> str:
    """What a connection of the store's own is set to: also to wait for a lock no longer than the store promises.

    A `lock_timeout` that the address or the role sets stays.
    """
    most = min(max(int(retry_seconds * 1000), 1), 2**31 - 1)
    return f"{OWN_SETTINGS}; select set_config('lock_timeout', '{most}', false) where current_setting('lock_timeout') = '0'"


class Lender(Protocol):
    """Who gives a connection for an operation."""

    @property
    def shown(self) -> str:
        """How the database is called in errors."""
        ...

    def run(self, operation: Operation[T]) -> T:
        """Do what the operation asks for, to its end."""
        ...

    def close(self) -> None:
        """Give back what was opened."""
        ...


def execute(cursor: psycopg.Cursor[Any], ask: Ask, shown: str, *, migrate: str = "", prepare: bool | None) -> Rows:
    """One statement's rows. Raises the errors of `faults`."""
    try:
        cursor.execute(ask.text, ask.parameters, prepare=prepare)
        # Not `description`, which makes an object of every column.
        answer = cursor.pgresult
        return cursor.fetchall() if answer is not None and answer.nfields else ()
    except psycopg.Error as error:
        if outdated(error):
            cursor.connection.close()
        raise translated(error, shown, broken=cursor.connection.closed, sent=True, migrate=migrate) from error
    except UnicodeEncodeError as error:
        raise unstorable(error) from error


class Owned:
    """Connections of an address: handed out last in, first out, so that there are as many as threads at work at once."""

    def __init__(self, address: Address, retry_seconds: float = RETRY_SECONDS) -> None:
        self._address = address
        self._settings = own_settings(retry_seconds)
        self.shown = address.shown
        self._closed = False
        self._pid = os.getpid()
        self._idle: list[psycopg.Cursor[Any]] = []
        """A cursor of each connection that nobody uses: to make one for each statement takes a sixth of its time."""

    def run(self, operation: Operation[T]) -> T:
        """On one connection, which is replaced when it is lost."""
        held: psycopg.Cursor[Any] | None = None
        try:
            step = next(operation)
            while True:
                try:
                    answer: object = None
                    if isinstance(step, Ask):
                        if held is None:
                            held = self._take()
                        answer = execute(held, step, self.shown, prepare=self._address.prepare or None)
                    elif isinstance(step, Pause):
                        time.sleep(step.seconds)
                    elif isinstance(step, Asked):
                        answer = "own"
                except StoreError as error:
                    if held is not None and held.connection.closed:
                        held = None
                    step = operation.throw(error)
                else:
                    step = operation.send(answer)
        except StopIteration as end:
            value: T = end.value
            return value
        finally:
            if held is not None:
                self._give_back(held)

    def _take(self) -> psycopg.Cursor[Any]:
        if self._closed:
            raise StoreError(f"{self.shown}: this store is closed.", reason="closed", hint="Open it anew.")
        if self._pid != os.getpid():
            ABANDONED.extend(self._idle)
            self._idle, self._pid = [], os.getpid()
        while self._idle:
            try:
                cursor = self._idle.pop()
            except IndexError:
                break
            if not has_news(cursor.connection.fileno()):
                return cursor
            # The server said something to nobody: it is going down, or the connection is gone.
            cursor.connection.close()
        return self.connect().cursor()

    def connect(self) -> psycopg.Connection[Any]:
        """A new connection, with the settings of the store."""
        try:
            connection = psycopg.connect(
                self._address.conninfo, autocommit=True, prepare_threshold=0 if self._address.prepare else None
            )
        except psycopg.Error as error:
            raise translated(error, self.shown, broken=True, sent=False) from None
        if self._address.prepare:
            try:
                execute(connection.cursor(), Ask(self._settings), self.shown, prepare=False)
            except BaseException:
                connection.close()
                raise
        return connection

    def _give_back(self, cursor: psycopg.Cursor[Any]) -> None:
        connection = cursor.connection
        if connection.info.transaction_status != TransactionStatus.IDLE:
            # An operation failed in the middle of a transaction of its own.
            connection.close()
        elif self._closed or self._pid != os.getpid():
            connection.close()
        else:
            # A cursor keeps what it gave until it is used again.
            self._idle.append(cursor if cursor.rowcount < KEPT_ROWS else connection.cursor())

    def close(self) -> None:
        """Close every connection; a later use raises StoreError."""
        self._closed = True
        if self._pid == os.getpid():
            while self._idle:
                self._idle.pop().connection.close()


ABANDONED: Final[list[object]] = []
"""Connections of a parent process: never closed by the child, for closing says goodbye to the server on the parent's line."""


def has_news(socket: int) -> bool:
    """Whether something lies unread on a connection that waits for nothing: then it is not to be trusted."""
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(socket, select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([socket], [], [], 0)[0])
