"""Movements of stock in a few words."""

from __future__ import annotations

from collections.abc import Sequence

from ordercore.message import Event
from ordercore.order import events as o
from ordercore.readable.words import because, listed, location, moment, signed, units
from ordercore.stock import events as s
from ordercore.views.order_words import describe_order


def changed(change: Sequence[tuple[str, int]], scale: int) -> str:
    """`2 available -> reserved` for units that stay at the place, `+10 available` for those that come or go."""
    if len(change) == 2 and change[0][1] == -change[1][1]:
        (source, _), (target, quantity) = sorted(change, key=lambda one: one[1])
        return f"{units(quantity, scale)} {source} -> {target}"
    return listed(f"{signed(quantity, scale)} {bucket}" for bucket, quantity in change)


def told(event: Event) -> str:
    """A stock movement in a few words; which order it was is said by its stream."""
    match event:
        case s.StockReceived():
            return "received"
        case s.StockOpened():
            return f"opening balance {event.reference}"
        case s.StockAdjusted():
            return "adjusted" + because(event.reason)
        case s.StockCounted():
            return f"counted {event.counted}, the books said {event.expected}"
        case s.StockMoved():
            return f"{event.source} -> {event.target}" + because(event.reason)
        case s.TransferSent():
            return f"sent to {location(event.target)}"
        case s.TransferReceived():
            return "transfer arrived"
        case s.ReservationMade():
            return f"kept for a cart until {moment(event.expires_at)}"
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
            return "not on the shelf" + because(event.reason)
        case o.ParcelPacked():
            return f"packed into {event.parcel}"
        case o.ParcelShipped():
            return f"shipped in {event.parcel}"
        case o.ReturnReceived():
            return f"return {event.return_id}"
        case o.LinesCancelled():
            return "cancelled" + because(event.reason)
        case _:
            return describe_order(event)
