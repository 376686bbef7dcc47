"""Whose processes servers are: the user's own, or for root, as whom PostgreSQL refuses to run, those of `nobody`."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from ordercore_postgres.testing.binaries import Binaries, NoPostgres

_SECONDS: Final = 120


@frozen
class Account:
    """A user of this machine: `name` is None for the one who runs the tests."""

    name: str | None = None

    @property
    def options(self) -> Mapping[str, Any]:
        """Of `subprocess`: to start a program as this user."""
        # Groups of root must not come along.
        return {} if self.name is None else {"user": self.name, "group": _group(self.name), "extra_groups": []}

    def own(self, folder: Path) -> None:
        """Give this user a folder, and everybody the way into it."""
        folder.chmod(0o755)
        if self.name is not None:
            shutil.chown(folder, self.name)

    def run(self, program: Sequence[str | Path], environ: Mapping[str, str], folder: Path) -> str:
        """Run a program to its end; what it said. Raises NoPostgres with its words if it failed."""
        done = subprocess.run(
            program, **self.options, env=environ, cwd=folder, capture_output=True, text=True, check=False,
            timeout=_SECONDS,
        )  # fmt: skip
        if done.returncode:
            raise NoPostgres(f"{Path(program[0]).name} failed with {done.returncode}: {done.stderr.strip()[-2000:]}")
        return str(done.stdout)


def account() -> Account:
    """As whom servers run."""
    return Account("nobody" if hasattr(os, "geteuid") and os.geteuid() == 0 else None)


def _group(user: str) -> int:
    import pwd

    return pwd.getpwnam(user).pw_gid


def reachable(binaries: Binaries, who: Account, folder: Path) -> Binaries:
    """These programs, or copies of them in this folder if the user cannot reach them, as in a home with mode 0700."""
    if who.name is None or _runs(binaries.folder / "postgres", who):
        return binaries
    installation = binaries.folder.parent
    there = folder / "programs" / "package" / installation.name
    _copy(installation, there)
    # Libraries of a wheel lie in a folder beside the package, and are found by their way from the program.
    for libraries in installation.parent.parent.glob(f"{installation.parent.name}.libs"):
        _copy(libraries, folder / "programs" / libraries.name)
    if not _runs(there / "bin" / "postgres", who):
        raise NoPostgres(f"The user {who.name} cannot run {binaries}, nor a copy of it in {folder}.")
    return Binaries(binaries.major, there / "bin")


def _runs(program: Path, who: Account) -> bool:
    try:
        done = subprocess.run([program, "--version"], **who.options, capture_output=True, check=False, cwd="/")
    except OSError:
        return False
    return done.returncode == 0


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(
        source, target, symlinks=True, copy_function=_link_or_copy, ignore=shutil.ignore_patterns("include")
    )


def _link_or_copy(source: str, target: str) -> None:
    """A second name takes no room and no time; across file systems there is none."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
