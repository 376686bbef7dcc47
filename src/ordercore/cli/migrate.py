"""`ordercore migrate`: the tables of a store, made or brought up to date."""

from __future__ import annotations

import click

from ordercore.cli import show
from ordercore.cli.plugged import plugins
from ordercore.cli.shop import store_option
from ordercore.wiring.open import migrate_store


@click.command("migrate", short_help="Make or update the tables.")
@store_option
@click.option(
    "--after-restore", is_flag=True,
    help="A backup was restored into this database, or it is a copy: let the log go on behind what was copied.",
)  # fmt: skip
def migrate_command(url: str, *, after_restore: bool) -> int:
    """Make the tables of the store, or what they lack. Workers of the release before may go on meanwhile where the
    migration says so; nothing is done twice when several run this at once.

    Alembic and Django run the same files: see ordercore-sqlalchemy and ordercore-django.
    """  # noqa: D205  # the first paragraph is the help
    before, after = migrate_store(url, plugins(), after_restore=after_restore)
    out = show.console()
    if before == after:
        out.print(f"up to date: schema {after}")
    else:
        out.print(f"schema {before} -> {after}" if before else f"tables made: schema {after}")
    if after_restore:
        out.print("the log goes on behind what was restored")
    return 0
