"""The PostgreSQL that is measured: durable, as in production, started for the run and gone with it."""

from __future__ import annotations

import atexit
import os
from functools import cache

from ordercore_postgres import PostgresStore
from ordercore_postgres.testing import Databases, PostgresServer

SETTINGS = {"shared_buffers": "256MB", "autovacuum": "on"}


@cache
def databases() -> Databases:
    """Databases on a server of our own, one for the whole run, or on the one whose address ORDERCORE_BENCH_PG names.

    Its files lie in TMPDIR: set it to a folder on the disk to be measured.
    """
    given = os.environ.get("ORDERCORE_BENCH_PG")
    if given:
        return Databases(given)
    server = PostgresServer(durable=True, settings=SETTINGS)
    atexit.register(server.close)
    return server.start().databases


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
