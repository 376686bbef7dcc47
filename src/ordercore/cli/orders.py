"""`ordercore orders` and `ordercore order`: a list of orders, and everything about one."""

from __future__ import annotations

from collections.abc import Iterator

import click
from rich.console import Console
from rich.text import Text

from ordercore.cli import show
from ordercore.cli.shop import opened, store_option, suggesting
from ordercore.cli.why import explained
from ordercore.errors import NotFound
from ordercore.flows.record import SUMMARY
from ordercore.kernel import Kernel
from ordercore.order import Order
from ordercore.order.fulfillment import Parcel
from ordercore.order.lines import LineState
from ordercore.plan import Explanation
from ordercore.values import Money, Price
from ordercore.views import TimelineEntry

STATUSES = ("placed", "confirmed", "completed", "cancelled")


@click.command("orders", short_help="List orders, a page at a time.")
@store_option
@click.option("--status", type=click.Choice(STATUSES), help="Only orders with this status.")
@click.option("--newest", is_flag=True, help="Newest first; without it, oldest first.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Orders on a page.")
@click.option("--after", metavar="ID", help="Begin behind this order: the next page.")
def orders_command(url: str, status: str | None, newest: bool, limit: int, after: str | None) -> None:
    """List orders by the time they were placed, a page at a time."""
    with opened(url) as kernel:
        out = show.console()
        key = None
        if after is not None:
            with suggesting(kernel, "order", SUMMARY):
                key = (kernel.order(after).head.placed_at.isoformat(), after)
        rows = kernel.orders(status, after=key, limit=limit + 1, newest_first=newest)
        listing = show.table("=order", "=placed (UTC)", "status", "fulfillment", "payment", "returns", ">total")
        for row in rows[:limit]:
            one = row.summary
            listing.add_row(
                row.id, show.moment(one.placed_at), show.styled(one.status), show.styled(one.fulfillment),
                show.styled(_or_blank(one.payment)), show.styled(_or_blank(one.returned)), str(Money(one.total, one.currency)),
            )  # fmt: skip
        if not rows:
            out.print("No orders" + (f" with status {status}." if status else "."))
            return
        out.print(listing)
        if len(rows) > limit:
            out.print(Text(f"More: --after {rows[limit - 1].id}", show.DIM))


@click.command("order", short_help="Show everything about one order.")
@store_option
@click.argument("order_id", metavar="ID")
def order_command(url: str, order_id: str) -> None:
    """Show one order: its statuses, where each unit stands, parcels, why its warehouses were chosen, what happened."""
    with opened(url) as kernel:
        with suggesting(kernel, "order", SUMMARY):
            order = kernel.order(order_id)
        out = show.console()
        print_head(out, order)
        print_lines(out, order)
        print_parcels(out, order)
        explanation = explanation_of(kernel, order_id)
        if explanation is not None:
            out.print()
            out.print(explained(explanation))
        out.print()
        out.print(timeline_table(kernel.timeline(order_id)))


def _or_blank(status: str) -> str:
    """A list is easier to read without what never happened."""
    return "" if status == "none" else status


def explanation_of(kernel: Kernel, order_id: str) -> Explanation | None:
    """Why the order was sourced as it was, or None if it never was."""
    try:
        return kernel.explain(order_id)
    except NotFound:
        return None


def print_head(out: Console, order: Order) -> None:
    """Who, when, how much, and every axis of its status."""
    head = order.head
    reference = getattr(head, "attributes", {}).get("reference")
    named = f" ({show.clean(str(reference))})" if reference else ""
    out.print(Text.assemble("Order ", (order.id, "bold"), named, f", placed {show.moment(head.placed_at)} UTC"))
    axes = (
        ("order", order.status), ("fulfillment", order.fulfillment_status), ("payment", order.payment_status),
        ("returns", order.return_status),
    )  # fmt: skip
    parts = [part for name, value in axes for part in (f"{name} ", show.styled(value), "   ")]
    out.print(Text.assemble(*parts[:-1]))
    for hold in order.holds:
        out.print(Text(f"on hold: {hold.hold} ({hold.kind}) blocks {', '.join(hold.blocks)}", show.OPEN))


def print_lines(out: Console, order: Order) -> None:
    """Each line, and where its units stand."""
    listing = show.table("line", "sku", ">ordered", ">price", ">total", "where its units stand")
    for line in order.lines.values():
        facts = line.facts
        price = Price(facts.price, facts.digits, order.currency)
        listing.add_row(
            facts.line, facts.sku, show.units(facts.quantity, facts.scale), f"{price.decimal:f}",
            f"{Money(facts.total, order.currency).decimal:f}", show.listed(whereabouts(line)),
        )  # fmt: skip
    listing.add_row("", "", "", "", str(Money(order.total, order.currency)), "")
    out.print()
    out.print(listing)


def whereabouts(line: LineState) -> Iterator[str]:
    """Where the units of a line stand, from the customer back to those that nobody has."""
    scale, service = line.facts.scale, not line.facts.tracked
    shipped = line.shipped - line.delivered - line.lost
    done = "done" if service else "delivered"
    for units, text in (
        (line.delivered, done),
        (shipped, "done" if service else "with the carrier"),
        (line.lost, "lost"),
    ):
        if units:
            yield f"{show.units(units, scale)} {text}"
    for claim in line.claims:
        lot = f" (lot {claim.lot})" if claim.lot else ""
        yield f"{show.units(claim.quantity, scale)} {claim.bucket} at {show.location(claim.place)}{lot}"
    for units, text in (
        (line.backordered, "waiting for supply"),
        (line.unallocated, "rides with the first parcel" if service else "not allocated"),
        (line.cancelled, "cancelled"),
        (line.short, "given up"),
        (line.returned, "of the shipped ones came back"),
    ):
        if units:
            yield f"{show.units(units, scale)} {text}"


def print_parcels(out: Console, order: Order) -> None:
    """Parcels with what is in them and what the carrier said last; nothing if there are none."""
    if not order.parcels:
        return
    listing = show.table("parcel", "from", "contents", "carrier", "where it is")
    scales = {line.facts.line: line.facts.scale for line in order.lines.values()}
    for parcel in order.parcels.values():
        contents = (
            f"{show.units(moved.quantity, scales[moved.line])} {moved.sku}"
            + (f" (lot {moved.to_lot or moved.lot})" if moved.to_lot or moved.lot else "")
            for moved in parcel.contents
        )
        listing.add_row(
            parcel.parcel, show.location(parcel.place), show.listed(contents),
            show.clean(f"{parcel.carrier} {parcel.tracking}".strip()), _parcel_state(parcel),
        )  # fmt: skip
    out.print()
    out.print(listing)


def _parcel_state(parcel: Parcel) -> Text:
    if not parcel.shipped:
        return Text("packed", show.OPEN)
    if parcel.facts:
        last = max(parcel.facts)
        where = f", {show.clean(last.location)}" if last.location else ""
        state = "delivered" if parcel.delivered else last.status.replace("_", " ")
        return Text(f"{state} ({show.moment(last.occurred_at)}{where})", show.GOOD if parcel.delivered else "")
    return show.styled("delivered") if parcel.delivered else Text("shipped")


def timeline_table(entries: tuple[TimelineEntry, ...]) -> object:
    """What happened, oldest first; the time is when it was true in the world."""
    listing = show.table("=when (UTC)", "=who", "what happened")
    for entry in entries:
        listing.add_row(show.moment(entry.effective_at), show.clean(entry.actor), show.in_words(entry.text))
    return listing
