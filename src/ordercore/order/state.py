"""The order as its events have made it, and the statuses that follow from it. Nothing here writes a status."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any, Final

from attrs import evolve, field, frozen

from ordercore.errors import BrokenRule, NotFound
from ordercore.message import Event
from ordercore.order import events as e
from ordercore.order import fulfillment, lines, payment, returns
from ordercore.order.booking import ParcelBooking
from ordercore.order.fulfillment import CARRIER, Parcel, Work
from ordercore.order.holds import Hold, without
from ordercore.order.lines import Lines, LineState
from ordercore.order.payment import Payments, payment_status
from ordercore.order.tables import tables_of
from ordercore.order.tracking import TrackingFact, with_eta
from ordercore.readable import Table, as_html, as_rich, as_text, brief
from ordercore.readable.words import counted
from ordercore.values import Eta, LineId, Money, OrderId, Stream

Head = e.OrderPlaced | e.OrderAdopted


@frozen
class Order:
    """One order: an immutable value; `version` counts its events, `head` is the event that began it."""

    id: OrderId
    version: int
    head: Head
    lines: Lines
    confirmed: bool = True
    holds: tuple[Hold, ...] = ()
    works: Mapping[str, Work] = {}  # never mutated: every change makes a new mapping
    parcels: Mapping[str, Parcel] = {}
    returned: frozenset[str] = frozenset()
    payments: Payments = Payments()
    plan: e.OrderAllocated | None = None
    _statuses: tuple[str, str, str, str] | None = field(default=None, init=False, eq=False, repr=False)

    __str__ = as_text
    __rich__ = as_rich
    _repr_html_ = as_html

    def tables(self) -> tuple[Table, ...]:
        """Its statuses, where each unit of its lines stands, its parcels."""
        return tables_of(self)

    def __repr__(self) -> str:
        """`<Order web:1001: confirmed, fulfilled, 2 lines, 25.00 EUR, version 3>`."""
        total = Money(self.total, self.currency)
        return brief(
            "Order", self.id, self.status, self.fulfillment_status, counted(len(self.lines), "line"), str(total),
            f"version {self.version}",
        )  # fmt: skip

    def line(self, line: str) -> LineState:
        """A line by its id. Raises NotFound with the nearest known ids."""
        try:
            return self.lines[LineId(line)]
        except KeyError:
            raise NotFound.named("line", line, self.lines) from None

    def work(self, name: str) -> Work:
        """A fulfillment order. Raises NotFound."""
        try:
            return self.works[name]
        except KeyError:
            raise NotFound.named("fulfillment order", name, self.works) from None

    def parcel(self, name: str) -> Parcel:
        """A parcel. Raises NotFound."""
        try:
            return self.parcels[name]
        except KeyError:
            raise NotFound.named("parcel", name, self.parcels) from None

    @property
    def currency(self) -> str:
        """ISO 4217 code of all its amounts."""
        return self.head.currency

    @property
    def total(self) -> int:
        """Minor units: lines with discounts and tax, as placed."""
        return self.head.total

    @property
    def due(self) -> int:
        """Minor units: `total` less the share of units that were cancelled or short, rounded per line, half to even."""
        due = self.total
        for facts, _, _, cancelled, short, *_ in self.lines.values():
            if cancelled or short:
                due += round(Fraction(facts.total * (facts.quantity - cancelled - short), facts.quantity)) - facts.total
        return due

    @property
    def status(self) -> str:
        """placed, confirmed, completed or cancelled: computed from quantities and money."""
        return self.statuses[0]

    @property
    def fulfillment_status(self) -> str:
        """Where its units are, the first that holds.

        Of cancelled, delivered, partially_delivered, fulfilled, partially_fulfilled, in_progress, backordered,
        unfulfilled.
        """
        return self.statuses[1]

    @property
    def statuses(self) -> tuple[str, str, str, str]:
        """(status, fulfillment status, payment status, return status), computed once per state."""
        known = self._statuses
        if known is None:
            paid = "none" if self.payments is _NO_PAYMENTS else self.payment_status
            back = self.return_status if self.returned or type(self.head) is not e.OrderPlaced else "none"
            known = (*self._compute(paid), paid, back)
            # A memo of what the other fields imply: nobody can tell that it was not there from the beginning.
            object.__setattr__(self, "_statuses", known)
        return known

    def _compute(self, paid: str) -> tuple[str, str]:
        ordered = gone = shipped = arrived = waiting = services = 0
        worked = False
        for facts, _, backordered, cancelled, short, out, delivered, lost, _, claims in self.lines.values():
            ordered += facts[2]
            gone += cancelled + short
            shipped += out
            arrived += delivered + lost
            waiting += backordered
            if not facts[7]:
                services += delivered
            for claim in claims:
                if claim[1] != "reserved":
                    worked = True
        live = ordered - gone
        if not live:
            return "cancelled", "cancelled"
        if arrived == live:
            if not self.confirmed:
                return "placed", "delivered"
            # Settled: no payment was ever recorded (the host keeps money elsewhere), or it covers what is due.
            settled = paid in _SETTLED
            return ("completed" if settled else "confirmed"), "delivered"
        status = "confirmed" if self.confirmed else "placed"
        if shipped == live:
            # What does not ship is done with the first parcel, which need not have arrived.
            return status, "partially_delivered" if arrived > services else "fulfilled"
        if shipped > services:
            return status, "partially_fulfilled"
        if worked:
            return status, "in_progress"
        return status, "backordered" if waiting else "unfulfilled"

    @property
    def payment_status(self) -> str:
        """See `payment.payment_status`."""
        return "none" if self.payments is _NO_PAYMENTS else payment_status(self.payments, self.due)

    @property
    def return_status(self) -> str:
        """none, partially_returned or returned."""
        back = sum(line.returned for line in self.lines.values())
        if not back:
            return "none"
        shipped = sum(line.shipped for line in self.lines.values())
        return "returned" if back == shipped else "partially_returned"


_NO_PAYMENTS: Final = Payments()
_NO_FACTS: Final[frozenset[TrackingFact]] = frozenset()
_SETTLED: Final = frozenset(("none", "paid", "overpaid", "partially_refunded", "refunded", "voided"))


def stream_of(order: OrderId) -> Stream:
    """The stream of an order. Raises NotFound for text that no store can hold."""
    if not order.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in order):
        raise NotFound.named("order", ascii(order)[:64])
    return Stream("order/" + order)


def _next(
    order: Order, lines: Lines, works: Mapping[str, Work] | None = None, parcels: Mapping[str, Parcel] | None = None
) -> Order:
    """A constructor, not attrs.evolve: this is the hot path (3 times cheaper)."""
    return Order(
        order.id, order.version + 1, order.head, lines, order.confirmed, order.holds,
        order.works if works is None else works, order.parcels if parcels is None else parcels,
        order.returned, order.payments, order.plan,
    )  # fmt: skip


def _noted(order: Order, confirmed: bool, holds: tuple[Hold, ...], payments: Payments) -> Order:
    """No unit moved, but something else is known of the order."""
    return Order(
        order.id, order.version + 1, order.head, order.lines, confirmed, holds, order.works, order.parcels,
        order.returned, payments, order.plan,
    )  # fmt: skip


def placed(id: OrderId, event: e.OrderPlaced) -> Order:
    """A new order."""
    return Order(id, 1, event, lines.placed_lines(event.lines), event.confirmed, payments=_NO_PAYMENTS)


def _adopted(id: OrderId, event: e.OrderAdopted) -> Order:
    counters = {c.line: c for c in event.counters}
    state: dict[LineId, LineState] = {}
    for facts in event.lines:
        c = counters[facts.line]
        claimed = sum(claim.quantity for claim in c.claims)
        waiting = facts.quantity - c.cancelled - c.backordered - c.shipped - claimed
        state[facts.line] = lines.line_state(
            facts, waiting, c.backordered, c.cancelled, 0, c.shipped, c.delivered, 0, c.returned, c.claims
        )
    return Order(id, 1, event, state, parcels=_under_way(event), payments=_NO_PAYMENTS)


ADOPTED: Final = "adopted"
"""The parcel that stands for everything an adopted order had shipped, and that had not arrived."""


def _under_way(event: e.OrderAdopted) -> Mapping[str, Parcel]:
    """How the host shipped is not known here; without a parcel these units could never be delivered."""
    skus = {line.line: line.sku for line in event.lines}
    contents = tuple(
        lines.Moved(c.line, skus[c.line], CARRIER, "", c.shipped - c.delivered)
        for c in event.counters
        if c.shipped > c.delivered
    )
    return {ADOPTED: Parcel(ADOPTED, CARRIER, contents, shipped=True)} if contents else {}


def _allocated(order: Order, event: e.OrderAllocated) -> Order:
    return Order(
        order.id, order.version + 1, order.head, lines.allocate(order.lines, event), order.confirmed, order.holds,
        order.works, order.parcels, order.returned, order.payments, event,
    )  # fmt: skip


def _released(order: Order, event: e.WorkReleased) -> Order:
    moved = lines.move_claims(order.lines, event.contents, "released", event.fulfillment)
    work = Work(event.fulfillment, event.place, fulfillment.units(event.contents))
    return _next(order, moved, works={**order.works, event.fulfillment: work})


def _recalled(order: Order, event: e.WorkRecalled) -> Order:
    work = order.works[event.fulfillment]
    gone = work._replace(recalled=work.recalled + fulfillment.units(event.contents))
    parcels = {
        name: parcel for name, parcel in order.parcels.items() if parcel.shipped or parcel.work != event.fulfillment
    }
    moved = lines.move_claims(order.lines, event.contents, "reserved", "")
    return _next(order, moved, {**order.works, event.fulfillment: gone}, parcels)


def _picked(order: Order, event: e.LinesPicked) -> Order:
    return _next(order, lines.move_claims(order.lines, event.contents, "picked"))


def _shorted(order: Order, event: e.PickShorted) -> Order:
    work = order.works[event.fulfillment]
    less = work._replace(shorted=work.shorted + fulfillment.units(event.contents))
    return _next(order, fulfillment.short(order.lines, event), {**order.works, event.fulfillment: less})


def _packed(order: Order, event: e.ParcelPacked) -> Order:
    packed = tuple(m._replace(bucket="packed") for m in event.contents)
    known = order.parcels.get(event.parcel)
    if known is None:
        parcel = Parcel(event.parcel, event.place, packed, event.fulfillment)
    else:
        parcel = known._replace(contents=known.contents + packed)
    return _next(
        order, lines.move_claims(order.lines, event.contents, "packed"), parcels={**order.parcels, event.parcel: parcel}
    )


def _shipped(order: Order, event: e.ParcelShipped) -> Order:
    works = order.works
    shipped: dict[str, int] = {}
    for moved in event.contents:
        if moved[7]:
            shipped[moved[7]] = shipped.get(moved[7], 0) + moved[4]
    if shipped:
        works = dict(works)
        for name, units in shipped.items():
            works[name] = works[name]._replace(shipped=works[name].shipped + units)
    # What the carrier said while it was packed stays said: the same fact again adds nothing.
    packed = order.parcels.get(event.parcel)
    facts, booking = _NO_FACTS, None
    etas: tuple[Eta, ...] = ()
    if packed is not None:
        facts, booking, etas = packed.facts, packed.booking, packed.etas
    parcel = Parcel(
        event.parcel, event.place, event.contents, "", True, event.carrier, event.tracking, facts, False, booking, etas
    )  # fmt: skip
    return _next(order, fulfillment.ship(order.lines, event), works, {**order.parcels, event.parcel: parcel})


def _tracked(order: Order, event: e.TrackingRecorded) -> Order:
    parcel = order.parcels[event.parcel]
    return _with_parcel(
        order, parcel._replace(facts=parcel.facts | {event.fact}, etas=with_eta(parcel.etas, event.eta))
    )


def _with_parcel(order: Order, parcel: Parcel) -> Order:
    return _next(order, order.lines, parcels={**order.parcels, parcel.parcel: parcel})


def _booking_wanted(order: Order, event: e.BookingWanted) -> Order:
    booking = ParcelBooking(event.booking, event.carrier, event.service, event.weight_grams)
    return _with_parcel(order, order.parcels[event.parcel]._replace(booking=booking))


def _booked(order: Order, event: e.ParcelBooked) -> Order:
    parcel = order.parcels[event.parcel]
    weight = parcel.booking.weight_grams if parcel.booking is not None else 0
    booking = ParcelBooking(
        event.booking, event.carrier, event.service, weight, "booked", event.reference, event.tracking, event.cost,
        event.currency, event.labels,
    )  # fmt: skip
    after = parcel._replace(booking=booking, etas=with_eta(parcel.etas, event.eta))
    if parcel.shipped and not parcel.tracking:
        # Handed over before the carrier had answered: now its number is known.
        after = after._replace(carrier=event.carrier, tracking=event.tracking)
    return _with_parcel(order, after)


def _booking_is(status: str) -> Callable[[Order, Any], Order]:
    def after(order: Order, event: Any) -> Order:
        parcel = order.parcels[event.parcel]
        assert parcel.booking is not None  # noqa: S101  # it was wanted or made before
        booking = parcel.booking._replace(status=status, code=getattr(event, "code", ""))
        return _with_parcel(order, parcel._replace(booking=booking))

    return after


def _corrected(order: Order, event: e.ShipmentCorrected) -> Order:
    parcel = order.parcels[event.parcel]._replace(carrier=event.carrier, tracking=event.tracking)
    return _with_parcel(order, parcel)


def _delivered(order: Order, event: e.ParcelDelivered) -> Order:
    parcel = order.parcels[event.parcel]
    return _next(
        order,
        fulfillment.deliver(order.lines, event),
        parcels={**order.parcels, event.parcel: parcel._replace(delivered=True)},
    )


def _returned(order: Order, event: e.ReturnReceived) -> Order:
    return evolve(
        order, version=order.version + 1, lines=returns.take_back(order.lines, event),
        returned=order.returned | {event.return_id},
    )  # fmt: skip


def _paid(order: Order, event: e.PaymentRecorded) -> Order:
    return _noted(order, order.confirmed, order.holds, payment.record(order.payments, event))


def _held(order: Order, event: e.HoldAdded) -> Order:
    hold = Hold(event.hold, event.kind, event.blocks, event.since)
    return _noted(order, order.confirmed, (*order.holds, hold), order.payments)


def _freed(order: Order, event: e.HoldReleased) -> Order:
    return _noted(order, order.confirmed, without(order.holds, event.hold), order.payments)


# The keys are event classes and each function takes its own key's instances; a dict is the quickest dispatch.
_EVOLVE: Final[Mapping[type[Event], Callable[[Order, Any], Order]]] = {
    e.OrderAllocated: _allocated,
    e.OrderConfirmed: lambda order, _: _noted(order, True, order.holds, order.payments),
    e.LinesBackordered: lambda order, event: _next(order, lines.backorder(order.lines, event)),
    e.LinesCancelled: lambda order, event: _next(order, lines.cancel(order.lines, event)),
    e.LinesFulfilled: lambda order, event: _next(order, lines.fulfill(order.lines, event.lines)),
    e.WorkReleased: _released,
    e.WorkRecalled: _recalled,
    e.LinesPicked: _picked,
    e.PickShorted: _shorted,
    e.ParcelPacked: _packed,
    e.ParcelShipped: _shipped,
    e.TrackingRecorded: _tracked,
    e.ParcelDelivered: _delivered,
    e.ReturnReceived: _returned,
    e.PaymentRecorded: _paid,
    e.HoldAdded: _held,
    e.HoldReleased: _freed,
    e.BookingWanted: _booking_wanted,
    e.ParcelBooked: _booked,
    e.BookingRefused: _booking_is("refused"),
    e.VoidWanted: _booking_is("voiding"),
    e.BookingVoided: _booking_is("voided"),
    e.VoidRefused: _booking_is("booked"),
    e.ShipmentCorrected: _corrected,
}


def evolve_order(order: Order | None, event: Event, id: OrderId) -> Order:
    """The order after one more event; the line identities are checked."""
    if order is None:
        return placed(id, event) if isinstance(event, e.OrderPlaced) else _adopted(id, _adoption(event))
    return _EVOLVE[type(event)](order, event)


def _adoption(event: Event) -> e.OrderAdopted:
    if not isinstance(event, e.OrderAdopted):
        raise BrokenRule(
            f"A stream of an order cannot begin with {type(event).__name__}.",
            event=type(event).__name__,
            hint="`kernel.verify()` says what else is wrong with this log.",
        )
    return event


def fold_order(order: Order | None, new: Iterable[Event], stream: Stream) -> Order | None:
    """The order after these events; None if there never was one."""
    id = OrderId(stream[6:])
    for event in new:
        order = evolve_order(order, event, id)
    return order
