"""Schemas as numbered SQL files: one set for the command line, Alembic and Django; the same shape for every SQL store.

A file is `0002_what_it_does.sql` in a package of its own. Its first line says `-- compatible: N`: the oldest schema
version that a worker may know and still work with the tables as they are after it. So old and new workers run side by
side for as long as a migration only adds what old workers need not know.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Final

from attrs import frozen

from ordercore.errors import BrokenRule

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

    @property
    def statements(self) -> tuple[str, ...]:
        """Its statements, in order: they end with a semicolon before an empty line, so that a function may hold others."""
        return tuple(statement for part in _END.split(self.text) if (statement := _without_comments(part)))


def migrations_of(package: str) -> tuple[Migration, ...]:
    """The migrations that lie in a package, by number. Raises BrokenRule for a gap or a file without its first line."""
    found = []
    for entry in files(package).iterdir():
        if (named := _NAME.fullmatch(entry.name)) is not None:
            text = entry.read_text("utf-8")
            compatible = _COMPATIBLE.match(text)
            if compatible is None:
                raise BrokenRule(f"{entry.name} does not begin with `-- compatible: N`.")
            found.append(Migration(int(named[1]), named[2], int(compatible[1]), text))
    found.sort(key=lambda migration: migration.number)
    if [migration.number for migration in found] != list(range(1, len(found) + 1)):
        raise BrokenRule(f"The migrations of {package} are not numbered without gaps.")
    return tuple(found)


def pending(migrations: Sequence[Migration], version: int) -> tuple[Migration, ...]:
    """Those that a schema of this version still lacks."""
    return tuple(migration for migration in migrations if migration.number > version)


def _without_comments(statement: str) -> str:
    lines = [line for line in statement.strip().splitlines() if not line.lstrip().startswith("--")]
    return "\n".join(lines).strip()
