"""The kinds of store behind `postgresql://` and `postgres://`, as entry points name them too."""

from typing import Final

from attrs import evolve

from ordercore.hooks import StoreKind
from ordercore_postgres.store import PostgresStore
from ordercore_postgres.store_async import AsyncPostgresStore

POSTGRESQL: Final = StoreKind(
    "postgresql", PostgresStore.open, AsyncPostgresStore.open, PostgresStore.migrate, PostgresStore.after_restore
)
POSTGRES: Final = evolve(POSTGRESQL, scheme="postgres")
