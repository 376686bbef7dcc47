"""Tables of the SQLite store, and how a file is opened: created, recognized, or refused with a reason."""

from __future__ import annotations

import sqlite3
from typing import Final

from ordercore.errors import SchemaVersion, StoreError
from ordercore.store.posting import BUCKETS
from ordercore.store.scalars import MAX_BALANCE

APPLICATION_ID: Final = 0x4F_52_43_4F
"""`ORCO`, in the header of every file of this store."""
VERSION: Final = 1

_BUCKETS: Final = ",\n    ".join(
    f"{name} integer not null default 0 check ({name} between 0 and {MAX_BALANCE})" for name in BUCKETS
)

# One log row per stream and batch. A batch without events has a row at a negative position and no stream: its id
# must be known, but it stands in no log. Position ids say the SKU (`rows`), so that all of a SKU is one range.
TABLES: Final = (
    """create table log (
    pos integer primary key,
    tenant text not null, command text not null, part integer not null, fingerprint blob not null,
    stream text, version integer not null, count integer not null,
    at integer not null, effective integer not null, actor text not null, cause text not null,
    correlation text not null, crc integer not null, events text not null,
    unique (tenant, command, part), unique (tenant, stream, version)
) strict""",
    # Stands at 0 and belongs to nobody, so that the first row of the log gets 1 even when negative ones came before.
    "insert into log values (0, char(0), '', 0, x'', null, 0, 0, 0, 0, '', '', '', 0, '')",
    """create table document (
    tenant text not null, kind text not null, key text not null, revision integer not null,
    tag text not null, sort text not null, body text not null,
    primary key (tenant, kind, key)
) strict, without rowid""",
    "create index document_tag on document (tenant, kind, tag, sort, key)",
    """create table counter (
    tenant text not null, name text not null, value integer not null, primary key (tenant, name)
) strict, without rowid""",
    """create table timer (
    tenant text not null, kind text not null, key text not null, due integer not null,
    fence integer not null, until integer, primary key (tenant, kind, key)
) strict, without rowid""",
    "create index timer_due on timer (tenant, due, kind, key)",
    "create table fence (n integer not null) strict",
    "insert into fence values (0)",
    """create table consumer (
    tenant text not null, name text not null, position integer not null, primary key (tenant, name)
) strict, without rowid""",
    "create table sku (n integer primary key, tenant text not null, sku text not null, unique (tenant, sku)) strict",
    """create table cell (
    id integer primary key, sku integer not null, place text not null, lot text not null, owner text not null,
    unique (sku, place, lot, owner)
) strict""",
    f"create table position (\n    id integer primary key,\n    {_BUCKETS}\n) strict",
    f"pragma application_id = {APPLICATION_ID}",
    f"pragma user_version = {VERSION}",
)


def recognize(connection: sqlite3.Connection, path: str) -> bool:
    """Whether the tables are there. Raises SchemaVersion for a file of a newer release, StoreError for another's."""
    application = connection.execute("pragma application_id").fetchone()[0]
    version = connection.execute("pragma user_version").fetchone()[0]
    if application == APPLICATION_ID:
        if version > VERSION:
            raise SchemaVersion(
                f"{path} has schema {version}; this release reads up to {VERSION}.",
                path=path, found=version, known=VERSION, hint="Upgrade ordercore, or open the file with its release.",
            )  # fmt: skip
        return True
    if application or version or connection.execute("select 1 from sqlite_master limit 1").fetchone():
        raise StoreError(
            f"{path} is a database of another application.", reason="foreign_file", path=path,
            hint="Give the store a file of its own.",
        )  # fmt: skip
    return False


def create(connection: sqlite3.Connection) -> None:
    """All tables. The caller holds the write lock and commits."""
    for statement in TABLES:
        connection.execute(statement)
