"""A host with an SQLite database, for the rules of S19 and for tests of what runs inside somebody's transaction."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from ordercore.store.sqlite import SQLiteStore, migrate

_SETTINGS: Final = (
    "application_id", "auto_vacuum", "busy_timeout", "cache_size", "cell_size_check",
    "checkpoint_fullfsync", "defer_foreign_keys", "encoding", "foreign_keys", "fullfsync", "journal_mode",
    "journal_size_limit", "locking_mode", "mmap_size", "query_only", "read_uncommitted", "recursive_triggers",
    "reverse_unordered_selects", "secure_delete", "synchronous", "temp_store", "threads", "trusted_schema",
    "user_version", "wal_autocheckpoint",
)  # fmt: skip


def host_database(path: str | Path) -> None:
    """A file with a table of the host's own and beside it those of the store."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as connection:
        _use_wal(connection)
        connection.execute("create table if not exists shop_order (id integer primary key, text text not null)")
        migrate(connection)


def _use_wal(connection: sqlite3.Connection) -> None:
    """Several processes may do it at once, and SQLite does not wait for whoever is at it."""
    for _ in range(500):
        try:
            connection.execute("pragma journal_mode = wal")
        except sqlite3.OperationalError:
            time.sleep(0.01)
        else:
            return
    connection.execute("pragma journal_mode = wal")


class SQLiteHost:
    """One connection of a host: `sqlite3` with `isolation_level=None`, where nothing begins by itself, as in Django."""

    def __init__(self, path: str | Path, *, isolation_level: str | None = None) -> None:
        """Connect, with settings that a guest could spoil."""
        self.connection = sqlite3.connect(path, isolation_level=isolation_level, timeout=0.1)  # type: ignore[arg-type]
        self.connection.row_factory = sqlite3.Row
        self.connection.execute("pragma foreign_keys = on")

    def store(self, in_transaction: Callable[[], bool] | None = None, **options: Any) -> SQLiteStore:
        """A store on this connection."""
        options.setdefault("busy_timeout_seconds", 0.2)
        return SQLiteStore.borrowing(lambda: self.connection, in_transaction=in_transaction, **options)

    def begin(self) -> None:
        """Begin, and hold no lock before something is read or written."""
        self.connection.execute("begin")

    def commit(self) -> None:
        """Commit."""
        self.connection.execute("commit")

    def rollback(self) -> None:
        """Roll back."""
        self.connection.execute("rollback")

    def savepoint(self, name: str) -> None:
        """Begin a part that can be taken back."""
        self.connection.execute(f"savepoint {name}")

    def rollback_to(self, name: str) -> None:
        """Take it back."""
        self.connection.execute(f"rollback to {name}")

    def write(self, text: str) -> None:
        """A row into the host's own table."""
        self.connection.execute("insert into shop_order (text) values (?)", (text,))

    def written(self) -> list[str]:
        """What is in it."""
        return [row["text"] for row in self.connection.execute("select text from shop_order order by id")]

    def is_open(self) -> bool:
        """Whether a transaction is open."""
        return self.connection.in_transaction

    def state(self) -> object:
        """What a guest could change."""
        connection = self.connection
        pragmas = (*_SETTINGS, "database_list", "function_list", "collation_list")
        temporary = connection.execute("select count(*) as n from sqlite_temp_master").fetchone()["n"]
        found = {name: sorted(map(tuple, connection.execute(f"pragma {name}"))) for name in pragmas}
        return found, temporary, connection.isolation_level, connection.row_factory, connection.text_factory

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


def store_on_lent_connections(path: str | Path) -> SQLiteStore:
    """A store that borrows one connection for each thread; makes the tables. For suites that run in many processes."""
    host_database(path)
    local = threading.local()

    def lend() -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(local, "connection", None)
        if found is None:
            found = local.connection = sqlite3.connect(path, isolation_level=None, timeout=5)
        return found

    return SQLiteStore.borrowing(lend)
