"""The PostgreSQL that is measured: durable, as in production, started for the run and gone with it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from ordercore_postgres.testing import Databases, PostgresServer

SETTINGS = {"shared_buffers": "256MB", "autovacuum": "on"}


@contextmanager
def databases() -> Iterator[Databases]:
    """Empty databases on a server of our own, or on the one whose address ORDERCORE_BENCH_PG names.

    Its files lie in TMPDIR: set it to a folder on the disk to be measured.
    """
    given = os.environ.get("ORDERCORE_BENCH_PG")
    if given:
        yield Databases(given)
        return
    with PostgresServer(durable=True, settings=SETTINGS) as server:
        yield server.databases
