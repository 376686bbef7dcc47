"""An application as tests play it: one connection, a table and transactions of its own, and a store that writes into them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import psycopg
from psycopg.pq import TransactionStatus

from ordercore_postgres.store import PostgresStore

# (plpgsql brings settings of its own when it is first used.)
_STATE: Final = (
    "select name, setting from pg_settings where name not like 'plpgsql.%' order by name",
    "select name from pg_prepared_statements order by name",
    "select name from pg_cursors order by name",
    "select relname from pg_class where relpersistence = 't' order by relname",
    "select objid from pg_locks where locktype = 'advisory' and pid = pg_backend_pid() order by objid",
    "select pg_listening_channels()",
)


def host_database(address: str) -> None:
    """A table of the host's own and beside it those of the store."""
    PostgresStore.migrate(address)
    with psycopg.connect(address) as connection:
        connection.execute("create table if not exists shop_order (id serial primary key, text text not null)")


class PostgresHost:
    """A connection of an application to this address, and the ways in which its transactions begin and end."""

    def __init__(self, address: str) -> None:
        self.connection: psycopg.Connection[Any] = psycopg.connect(address, autocommit=True, prepare_threshold=None)

    def store(self, in_transaction: Callable[[], bool] | None = None, **options: Any) -> PostgresStore:
        """A store on this connection; it follows what becomes of the transaction."""
        return PostgresStore.borrowing(self.connection, in_transaction=in_transaction, **options)

    def begin(self) -> None:
        """Begin a transaction."""
        self.connection.execute("begin")

    def commit(self) -> None:
        """Commit it."""
        self.connection.execute("commit")

    def rollback(self) -> None:
        """Undo it."""
        self.connection.execute("rollback")

    def savepoint(self, name: str) -> None:
        """Begin a part that can be taken back."""
        self.connection.execute(f'savepoint "{name}"')

    def rollback_to(self, name: str) -> None:
        """Take it back."""
        self.connection.execute(f'rollback to "{name}"')

    def write(self, text: str) -> None:
        """A row into the host's own table."""
        self.connection.execute("insert into shop_order (text) values (%s)", (text,))

    def written(self) -> list[str]:
        """What is in it."""
        return [text for (text,) in self.connection.execute("select text from shop_order order by id")]

    def is_open(self) -> bool:
        """Whether a transaction is open."""
        return self.connection.info.transaction_status != TransactionStatus.IDLE

    def state(self) -> object:
        """What a guest could change."""
        connection = self.connection
        found = [connection.execute(query).fetchall() for query in _STATE]
        return found, connection.autocommit, connection.row_factory, connection.prepare_threshold

    def close(self) -> None:
        """Close the connection, and undo what is open."""
        self.connection.close()
