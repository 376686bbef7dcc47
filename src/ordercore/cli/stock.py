"""`ordercore stock`: where the units of a SKU are."""

from __future__ import annotations

from collections.abc import Mapping

import click
from rich.console import Console, RenderableType
from rich.text import Text

from ordercore.catalog import Item
from ordercore.cli import show
from ordercore.cli.shop import ask, documents, opened, store_option, suggesting
from ordercore.flows.record import WAITING
from ordercore.kernel import Kernel
from ordercore.order.summary import WaitingLine
from ordercore.stock.lots import LOT, LotFacts
from ordercore.store import BUCKETS, ReadDocument, ReadDocuments
from ordercore.views import StockView

MOST_LINES = 50


@click.command("stock", short_help="Show where the units of a SKU are.")
@store_option
@click.argument("skus", metavar="SKU...", nargs=-1, required=True)
def stock_command(url: str, skus: tuple[str, ...]) -> None:
    """Show the stock of SKUs: place by place, bucket by bucket, lots with their expiry, and lines that wait."""
    with opened(url) as kernel:
        out = show.console()
        for n, sku in enumerate(skus):
            with suggesting(kernel, "item", "item"):
                view = kernel.stock(sku)
            if n:
                out.print()
            print_stock(out, kernel, view)


def print_stock(out: Console, kernel: Kernel, view: StockView) -> None:
    """Places, lots and waiting lines of one SKU."""
    name = f" {show.clean(view.name)}" if view.name else ""
    out.print(Text.assemble((view.sku, "bold"), name, f", in {view.unit}" if view.unit != "unit" else ""))
    item = ask(kernel, ReadDocument("item", view.sku))
    if item is not None and isinstance(item.body, Item) and not item.body.tracked:
        out.print("Not tracked: a fee or a service, which has no stock.")
        return
    lots = _expiry(kernel, view)
    if view.rows:
        out.print(places_table((view,), lots=lots))
    if lots:
        out.print(
            Text("A line is bound to a lot when it is picked or shipped; until then it claims of the place.", show.DIM)
        )
    free, there = show.units(view.available, view.scale), show.units(view.on_hand, view.scale)
    out.print(f"{there} on hand, {free} free.")
    _print_waiting(out, kernel, view)


def places_table(
    views: tuple[StockView, ...], *, lots: dict[str, str] | None = None, sku: bool = False
) -> RenderableType:
    """A row for each place, with a column for each bucket that holds anything; with `lots` a row for each lot too."""
    buckets = show.present((row.buckets for view in views for row in view.rows), BUCKETS)
    first = ("sku", "place") if sku else ("place",)
    listing = show.table(*first, *(("lot",) if lots else ()), ">on hand", *(f">{name}" for name in buckets))
    for view in views:
        for n, row in enumerate(view.rows):
            owner = f" of {row.owner}" if row.owner else ""
            named = ([view.sku if not n else ""] if sku else []) + [show.location(row.place) + owner]
            listing.add_row(
                *named, *([""] if lots else []), show.units(row.on_hand, view.scale),
                *_cells(row.buckets, buckets, view.scale),
            )  # fmt: skip
            for lot in row.lots if lots is not None else ():
                listing.add_row(
                    *([""] * len(named)), Text(lots.get(lot.lot, lot.lot) if lots else lot.lot, show.DIM),
                    Text(show.units(sum(lot.buckets.values()), view.scale), show.DIM),
                    *(Text(cell, show.DIM) for cell in _cells(lot.buckets, buckets, view.scale)),
                )  # fmt: skip
    return listing


def _cells(held: Mapping[str, int], buckets: list[str], scale: int) -> list[str]:
    return [show.units(held.get(name, 0), scale) if held.get(name, 0) else "" for name in buckets]


def _expiry(kernel: Kernel, view: StockView) -> dict[str, str] | None:
    """The text of each lot: its name, and when it expires."""
    if not any(row.lots for row in view.rows):
        return None
    return {
        document.body.lot: document.body.lot + (f", expires {document.body.expires}" if document.body.expires else "")
        for document in documents(kernel, LOT, view.sku)
        if isinstance(document.body, LotFacts)
    }


def _print_waiting(out: Console, kernel: Kernel, view: StockView) -> None:
    found = ask(kernel, ReadDocuments(WAITING, view.sku, limit=MOST_LINES + 1))
    if not found:
        return
    listing = show.table(">waits", "order", "line", "placed (UTC)", ">priority", "only from")
    for document in found[:MOST_LINES]:
        line = document.body
        assert isinstance(line, WaitingLine)  # noqa: S101  # what this kind of document holds
        listing.add_row(
            show.units(line.quantity, view.scale), line.order, line.line, show.moment(line.placed_at),
            str(line.priority), line.location,
        )  # fmt: skip
    out.print()
    out.print(f"Lines that wait for supply, in the order in which they get it{_more(len(found))}:")
    out.print(listing)


def _more(found: int) -> str:
    return f" (the first {MOST_LINES})" if found > MOST_LINES else ""
