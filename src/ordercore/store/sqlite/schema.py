"""How a file of the SQLite store is opened: created, recognized, or refused with a reason."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from ordercore.errors import SchemaVersion, StoreError
from ordercore.store.migrations import migrations_of, not_newer, upgrading
from ordercore.store.sqlite.faults import translated

APPLICATION_ID: Final = 0x4F_52_43_4F
"""`ORCO`, in the header of every file that belongs to this store alone."""
MIGRATIONS: Final = migrations_of("ordercore.store.sqlite.migrations")
PATH: Final = "the host's database"
MIGRATE: Final = "Run your migrations; without a tool for them, `ordercore.store.sqlite.migrate(connection)`."
VERSION: Final = MIGRATIONS[-1].number


_VERSION: Final = "select version, compatible from ordercore_schema"


def recognize(connection: sqlite3.Connection, path: str) -> bool:
    """Whether the tables are there and up to date.

    Raises SchemaVersion for a file of a newer release that this one cannot work with, StoreError for another's. A file
    of a host with these tables among its own is taken as it is: SchemaVersion too, if they are older.
    """
    if is_ours(connection):
        return version_of(connection, path) >= VERSION
    if version_of(connection, path):
        require(connection.execute, path, "")
        return True
    application = connection.execute("pragma application_id").fetchone()[0]
    if application or connection.execute("select 1 from sqlite_master limit 1").fetchone():
        raise StoreError(
            f"{path} is a database of another application.", reason="foreign_file", path=path,
            hint="Give the store a file of its own.",
        )  # fmt: skip
    return False


def is_ours(connection: sqlite3.Connection) -> bool:
    """Whether the file is the store's alone; in a host's it changes nothing but its rows."""
    return bool(connection.execute("pragma application_id").fetchone()[0] == APPLICATION_ID)


def version_of(connection: sqlite3.Connection, path: str) -> int:
    """The version of the tables, 0 without any. Raises SchemaVersion if this release cannot work with them."""
    if not connection.execute("select 1 from sqlite_master where name = 'ordercore_schema'").fetchone():
        return 0
    version, compatible = connection.execute(_VERSION).fetchone()
    not_newer(path, version, compatible, VERSION, path=path)
    return int(version)


def require(execute: Callable[..., sqlite3.Cursor], path: str, migrate: str) -> None:
    """Tables of a host's database: there, and of a version this release works with. Raises SchemaVersion."""
    try:
        row = execute(_VERSION).fetchone() or (0, 0)
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise
        row = (0, 0)
    version, compatible = row
    not_newer(path, version, compatible, VERSION, path=path)
    if version < VERSION:
        what = (
            f"has tables of version {version}, and this release needs" if version else "lacks the tables of ordercore,"
        )
        raise SchemaVersion(
            f"{path} {what} version {VERSION}.", path=path, found=version, known=VERSION, hint=migrate or MIGRATE
        )


def migrate(connection: sqlite3.Connection) -> None:
    """Make the tables of ordercore in a database of the host, or what they lack: beside its own, which are not touched.

    For hosts without a tool for migrations; Django and Alembic run the same statements. Inside the host's transaction
    if it has one open, else in one of its own. Raises SchemaVersion if the tables are of a newer release.
    """
    own = not connection.in_transaction
    if own:
        connection.execute("begin immediate")
    try:
        for statement in upgrading(MIGRATIONS, version_of(connection, PATH)):
            connection.execute(statement)
        if own:
            connection.execute("commit")
    except BaseException:
        if own:
            connection.execute("rollback")
        raise


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
