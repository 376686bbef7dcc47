"""The commands by name; each loads its own module when it is called or listed, so that help comes quickly."""

from __future__ import annotations

from importlib import import_module
from typing import Final

import click

from ordercore import __version__
from ordercore.cli.options import options

_COMMANDS: Final = {
    "alerts": "ordercore.cli.alerts",
    "archive": "ordercore.cli.archive",
    "copy": "ordercore.cli.copy",
    "demo": "ordercore.cli.demo",
    "effects": "ordercore.cli.effects",
    "followers": "ordercore.cli.followers",
    "erase": "ordercore.cli.erase",
    "import": "ordercore.cli.imports",
    "migrate": "ordercore.cli.migrate",
    "order": "ordercore.cli.orders",
    "orders": "ordercore.cli.orders",
    "parked": "ordercore.cli.parked",
    "plugins": "ordercore.cli.plugins",
    "purchases": "ordercore.cli.purchases",
    "quarantine": "ordercore.cli.quarantine",
    "report": "ordercore.cli.report",
    "restore": "ordercore.cli.archive",
    "stock": "ordercore.cli.stock",
    "verify": "ordercore.cli.verify",
    "why": "ordercore.cli.why",
    "work": "ordercore.cli.work",
}


class Commands(click.Group):
    """The group; a command is the function `<name>_command` of its module."""

    def __init__(self) -> None:
        """Name them all, so that the nearest one is known for a misspelt one."""
        super().__init__(
            "ordercore",
            help=(
                "Order management over a store of ordercore.\n\nEvery command but `copy`, `demo` and `plugins` names its store "
                "with --store, such as sqlite:///shop.db, or takes it from the environment variable ORDERCORE_STORE or from the file of "
                "--config.\n\n"
                "Exit status: 0 done, 1 refused or breaches found, 2 wrong usage."
            ),
            no_args_is_help=True,
            context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
            commands={name: _Later(name) for name in _COMMANDS},
            params=[*options(), click.Option(["--version"], is_flag=True, is_eager=True, expose_value=False,
                                             callback=_version, help="Show the version and exit.")],
        )  # fmt: skip

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command itself, loaded now."""
        found = super().get_command(ctx, cmd_name)
        return found.load() if isinstance(found, _Later) else found


class _Later(click.Command):
    """A command that is not loaded yet."""

    def load(self) -> click.Command:
        """The real one."""
        assert self.name is not None  # noqa: S101  # given above
        command: click.Command = getattr(import_module(_COMMANDS[self.name]), f"{self.name}_command")
        return command


def _version(ctx: click.Context, _: click.Parameter, value: object) -> None:
    if value:
        click.echo(f"ordercore {__version__}")
        ctx.exit()


commands: Final = Commands()
