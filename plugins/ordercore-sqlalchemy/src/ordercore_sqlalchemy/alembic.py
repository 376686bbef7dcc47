"""The numbered SQL files of ordercore, run by Alembic: as revisions that are there already, or inside one of yours."""

from __future__ import annotations

from typing import Protocol

from alembic.migration import MigrationContext
from sqlalchemy import TextClause

from ordercore.store.migrations import Migration, downgrading, upgrading
from ordercore_sqlalchemy.dialect import migrations_for
from ordercore_sqlalchemy.statements import run


class Op(Protocol):
    """What is needed of `alembic.op`."""

    def execute(self, sqltext: TextClause, /) -> None:
        """Run a statement, or write it down (`--sql`)."""
        ...

    def get_context(self) -> MigrationContext:
        """Where it runs."""
        ...


def upgrade(op: Op, version: int | None = None, *, since: int = 0) -> None:
    """Bring the tables of ordercore from version `since` (0: none) to `version`, the newest without it.

    `op` is `alembic.op`. Works offline (`--sql`) too: the versions are said, not looked up.
    """
    run(op.execute, upgrading(_migrations(op), since, version))


def downgrade(op: Op, version: int = 0, *, since: int | None = None) -> None:
    """Take them back from `since` (the newest without it) to `version`; 0 drops them, with every order in them."""
    migrations = _migrations(op)
    run(op.execute, downgrading(migrations, migrations[-1].number if since is None else since, version))


def _migrations(op: Op) -> tuple[Migration, ...]:
    return migrations_for(op.get_context().dialect.name)
