"""The command line: look into a store, import documents, see a demonstration. Needs the extra `[cli]`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from io import TextIOWrapper

import click

from ordercore.cli.app import commands
from ordercore.errors import ConfigurationError, MissingExtra, OrdercoreError

__all__ = ["main"]

INTERRUPTED = 130
CLOSED_PIPE = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit status: 0 done, 1 refused or breaches found, 2 wrong usage or set-up."""
    _never_fail_to_print()
    try:
        result = commands.main(arguments, prog_name="ordercore", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        click.echo("Interrupted. What was acknowledged is kept.", err=True)
        return INTERRUPTED
    except OrdercoreError as error:
        tell(error)
        return 2 if isinstance(error, ConfigurationError | MissingExtra) else 1
    except BrokenPipeError:
        # `ordercore orders | head`: whoever reads has seen enough. Nothing may be flushed to it at the end.
        sys.stdout = None
        return CLOSED_PIPE
    return result if isinstance(result, int) else 0


def tell(error: OrdercoreError) -> None:
    """Code, message, facts, hint and link on standard error; never a traceback for what the caller can put right."""
    from ordercore.cli import show

    show.console(errors=True).print(error, soft_wrap=True)


def _never_fail_to_print() -> None:
    """A terminal that knows only ASCII shows a question mark instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
