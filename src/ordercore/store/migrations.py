"""Schemas as numbered SQL files: one set for the command line, Alembic and Django; the same shape for every SQL store.

A file is `0002_what_it_does.sql` in a package of its own. Its first line says `-- compatible: N`: the oldest schema
version that a worker may know and still work with the tables as they are after it. So old and new workers run side by
side for as long as a migration only adds what old workers need not know. Beside it lies `0002_what_it_does.down.sql`,
which takes it back.

Files hold no transaction control, and never write the version: whoever runs them does, with `upgrading`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Final

from attrs import frozen

from ordercore.errors import BrokenRule, SchemaVersion

_NAME: Final = re.compile(r"(\d{4})_(\w+)\.sql")
_COMPATIBLE: Final = re.compile(r"-- compatible: (\d+)\n")
_END: Final = re.compile(r";[ \t]*\n\s*\n|;\s*\Z")


@frozen
class Migration:
    """One numbered file. After it the schema has version `number`; workers that know `compatible` or later may stay."""

    number: int
    name: str
    compatible: int
    text: str
    undo_text: str

    @property
    def statements(self) -> tuple[str, ...]:
        """Its statements, in order: they end with a semicolon before an empty line, so that a function may hold others."""
        return _statements(self.text)

    @property
    def undo(self) -> tuple[str, ...]:
        """The statements that take it back."""
        return _statements(self.undo_text)


def migrations_of(package: str) -> tuple[Migration, ...]:
    """The migrations that lie in a package, by number.

    Raises BrokenRule for a gap, a file without its first line or one that nothing takes back.
    """
    folder, found = files(package), []
    for entry in folder.iterdir():
        if (named := _NAME.fullmatch(entry.name)) is not None:
            text = entry.read_text("utf-8")
            compatible = _COMPATIBLE.match(text)
            if compatible is None:
                raise BrokenRule(f"{entry.name} does not begin with `-- compatible: N`.")
            undo = folder / f"{entry.name.removesuffix('.sql')}.down.sql"
            if not undo.is_file():
                raise BrokenRule(f"{entry.name} has no {undo.name} beside it.")
            found.append(Migration(int(named[1]), named[2], int(compatible[1]), text, undo.read_text("utf-8")))
    found.sort(key=lambda migration: migration.number)
    if [migration.number for migration in found] != list(range(1, len(found) + 1)):
        raise BrokenRule(f"The migrations of {package} are not numbered without gaps.")
    return tuple(found)


def not_newer(where: str, version: int, compatible: int, known: int, **fields: str) -> None:
    """Raises SchemaVersion for tables that a worker which knows the schema `known` may not use any more.

    `version` and `compatible` are what the table `ordercore_schema` says, `where` is the database in words.
    """
    if compatible > known:
        raise SchemaVersion(
            f"{where} has schema {version}; this release reads up to {known}.", found=version, known=known, **fields,
            hint="Upgrade ordercore, or open it with the release that made it.",
        )  # fmt: skip


def pending(migrations: Sequence[Migration], version: int) -> tuple[Migration, ...]:
    """Those that a schema of this version still lacks."""
    return tuple(migration for migration in migrations if migration.number > version)


def upgrading(migrations: Sequence[Migration], version: int = 0, to: int | None = None) -> tuple[str, ...]:
    """Every statement that brings a schema from `version` (0: no tables) to version `to`, the newest without it.

    The version and what it is compatible with are written too. Run them in one transaction, without parameters.
    """
    statements: list[str] = []
    for migration in pending(migrations, version):
        if to is None or migration.number <= to:
            statements += (*migration.statements, _now_at(migration, first=migration.number == 1))
    return tuple(statements)


def downgrading(migrations: Sequence[Migration], version: int, to: int = 0) -> tuple[str, ...]:
    """Every statement that takes a schema back from `version` to version `to`; 0 leaves nothing of it, data included."""
    statements: list[str] = []
    for migration in reversed(migrations):
        if to < migration.number <= version:
            statements += migration.undo
            if migration.number > 1:
                statements.append(_now_at(migrations[migration.number - 2], first=False))
    return tuple(statements)


def _now_at(migration: Migration, *, first: bool) -> str:
    if first:
        return f"insert into ordercore_schema (version, compatible) values ({migration.number}, {migration.compatible})"
    return f"update ordercore_schema set version = {migration.number}, compatible = {migration.compatible}"


def _statements(text: str) -> tuple[str, ...]:
    return tuple(statement for part in _END.split(text) if (statement := _without_comments(part)))


def _without_comments(statement: str) -> str:
    lines = [line for line in statement.strip().splitlines() if not line.lstrip().startswith("--")]
    return "\n".join(lines).strip()
