"""Connections that the host lends: what is done on them follows the host's transaction and leaves no trace.

Nothing is committed, rolled back or set for the host; no statement is prepared under a name, and no lock is taken that
outlives its transaction. Statements that are refused undo themselves (`ordercore_commit`); after anything else that
fails, PostgreSQL takes nothing more in that transaction, as after any failed statement of the host's own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, TypeVar

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from ordercore.errors import ConfigurationError, StoreError
from ordercore_postgres.connections import execute
from ordercore_postgres.steps import Ask, Asked, Operation, Pause, Situation

T = TypeVar("T")

Connection = psycopg.Connection[Any] | psycopg.AsyncConnection[Any]
Lending = psycopg.Connection[Any] | Callable[[], psycopg.Connection[Any]]
"""The host's connection, or what gives this thread's."""

SHOWN: Final = "The host's database"


def is_alone(connection: Connection) -> bool:
    """Whether what is sent next is in no transaction, and begins none of the host's."""
    return connection.autocommit and connection.info.transaction_status == TransactionStatus.IDLE


class Terms:
    """What the host said when it lent a connection, and what that means for one operation."""

    def __init__(self, in_transaction: Callable[[], bool] | None, wrote: Callable[[], object] | None) -> None:
        self._in_transaction = in_transaction
        self._wrote = wrote
        self.closed = False

    def checked(self, found: object, kind: type[Connection]) -> None:
        """Whether it can be used. Raises StoreError, ConfigurationError."""
        if self.closed:
            raise StoreError("This store is closed.", reason="closed", hint="Make it anew.")
        if not isinstance(found, kind):
            raise ConfigurationError(
                f"What is lent is no psycopg.{kind.__name__} but {type(found).__name__}.",
                hint="Lend the connection of the driver, psycopg 3: in Django `connection.connection`, in SQLAlchemy "
                "`session.connection().connection.driver_connection`.",
            )  # fmt: skip

    def situation(self, connection: Connection) -> Situation:
        """Whose transaction the next statement would be in; one of the host's begins with it, if not in autocommit."""
        if is_alone(connection):
            return "own"
        return "host" if self._in_transaction is None or self._in_transaction() else "case"

    def in_transaction(self, connection: Connection) -> bool:
        """Whether a transaction of the host decides what becomes of what is written now."""
        if self._in_transaction is not None:
            return self._in_transaction()
        return self.situation(connection) == "host"

    def tell(self) -> None:
        """Something waits for the host's commit."""
        if self._wrote is not None:
            self._wrote()


class Lent:
    """A synchronous connection of the host's, asked for at every operation and never kept longer."""

    def __init__(self, lending: Lending, terms: Terms, migrate: str) -> None:
        self.shown = SHOWN
        self._lending = lending
        self._terms = terms
        self._migrate = migrate

    def run(self, operation: Operation[T]) -> T:
        """On the connection that is lent to this thread now."""
        connection = self._connection()
        cursor = psycopg.Cursor(connection, row_factory=tuple_row)
        wrote, alone = False, is_alone(connection)
        try:
            step = next(operation)
            while True:
                try:
                    answer: object = None
                    if isinstance(step, Ask):
                        answer = execute(cursor, step, self.shown, migrate=self._migrate, prepare=False)
                    elif isinstance(step, Asked):
                        answer = self._terms.situation(connection)
                    elif isinstance(step, Pause):
                        time.sleep(step.seconds)
                    else:
                        wrote = True
                except StoreError as error:
                    step = operation.throw(error)
                else:
                    step = operation.send(answer)
        except StopIteration as end:
            if wrote:
                self._terms.tell()
            value: T = end.value
            return value
        finally:
            if alone and not is_alone(connection):
                # An operation failed in the middle of a transaction that the store had begun.
                with suppress(psycopg.Error):
                    connection.rollback()

    def in_transaction(self) -> bool:
        """Whether a transaction of the host decides what becomes of what is written now."""
        return self._terms.in_transaction(self._connection())

    def _connection(self) -> psycopg.Connection[Any]:
        lending = self._lending
        found = lending if isinstance(lending, psycopg.Connection) else lending()
        self._terms.checked(found, psycopg.Connection)
        return found

    def close(self) -> None:
        """Nothing to close: the connection is the host's."""
        self._terms.closed = True
