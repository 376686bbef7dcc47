"""The numbered SQL files of the stores, as Django runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.utils import NotSupportedError

from ordercore.errors import MissingExtra
from ordercore.store.migrations import Migration, downgrading, migrations_of, upgrading

_PACKAGES: Final = {"sqlite": "ordercore.store.sqlite.migrations", "postgresql": "ordercore_postgres.migrations"}


def files_of(vendor: str) -> tuple[Migration, ...]:
    """The numbered files for a database. Raises MissingExtra, NotSupportedError."""
    if vendor not in _PACKAGES:
        raise NotSupportedError(
            f"ordercore has no tables for {vendor}: let DATABASE_ROUTERS keep it off this database."
        )
    try:
        return migrations_of(_PACKAGES[vendor])
    except ModuleNotFoundError as error:
        raise MissingExtra(
            "PostgreSQL needs ordercore-postgres.", hint="Type: pip install 'ordercore-django[postgres]'"
        ) from error


def make_anew(vendor: str, execute: Callable[[str], object]) -> None:
    """Take the tables away and make them again."""
    files = files_of(vendor)
    for statement in (*downgrading(files, files[-1].number), *upgrading(files)):
        execute(statement)


class RunFiles(Operation):
    """Bring the tables from one version to another, by the same files that the command line and Alembic run.

    Versions are by vendor: `RunFiles({"sqlite": (0, 1), "postgresql": (0, 2)})`.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, versions: Mapping[str, tuple[int, int]]) -> None:
        """(from, to) for each vendor."""
        self.versions = dict(versions)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """As Django writes it into a file."""
        return type(self).__name__, [self.versions], {}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """No model has these tables."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:  # fmt: skip
        """Up."""
        vendor = schema_editor.connection.vendor
        files = files_of(vendor)
        before, after = self.versions[vendor]
        self._run(app_label, schema_editor, upgrading(files, before, after))

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:  # fmt: skip
        """Down again, with everything that was in the tables."""
        vendor = schema_editor.connection.vendor
        files = files_of(vendor)
        before, after = self.versions[vendor]
        self._run(app_label, schema_editor, downgrading(files, after, before))

    def _run(self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, statements: Iterable[str]) -> None:
        from django.db import router

        if router.allow_migrate(schema_editor.connection.alias, app_label):
            for statement in statements:
                schema_editor.execute(statement, params=None)

    def describe(self) -> str:
        """In a list of migrations."""
        return "Tables of ordercore"
