"""The kinds of store behind `postgresql://` and `postgres://`, as entry points name them too."""

from typing import Final

from attrs import evolve

from ordercore.errors import ConfigurationError
from ordercore.hooks import StoreKind

try:
    from ordercore_postgres.store import PostgresStore
    from ordercore_postgres.store_async import AsyncPostgresStore
except ImportError as missing:  # psycopg is there, and libpq may not be
    raise ConfigurationError(
        f"The store of PostgreSQL cannot be loaded: {missing}", scheme="postgresql",
        hint='pip install "psycopg[binary]" brings libpq, and so does your system (on Debian the package libpq5).',
    ) from missing  # fmt: skip

POSTGRESQL: Final = StoreKind(
    "postgresql", PostgresStore.open, AsyncPostgresStore.open, PostgresStore.migrate, PostgresStore.after_restore
)
POSTGRES: Final = evolve(POSTGRESQL, scheme="postgres")
