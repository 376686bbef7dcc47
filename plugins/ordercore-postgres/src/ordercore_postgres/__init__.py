"""The PostgreSQL store of ordercore: one round trip a commit, several workers, inside the host's own transaction.

Names load when they are used: pytest imports this package in every project that has it installed.
"""

from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Final

from pluggy import HookimplMarker

if TYPE_CHECKING:
    from ordercore.hooks import StoreKind
    from ordercore_postgres.store import PostgresStore
    from ordercore_postgres.store_async import AsyncPostgresStore

__all__ = ["ORDERCORE_API", "AsyncPostgresStore", "PostgresStore", "ordercore_register_stores"]

ORDERCORE_API: Final = 1
"""The version of ordercore's hooks and ports that this plugin was written for."""

_WHERE: Final = {"AsyncPostgresStore": "store_async", "PostgresStore": "store"}

# The marker of `ordercore.hooks`, without what that module loads.
_hookimpl: Final = HookimplMarker("ordercore")


@_hookimpl
def ordercore_register_stores() -> "Iterable[StoreKind]":
    """Both schemes that PostgreSQL's own library knows."""
    from ordercore_postgres.kind import POSTGRES, POSTGRESQL

    return [POSTGRESQL, POSTGRES]


def __getattr__(name: str) -> object:
    """A public name, from the module that has it."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    """The public names, loaded or not."""
    return __all__
