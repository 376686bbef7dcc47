"""The PostgreSQL store of ordercore: one round trip a commit, several workers, inside the host's own transaction.

Names load when they are used: pytest imports this package in every project that has it installed.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ordercore_postgres.kind import ordercore_register_stores
    from ordercore_postgres.store import PostgresStore

__all__ = ["ORDERCORE_API", "PostgresStore", "ordercore_register_stores"]

ORDERCORE_API: Final = 1
"""The version of ordercore's hooks and ports that this plugin was written for."""

_WHERE: Final = {"PostgresStore": "store", "ordercore_register_stores": "kind"}


def __getattr__(name: str) -> object:
    """A public name, from the module that has it."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    """The public names, loaded or not: pluggy looks here for hooks."""
    return __all__
