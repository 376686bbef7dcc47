"""The SQLite store: `SQLiteStore`; and `migrate`, which makes its tables in a database of the host."""

from ordercore.store.sqlite.schema import migrate
from ordercore.store.sqlite.store import SQLiteStore

__all__ = ["SQLiteStore", "migrate"]
