"""Soft reservations: stock kept for a cart until it expires, is given back, or becomes an order's without a free instant."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from attrs import evolve, frozen

from ordercore.errors import BrokenRule
from ordercore.flow import Folder
from ordercore.lifecycle import RESERVATION
from ordercore.message import Context, Event
from ordercore.plan import Leg
from ordercore.store import Posting, postings_of, without_postings
from ordercore.values import OrderId, Stream

EXPIRE: Final = "reservation.expire"
"""The kind of timer that sends ExpireReservation; its key is the cart."""


@frozen
class ReservationMade(Event):
    """Stock is kept for a cart's lines until `expires_at`; `replaced` is what the cart held before, given back."""

    contents: tuple[Leg, ...]
    expires_at: datetime
    strategy: str
    rule_version: int
    replaced: tuple[Leg, ...] = ()


@frozen
class ReservationExtended(Event):
    """The stock is kept until another time."""

    expires_at: datetime


@frozen
class ReservationUpgraded(Event):
    """The cart became an order: its units go to the order's own claims in the same commit, net, so never free."""

    order: OrderId
    contents: tuple[Leg, ...]


@frozen
class ReservationReleased(Event):
    """The cart was given up; its units are available again."""

    contents: tuple[Leg, ...]


@frozen
class ReservationExpired(Event):
    """The time was up; the units are available again."""

    contents: tuple[Leg, ...]


def _taken(contents: Iterable[Leg]) -> list[Posting]:
    return [
        Posting(leg.sku, leg.quantity, leg.place, "available", leg.place, "soft_reserved", leg.lot, leg.owner, leg.line)
        for leg in contents
    ]


def _given_back(contents: Iterable[Leg]) -> list[Posting]:
    return [
        Posting(leg.sku, leg.quantity, leg.place, "soft_reserved", leg.place, "available", leg.lot, leg.owner, leg.line)
        for leg in contents
    ]


without_postings(ReservationExtended)


@postings_of.register
def _(event: ReservationMade) -> Iterable[Posting]:
    return [*_given_back(event.replaced), *_taken(event.contents)]


@postings_of.register
def _(event: ReservationUpgraded) -> Iterable[Posting]:
    return _given_back(event.contents)


@postings_of.register
def _(event: ReservationReleased) -> Iterable[Posting]:
    return _given_back(event.contents)


@postings_of.register
def _(event: ReservationExpired) -> Iterable[Posting]:
    return _given_back(event.contents)


@frozen
class Reservation:
    """A cart's reservation as its events have made it; `status` is a state of `lifecycle.RESERVATION`."""

    cart: str
    status: str
    contents: tuple[Leg, ...]
    expires_at: datetime
    order: OrderId | None = None

    def status_at(self, now: datetime) -> str:
        """The status, taking one that is overdue as expired: whether a worker came by already decides nothing."""
        return "expired" if self.status == "soft" and now >= self.expires_at else self.status


def reservation_stream(cart: str) -> Stream:
    """The stream of a cart's reservation."""
    return Stream("reservation/" + cart)


def fold_reservation(state: Reservation | None, new: Iterable[Event], stream: Stream) -> Reservation | None:
    """The reservation after these events; None if there never was one."""
    for event in new:
        if isinstance(event, ReservationMade):
            state = Reservation(stream.partition("/")[2], "soft", event.contents, event.expires_at)
        elif state is None:
            raise BrokenRule(f"A stream of a reservation cannot begin with {type(event).__name__}.", stream=stream)
        else:
            state = _after(state, event)
    return state


def _after(state: Reservation, event: Event) -> Reservation:
    match event:
        case ReservationExtended(expires_at=expires_at):
            return evolve(state, expires_at=expires_at)
        case ReservationUpgraded(order=order):
            return evolve(state, status="upgraded", contents=(), order=order)
        case ReservationReleased():
            return evolve(state, status="released", contents=())
        case ReservationExpired():
            return evolve(state, status="expired", contents=())
        case _:
            raise BrokenRule(f"{type(event).__name__} is no event of a reservation.", event=type(event).__name__)


def upgrade(state: Reservation, order: OrderId, context: Context) -> ReservationUpgraded:
    """Hand the cart's units over to an order, in the same batch as that order's own allocation.

    Raises TransitionRefused once it expired (or is overdue), was released or upgraded.
    """
    RESERVATION.require(state.status_at(context.now), "PlaceOrder")
    return ReservationUpgraded(order, state.contents)


RESERVATIONS: Final = Folder("reservation", fold_reservation)
