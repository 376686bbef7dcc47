"""`ordercore work`: a worker, once or for as long as it is wanted."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

import click

from ordercore.cli import show
from ordercore.cli.options import plugged_options
from ordercore.cli.plugged import store_or_configured
from ordercore.cli.shop import opened
from ordercore.errors import ConfigurationError, nearest
from ordercore.kernel import Kernel
from ordercore.wiring.core import PARTS, Part
from ordercore.worker import Bell, Worker, parts_of


@click.command("work", short_help="Make everything due happen, once or --forever.")
@plugged_options
@click.option("--store", "url", metavar="URL", envvar="ORDERCORE_STORE", show_envvar=True, help="The store.")
@click.option("--kernel", "made", metavar="MODULE:NAME", help="A kernel of yours, or a function that makes one.")
@click.option("--forever", is_flag=True, help="Until SIGTERM or Ctrl-C; what is under way then is finished.")
@click.option("--only", multiple=True, type=click.Choice(PARTS), help="Only this part; may be repeated.")
@click.option("--poll-most", type=click.FloatRange(0.05, 3600), default=2.0, show_default=True,
              help="Longest wait in seconds while there is nothing to do.")  # fmt: skip
@click.option("--health-every", type=click.FloatRange(0.1, 86_400), default=60.0, show_default=True,
              help="Seconds between two lines that say how it is.")  # fmt: skip
@click.pass_context
def work_command(
    context: click.Context, url: str | None, made: str | None, forever: bool, only: tuple[Part, ...], poll_most: float,
    health_every: float,
) -> int:  # fmt: skip
    """Fire timers, deliver to followers, perform outside effects. Any number of workers share one store.

    With --store or --config the followers are those of plugins and notifiers. A host with followers of its own, or with
    outside effects, names its kernel: --kernel shop.wiring:kernel. Exit status of a single run: 1 if something failed.
    """
    with _kernel(context, url, made) as kernel:
        parts = only or parts_of(kernel)
        if forever:
            logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
            with Bell() as bell:
                click.echo(f"ordercore work: {', '.join(parts)}", err=True)
                Worker(kernel, bell, parts, poll_most, health_every).run()
            return 0
        report = kernel.work(until_idle=True, only=parts)
        out = show.console()
        out.print(repr(report)[1:-1])
        for failure in report.failures:
            out.print(f"  {failure}", markup=False)
        return 1 if report.failures else 0


@contextmanager
def _kernel(context: click.Context, url: str | None, made: str | None) -> Iterator[Kernel]:
    if made is not None:
        with _named(made) as kernel:
            yield kernel
        return
    option = next(option for option in context.command.params if option.name == "url")
    with opened(store_or_configured(context, option, url)) as kernel:
        yield kernel


def _named(text: str) -> Kernel:
    """`module:name`, looked for in the present folder too. Raises ConfigurationError."""
    module, _, name = text.partition(":")
    sys.path.insert(0, "")
    try:
        found = getattr(import_module(module), name)
    except ImportError as error:
        raise ConfigurationError(f"--kernel {text}: {error}.", hint="Write it as MODULE:NAME.") from error
    except AttributeError:
        known = [one for one in vars(sys.modules[module]) if not one.startswith("_")]
        raise ConfigurationError(f"--kernel {text}: no such name.", hint=nearest(name, known)) from None
    finally:
        sys.path.remove("")
    kernel = found() if callable(found) else found
    if not isinstance(kernel, Kernel):
        raise ConfigurationError(
            f"--kernel {text} gives no Kernel but a {type(kernel).__name__}.",
            hint="Name a Kernel, or what returns one.",
        )
    return kernel
