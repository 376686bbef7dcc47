"""The PostgreSQL store of ordercore: one round trip a commit, several workers, inside the host's own transaction.

Names load when they are used: pytest imports this package in every project that has it installed.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ordercore_postgres.store import PostgresStore
    from ordercore_postgres.store_async import AsyncPostgresStore

__all__ = ["AsyncPostgresStore", "PostgresStore"]

_WHERE: Final = {"AsyncPostgresStore": "store_async", "PostgresStore": "store"}


def __getattr__(name: str) -> object:
    """A public name, from the module that has it."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    """The public names, loaded or not."""
    return __all__
