"""ordercore in SQLAlchemy: inside your Session or AsyncSession, beside your tables, among your Alembic revisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ordercore_sqlalchemy.begin import real_transactions
from ordercore_sqlalchemy.commits import after_commit
from ordercore_sqlalchemy.dialect import migrations_for
from ordercore_sqlalchemy.session import session_store
from ordercore_sqlalchemy.tables import create_tables, drop_tables, include_name, include_object, ordercore_metadata

if TYPE_CHECKING:
    from ordercore_sqlalchemy.async_session import async_session_store

__all__ = [
    "ORDERCORE_API",
    "after_commit",
    "async_session_store",
    "create_tables",
    "drop_tables",
    "include_name",
    "include_object",
    "migrations_for",
    "ordercore_metadata",
    "real_transactions",
    "session_store",
]

ORDERCORE_API: Final = 1
"""The version of ordercore's hooks and ports that this plugin was written for."""


def __getattr__(name: str) -> object:
    """The asynchronous part loads when it is asked for: it needs greenlet, which other hosts need not have."""
    if name != "async_session_store":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ordercore_sqlalchemy.async_session import async_session_store

    return async_session_store
