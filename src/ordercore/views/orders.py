"""Orders: one, many, and the story of one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from attrs import frozen

from ordercore.flow import ReadState
from ordercore.flows.record import ORDERS, SUMMARY
from ordercore.message import Event
from ordercore.order import Order, OrderSummary, stream_of
from ordercore.order import events as e
from ordercore.order.decide import unknown_order
from ordercore.order.lines import LineQuantity, Moved
from ordercore.store import ReadDocuments, ReadLog
from ordercore.values import Money, OrderId
from ordercore.views.reading import Reading, ask


@frozen
class OrderRow:
    """An order in a list; `after` is what the next page begins after."""

    id: OrderId
    summary: OrderSummary
    after: tuple[str, str]


@frozen
class TimelineEntry:
    """One event of an order's story, in words, with who and when: in the world, and in the books."""

    version: int
    effective_at: datetime
    recorded_at: datetime
    actor: str
    event: Event
    text: str


def order(id: OrderId) -> Reading[Order]:
    """The order as it stands. Raises NotFound."""
    asked = ReadState(stream_of(id), ORDERS)
    state = (yield from ask(asked)).of(asked).state
    if state is None:
        raise unknown_order(id)
    return state


def orders(
    status: str | None = None, *, after: tuple[str, str] | None = None, limit: int = 100, newest_first: bool = False
) -> Reading[tuple[OrderRow, ...]]:
    """A page of summaries by the time of placing; with `status` only those."""
    asked = ReadDocuments(SUMMARY, status, after, limit, newest_first)
    found = (yield from ask(asked)).of(asked)
    return tuple(
        OrderRow(OrderId(document.key), document.body, (document.sort, document.key))
        for document in found
        if isinstance(document.body, OrderSummary)
    )


def timeline(id: OrderId) -> Reading[tuple[TimelineEntry, ...]]:
    """Everything that happened to an order, oldest first. Raises NotFound."""
    asked = ReadLog(stream_of(id))
    records = (yield from ask(asked)).of(asked)
    if not records:
        raise unknown_order(id)
    currency = next((r.event.currency for r in records if isinstance(r.event, (e.OrderPlaced, e.OrderAdopted))), "")
    return tuple(
        TimelineEntry(r.version, r.effective_at, r.recorded_at, r.actor, r.event, describe(r.event, currency))
        for r in records
    )


def describe(event: Event, currency: str = "") -> str:  # noqa: C901  # one match, a sentence a branch
    """An order's event in one line of English."""
    match event:
        case e.OrderPlaced():
            units = sum(line.quantity for line in event.lines)
            return f"placed by {event.channel}: {len(event.lines)} lines, {units} units, {Money(event.total, currency)}"
        case e.OrderAdopted():
            return f"adopted from {event.channel} as it stood: {len(event.lines)} lines, {Money(event.total, currency)}"
        case e.OrderConfirmed():
            return "confirmed"
        case e.OrderAllocated():
            legs = ", ".join(f"{leg.quantity} {leg.sku} at {leg.place}" for leg in event.legs)
            waited = " for what waited" if event.waiting == "backordered" else ""
            return f"allocated{waited} by {event.strategy}: {legs}"
        case e.LinesBackordered():
            return f"waits for supply: {_lines(event.lines)}"
        case e.LinesFulfilled():
            return f"done, nothing to ship: {_lines(event.lines)}"
        case e.LinesCancelled():
            parts = [*event.unallocated, *event.backordered, *_units(event.contents)]
            return f"cancelled: {_lines(parts)}" + _because(event.reason)
        case e.HoldAdded():
            return f"hold {event.hold} ({event.kind}) blocks {', '.join(event.blocks)}" + _because(event.note)
        case e.HoldReleased():
            return f"hold {event.hold} released"
        case e.WorkReleased():
            return f"fulfillment order {event.fulfillment} at {event.place}: {_moved(event.contents)}"
        case e.WorkRecalled():
            return f"fulfillment order {event.fulfillment} recalled: {_moved(event.contents)}" + _because(event.reason)
        case e.LinesPicked():
            return f"picked for {event.fulfillment}: {_moved(event.contents)}"
        case e.PickShorted():
            return f"not on the shelf for {event.fulfillment}: {_moved(event.contents)}" + _because(event.reason)
        case e.ParcelPacked():
            return f"packed into {event.parcel} at {event.place}: {_moved(event.contents)}"
        case e.ParcelShipped():
            carrier = f" with {event.carrier} {event.tracking}".rstrip() if event.carrier else ""
            return f"parcel {event.parcel} shipped from {event.place}{carrier}: {_moved(event.contents)}"
        case e.TrackingRecorded():
            return f"carrier says of {event.parcel}: {event.status}" + (
                f" ({event.location})" if event.location else ""
            )
        case e.ParcelDelivered():
            return f"parcel {event.parcel} delivered: {_lines(event.lines)}"
        case e.ReturnReceived():
            units_back = ", ".join(f"{u.quantity} {u.sku} -> {u.disposition}" for u in event.contents)
            return f"return {event.return_id} at {event.place}: {units_back}" + _because(event.reason)
        case e.PaymentRecorded():
            return f"payment {event.kind}: {Money(event.amount, currency)}"
        case _:
            return type(event).__name__


def _lines(lines: Iterable[LineQuantity]) -> str:
    return ", ".join(f"{quantity} of line {line}" for line, quantity in lines)


def _units(contents: Iterable[Moved]) -> list[LineQuantity]:
    return [LineQuantity(moved.line, moved.quantity) for moved in contents]


def _moved(contents: Iterable[Moved]) -> str:
    return ", ".join(
        f"{m.quantity} {m.sku}" + (f" (lot {m.to_lot or m.lot})" if m.to_lot or m.lot else "") for m in contents
    )


def _because(reason: str) -> str:
    return f", because: {reason}" if reason else ""
