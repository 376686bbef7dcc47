"""The tables of ordercore as SQLAlchemy sees them, read from the files that make them; they are never made from this."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NoReturn

from sqlalchemy import Connection, MetaData, Table, column, event, select, table

from ordercore.errors import ConfigurationError
from ordercore.store.migrations import downgrading, upgrading
from ordercore_sqlalchemy.ddl import read_into
from ordercore_sqlalchemy.dialect import migrations_for
from ordercore_sqlalchemy.statements import run

PREFIX: Final = "ordercore_"
"""What the name of every table of ordercore begins with."""


def ordercore_metadata(dialect: str, metadata: MetaData | None = None) -> MetaData:
    """The tables of ordercore in a database of this dialect (`sqlite`, `postgresql`), in `metadata` or one of their own.

    Hand it to Alembic beside your own metadata, and autogenerate finds nothing to do: neither drops these tables nor
    makes them anew. To make them is the task of the migrations, since a `Table` cannot say all that is in them; so
    `create_all` raises ConfigurationError where they are missing. Use `create_tables` first.
    """
    metadata = MetaData() if metadata is None else metadata
    statements = (statement for migration in migrations_for(dialect) for statement in migration.statements)
    read_into(metadata, statements, dialect)
    for ours in _ours(metadata):
        event.listen(ours, "before_create", _refuse)
    return metadata


def include_object(thing: object, name: str | None, type_: str, *_: object) -> bool:
    """For `context.configure(include_object=...)`: autogenerate looks at everything but the tables of ordercore."""
    return include_name(name, type_, {})


def include_name(name: str | None, type_: str, parent_names: object) -> bool:
    """For `context.configure(include_name=...)`: the tables of ordercore are not even reflected."""
    return type_ != "table" or name is None or not name.startswith(PREFIX)


def create_tables(connection: Connection) -> None:
    """Make the tables of ordercore beside yours, in the transaction of `connection`: for tests, and where no Alembic is.

    Raises ConfigurationError for a dialect without a store. Tables of an older version are brought up to date.
    """
    migrations = migrations_for(connection.dialect.name)
    run(connection.execute, upgrading(migrations, _version(connection)))


def drop_tables(connection: Connection) -> None:
    """Take the tables of ordercore away, with every order in them."""
    migrations = migrations_for(connection.dialect.name)
    run(connection.execute, downgrading(migrations, _version(connection)))


def _version(connection: Connection) -> int:
    if not connection.dialect.has_table(connection, f"{PREFIX}schema"):
        return 0
    return int(connection.execute(select(column("version")).select_from(table(f"{PREFIX}schema"))).scalar_one())


def _ours(metadata: MetaData) -> Iterator[Table]:
    return (one for one in metadata.tables.values() if one.name.startswith(PREFIX))


def _refuse(refused: Table, *_: object, **__: object) -> NoReturn:
    raise ConfigurationError(
        f"{refused.name} is made by the migrations of ordercore, not by create_all.", table=refused.name,
        hint="Call ordercore_sqlalchemy.create_tables(connection) before it, or run the Alembic branch `ordercore`.",
    )  # fmt: skip
