"""SQLite begins its transactions where SQLAlchemy believes that they begin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Engine, event

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

_BEGINS: Final = "ordercore_sqlalchemy.begins"


def real_transactions(engine: Engine | AsyncEngine, *, immediate: bool = True) -> None:
    """Send `BEGIN` where a transaction begins, on SQLite; on other databases do nothing.

    Python's driver begins one only at the first change, so that what a session reads before that is not of one moment,
    and a savepoint that comes first is committed when it is released, whatever becomes of the session. With `immediate`
    a transaction waits for its turn to write when it begins; without it several may read at once, and of two that both
    want to write one fails (RetryTransaction). Call it once, where the engine is made.
    """
    engine = getattr(engine, "sync_engine", engine)
    if engine.dialect.name != "sqlite":
        return
    for listener, wanted in ((_begin_immediate, immediate), (_begin, not immediate)):
        if wanted and not event.contains(engine, "begin", listener):
            event.listen(engine, "begin", listener)
        elif not wanted and event.contains(engine, "begin", listener):
            event.remove(engine, "begin", listener)


def begins(connection: Connection) -> bool:
    """Whether transactions of this connection begin where SQLAlchemy begins them."""
    return _BEGINS in connection.info


def _begin(connection: Connection, statement: str = "BEGIN") -> None:
    connection.info[_BEGINS] = True
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql(statement)


def _begin_immediate(connection: Connection) -> None:
    _begin(connection, "BEGIN IMMEDIATE")
