"""Which numbered SQL files belong to a dialect of SQLAlchemy."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Final

from ordercore.errors import ConfigurationError, nearest
from ordercore.store.migrations import Migration, migrations_of

PACKAGES: Final[Mapping[str, str]] = {
    "sqlite": "ordercore.store.sqlite.migrations",
    "postgresql": "ordercore_postgres.migrations",
}
"""Dialects that ordercore has a store for, and where the files of that store lie."""


def migrations_for(dialect: str) -> tuple[Migration, ...]:
    """The migrations of a dialect's store. Raises ConfigurationError if there is no such store, or it is not installed."""
    package = PACKAGES.get(dialect)
    if package is None:
        raise ConfigurationError(
            f"ordercore has no store for {dialect!r}.", dialect=dialect, hint=nearest(dialect, PACKAGES)
        )
    distribution = package.partition(".")[0]
    if find_spec(distribution) is None:
        raise ConfigurationError(
            f"The store for {dialect} is not installed.", dialect=dialect, hint="Type: pip install ordercore-postgres"
        )
    return migrations_of(package)
