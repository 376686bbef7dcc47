"""`--plugins-dir` and `--config`: on every command that opens a store (`store_option` brings them), and before it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

DIRS: Final = "ordercore.plugins_dirs"
CONFIG: Final = "ordercore.config"
"""Where they are kept: in `meta`, which a context shares with those below it."""


def _keep_dirs(context: click.Context, _: click.Parameter, value: tuple[Path, ...]) -> None:
    context.meta[DIRS] = (*context.meta.get(DIRS, ()), *value)


def _keep_config(context: click.Context, _: click.Parameter, value: Path | None) -> None:
    if value is not None:
        context.meta[CONFIG] = value


def options() -> list[click.Option]:
    """The two, for a group."""
    folder = click.Path(exists=True, file_okay=False, path_type=Path)
    return [
        click.Option(
            ["--plugins-dir"], multiple=True, type=folder, metavar="DIR", is_eager=True, expose_value=False,
            callback=_keep_dirs, help="Folder whose *.py files are plugins; may be repeated.",
        ),
        click.Option(
            ["--config"], type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE", is_eager=True,
            expose_value=False, callback=_keep_config, envvar="ORDERCORE_CONFIG", show_envvar=True,
            help="TOML file with store, plugins, channels and policies.",
        ),
    ]  # fmt: skip


def plugged_options(command: F) -> F:
    """The two on a command."""
    for option in reversed(options()):
        if isinstance(command, click.Command):
            command.params.append(option)
        else:
            command.__dict__.setdefault("__click_params__", []).append(option)
    return command
