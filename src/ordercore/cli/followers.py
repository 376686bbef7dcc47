"""`ordercore followers`: where each follower of the log stands."""

from __future__ import annotations

import click

from ordercore.cli import show
from ordercore.cli.grouped import group_store, store_of_group, url_of
from ordercore.cli.shop import opened
from ordercore.views.followers import followers_table


@click.group("followers", invoke_without_command=True, short_help="Who follows the log, how far behind, and why.")
@click.pass_context
@group_store
def followers_command(context: click.Context, url: str | None) -> None:
    """Followers of the log: how far behind each is, what failed, and when it is tried again. Without a command: list."""
    context.obj = url
    if context.invoked_subcommand is None:
        _list(url_of(context, url))


@followers_command.command("list", short_help="List them.")
@store_of_group
def list_command(url: str) -> None:
    """List followers, those of other processes too, once they have been delivered to."""
    _list(url)


def _list(url: str) -> None:
    with opened(url) as kernel:
        rows = kernel.followers()
    show.console().print(show.tables((followers_table(rows),)) if rows else "Nobody follows the log.")


@followers_command.command("resume", short_help="Try one again that waits or stopped.")
@store_of_group
@click.argument("follower")
def resume_command(url: str, follower: str) -> None:
    """Let a follower be tried again by the next worker, without waiting any longer."""
    with opened(url) as kernel:
        row = kernel.resume(follower)
        show.console().print(f"{row.name}: {row.status}, {row.lag:,} rows of the log behind.")
