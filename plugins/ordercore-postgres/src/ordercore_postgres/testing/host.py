"""An application as tests play it: one connection, its own transactions, and a store that writes into them."""

from __future__ import annotations

from typing import Any

import psycopg

from ordercore_postgres.store import PostgresStore


class PostgresHost:
    """A connection of an application to this address, and the ways in which its transactions begin and end."""

    def __init__(self, address: str) -> None:
        self.connection: psycopg.Connection[Any] = psycopg.connect(address, autocommit=True, prepare_threshold=None)

    def store(self) -> PostgresStore:
        """A store on this connection; it follows what becomes of the transaction."""
        return PostgresStore.borrowing(self.connection)

    def begin(self) -> None:
        """Begin a transaction."""
        self.connection.execute("begin")

    def commit(self) -> None:
        """Commit it."""
        self.connection.execute("commit")

    def rollback(self) -> None:
        """Undo it."""
        self.connection.execute("rollback")

    def close(self) -> None:
        """Close the connection, and undo what is open."""
        self.connection.close()
