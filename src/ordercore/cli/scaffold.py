"""A new plugin from the template that ordercore brings along, and later what newer templates improve: extra [scaffold].

Copier updates a project by comparing two versions of its template, which it keeps in git. A wheel has only the newest, so
the template goes into a repository in the user's cache, a tag for each release of ordercore that was used here.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from ordercore import __version__
from ordercore.errors import ConfigurationError, MissingExtra

TEMPLATE: Final = Path(__file__).parent / "template"
ANSWERS: Final = ".copier-answers.yml"

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_WHO: Final = {
    **{f"GIT_{who}_NAME": "ordercore" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_EMAIL": "ordercore@localhost" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_DATE": "2026-01-01T00:00:00+0000" for who in ("AUTHOR", "COMMITTER")},
    "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull,
}  # fmt: skip
"""The same template gives the same commit everywhere."""


def create(kind: str, name: str, directory: Path, author: str = "") -> Path:
    """Write the distribution of a plugin into a folder that is not there yet, or empty. Returns the folder.

    Raises MissingExtra without copier, ConfigurationError for a name that is none, a folder in use, or without git.
    """
    copier = _copier()
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"{name[:64]!r} is no name of a plugin.",
            hint="Lower-case letters and digits, with dashes between: acme-post.",
        )
    if directory.exists() and any(directory.iterdir()):
        raise ConfigurationError(f"{directory} is not empty.", hint="Name another folder.")
    data = {"kind": kind, "name": name, "author": author}
    copier.run_copy(_repository(), directory, data=data, defaults=True, quiet=True, vcs_ref=None)
    return directory


def update(directory: Path) -> str:
    """Bring in what the template of this release improves; what does not fit is marked as git marks conflicts.

    Returns the template's version. Raises ConfigurationError for a folder that was not made by `create`, or that git
    does not know or that has changes git does not know.
    """
    copier = _copier()
    if not (directory / ANSWERS).is_file():
        raise ConfigurationError(f"{directory} has no {ANSWERS}.", hint="It was not made by: ordercore plugins new")
    _repository()
    try:
        copier.run_update(directory, defaults=True, overwrite=True, quiet=True)
    except Exception as error:  # what copier raises has no common class in all its versions
        raise ConfigurationError(
            f"{directory} cannot be updated: {error}", hint="Commit what is there, and try again with git at hand."
        ) from error
    return __version__


def _copier() -> Any:
    if find_spec("copier") is None:
        raise MissingExtra.of("scaffold", "A new plugin")
    import copier

    return copier


def _repository() -> str:
    """The template in git, with this release's version as its newest tag; `~/...`, so that an answers file travels."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ordercore" / "plugin-template"
    home.mkdir(parents=True, exist_ok=True)
    if not (home / ".git").is_dir():
        _git(home, "init", "--quiet", "--initial-branch=main")
    for old in home.iterdir():
        if old.name != ".git":
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    shutil.copytree(TEMPLATE, home, dirs_exist_ok=True)
    _git(home, "add", "--all", "--force")
    if _git(home, "status", "--porcelain"):
        _git(home, "commit", "--quiet", "--message", f"Template of ordercore {__version__}")
        taken = set(_git(home, "tag").split())
        names = (__version__, *(f"{__version__}.post{n}" for n in range(1, 10_000)))
        _git(home, "tag", next(tag for tag in names if tag not in taken))
    return f"~/{home.relative_to(Path.home()).as_posix()}" if home.is_relative_to(Path.home()) else str(home)


def _git(folder: Path, *arguments: str) -> str:
    git = shutil.which("git")
    if git is None:
        raise ConfigurationError(
            "The versions of the template are kept with git, which is not installed.", hint="Install git."
        )
    done = subprocess.run(  # noqa: S603  # git, with arguments of ours
        [git, *arguments], cwd=folder, env={**os.environ, **_WHO}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ConfigurationError(
            f"git {arguments[0]} failed in {folder}: {done.stderr.strip()[:500]}",
            hint="Do the same by hand in that folder to see more.",
        )
    return done.stdout
