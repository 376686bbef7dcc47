"""`ordercore copy`: a store into another of any kind, resumable, compared and verified at the end."""

from __future__ import annotations

import time
from contextlib import closing

import click

from ordercore.cli import show
from ordercore.cli.options import plugged_options
from ordercore.cli.plugged import plugins
from ordercore.cli.progress import Bars
from ordercore.cli.shop import check_url
from ordercore.cli.verify import MOST_BREACHES, checked
from ordercore.codec import Codec
from ordercore.kernel import Kernel
from ordercore.store import Breach, Store
from ordercore.store.copying import compare, copy
from ordercore.store.transfer import transfer_of
from ordercore.wiring.open import open_store
from ordercore.wiring.plugins import Plugins


@click.command("copy", short_help="Copy a store into another of any kind.")
@click.argument("source", metavar="SOURCE")
@click.argument("target", metavar="TARGET")
@click.option("--tenant", metavar="NAME", help="Only this tenant; without it all of them.")
@click.option("--verify-only", is_flag=True, help="Copy nothing: compare and verify what was copied before.")
@plugged_options
def copy_command(source: str, target: str, tenant: str | None, *, verify_only: bool) -> int:
    """Copy the store SOURCE into TARGET, such as sqlite:///shop.db postgresql://user@host/shop.

    Copies the log with everything of each row, documents, counters, timers and where followers stand; rows of stock are
    made anew from the log. The same call goes on where an earlier one was stopped, and takes what the source got since.
    What is written to the source while it runs may be missing: stop the workers before the last call. A target that
    holds anything else is refused. At the end both are compared and the target is verified. Exit status 1 where
    anything differs.
    """
    check_url(source)
    check_url(target, new=not verify_only)
    if source == target:
        raise click.UsageError("SOURCE and TARGET are the same store.")
    found = plugins()
    with closing(open_store(source, found)) as there, closing(open_store(target, found)) as here:
        names = transfer_of(there).tenants() if tenant is None else (tenant,)
        breaches = [breach for name in names for breach in _copied(there, here, found, name, verify_only=verify_only)]
    out = show.console()
    for breach in breaches[:MOST_BREACHES]:
        what = f"{breach.identity}: {breach.where}: expected {breach.expected}, found {breach.actual}"
        out.print(show.clean(what), soft_wrap=True, style=show.BAD)
    differ = show.counted(len(breaches), "difference", "differences")
    out.print(f"{differ}" if breaches else "equal, and the books of the target are right")
    return 1 if breaches else 0


def _copied(source: Store, target: Store, found: Plugins, tenant: str, *, verify_only: bool) -> list[Breach]:
    """Copy one tenant, or only look; what differs."""
    codec = Codec()
    codec.register(*found.events())
    for store in (source, target):
        store.use_codec(codec)
    out, started = show.console(), time.monotonic()
    with Bars(show.console(errors=True)) as bars:
        if verify_only:
            done = compare(source, target, tenant=tenant)
        else:
            done = copy(source, target, codec, tenant=tenant, tell=bars.tell)
    name = f"tenant {show.clean(tenant)}: " if tenant else ""
    counts = done.counts
    out.print(
        f"{name}log rows: {counts.log:,} ({done.new_rows:,} new), documents: {counts.documents:,},"
        f" counters: {counts.counters:,}, timers: {counts.timers:,}, followers: {counts.consumers:,}",
        soft_wrap=True,
    )  # fmt: skip
    # Not closed: the store is the caller's.
    breaches = [*done.differences, *checked(Kernel(target, plugins=found, tenant=tenant))]
    click.echo(f"{name}done in {time.monotonic() - started:.1f} s", err=True)
    return breaches
