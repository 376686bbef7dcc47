"""`ordercore why`: the journal of a SKU at a location, or why an order was sourced as it was."""

from __future__ import annotations

import click

from ordercore.cli import show
from ordercore.cli.shop import opened, store_option
from ordercore.views.why import why_table


@click.command("why", short_help="Say why stock, or the sourcing of an order, is as it is.")
@store_option
@click.option("--last", type=click.IntRange(1), default=100, show_default=True, help="Movements to show.")
@click.argument("name", metavar="SKU|ORDER")
@click.argument("location", required=False)
def why_command(url: str, last: int, name: str, location: str | None) -> None:
    """Say why the stock of a SKU at LOCATION is what it is, or why ORDER was sourced as it was.

    With a location: every movement with the balance after it, the newest at the end. With an order alone: the places
    that its first plan chose, and why not the others.
    """
    with opened(url) as kernel:
        out = show.console()
        if location is None:
            out.print(kernel.explain(name))
        else:
            out.print(show.tables((why_table(kernel.why(name, location), last),)))
