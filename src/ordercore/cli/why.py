"""`ordercore why`: the journal of a SKU at a location, or why an order was sourced as it was."""

from __future__ import annotations

from collections.abc import Sequence

import click
from rich.console import RenderableType
from rich.text import Text

from ordercore.cli import show
from ordercore.cli.shop import opened, store_option, suggesting
from ordercore.flows.record import SUMMARY
from ordercore.message import Event
from ordercore.order import events as o
from ordercore.plan import Explanation
from ordercore.stock import events as s
from ordercore.views import Why
from ordercore.views.orders import describe


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
            with suggesting(kernel, "order", SUMMARY):
                out.print(explained(kernel.explain(name)))
            return
        with suggesting(kernel, "item", "item"):
            found = kernel.why(name, location)
            scale = kernel.stock(name).scale
        if not found.movements:
            out.print(f"{name} never moved at {location}.")
            return
        hidden = len(found.movements) - last
        if hidden > 0:
            out.print(Text(f"{show.counted(hidden, 'earlier movement')} not shown: --last", show.DIM))
        out.print(journal_table(found, scale, last))


def journal_table(found: Why, scale: int, last: int) -> RenderableType:
    """Movements, oldest first, each with what stood there afterwards."""
    listing = show.table("=when (UTC)", "=change", ">on hand", ">free", "=document", "event")
    for movement in found.movements[-last:]:
        listing.add_row(
            show.moment(movement.effective_at), _changed(movement.change, scale), show.units(movement.on_hand, scale),
            show.units(movement.available, scale), movement.stream.removeprefix("order/"), show.in_words(told(movement.event)),
        )  # fmt: skip
    return listing


def _changed(change: Sequence[tuple[str, int]], scale: int) -> str:
    """`2 available -> reserved` for units that stay at the place, `+10 available` for those that come or go."""
    if len(change) == 2 and change[0][1] == -change[1][1]:
        (source, _), (target, quantity) = sorted(change, key=lambda one: one[1])
        return f"{show.units(quantity, scale)} {source} -> {target}"
    return show.listed(f"{show.signed(units, scale)} {bucket}" for bucket, units in change)


def told(event: Event) -> str:
    """A stock movement in a few words; which order it was is said by its stream."""
    match event:
        case s.StockReceived():
            return "received"
        case s.StockOpened():
            return f"opening balance {event.reference}"
        case s.StockAdjusted():
            return f"adjusted, because: {event.reason}"
        case s.StockCounted():
            return f"counted {event.counted}, the books said {event.expected}"
        case s.StockMoved():
            return f"{event.source} -> {event.target}, because: {event.reason}"
        case s.TransferSent():
            return f"sent to {show.location(event.target)}"
        case s.TransferReceived():
            return "transfer arrived"
        case s.ReservationMade():
            return f"kept for a cart until {show.moment(event.expires_at)}"
        case s.ReservationReleased():
            return "the cart was given up"
        case s.ReservationExpired():
            return "the cart's time was up"
        case s.ReservationUpgraded():
            return f"the cart became order {event.order}"
        case _:
            return _told_of_order(event)


def _told_of_order(event: Event) -> str:
    match event:
        case o.OrderAllocated():
            return "reserved"
        case o.WorkReleased() | o.WorkRecalled():
            return f"{'released as' if isinstance(event, o.WorkReleased) else 'recalled from'} {event.fulfillment}"
        case o.LinesPicked():
            return f"picked for {event.fulfillment}"
        case o.PickShorted():
            return "not on the shelf" + (f", because: {event.reason}" if event.reason else "")
        case o.ParcelPacked():
            return f"packed into {event.parcel}"
        case o.ParcelShipped():
            return f"shipped in {event.parcel}"
        case o.ReturnReceived():
            return f"return {event.return_id}"
        case o.LinesCancelled():
            return "cancelled" + (f", because: {event.reason}" if event.reason else "")
        case _:
            return describe(event)


def explained(explanation: Explanation) -> RenderableType:
    """Chosen places first, then the others, each with the reason."""
    title = f"Why these places: {explanation.strategy} (version {explanation.version})"
    listing = show.table("", "place", ">distance", "sku", "why", title=title)
    for choice in explanation.chosen:
        for leg in choice.legs:
            listing.add_row(
                Text("+", show.GOOD), choice.site.code, show.kilometres(choice.metres), leg.sku,
                f"chosen: {leg.quantity} for line {leg.line}",
            )  # fmt: skip
    alike: dict[tuple[str, str], list[str]] = {}
    for one in explanation.rejected:
        alike.setdefault((one.place, f"{one.reason}: {one.message}"), []).append(one.sku or "")
    for (place, reason), skus in alike.items():
        far = next((metres for at, metres in explanation.metres.items() if at == place), None)
        listing.add_row(Text("-", show.BAD), show.location(place), show.kilometres(far), show.listed(skus), reason)
    for gone in explanation.missing:
        listing.add_row(Text("!", show.OPEN), "", "", gone.sku, f"{gone.quantity} missing for line {gone.line}")
    return listing
