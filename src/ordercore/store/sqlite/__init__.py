"""The SQLite store: `SQLiteStore`."""

from ordercore.store.sqlite.store import SQLiteStore

__all__ = ["SQLiteStore"]
