"""`ordercore archive` and `ordercore restore`: closed orders leave the store for a folder, and come back."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from ordercore.cli import show
from ordercore.cli.progress import Bars
from ordercore.cli.shop import opened, store_option
from ordercore.kernel import Kernel
from ordercore.lifecycle import ORDER
from ordercore.store.scalars import moment_of
from ordercore.upkeep import ArchiveReport, Upkeep
from ordercore.wiring.archiving import CLOSED

F = TypeVar("F", bound=Callable[..., Any])

FOLDER: Final = click.Path(file_okay=False, path_type=Path)
_AGE: Final = re.compile(r"([0-9]{1,5})d")


def age_of(context: click.Context, parameter: click.Parameter, value: str | None) -> timedelta | None:
    """`90d`. Raises BadParameter."""
    if value is None:
        return None
    found = _AGE.fullmatch(value)
    if found is None:
        raise click.BadParameter(f"{value!r} is no age: write a number of days, such as 90d.", context, parameter)
    return timedelta(days=int(found[1]))


def age_option(command: F) -> F:
    """`--older-than 90d`."""
    option = click.option("--older-than", "age", default="90d", show_default=True, callback=age_of, metavar="DAYS",
                          help="Only what was not touched for so long.")  # fmt: skip
    return option(command)


folder_option = click.option(
    "--archive", "folder", type=FOLDER, metavar="DIR", envvar="ORDERCORE_ARCHIVE", show_envvar=True,
    help="The folder of the archive; without it, the one of --config.",
)  # fmt: skip


@click.command("archive", short_help="Let closed orders leave for an archive.")
@store_option
@folder_option
@age_option
@click.option("--status", "statuses", multiple=True, type=click.Choice(ORDER.states), default=CLOSED, show_default=True,
              help="Only orders of this status; may be repeated.")  # fmt: skip
@click.option("--list", "listing", is_flag=True, help="Archive nothing: list the segments that are away.")
def archive_command(url: str, folder: Path | None, age: timedelta, statuses: Sequence[str], *, listing: bool) -> int:
    """Let closed orders leave the store for a folder, with the outside effects, receipts and carts of their time.

    They stay known: a repeated command is still a duplicate, balances are carried forward, and `kernel.order` reads
    them where the kernel has the archive. What a follower has not seen and what is still to be done about an order
    stays. May be stopped at any moment and run again. Exit status 1 where something is in the way of all.
    """
    with opened(url, archive=folder) as kernel:
        out = show.console()
        if listing:
            for one in Upkeep(kernel).segments():
                span = f"{moment_of(one.earliest):%Y-%m-%d} to {moment_of(one.latest):%Y-%m-%d}"
                out.print(f"{one.name}  {span}  streams: {one.streams:,}, log rows: {one.rows:,}", soft_wrap=True)
            return 0
        with Bars(show.console(errors=True)) as bars:
            report = _archived(kernel, age, statuses, bars)
        for line in report.blocked:
            out.print(show.clean(f"not archived: {line}"), soft_wrap=True, style=show.BAD)
        out.print(
            f"archived: {show.counted(report.orders, 'order')}, {show.counted(report.streams, 'stream')},"
            f" {show.counted(report.rows, 'log row')}, {show.counted(report.documents, 'document')},"
            f" in {show.counted(len(report.segments), 'segment')}",
            soft_wrap=True,
        )  # fmt: skip
        return 1 if report.blocked else 0


@click.command("restore", short_help="Bring archived orders back.")
@store_option
@folder_option
@click.option("--segment", metavar="NAME", help="All that is away in a segment.")
@click.argument("orders", nargs=-1, metavar="[ORDER]...")
def restore_command(url: str, folder: Path | None, segment: str | None, orders: Sequence[str]) -> int:
    """Bring archived orders back into the store, as they were; or all of a segment.

    Followers passed them long ago, so nobody is told again. `ordercore archive` lets them leave again.
    """
    if (segment is None) == (not orders):
        raise click.UsageError("Name orders or --segment.")
    with opened(url, archive=folder) as kernel:
        rows = (
            Upkeep(kernel).restore_segment(segment) if segment is not None else sum(map(Upkeep(kernel).restore, orders))
        )
        show.console().print(f"back: {show.counted(rows, 'log row')}")
    return 0


def _archived(kernel: Kernel, age: timedelta, statuses: Sequence[str], bars: Bars) -> ArchiveReport:
    bars.tell("streams archived")
    return Upkeep(kernel).archive(kernel.core.clock.now() - age, statuses=tuple(statuses))
