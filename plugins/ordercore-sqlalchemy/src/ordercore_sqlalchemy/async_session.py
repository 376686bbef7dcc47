"""A store inside an AsyncSession: on the session's own asynchronous connection, in the event loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from ordercore.errors import ConfigurationError
from ordercore.store import AsyncStore
from ordercore_sqlalchemy.dialect import migrations_for
from ordercore_sqlalchemy.session import MIGRATE

AsyncSessions = AsyncSession | Callable[[], AsyncSession]
"""An AsyncSession, or what gives the one of this task or request, such as an `async_scoped_session`."""


def async_session_store(
    session: AsyncSessions, *, bind: AsyncEngine | None = None, wrote: Callable[[], object] | None = None
) -> AsyncStore:
    """A store inside an AsyncSession over `postgresql+psycopg`: `AsyncKernel(async_session_store(session))`.

    What `session_store` says holds here too. The store works on the session's own asynchronous connection, and nothing
    waits in a thread. Raises ConfigurationError for another driver: an AsyncSession over aiosqlite has no connection that
    a store could use in the event loop.
    """
    dialect = (bind if bind is not None else (session() if callable(session) else session).get_bind()).dialect
    if (dialect.name, dialect.driver) != ("postgresql", "psycopg"):
        raise ConfigurationError(
            f"ordercore has no asynchronous store for {dialect.name}+{dialect.driver}.", dialect=dialect.name,
            hint="Use postgresql+psycopg://...; on SQLite, a Session in a thread, or AsyncKernel.open with a file.",
        )  # fmt: skip
    migrations_for(dialect.name)
    from ordercore_postgres import AsyncPostgresStore

    async def lend() -> Any:
        arguments = {} if bind is None else {"bind": bind.sync_engine}
        connection = await (session() if callable(session) else session).connection(bind_arguments=arguments)
        return (await connection.get_raw_connection()).driver_connection

    return AsyncPostgresStore.borrowing(lend, wrote=wrote, migrate=MIGRATE)
