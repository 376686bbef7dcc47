"""The store of a group of commands: `group --store URL list` and `group list --store URL` mean the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from ordercore.cli.options import plugged_options
from ordercore.cli.plugged import store_or_configured

F = TypeVar("F", bound=Callable[..., Any])

_STORE: Final = {"metavar": "URL", "envvar": "ORDERCORE_STORE", "show_envvar": True, "help": "The store."}


def group_store(command: F) -> F:
    """--store, --plugins-dir and --config on the group; it keeps the URL in `context.obj`."""
    return click.option("--store", "url", **_STORE)(plugged_options(command))  # type: ignore[arg-type]  # options by name


def url_of(context: click.Context, url: str | None) -> str:
    """The URL of a group that is called without a command. Raises MissingParameter."""
    option = next(option for option in context.command.params if option.name == "url")
    return store_or_configured(context, option, url)


def store_of_group(command: F) -> F:
    """The same on a command of the group; what stands before the command's name counts."""
    return click.option("--store", "url", callback=_inherited, **_STORE)(plugged_options(command))  # type: ignore[arg-type]  # options by name


def _inherited(context: click.Context, option: click.Parameter, value: str | None) -> str:
    return store_or_configured(context, option, value or context.obj)
