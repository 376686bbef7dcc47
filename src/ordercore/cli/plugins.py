"""`ordercore plugins`: which there are, what is the matter with them, what they are asked, and a new one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import click
from attrs import asdict
from rich.console import Console
from rich.text import Text

from ordercore import __version__
from ordercore.cli import show
from ordercore.cli.options import plugged_options
from ordercore.cli.plugged import present, quietly
from ordercore.hooks import API_SUPPORTED, API_VERSION
from ordercore.wiring.plugin_info import PluginInfo, PluginProblem

KINDS: Final = ("channel", "carrier", "strategy", "guard", "notifier")
"""What `plugins new` makes."""


@click.group("plugins", short_help="Which plugins there are, and what is the matter with them.")
def plugins_command() -> None:
    """Plugins: list them, find out what is wrong with one, watch what they are asked, or begin a new one.

    Installed distributions name theirs as entry points of the group `ordercore`; --plugins-dir names a folder whose
    *.py files are plugins; ORDERCORE_PLUGINS=a,b leaves out all others.
    """


@plugins_command.command("list", short_help="List the plugins, with what they bring.")
@plugged_options
def list_command() -> None:
    """List the plugins: distribution, version, what they bring and which hooks they implement."""
    infos = quietly(present()).infos
    out = show.console()
    if not infos:
        out.print("No plugins. Install a distribution that brings one, or name a folder with --plugins-dir.")
        return
    listing = show.table("plugin", "from", "version", "brings", "hooks")
    for info in infos:
        mark = Text(f"left out: {info.problems[0].code}", show.BAD) if info.problems else Text(brought(info))
        hooks = show.listed(hook.removeprefix("ordercore_") for hook in info.hooks)
        listing.add_row(info.name, source(info), info.version, mark, show.clean(hooks))
    out.print(listing)


@plugins_command.command("doctor", short_help="Say what is wrong with each plugin.")
@plugged_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def doctor_command(as_json: bool) -> int:
    """Say of each plugin where it is from, what it implements, how long it took to load, and what is wrong with it.

    Exit status 1 if anything is.
    """
    infos = quietly(present()).infos
    sick = [info for info in infos if info.problems]
    if as_json:
        click.echo(json.dumps(_as_json(infos), indent=2))
    else:
        out = show.console()
        supported = show.listed(map(str, API_SUPPORTED))
        out.print(f"ordercore {__version__} offers API version {API_VERSION} and supports {supported}.")
        for info in infos:
            print_plugin(out, info)
        out.print()
        out.print(f"{show.counted(len(infos), 'plugin')}, {len(sick) or 'none'} with problems.")
    return 1 if sick else 0


def print_plugin(out: Console, info: PluginInfo) -> None:
    """One plugin in a few lines."""
    out.print()
    state = Text("left out", show.BAD) if info.problems else Text("ok", show.GOOD)
    loaded = f"API {info.api_version}, loaded in {info.load_seconds * 1e3:.1f} ms: "
    version = f" {info.version}" if info.version else ""
    out.print(Text.assemble((info.name, "bold"), f" ({source(info)}{version}, {loaded}", state, ")"), soft_wrap=True)
    if info.hooks:
        _indented(out, f"hooks: {show.listed(info.hooks)}")
    if info.brings:
        _indented(out, f"brings: {brought(info)}")
    for problem in info.problems:
        _print_problem(out, problem)
    if info.problems and info.guards:
        _indented(out, "It may guard commands: until it is mended or taken away, every command is refused.", show.BAD)


def _print_problem(out: Console, problem: PluginProblem) -> None:
    _indented(out, f"{problem.code}: {problem.message}", show.BAD)
    if problem.hint and not problem.cause:
        _indented(out, f"  {problem.hint}")
    for line in problem.cause.splitlines():
        _indented(out, f"  | {line}", show.DIM)


def _indented(out: Console, line: str, style: str = "") -> None:
    out.print(Text(f"  {show.clean(line)}", style), soft_wrap=True)


def source(info: PluginInfo) -> str:
    """Its distribution, or that it is a file."""
    return info.distribution or info.origin


def brought(info: PluginInfo) -> str:
    """`channels csv; strategies cheapest`."""
    told = [f"{what} {', '.join(names)}" for what, names in info.brings.items()]
    return "; ".join(told + (["a guard"] if info.guards else []))


def _as_json(infos: tuple[PluginInfo, ...]) -> dict[str, Any]:
    plugins = []
    for info in infos:
        facts = asdict(info, recurse=False)
        facts["brings"] = dict(info.brings)
        facts["problems"] = [asdict(problem) for problem in info.problems]
        plugins.append(facts)
    return {
        "ordercore": __version__, "api": {"offered": API_VERSION, "supported": list(API_SUPPORTED)}, "plugins": plugins,
    }  # fmt: skip


@plugins_command.command("trace", short_help="Show every hook call of a short story, or of your commands.")
@plugged_options
@click.argument("commands", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def trace_command(commands: Path | None) -> None:
    """Show each hook call: plugin, hook, time and result.

    A kernel in memory is built and receives, sells and ships one item; or it handles the COMMANDS of a JSON file:
    [{"PutItem": {"sku": "TEA"}}, ...]. ORDERCORE_TRACE_HOOKS=1 shows the same for any other command of ordercore.
    """
    from ordercore.cli.trace import print_trace

    print_trace(show.console(), present(), commands)


@plugins_command.command("new", short_help="Begin a plugin: a distribution with tests that pass.")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("name")
@click.argument("directory", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.option("--author", default="", help="Who stands in its pyproject.toml.")
def new_command(kind: str, name: str, directory: Path | None, author: str) -> None:
    """Begin a plugin: a whole distribution of that KIND, which installs, is found, and passes its tests at once.

    NAME is a short word, such as `acme`; the distribution is ordercore-NAME, in DIRECTORY or in a folder of that name.
    `ordercore plugins update` brings in what later templates improve. Needs the extra [scaffold].
    """
    from ordercore.cli.scaffold import create

    made = create(kind, name, directory or Path(f"ordercore-{name}"), author)
    # Its tests need the kit: an extra, for pip asks for `--group dev` only since release 25.1.
    steps = (f"cd {made}", 'pip install -e . "ordercore[testing]"', "ordercore plugins list", "python -m pytest")
    click.echo(f"{made} is there. Next:\n\n  " + "\n  ".join(steps))


@plugins_command.command("update", short_help="Bring in what a newer template improves.")
@click.argument("directory", default=".", type=click.Path(exists=True, file_okay=False, path_type=Path))
def update_command(directory: Path) -> None:
    """Bring what the template of this release improves into a plugin that was made by `new`.

    Your own changes stay; where both changed the same lines, both are left with the marks of a conflict. The folder
    must be in git, without changes that are not committed. Needs the extra [scaffold].
    """
    from ordercore.cli.scaffold import update

    click.echo(f"{directory} is as the template of ordercore {update(directory)} has it. Look at it: git diff")
