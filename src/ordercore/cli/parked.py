"""`ordercore parked`: records that followers could not take, sent again or given up."""

from __future__ import annotations

import click

from ordercore.cli import show
from ordercore.cli.grouped import group_store, store_of_group, url_of
from ordercore.cli.shop import opened
from ordercore.errors import NotFound
from ordercore.kernel import Kernel
from ordercore.projection import ParkedRecord, ParkedStatus
from ordercore.views.followers import parked_table

MOST = 10_000


@click.group("parked", invoke_without_command=True, short_help="Records that followers could not take.")
@click.pass_context
@group_store
def parked_command(context: click.Context, url: str | None) -> None:
    """Records that followers could not take: list them, deliver them again, give one up. Without a command: list.

    A record is named by the first letters of its id.
    """
    context.obj = url
    if context.invoked_subcommand is None:
        _list(url_of(context, url), None, "parked", 50)


@parked_command.command("list", short_help="List them.")
@store_of_group
@click.option("--follower", help="Only those of one follower.")
@click.option("--status", type=click.Choice(("parked", "dropped")), default="parked", show_default=True, help="Which.")
@click.option("--limit", type=click.IntRange(1, MOST), default=50, show_default=True, help="How many.")
def list_command(url: str, follower: str | None, status: ParkedStatus, limit: int) -> None:
    """List parked records, oldest first."""
    _list(url, follower, status, limit)


def _list(url: str, follower: str | None, status: ParkedStatus, limit: int) -> None:
    with opened(url) as kernel:
        rows = kernel.parked(follower, status=status, limit=limit)
    show.console().print(show.tables((parked_table(rows),)) if rows else f"Nothing is {status}.")


@parked_command.command("redeliver", short_help="Deliver them again, one or all of a follower.")
@store_of_group
@click.argument("follower")
@click.argument("record", metavar="[ID]", required=False, default="")
def redeliver_command(url: str, follower: str, record: str) -> int:
    """Deliver the parked records of a follower again, or only one. For followers of plugins and notifiers.

    Followers that a host brings itself are delivered to by the host: kernel.redeliver(...).
    """
    with opened(url) as kernel:
        report = kernel.redeliver(follower, named(kernel, record).id if record else "")
    out = show.console()
    out.print(f"{report.delivered} delivered, {len(report.failures)} failed.")
    if report.elsewhere:
        out.print("Another worker is at this follower: try again in a minute.")
    for failure in report.failures:
        out.print(f"  {failure}", markup=False)
    return 1 if report.failures or report.elsewhere else 0


@parked_command.command("drop", short_help="Give one up, with a reason.")
@store_of_group
@click.option("--reason", required=True, help="Why nobody needs it.")
@click.argument("record", metavar="ID")
def drop_command(url: str, record: str, reason: str) -> None:
    """Give a parked record up for good; it is kept with the reason."""
    with opened(url) as kernel:
        dropped = kernel.drop_parked(named(kernel, record).id, reason=reason, actor="command line")
        show.console().print(f"{dropped.stream} {dropped.version} of {dropped.follower}: dropped.")


def named(kernel: Kernel, text: str) -> ParkedRecord:
    """The parked record whose id begins like this. Raises NotFound where there is none, or more than one."""
    found = [row for row in kernel.parked(limit=MOST) if row.id.startswith(text.lower())]
    if len(found) == 1:
        return found[0]
    hint = "Give more letters." if found else "`ordercore parked` lists them."
    raise NotFound(f"{len(found)} parked records begin with {text[:64]!r}.", kind="parked", name=text[:64], hint=hint)
