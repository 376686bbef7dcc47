"""A store inside a Session: whatever a kernel does on it follows the commit, the rollback and the savepoints of the host."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from ordercore.errors import ConfigurationError
from ordercore.store import Store
from ordercore_sqlalchemy.begin import begins
from ordercore_sqlalchemy.dialect import migrations_for

MIGRATE: Final = "Run `alembic upgrade heads`, or call ordercore_sqlalchemy.create_tables(connection)."

Sessions = Session | Callable[[], Session]
"""A Session, or what gives the one of this thread, task or request, such as a `scoped_session`."""


def session_store(
    session: Sessions, *, bind: Engine | Connection | None = None, wrote: Callable[[], object] | None = None
) -> Store:
    """A store inside `session`, on SQLite or PostgreSQL: `Kernel(session_store(session))`.

    Nothing is committed, rolled back or set: an order is there once the session has committed, and gone if it was rolled
    back. A refusal undoes only itself, and the session goes on. `session` may be a callable, which is asked at each
    operation, so that one kernel serves every request. `bind` says which database is meant where a session has several,
    or where there is no session yet. `wrote` is called after each operation that wrote into the session's transaction.

    Raises ConfigurationError for a database that ordercore has no store for.
    """
    engine = bind if bind is not None else (session() if callable(session) else session).get_bind()
    migrations_for(engine.dialect.name)  # a store for it is there, or the error says what to install

    def lend() -> Any:
        connection = (session() if callable(session) else session).connection(
            bind_arguments={} if bind is None else {"bind": bind}
        )
        driver = connection.connection.driver_connection
        if connection.in_nested_transaction():
            _refuse_a_savepoint_that_commits(connection, driver)
        return driver

    if engine.dialect.name == "sqlite":
        from ordercore.store.sqlite import SQLiteStore

        return SQLiteStore.borrowing(lend, wrote=wrote, migrate=MIGRATE)
    from ordercore_postgres import PostgresStore

    return PostgresStore.borrowing(lend, wrote=wrote, migrate=MIGRATE)


def _refuse_a_savepoint_that_commits(connection: Connection, driver: object) -> None:
    if isinstance(driver, sqlite3.Connection) and driver.isolation_level is not None and not begins(connection):
        raise ConfigurationError(
            "This savepoint may be the outermost transaction of SQLite: it would be committed when it is released.",
            hint="Call ordercore_sqlalchemy.real_transactions(engine) once, where the engine is made.",
        )
