"""Orders: one, many, and the story of one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Self, SupportsIndex, overload

from attrs import frozen

from ordercore.errors import NotFound, nearest
from ordercore.flow import ReadState
from ordercore.flows.record import ORDERS, SUMMARY
from ordercore.lifecycle import ORDER
from ordercore.message import Event
from ordercore.order import Order, OrderSummary, stream_of
from ordercore.order import events as e
from ordercore.order.decide import unknown_order
from ordercore.order.lines import LineQuantity, Moved
from ordercore.readable import Cell, Table, as_html, as_rich, as_text, brief, columns
from ordercore.readable.statuses import status as toned
from ordercore.readable.words import counted, in_words, moment
from ordercore.store import ReadDocuments, ReadLog
from ordercore.values import Money, OrderId
from ordercore.views.reading import Reading, ask


@frozen
class OrderRow:
    """An order in a list; `after` is what the next page begins after."""

    id: OrderId
    summary: OrderSummary
    after: tuple[str, str]

    def __repr__(self) -> str:
        """`<OrderRow web:1001: confirmed, fulfilled, 25.00 EUR, 2026-03-02 09:12 UTC>`."""
        one = self.summary
        total = str(Money(one.total, one.currency))
        return brief("OrderRow", self.id, one.status, one.fulfillment, total, f"{moment(one.placed_at)} UTC")


def orders_table(rows: Iterable[OrderRow]) -> Table:
    """A list of orders with the axes of their status; what never happened is left blank."""
    return Table(
        columns=columns("=order", "=placed (UTC)", "status", "fulfillment", "payment", "returns", ">total"),
        rows=tuple(
            (
                row.id,
                moment(row.summary.placed_at),
                *_axes(row.summary),
                str(Money(row.summary.total, row.summary.currency)),
            )
            for row in rows
        ),
    )


def _axes(one: OrderSummary) -> Iterator[Cell]:
    for word in (one.status, one.fulfillment, one.payment, one.returned):
        yield "" if word == "none" else toned(word)


@frozen
class TimelineEntry:
    """One event of an order's story, in words, with who and when: in the world, and in the books."""

    version: int
    effective_at: datetime
    recorded_at: datetime
    actor: str
    event: Event
    text: str

    def __repr__(self) -> str:
        """`<TimelineEntry 3: 2026-03-02 09:12 UTC, ParcelShipped>`; the text may quote what a person wrote."""
        return brief("TimelineEntry", str(self.version), f"{moment(self.effective_at)} UTC", type(self.event).__name__)


class Timeline(tuple[TimelineEntry, ...]):  # noqa: SLOT001  # a tuple cannot have slots
    """What happened to an order, oldest first: a tuple of entries that can be shown; a slice of it is one too."""

    order: OrderId

    def __new__(cls, entries: Iterable[TimelineEntry] = (), order: str = "") -> Self:
        """Entries of an order."""
        made = super().__new__(cls, entries)
        made.order = OrderId(order)
        return made

    @overload
    def __getitem__(self, at: SupportsIndex, /) -> TimelineEntry: ...
    @overload
    def __getitem__(self, at: slice, /) -> Timeline: ...
    def __getitem__(self, at: SupportsIndex | slice, /) -> TimelineEntry | Timeline:
        """An entry, or a stretch of the timeline."""
        return Timeline(super().__getitem__(at), self.order) if isinstance(at, slice) else super().__getitem__(at)

    __str__ = as_text
    __rich__ = as_rich
    _repr_html_ = as_html

    def tables(self) -> tuple[Table, ...]:
        """When it was true in the world, who said so, and what happened."""
        rows = tuple((moment(one.effective_at), one.actor, in_words(one.text)) for one in self)
        return (Table(f"What happened to {self.order}", columns("=when (UTC)", "=who", "what happened"), rows),)

    def __repr__(self) -> str:
        """`<Timeline web:1001: 6 entries, 2026-03-02 09:12 to 2026-03-05 14:00 UTC>`."""
        span = f"{moment(self[0].effective_at)} to {moment(self[-1].effective_at)} UTC" if self else ""
        return brief("Timeline", self.order, counted(len(self), "entry", "entries"), span)


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
    """A page of summaries by the time of placing; with `status` only those. Raises NotFound for a status there is not."""
    if status is not None and status not in ORDER.states:
        raise NotFound(
            f"There is no status {str(status)[:64]!r} of an order.", kind="status", name=str(status)[:64],
            hint=nearest(str(status), ORDER.states),
        )  # fmt: skip
    asked = ReadDocuments(SUMMARY, status, after, limit, newest_first)
    found = (yield from ask(asked)).of(asked)
    return tuple(
        OrderRow(OrderId(document.key), document.body, (document.sort, document.key))
        for document in found
        if isinstance(document.body, OrderSummary)
    )


def timeline(id: OrderId) -> Reading[Timeline]:
    """Everything that happened to an order, oldest first. Raises NotFound."""
    asked = ReadLog(stream_of(id))
    records = (yield from ask(asked)).of(asked)
    if not records:
        raise unknown_order(id)
    currency = next((r.event.currency for r in records if isinstance(r.event, (e.OrderPlaced, e.OrderAdopted))), "")
    entries = (
        TimelineEntry(r.version, r.effective_at, r.recorded_at, r.actor, r.event, describe(r.event, currency))
        for r in records
    )
    return Timeline(entries, id)


def describe(event: Event, currency: str = "") -> str:  # noqa: C901  # one match, a sentence a branch
    """An order's event in one line of English."""
    match event:
        case e.OrderPlaced():
            lines = counted(len(event.lines), "line")
            units = counted(sum(line.quantity for line in event.lines), "unit")
            return f"placed by {event.channel}: {lines}, {units}, {Money(event.total, currency)}"
        case e.OrderAdopted():
            lines = counted(len(event.lines), "line")
            return f"adopted from {event.channel} as it stood: {lines}, {Money(event.total, currency)}"
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
            said = f"carrier says of {event.parcel}: {event.status}"
            said += f" ({event.location})" if event.location else ""
            said += f", {event.reason}" if event.reason else ""
            return said + (f", expected {event.eta.latest:%Y-%m-%d}" if event.eta is not None else "")
        case e.ParcelDelivered():
            return f"parcel {event.parcel} delivered: {_lines(event.lines)}"
        case e.ReturnReceived():
            units_back = ", ".join(f"{u.quantity} {u.sku} -> {u.disposition}" for u in event.contents)
            return f"return {event.return_id} at {event.place}: {units_back}" + _because(event.reason)
        case e.PaymentRecorded():
            return f"payment {event.kind}: {Money(event.amount, currency)}"
        case _:
            return _of_booking(event)


def _of_booking(event: Event) -> str:
    """What was agreed with a carrier about a parcel, and put right afterwards."""
    match event:
        case e.BookingWanted():
            return f"parcel {event.parcel} to be booked with {event.carrier}, {event.service}, {event.weight_grams} g"
        case e.ParcelBooked():
            cost = f" for {Money(event.cost, event.currency)}" if event.cost is not None else ""
            return f"parcel {event.parcel} booked with {event.carrier}, {event.service}: {event.tracking}{cost}"
        case e.BookingRefused():
            return f"{event.parcel} not booked: {event.code}" + _because("; ".join(event.problems))
        case e.VoidWanted():
            return f"booking of {event.parcel} to be taken back"
        case e.BookingVoided():
            return f"booking of {event.parcel} taken back"
        case e.VoidRefused():
            return f"booking of {event.parcel} stands: {event.code}" + _because("; ".join(event.problems))
        case e.ManifestWanted():
            return f"{len(event.parcels)} parcels to be handed to {event.carrier} together"
        case e.ManifestMade():
            return f"handed over: {event.reference}"
        case e.ManifestRefused():
            return f"not handed over: {event.code}" + _because("; ".join(event.problems))
        case e.ShipmentCorrected():
            return f"parcel {event.parcel} goes with {event.carrier} {event.tracking}" + _because(event.reason)
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
