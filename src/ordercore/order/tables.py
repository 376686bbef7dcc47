"""What is worth seeing of an order: its statuses, where each unit stands, its parcels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ordercore.order.fulfillment import Parcel
from ordercore.order.lines import LineState
from ordercore.order.tracking import TERMINAL, current
from ordercore.readable import Cell, Span, Table, columns
from ordercore.readable.statuses import status
from ordercore.readable.words import listed, location, moment, units
from ordercore.values import LineId, Money, Price

if TYPE_CHECKING:
    from ordercore.order.state import Order


def tables_of(order: Order) -> tuple[Table, ...]:
    """The order with its lines, and its parcels if there are any."""
    return (_lines(order), _parcels(order)) if order.parcels else (_lines(order),)


def _lines(order: Order) -> Table:
    return Table(
        _title(order),
        columns("line", "sku", ">ordered", ">price", ">total", "where its units stand"),
        tuple(_line(line, order.currency) for line in order.lines.values()),
        lead=(_axes(order), *_holds(order)),
        foot=("", "", "", "", str(Money(order.total, order.currency)), ""),
    )


def _title(order: Order) -> Cell:
    head = order.head
    reference = getattr(head, "attributes", {}).get("reference")
    named = f" ({reference})" if reference else ""
    return ("Order ", Span(order.id, "strong"), f"{named}, placed {moment(head.placed_at)} UTC")


def _axes(order: Order) -> Cell:
    """Every axis of its status."""
    names = ("order ", "   fulfillment ", "   payment ", "   returns ")
    return tuple(part for name, word in zip(names, order.statuses, strict=True) for part in (name, status(word)))


def _holds(order: Order) -> Iterator[Cell]:
    for hold in order.holds:
        yield Span(f"on hold: {hold.hold} ({hold.kind}) blocks {', '.join(hold.blocks)}", "open")


def _line(line: LineState, currency: str) -> tuple[Cell, ...]:
    facts = line.facts
    price = Price(facts.price, facts.digits, currency)
    return (
        facts.line, facts.sku, units(facts.quantity, facts.scale), f"{price.decimal:f}",
        f"{Money(facts.total, currency).decimal:f}", listed(whereabouts(line)),
    )  # fmt: skip


def whereabouts(line: LineState) -> Iterator[str]:
    """Where the units of a line stand, from the customer back to those that nobody has."""
    scale, service = line.facts.scale, not line.facts.tracked
    shipped = line.shipped - line.delivered - line.lost
    for quantity, text in (
        (line.delivered, "done" if service else "delivered"),
        (shipped, "done" if service else "with the carrier"),
        (line.lost, "lost"),
    ):
        if quantity:
            yield f"{units(quantity, scale)} {text}"
    for claim in line.claims:
        lot = f" (lot {claim.lot})" if claim.lot else ""
        yield f"{units(claim.quantity, scale)} {claim.bucket} at {location(claim.place)}{lot}"
    for quantity, text in (
        (line.backordered, "waiting for supply"),
        (line.unallocated, "rides with the first parcel" if service else "not allocated"),
        (line.cancelled, "cancelled"),
        (line.short, "given up"),
        (line.returned, "of the shipped ones came back"),
    ):
        if quantity:
            yield f"{units(quantity, scale)} {text}"


def _parcels(order: Order) -> Table:
    """What is in them and what the carrier said last."""
    scales = {line.facts.line: line.facts.scale for line in order.lines.values()}
    rows = tuple(
        (
            parcel.parcel,
            location(parcel.place),
            listed(_contents(parcel, scales)),
            _carriage(parcel),
            _state(parcel),
        )
        for parcel in order.parcels.values()
    )
    return Table(columns=columns("parcel", "from", "contents", "carrier", "where it is"), rows=rows)


def _carriage(parcel: Parcel) -> str:
    """With whom and under which number it goes, or will."""
    booking = parcel.booking
    if parcel.tracking or booking is None or not booking.live:
        return f"{parcel.carrier} {parcel.tracking}".strip()
    return f"{booking.carrier} {booking.tracking}".strip()


def _contents(parcel: Parcel, scales: Mapping[LineId, int]) -> Iterator[str]:
    for moved in parcel.contents:
        lot = moved.to_lot or moved.lot
        yield f"{units(moved.quantity, scales[moved.line])} {moved.sku}" + (f" (lot {lot})" if lot else "")


def _state(parcel: Parcel) -> Span:
    if not parcel.shipped:
        return Span("packed" + (f", booking {parcel.booking.status}" if parcel.booking is not None else ""), "open")
    last = current(parcel.facts)
    if last is not None:
        where = f", {last.location}" if last.location else ""
        state = last.status.replace("_", " ")
        eta = (
            f", expected {parcel.eta.latest:%Y-%m-%d}" if parcel.eta is not None and last.status not in TERMINAL else ""
        )
        return Span(f"{state} ({moment(last.occurred_at)}{where}){eta}", "good" if last.status == "delivered" else "")
    return status("delivered") if parcel.delivered else Span("shipped")
