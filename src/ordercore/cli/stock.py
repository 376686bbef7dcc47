"""`ordercore stock`: where the units of a SKU are."""

from __future__ import annotations

from collections.abc import Iterator

import click
from attrs import evolve
from rich.console import Console

from ordercore.catalog import Item
from ordercore.cli import show
from ordercore.cli.shop import ask, documents, opened, store_option
from ordercore.flows.record import WAITING
from ordercore.kernel import Kernel
from ordercore.order.summary import WaitingLine
from ordercore.readable import Span, Table, columns
from ordercore.stock.lots import LOT, LotFacts
from ordercore.store import ReadDocument, ReadDocuments
from ordercore.views import StockView
from ordercore.views.expected import Expected
from ordercore.views.stock import incoming_tables, stock_table

MOST_LINES = 50


@click.command("stock", short_help="Show where the units of a SKU are.")
@store_option
@click.argument("skus", metavar="SKU...", nargs=-1, required=True)
def stock_command(url: str, skus: tuple[str, ...]) -> None:
    """Show the stock of SKUs: place by place, bucket by bucket, lots with their expiry, and lines that wait."""
    with opened(url) as kernel:
        out = show.console()
        for n, sku in enumerate(skus):
            view = kernel.stock(sku)
            if n:
                out.print()
            print_stock(out, kernel, view)


def print_stock(out: Console, kernel: Kernel, view: StockView) -> None:
    """Places, lots and waiting lines of one SKU."""
    item = ask(kernel, ReadDocument("item", view.sku))
    if item is not None and isinstance(item.body, Item) and not item.body.tracked:
        untracked = "Not tracked: a fee or a service, which has no stock."
        out.print(show.tables((Table(stock_table(view).title, notes=(untracked,)),)))
        return
    lots = _expiry(kernel, view)
    described = stock_table(view, lots)
    if lots:
        bound = "A line is bound to a lot when it is picked or shipped; until then it claims of the place."
        described = evolve(described, notes=(Span(bound, "dim"), *described.notes))
    out.print(show.tables((described, *incoming_tables(view), *_waiting(kernel, view))))


def _expiry(kernel: Kernel, view: StockView) -> dict[str, str] | None:
    """The text of each lot: its name, and when it expires."""
    if not any(row.lots for row in view.rows):
        return None
    return {
        document.body.lot: document.body.lot + (f", expires {document.body.expires}" if document.body.expires else "")
        for document in documents(kernel, LOT, view.sku)
        if isinstance(document.body, LotFacts)
    }


def _waiting(kernel: Kernel, view: StockView) -> Iterator[Table]:
    """The lines that wait, where there are any."""
    found = ask(kernel, ReadDocuments(WAITING, view.sku, limit=MOST_LINES + 1))
    lines = [document.body for document in found[:MOST_LINES] if isinstance(document.body, WaitingLine)]
    if lines:
        expected = {(one.order, one.line): one for one in view.waiting}
        yield Table(
            f"Lines that wait for supply, in the order in which they get it{_more(len(found))}:",
            columns(">waits", "order", "line", "placed (UTC)", ">priority", "only from", "expected"),
            tuple(
                (
                    show.units(line.quantity, view.scale), line.order, line.line, show.moment(line.placed_at),
                    str(line.priority), line.location, _day(expected.get((line.order, line.line))),
                )
                for line in lines
            ),
        )  # fmt: skip


def _day(expected: Expected | None) -> str:
    """When it is expected and on which purchase, as things stand."""
    if expected is None or not expected.purchases:
        return ""
    return f"{expected.expected_on or 'some day'} ({', '.join(expected.purchases)})"


def _more(found: int) -> str:
    return f" (the first {MOST_LINES})" if found > MOST_LINES else ""
