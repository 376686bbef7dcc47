"""How a file of the SQLite store is opened: created, recognized, or refused with a reason."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from ordercore.errors import SchemaVersion, StoreError
from ordercore.store.migrations import migrations_of, upgrading
from ordercore.store.sqlite.faults import translated

APPLICATION_ID: Final = 0x4F_52_43_4F
"""`ORCO`, in the header of every file that belongs to this store alone."""
MIGRATIONS: Final = migrations_of("ordercore.store.sqlite.migrations")
VERSION: Final = MIGRATIONS[-1].number


def recognize(connection: sqlite3.Connection, path: str) -> bool:
    """Whether the tables are there and up to date.

    Raises SchemaVersion for a file of a newer release that this one cannot work with, StoreError for another's.
    """
    application = connection.execute("pragma application_id").fetchone()[0]
    if application == APPLICATION_ID:
        return version_of(connection, path) >= VERSION
    if application or connection.execute("select 1 from sqlite_master limit 1").fetchone():
        raise StoreError(
            f"{path} is a database of another application.", reason="foreign_file", path=path,
            hint="Give the store a file of its own.",
        )  # fmt: skip
    return False


def version_of(connection: sqlite3.Connection, path: str) -> int:
    """The version of the tables, 0 without any. Raises SchemaVersion if this release cannot work with them."""
    if not connection.execute("select 1 from sqlite_master where name = 'ordercore_schema'").fetchone():
        return 0
    version, compatible = connection.execute("select version, compatible from ordercore_schema").fetchone()
    if compatible > VERSION:
        raise SchemaVersion(
            f"{path} has schema {version}; this release reads up to {VERSION}.",
            path=path, found=version, known=VERSION, hint="Upgrade ordercore, or open the file with its release.",
        )  # fmt: skip
    return int(version)


def version_in(path: str) -> int:
    """The version of the tables in a file, 0 if there is no file or none in it. Raises what opening the store would."""
    if not Path(path).is_file():
        return 0
    try:
        with closing(sqlite3.connect(path)) as connection:
            recognize(connection, path)
            return version_of(connection, path)
    except sqlite3.Error as error:
        raise translated(error, path) or error from error


def upgrade(connection: sqlite3.Connection, path: str) -> None:
    """Make the tables, or what they lack. The caller holds the write lock and commits."""
    version = version_of(connection, path)
    for statement in upgrading(MIGRATIONS, version):
        connection.execute(statement)
    if version == 0:
        connection.execute(f"pragma application_id = {APPLICATION_ID}")
