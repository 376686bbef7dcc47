"""What test suites of an application or a plugin need of PostgreSQL: servers that start by themselves, and fixtures.

Names load on demand, so that a pytest run that needs no PostgreSQL loads nothing of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ordercore_postgres.testing.binaries import Binaries, NoPostgres, found_binaries
    from ordercore_postgres.testing.cluster import PostgresCluster
    from ordercore_postgres.testing.databases import Databases
    from ordercore_postgres.testing.host import PostgresHost
    from ordercore_postgres.testing.pooling import PoolingProxy
    from ordercore_postgres.testing.server import PostgresServer

_WHERE: Final = {
    "Binaries": "binaries",
    "Databases": "databases",
    "NoPostgres": "binaries",
    "PoolingProxy": "pooling",
    "PostgresCluster": "cluster",
    "PostgresHost": "host",
    "PostgresServer": "server",
    "found_binaries": "binaries",
}

__all__ = [
    "Binaries",
    "Databases",
    "NoPostgres",
    "PoolingProxy",
    "PostgresCluster",
    "PostgresHost",
    "PostgresServer",
    "found_binaries",
]


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_WHERE})
