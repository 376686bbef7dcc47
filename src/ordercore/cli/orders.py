"""`ordercore orders` and `ordercore order`: a list of orders, and everything about one."""

from __future__ import annotations

from pathlib import Path

import click
from rich.text import Text

from ordercore.cli import show
from ordercore.cli.archive import folder_option
from ordercore.cli.shop import opened, store_option
from ordercore.errors import Archived, NotFound
from ordercore.kernel import Kernel
from ordercore.lifecycle import ORDER
from ordercore.readable import Table
from ordercore.views.orders import orders_table


@click.command("orders", short_help="List orders, a page at a time.")
@store_option
@click.option("--status", type=click.Choice(ORDER.states), help="Only orders with this status.")
@click.option("--newest", is_flag=True, help="Newest first; without it, oldest first.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Orders on a page.")
@click.option("--after", metavar="ID", help="Begin behind this order: the next page.")
def orders_command(url: str, status: str | None, newest: bool, limit: int, after: str | None) -> None:
    """List orders by the time they were placed, a page at a time."""
    with opened(url) as kernel:
        out = show.console()
        key = None
        if after is not None:
            key = (kernel.order(after).head.placed_at.isoformat(), after)
        rows = kernel.orders(status, after=key, limit=limit + 1, newest_first=newest)
        if not rows:
            out.print("No orders" + (f" with status {status}." if status else "."))
            return
        out.print(show.tables((orders_table(rows[:limit]),)))
        if len(rows) > limit:
            out.print(Text(f"More: --after {rows[limit - 1].id}", show.DIM))


@click.command("order", short_help="Show everything about one order.")
@store_option
@folder_option
@click.argument("order_id", metavar="ID")
def order_command(url: str, folder: Path | None, order_id: str) -> None:
    """Show one order: its statuses, where each unit stands, parcels, why its warehouses were chosen, what happened."""
    with opened(url, archive=folder) as kernel:
        show.console().print(show.tables(everything(kernel, order_id)))


def everything(kernel: Kernel, order_id: str) -> tuple[Table, ...]:
    """The order, why it was sourced as it was if it ever was, and what happened to it. Raises NotFound."""
    order = kernel.order(order_id)
    try:
        why = kernel.explain(order_id).tables()
    except (NotFound, Archived):
        why = ()
    waits = tuple(f"{one.sku}: {one}" for one in kernel.expected(order_id))
    when = (Table("What waits for supply, as things stand:", notes=waits),) if waits else ()
    return (*order.tables(), *when, *why, *kernel.timeline(order_id).tables())
