"""The kinds of store behind `postgresql://` and `postgres://`: the module that ordercore finds as a plugin."""

from collections.abc import Iterable
from typing import Final

from attrs import evolve

from ordercore.hooks import StoreKind, hookimpl
from ordercore_postgres.store import PostgresStore
from ordercore_postgres.store_async import AsyncPostgresStore

ORDERCORE_API: Final = 1
"""The version of ordercore's hooks and ports that this plugin was written for."""
POSTGRESQL: Final = StoreKind(
    "postgresql", PostgresStore.open, AsyncPostgresStore.open, PostgresStore.migrate, PostgresStore.after_restore
)
POSTGRES: Final = evolve(POSTGRESQL, scheme="postgres")


@hookimpl
def ordercore_register_stores() -> Iterable[StoreKind]:
    """Both schemes that PostgreSQL's own library knows."""
    return [POSTGRESQL, POSTGRES]
