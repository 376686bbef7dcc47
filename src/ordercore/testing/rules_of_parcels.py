"""Rules of the stateful machine: parcels booked, taken back, put right and handed over, over a network that fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from ordercore.effects import Effect, ResolveEffect
from ordercore.effects.state import outside_key
from ordercore.errors import Rejected
from ordercore.message import Command
from ordercore.order import (
    BookParcel,
    CorrectShipment,
    ManifestParcels,
    Order,
    PackParcel,
    PickLines,
    RecordBooking,
    RecordVoid,
    ReleaseOrder,
    Ship,
    VoidBooking,
)
from ordercore.order.fulfillment import Parcel
from ordercore.testing.carrier import tracking_of
from ordercore.testing.network import CARRIER, MISHAPS, Mishap
from ordercore.testing.shopkeeping import ELSEWHERE, Shopkeeping, stages_of
from ordercore.values import OrderId

_NUMBER: Final = st.integers(0, 11)
_SERVICE: Final = st.sampled_from(["standard", "standard", "express", "balloon"])
_MISHAPS: Final = st.lists(st.sampled_from(["none", "none", *MISHAPS]), max_size=4)
_OFTEN_NO: Final = st.sampled_from([(), ("declined",), ("unreached",), ("lost_after",), ("killed",)])
"""Bookings are declined for many reasons; the rest only where somebody says no."""
_TURNS_MOST: Final = 50


def _some_parcel(is_so: Callable[[Parcel], bool]) -> Callable[[Order], bool]:
    return lambda order: any(is_so(parcel) for parcel in order.parcels.values())


def _is_booked(parcel: Parcel) -> bool:
    return parcel.booking is not None and parcel.booking.status == "booked"


def _is_free(parcel: Parcel) -> bool:
    return parcel.booking is None or not parcel.booking.live


def work_of(order: Order, number: int) -> str:
    """One of the order's works that still hold units; there may be none."""
    names = [name for name in order.works if any(c.work == name for li in order.lines.values() for c in li.claims)]
    return names[number % len(names)] if names else f"F{number + 1}"


class ParcelRules(Shopkeeping):
    """Booking, taking back, correcting, closing the day; what goes wrong on the way, and who finds out.

    `mishaps` of a rule are what goes wrong with the requests that follow, until another rule brings others.
    """

    @precondition(lambda self: not {"reserved", "released", "picked"}.isdisjoint(self.stages))
    @rule(number=_NUMBER)
    def fills_a_box(self, number: int) -> None:
        """An order takes the next step on its way into a parcel."""
        order = self.suitable(number, lambda one: not {"reserved", "released", "picked"}.isdisjoint(stages_of(one)))
        stages, work = stages_of(order), work_of(order, number)
        if "picked" in stages:
            self.send(PackParcel(order.id, work, self.next_name("B")))
        else:
            self.send(PickLines(order.id, work) if "released" in stages else ReleaseOrder(order.id))

    @precondition(lambda self: "unbooked" in self.stages)
    @rule(number=_NUMBER, service=_SERVICE, grams=st.integers(1, 3_000), mishaps=_MISHAPS)
    def books_parcel(self, number: int, service: str, grams: int, mishaps: Sequence[Mishap]) -> None:
        """A parcel is booked; the last service is one that the carrier does not have."""
        order, parcel = self._parcel(number, _is_free)
        self.expect(mishaps)
        self.send(BookParcel(order.id, parcel, CARRIER, service, grams))

    @precondition(lambda self: "unbooked" in self.stages)
    @rule(number=_NUMBER, mishaps=_MISHAPS)
    def books_another(self, number: int, mishaps: Sequence[Mishap]) -> None:
        """The same, so that it happens more often."""
        self.books_parcel(number, "standard", 500, mishaps)

    @precondition(lambda self: "unbooked" in self.stages)
    @rule(number=_NUMBER, carrier=st.sampled_from([CARRIER, ELSEWHERE]))
    def books_by_hand(self, number: int, carrier: str) -> None:
        """Somebody has booked it over the telephone."""
        order, parcel = self._parcel(number, _is_free)
        reference = self.next_name("H")
        self.send(RecordBooking(order.id, parcel, carrier, "standard", reference, f"T{reference}"))

    @precondition(lambda self: "booked" in self.stages)
    @rule(number=_NUMBER, mishaps=_OFTEN_NO)
    def voids(self, number: int, mishaps: Sequence[Mishap]) -> None:
        """A booking is taken back."""
        order, parcel = self._parcel(number, _is_booked)
        self.expect(mishaps)
        self.send(VoidBooking(order.id, parcel))

    @precondition(lambda self: "booked" in self.stages)
    @rule(number=_NUMBER)
    def voids_by_hand(self, number: int) -> None:
        """A booking was taken back over the telephone."""
        order, parcel = self._parcel(number, _is_booked)
        self.tell_void(order.id, parcel)

    @precondition(lambda self: "booked" in self.stages)
    @rule(number=_NUMBER)
    def ships_what_is_booked(self, number: int) -> None:
        """A parcel is handed over under the number of its booking."""
        order, parcel = self._parcel(number, lambda one: _is_booked(one) and not one.shipped)
        self.send(Ship(order.id, parcel))

    @precondition(lambda self: "under way" in self.stages)
    @rule(number=_NUMBER, carrier=st.sampled_from([CARRIER, ELSEWHERE]))
    def corrects(self, number: int, carrier: str) -> None:
        """It went with another carrier, or under another number."""
        order, parcel = self._parcel(number, lambda one: one.shipped)
        self.send(CorrectShipment(order.id, parcel, carrier, self.next_name("T"), "as the driver says"))

    @precondition(lambda self: "manifest" in self.network.carrier.capabilities and bool(self.carriage.open(CARRIER)))
    @rule(mishaps=_OFTEN_NO)
    def closes_the_day(self, mishaps: Sequence[Mishap]) -> None:
        """What is booked goes onto a manifest."""
        self.expect(mishaps)
        self.send(ManifestParcels(CARRIER))

    @precondition(lambda self: "manifest" in self.network.carrier.capabilities and bool(self.carriage.open(CARRIER)))
    @rule(mishaps=_OFTEN_NO)
    def closes_the_day_early(self, mishaps: Sequence[Mishap]) -> None:
        """The same, so that it happens more often."""
        self.closes_the_day(mishaps)

    @precondition(lambda self: bool(self.carriage.unsettled()))
    @rule(minutes=st.sampled_from([1, 5, 60]), mishaps=_OFTEN_NO | _MISHAPS)
    def tries_again(self, minutes: int, mishaps: Sequence[Mishap]) -> None:
        """Time goes by, and what did not come through is tried again."""
        self.expect(mishaps)
        self.clock.advance(minutes=minutes)
        self.work()
        self.look()

    @precondition(lambda self: bool(self.carriage.unsettled()))
    @rule(number=_NUMBER, again=st.booleans())
    def finds_out(self, number: int, again: bool) -> None:
        """Somebody asks the carrier what became of it, and says so: that it was done, or not, and is to be tried again."""
        effects = self.carriage.unsettled("uncertain") or self.carriage.unsettled()
        self.send(self._truth(effects[number % len(effects)], again=again))

    def settle_everything(self) -> None:
        """The network is well; what is under way comes to its end. Asserts that it does."""
        self.expect(())
        for _ in range(_TURNS_MOST):
            for effect in self.carriage.unsettled("uncertain"):
                if effect.due is None:
                    self.send(self._truth(effect, again=False))
            if not self.carriage.unsettled():
                return
            self.tries_again(60, [])
        raise AssertionError(f"never settled: {self.carriage.unsettled()}")

    def empty_box(self, order: OrderId, parcel: str) -> None:
        """A packed parcel has to be free of its booking before it can be unpacked. Asserts that this is possible."""
        if isinstance(self.send(VoidBooking(order, parcel)), Rejected):
            self.tell_void(order, parcel)
        self.settle_everything()
        assert parcel not in self.boxes(order), self.books.orders[order].parcels[parcel]

    def tell_void(self, order: OrderId, parcel: str) -> None:
        """Ask for it over the telephone, then say so; what is not booked the carrier does not know."""
        known = self.books.orders[order].parcels.get(parcel)
        booking = known.booking if known is not None else None
        outcome = self.send(RecordVoid(order, parcel, booking.booking if booking is not None else "none"))
        if booking is not None and not isinstance(outcome, Rejected):
            self.network.told.add(booking.reference)

    def boxes(self, id: OrderId) -> list[str]:
        """Parcels of an order that stand packed with a label on them."""
        parcels = self.books.orders[id].parcels.values()
        return [one.parcel for one in parcels if not one.shipped and one.booking is not None and one.booking.live]

    def _parcel(self, number: int, fits: Callable[[Parcel], bool]) -> tuple[Order, str]:
        """An order with such a parcel, and its name; now and then another one."""
        order = self.suitable(number, _some_parcel(fits))
        found = [one.parcel for one in order.parcels.values() if fits(one)] or list(order.parcels) or ["A"]
        return order, found[number % len(found)]

    def _truth(self, effect: Effect, *, again: bool) -> Command[Any]:
        """What the desk's ledger says of an effect, as a person would tell it."""
        done = self.network.done(outside_key(self.kernel.core.tenant, effect.id))
        if not done:
            return ResolveEffect(effect.id, "not_done" if again else "refused", "they have nothing of it")
        number = done[0]["number"]
        return ResolveEffect(effect.id, "done", "they told", number, {"tracking": tracking_of(number)})
