"""What a command works with: installed plugins and those of --plugins-dir, and the file of --config.

The environment limits the plugins (`ORDERCORE_PLUGINS=a,b`) and shows every hook call (`ORDERCORE_TRACE_HOOKS=1`); only the
command line looks at it, a library that did would surprise its host.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import click

from ordercore.cli.options import CONFIG, DIRS
from ordercore.errors import ConfigurationError
from ordercore.wiring.config import Configuration, plugins_of, read_configuration
from ordercore.wiring.discovery import FoundPlugin, discover
from ordercore.wiring.plugin_info import HookCall, PluginInfo, PluginWarning, Trace
from ordercore.wiring.plugins import Plugins

ONLY: Final = "ORDERCORE_PLUGINS"
TRACE: Final = "ORDERCORE_TRACE_HOOKS"


def configured() -> Configuration | None:
    """What --config comes to, read once a command; None without it. Raises ConfigurationError."""
    context = click.get_current_context(silent=True)
    path = context.meta.get(CONFIG) if context is not None else None
    if context is None or path is None:
        return None
    key = f"{CONFIG}.read"
    if key not in context.meta:
        context.meta[key] = read_configuration(path, os.environ, find=_plugins)
    made: Configuration = context.meta[key]
    return made


def plugins() -> Plugins:
    """The plugins of this command; those that are left out are named on standard error."""
    config = configured()
    return _plugins(None, ()) if config is None else config.plugins


def quietly(found: Sequence[FoundPlugin], trace: Trace | None = None) -> Plugins:
    """Plugins whose warnings somebody shows in another way."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PluginWarning)
        return Plugins(found, trace=trace)


def tenant() -> str:
    """Whose store it is."""
    config = configured()
    return "" if config is None else config.tenant


def present() -> Sequence[FoundPlugin]:
    """What there is for a command that looks at plugins alone: of --config only which they are."""
    context = click.get_current_context(silent=True)
    path = None if context is None else context.meta.get(CONFIG)
    return found() if path is None else found(*plugins_of(path))


def found(only: Sequence[str] | None = None, folders: Iterable[Path] = ()) -> Sequence[FoundPlugin]:
    """What there is, in the limits of the environment."""
    context = click.get_current_context(silent=True)
    asked = () if context is None else context.meta.get(DIRS, ())
    listed = os.environ.get(ONLY)
    if listed is not None:
        only = [name for name in map(str.strip, listed.split(",")) if name]
    return discover(only, folders=[*folders, *asked])


def _plugins(only: Sequence[str] | None, folders: Iterable[Path]) -> Plugins:
    traced = os.environ.get(TRACE, "0") not in {"", "0"}
    made = quietly(found(only, folders), print_call if traced else None)
    for info in made.infos:
        if not info.usable:
            click.echo(left_out(info), err=True)
    return made


def left_out(info: PluginInfo) -> str:
    """One line for a plugin that cannot be used."""
    refuses = " It may guard commands, so every command is refused." if info.guards else ""
    mark = click.style("plugin left out", fg="yellow", bold=True)
    return f"{mark} [{info.problems[0].code}] {info.problems[0].message}{refuses} See: ordercore plugins doctor"


def print_call(call: HookCall) -> None:
    """A hook call on standard error."""
    click.echo(f"hook {call.plugin} {call.hook} {call.seconds * 1e3:.3f} ms: {call.result}", err=True)


def store_or_configured(context: click.Context, option: click.Parameter, value: str | None) -> str:
    """The URL of --store, or else of --config. For the callback of an option."""
    if value:
        return value
    config = configured()
    if config is None:
        raise click.MissingParameter("Such as --store sqlite:///shop.db", ctx=context, param=option)
    if config.store == "memory://":
        raise ConfigurationError("The configuration names no store.", hint='Such as: store = "sqlite:///shop.db"')
    return config.store
