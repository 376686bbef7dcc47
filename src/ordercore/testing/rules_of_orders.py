"""Rules of the stateful machine: everything that is asked of orders."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, Final, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from ordercore.lifecycle import ORDER
from ordercore.message import Command
from ordercore.order import (
    AddHold,
    AdoptedLine,
    AdoptOrder,
    AllocateOrder,
    CancelLines,
    ConfirmDelivery,
    ConfirmOrder,
    Content,
    ErasePerson,
    Line,
    Order,
    PackParcel,
    PickLines,
    PlaceOrder,
    RecallWork,
    ReceiveReturn,
    RecordPayment,
    RecordTracking,
    ReleaseHold,
    ReleaseOrder,
    ReturnedLine,
    Ship,
    ShortPick,
)
from ordercore.testing.rules_of_parcels import ParcelRules, work_of
from ordercore.testing.shopkeeping import FREE, LOCATIONS, SKUS, SOMEBODY, stages_of
from ordercore.values import Money, OrderId

ORDERS_MOST: Final = 9

F = TypeVar("F", bound=Callable[..., None])

_NUMBER: Final = st.integers(0, 11)
_UNITS: Final = st.integers(1, 4)
_LATE: Final = st.sampled_from([0, 0, 0, 0, 3])
_SHORTAGE: Final = st.sampled_from(["", "", "backorder", "backorder", "partial", "refuse"])
_PIN: Final = st.sampled_from(["", "", "", "", *LOCATIONS])
_LINES: Final = st.lists(st.tuples(st.sampled_from([*SKUS, *SKUS, *FREE]), _UNITS, _PIN), min_size=1, max_size=3)
_BLOCKS: Final = st.sampled_from(
    [("allocate",), ("allocate", "release", "pick", "pack", "ship"), ("ship",), ("cancel",)]
)
_DISPOSITIONS: Final = st.sampled_from(
    ["restock", "restock", "quarantine", "damaged", "scrap", "returns_inbound", "keep_by_customer"]
)
_STATUSES: Final = st.sampled_from(["in_transit", "in_transit", "delivered", "delivery_failed", "return_to_sender"])

_any_order: Final = precondition(lambda self: bool(self.books.orders))


def _somewhere(*stages: str) -> Callable[[F], F]:
    """Only while an order has units at one of these stages."""
    wanted = frozenset(stages)
    return precondition(lambda self: not wanted.isdisjoint(self.stages))


def _is_at(*stages: str) -> Any:
    wanted = frozenset(stages)
    return lambda order: not wanted.isdisjoint(stages_of(order))


class OrderRules(ParcelRules):
    """Placing, holding, allocating, working, shipping, returning, cancelling, paying."""

    @precondition(lambda self: len(self.books.orders) < ORDERS_MOST)
    @rule(
        lines=_LINES, shortage=_SHORTAGE, allocate=st.sampled_from(["", "", "", "manual"]),
        priority=st.integers(-1, 1), late=_LATE, strategy=st.sampled_from(["", "fewest_parcels", "priority"]),
    )  # fmt: skip
    def places(
        self, lines: list[tuple[str, int, str]], shortage: str, allocate: str, priority: int, late: int, strategy: str
    ) -> None:
        """An order comes in."""
        wanted = [Line(sku, units, "1.25", location=pin if sku in SKUS else "") for sku, units, pin in lines]
        self.send(
            PlaceOrder(
                "shop", self.next_name("o"), "EUR", wanted, priority=priority, allocate=allocate, shortage=shortage,
                strategy=strategy, ship_to=SOMEBODY,
            ),
            late=late,
        )  # fmt: skip

    @precondition(lambda self: bool(self.books.carts) and len(self.books.orders) < ORDERS_MOST)
    @rule(number=_NUMBER, lines=_LINES, exact=st.booleans(), shortage=_SHORTAGE)
    def checks_out(self, number: int, lines: list[tuple[str, int, str]], exact: bool, shortage: str) -> None:
        """A cart becomes an order, as it was filled (`exact`) or with other lines."""
        names = list(self.books.carts)
        name = names[number % len(names)]
        held = self.books.carts[name].contents
        if exact and held:
            wanted = [Line(leg.sku, leg.quantity, "2.00") for leg in held]
        else:
            wanted = [Line(sku, units, "2.00", location=pin if sku in SKUS else "") for sku, units, pin in lines]
        order = PlaceOrder(
            "shop", self.next_name("o"), "EUR", wanted, reservation=name, shortage=shortage, ship_to=SOMEBODY
        )
        self.send(order)

    @precondition(lambda self: len(self.books.orders) < ORDERS_MOST)
    @rule(
        sku=st.sampled_from(SKUS),
        parts=st.lists(st.integers(0, 2), min_size=4, max_size=4),
        at=st.sampled_from(LOCATIONS),
    )
    def adopts(self, sku: str, parts: list[int], at: str) -> None:
        """An order of the running shop is taken over as it stands."""
        cancelled, shipped, backordered, reserved = parts
        line = AdoptedLine(
            sku, sum(parts) + 1, "3.00", cancelled=cancelled, shipped=shipped, delivered=shipped // 2,
            backordered=backordered, reserved={at: reserved} if reserved else {},
        )  # fmt: skip
        placed_at = self.clock.now() - timedelta(days=3)
        ship_to = None if cancelled > 1 else SOMEBODY  # without an address a parcel cannot be booked
        self.send(AdoptOrder("old", self.next_name("o"), "EUR", placed_at, [line], ship_to=ship_to))

    @_somewhere("placed")
    @rule(number=_NUMBER)
    def confirms(self, number: int) -> None:
        """The order stands."""
        self.send(ConfirmOrder(self.suitable(number, _is_at("placed")).id))

    @_any_order
    @rule(number=_NUMBER, blocks=_BLOCKS, name=st.sampled_from(["a", "b"]))
    def holds(self, number: int, blocks: Any, name: str) -> None:
        """A reason to wait."""
        self.send(AddHold(self.order_at(number).id, name, blocks=blocks))

    @_any_order
    @rule(number=_NUMBER)
    def forgets_a_person(self, number: int) -> None:
        """Somebody wants what is personal about an order erased, whatever state it is in."""
        self.send(ErasePerson(self.order_at(number).id, "request"))

    @_somewhere("held")
    @rule(number=_NUMBER, name=st.sampled_from(["a", "b"]))
    def lifts_hold(self, number: int, name: str) -> None:
        """The reason is gone."""
        order = self.suitable(number, _is_at("held"))
        self.send(ReleaseHold(order.id, order.holds[0].hold if order.holds else name))

    @_any_order
    @rule(number=_NUMBER, line=st.integers(0, 2), units=st.integers(0, 4), late=_LATE)
    def cancels(self, number: int, line: int, units: int, late: int) -> None:
        """Units of one line are given up; without units, the whole order."""
        order = self.order_at(number)
        ids = list(order.lines)
        chosen = {str(ids[line % len(ids)]): units} if units else None
        self.send(CancelLines(order.id, chosen), late=late)

    @_somewhere("open")
    @rule(number=_NUMBER, shortage=_SHORTAGE, pin=_PIN, strategy=st.sampled_from(["", "fewest_parcels"]))
    def allocates(self, number: int, shortage: str, pin: str, strategy: str) -> None:
        """What waits or was never sourced is bound to stock."""
        order = self.suitable(number, _is_at("open"))
        line = next(iter(order.lines))
        self.send(AllocateOrder(order.id, strategy, shortage, {str(line): pin} if pin else {}))

    @_somewhere("reserved")
    @rule(number=_NUMBER, at=_PIN)
    def releases(self, number: int, at: str) -> None:
        """Reserved units become work."""
        self.send(ReleaseOrder(self.suitable(number, _is_at("reserved")).id, at))

    @_somewhere("released", "picked", "packed")
    @rule(number=_NUMBER, work=st.integers(0, 2))
    def recalls(self, number: int, work: int) -> None:
        """Work is taken back."""
        order = self.suitable(number, _is_at("released", "picked", "packed"))
        self.send(RecallWork(order.id, work_of(order, work)))

    @_somewhere("released")
    @rule(number=_NUMBER, work=st.integers(0, 2), units=st.integers(0, 3), lot=st.sampled_from(["", "", "L1", "L2"]))
    def picks(self, number: int, work: int, units: int, lot: str) -> None:
        """Units leave the shelf, all of them or some of the first line."""
        order = self.suitable(number, _is_at("released"))
        self.send(PickLines(order.id, work_of(order, work), _some(order, units, lot, "released")))

    @_somewhere("released")
    @rule(number=_NUMBER, work=st.integers(0, 2), units=_UNITS)
    def misses(self, number: int, work: int, units: int) -> None:
        """Units were not on the shelf."""
        order = self.suitable(number, _is_at("released"))
        lines = [line for line in order.lines.values() if line.at("released")]
        line = lines[0].facts.line if lines else next(iter(order.lines))
        units = min(units, lines[0].at("released")) if lines else units
        self.send(ShortPick(order.id, work_of(order, work), line, units))

    @_somewhere("picked")
    @rule(number=_NUMBER, work=st.integers(0, 2), units=st.integers(0, 3), parcel=st.sampled_from(["A", "B"]))
    def packs(self, number: int, work: int, units: int, parcel: str) -> None:
        """Picked units go into a parcel."""
        order = self.suitable(number, _is_at("picked"))
        self.send(PackParcel(order.id, work_of(order, work), parcel, _some(order, units, "", "picked")))

    @_somewhere("reserved", "released", "picked", "packed")
    @rule(number=_NUMBER, parcel=st.sampled_from(["", "", "A", "B"]), at=_PIN, units=st.integers(0, 3), late=_LATE)
    def ships(self, number: int, parcel: str, at: str, units: int, late: int) -> None:
        """A packed parcel, or units from where they stand, are handed over."""
        order = self.suitable(number, _is_at("reserved", "picked", "packed"))
        contents = _some(order, units, "", "reserved", "released", "picked") if not parcel else None
        self.send(Ship(order.id, parcel, at, contents), late=late)

    @_somewhere("parcel")
    @rule(number=_NUMBER, parcel=st.integers(0, 2), status=_STATUSES, hours=st.integers(0, 2))
    def tracks(self, number: int, parcel: int, status: Any, hours: int) -> None:
        """A carrier says something."""
        order = self.suitable(number, _is_at("parcel"))
        at = self.clock.now() - timedelta(hours=hours)
        self.send(RecordTracking(order.id, _parcel(order, parcel), status, at))

    @_somewhere("parcel")
    @rule(number=_NUMBER, parcel=st.integers(-1, 2))
    def delivers(self, number: int, parcel: int) -> None:
        """A parcel arrives, or all that are under way."""
        order = self.suitable(number, _is_at("parcel"))
        self.send(ConfirmDelivery(order.id, "" if parcel < 0 else _parcel(order, parcel)))

    @_somewhere("shipped")
    @rule(number=_NUMBER, units=_UNITS, disposition=_DISPOSITIONS, at=st.sampled_from(LOCATIONS))
    def takes_back(self, number: int, units: int, disposition: Any, at: str) -> None:
        """Units come back."""
        order = self.suitable(number, _is_at("shipped"))
        lines = [line for line in order.lines.values() if line.shipped] or list(order.lines.values())
        line = lines[number % len(lines)]
        lot = "L1" if line.facts.lots else ""
        back = [ReturnedLine(line.facts.line, units, disposition, lot)]
        self.send(ReceiveReturn(order.id, self.next_name("R"), at, tuple(back)))

    @_any_order
    @rule(
        number=_NUMBER, kind=st.sampled_from(["authorization", "charge", "charge", "refund", "void"]),
        share=st.sampled_from([1, 1, 2, 3]),
    )  # fmt: skip
    def pays(self, number: int, kind: Any, share: int) -> None:
        """The payment provider says something."""
        order = self.order_at(number)
        amount = Money.minor(max(order.total // share, 1), "EUR")
        self.send(RecordPayment(order.id, self.next_name("pay"), kind, amount))

    @_somewhere("reserved", "released", "picked", "packed", "under way")
    @rule(number=_NUMBER)
    def goes_on(self, number: int) -> None:
        """An order takes the next step of its work."""
        order = self.suitable(number, _is_at("reserved", "released", "picked", "packed", "under way"))
        work = work_of(order, number)
        stages = stages_of(order)
        command: Command[Any]
        if "released" in stages:
            command = PickLines(order.id, work)
        elif "picked" in stages:
            command = PackParcel(order.id, work, self.next_name("B"))
        elif "packed" in stages:
            command = Ship(order.id, next((p.parcel for p in order.parcels.values() if not p.shipped), ""))
        elif "reserved" in stages:
            command = Ship(order.id) if number % 3 == 0 else ReleaseOrder(order.id)
        else:
            command = ConfirmDelivery(order.id)
        self.send(command)

    @_somewhere("reserved", "released", "picked", "packed", "under way")
    @rule(number=_NUMBER)
    def goes_further(self, number: int) -> None:
        """The same, so that it happens more often."""
        self.goes_on(number)

    @precondition(lambda self: len(self.books.orders) < ORDERS_MOST)
    @rule(lines=_LINES, priority=st.integers(-1, 1), shortage=st.sampled_from(["backorder", "partial"]))
    def places_what_may_wait(self, lines: list[tuple[str, int, str]], priority: int, shortage: str) -> None:
        """An order comes in that takes what there is."""
        self.places(lines, shortage, "", priority, 0, "")

    @_any_order
    @rule(number=_NUMBER, other=st.sampled_from([False, False, True]))
    def repeats(self, number: int, other: bool) -> None:
        """An earlier command comes a second time."""
        self.send_again(number * 7, other=other)

    def wind_up(self) -> None:
        """Bring every order to an end by commands that its state allows. Asserts that this is possible (R19)."""
        self.settle_everything()
        for id in self.orders_placed():
            for command in self._endings(id):
                self.send(command)
            order = self.books.orders[id]
            assert order.status in ("completed", "cancelled"), (order.status, order)
            assert not any(line.claims for line in order.lines.values()), order
            assert ORDER.allowed[order.status] <= {
                "ReceiveReturn",
                "RecordPayment",
                "RecordTracking",
                "ConfirmDelivery",
                "CorrectShipment",
                "RecordBooking",
                "RecordVoid",
                "RefuseBooking",
                "VoidBooking",
            }

    def _endings(self, id: OrderId) -> Iterable[Command[Any]]:
        """What is left to do; looks at the order again after each command."""
        for hold in self.books.orders[id].holds:
            yield ReleaseHold(id, hold.hold)
        if self.books.orders[id].status == "placed":
            yield ConfirmOrder(id)
        for parcel in self.boxes(id):
            self.empty_box(id, parcel)
        for name in self.books.orders[id].works:
            if any(claim.work == name for line in self.books.orders[id].lines.values() for claim in line.claims):
                yield RecallWork(id, name)
        order = self.books.orders[id]
        if any(line.open for line in order.lines.values()):
            yield CancelLines(id)
        order = self.books.orders[id]
        if any(parcel.shipped and not parcel.delivered for parcel in order.parcels.values()):
            yield ConfirmDelivery(id)
        order = self.books.orders[id]
        if order.status == "confirmed":
            rest = max(order.total - order.payments.charged, 1)
            yield RecordPayment(id, self.next_name("pay"), "charge", Money.minor(rest, "EUR"))


def _parcel(order: Order, number: int) -> str:
    names = list(order.parcels)
    return names[number % len(names)] if names else "P1"


def _some(order: Order, units: int, lot: str, *buckets: str) -> tuple[Content, ...] | None:
    """`units` of the first line that has some at these steps; None for all if `units` is 0."""
    if not units:
        return None
    for line in order.lines.values():
        there = sum(line.at(bucket) for bucket in buckets)
        if there:
            return (Content(line.facts.line, min(units, there), lot if line.facts.lots else ""),)
    return None
