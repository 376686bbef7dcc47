"""Events of orders, each in one line of English."""

from __future__ import annotations

from collections.abc import Iterable

from ordercore.message import Event
from ordercore.order import events as e
from ordercore.order.lines import LineQuantity, Moved
from ordercore.readable.words import because, counted
from ordercore.values import Money


def describe_order(event: Event, currency: str = "") -> str:  # noqa: C901  # one match, a sentence a branch
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
            return f"cancelled: {_lines(parts)}" + because(event.reason)
        case e.HoldAdded():
            return f"hold {event.hold} ({event.kind}) blocks {', '.join(event.blocks)}" + because(event.note)
        case e.HoldReleased():
            return f"hold {event.hold} released"
        case e.WorkReleased():
            return f"fulfillment order {event.fulfillment} at {event.place}: {_moved(event.contents)}"
        case e.WorkRecalled():
            return f"fulfillment order {event.fulfillment} recalled: {_moved(event.contents)}" + because(event.reason)
        case e.LinesPicked():
            return f"picked for {event.fulfillment}: {_moved(event.contents)}"
        case e.PickShorted():
            return f"not on the shelf for {event.fulfillment}: {_moved(event.contents)}" + because(event.reason)
        case e.ParcelPacked():
            return f"packed into {event.parcel} at {event.place}: {_moved(event.contents)}"
        case e.ParcelShipped():
            carrier = f" with {event.carrier} {event.tracking}".rstrip() if event.carrier else ""
            return f"parcel {event.parcel} shipped from {event.place}{carrier}: {_moved(event.contents)}"
        case e.TrackingRecorded():
            said = f"carrier says of {event.parcel}: {event.status.replace('_', ' ')}"
            said += f" ({event.location})" if event.location else ""
            said += f", {event.reason}" if event.reason else ""
            return said + (f", expected {event.eta.latest:%Y-%m-%d}" if event.eta is not None else "")
        case e.ParcelDelivered():
            return f"parcel {event.parcel} delivered: {_lines(event.lines)}"
        case e.ReturnReceived():
            units_back = ", ".join(f"{u.quantity} {u.sku} -> {u.disposition}" for u in event.contents)
            return f"return {event.return_id} at {event.place}: {units_back}" + because(event.reason)
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
            return f"{event.parcel} not booked: {event.code}" + because("; ".join(event.problems))
        case e.VoidWanted():
            return f"booking of {event.parcel} to be taken back"
        case e.BookingVoided():
            return f"booking of {event.parcel} taken back"
        case e.VoidRefused():
            return f"booking of {event.parcel} stands: {event.code}" + because("; ".join(event.problems))
        case e.ManifestWanted():
            return f"{len(event.parcels)} parcels to be handed to {event.carrier} together"
        case e.ManifestMade():
            return f"handed over: {event.reference}"
        case e.ManifestRefused():
            return f"not handed over: {event.code}" + because("; ".join(event.problems))
        case e.ShipmentCorrected():
            return f"parcel {event.parcel} goes with {event.carrier} {event.tracking}" + because(event.reason)
        case e.PersonErased():
            return "what was personal was erased" + (f" ({event.reference})" if event.reference else "")
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
