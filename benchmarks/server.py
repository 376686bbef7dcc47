"""The PostgreSQL that is measured: durable, as in production, started for the run and gone with it."""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import psycopg

from ordercore_postgres import PostgresStore
from ordercore_postgres.testing import Databases, PostgresServer

SETTINGS = {"shared_buffers": "256MB", "autovacuum": "on"}


@cache
def _server() -> PostgresServer | None:
    """A server of our own, one for the whole run; none if ORDERCORE_BENCH_PG names the address of another.

    Its files lie in TMPDIR: set it to a folder on the disk to be measured.
    """
    if os.environ.get("ORDERCORE_BENCH_PG"):
        return None
    server = PostgresServer(durable=True, settings=SETTINGS)
    atexit.register(server.close)
    return server.start()


def databases() -> Databases:
    """Those of the server."""
    server = _server()
    return server.databases if server is not None else Databases(os.environ["ORDERCORE_BENCH_PG"])


def server_cpu(connection: psycopg.Connection) -> Callable[[], float]:
    """Seconds of CPU that the server has spent on this connection; always 0 where that cannot be seen."""
    used = Path(f"/proc/{connection.info.backend_pid}/schedstat")
    if _server() is None or not used.exists():
        return lambda: 0.0
    return lambda: int(used.read_text().split()[0]) / 1e9


def empty_database() -> str:
    """The address of a new database."""
    return databases().create()


def shop_database() -> str:
    """The address of a new database with the tables of ordercore."""
    address = empty_database()
    PostgresStore.open(address, migrate=True).close()
    return address


def drop(*addresses: str) -> None:
    """Remove databases that were measured."""
    for address in addresses:
        databases().drop(address)
