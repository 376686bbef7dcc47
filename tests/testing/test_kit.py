"""Builders, strategies and the stateful machine: what they make, and that the machine finds what is broken."""

import inspect
import sys
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test

import ordercore.testing as kit
from ordercore import Kernel, Line, PlaceOrder, Ship
from ordercore.effects.events import EffectFailed, EffectUncertain
from ordercore.errors import Conflict, Insufficient, Rejected
from ordercore.flows import booking as flows_of_bookings
from ordercore.flows import stock as flows_of_stock
from ordercore.flows.supply import Filling
from ordercore.lifecycle import LIFECYCLES
from ordercore.order import BookParcel, CancelLines, ManifestParcels, VoidBooking
from ordercore.order.events import BookingRefused, BookingVoided, ParcelBooked, VoidRefused
from ordercore.order.manifest import ManifestMade, ManifestRefused
from ordercore.stock import AdjustStock
from ordercore.stock.adjustment import StockAdjusted
from ordercore.store import DeleteDocument
from ordercore.store.memory import MemoryStore
from ordercore.testing import (
    CountedIds,
    DifferentialMachine,
    ManualClock,
    MemoryChannel,
    OrdercoreMachine,
    an_order,
    assert_consistent,
    given_stock,
    identities,
    identities_of_parcels,
    place,
    shopkeeping,
    strategies,
)
from ordercore.testing.network import CARRIER, Network
from ordercore.testing.shopkeeping import SOMEBODY
from ordercore.values import CURRENCIES, Money, sku_of
from ordercore.wiring import effects as performing
from ordercore.wiring.routes import ROUTES


def test_every_public_name_loads():
    assert sorted(kit.__all__) == list(kit.__all__)
    for name in kit.__all__:
        assert getattr(kit, name) is not None
    assert set(kit.__all__) <= set(dir(kit))
    with pytest.raises(AttributeError):
        kit.no_such_name  # noqa: B018


def test_stock_is_given_by_location_sku_and_lot():
    kernel = Kernel(clock=ManualClock(), ids=CountedIds())
    given_stock(kernel, {"WH1": {"TEA": 5, "MILK": {"L1": 2, "L2": 1}}, "WH2": {"TEA": 1, "CUP": 0}})
    given_stock(kernel, {"WH1": {"TEA": 1}})
    assert [kernel.available(sku) for sku in ("TEA", "MILK", "CUP")] == [7, 3, 0]
    assert_consistent(kernel)


def test_orders_are_placed_under_the_next_free_number():
    kernel = Kernel(clock=ManualClock(), ids=CountedIds())
    given_stock(kernel, {"WH1": {"TEA": 5}})
    first, second = (place(kernel, {"TEA": 2}, priority=3) for _ in range(2))
    assert first != second
    assert kernel.order(first).head.priority == 3
    with pytest.raises(Insufficient):
        place(kernel, {"TEA": 2})
    assert an_order() == PlaceOrder("shop", "1001", "EUR", an_order({"TEA": 1}).lines)


def test_inconsistent_books_are_found():
    kernel = Kernel(MemoryStore(), clock=ManualClock(), ids=CountedIds())
    given_stock(kernel, {"WH1": {"TEA": 5}})
    kernel.handle(Ship(place(kernel, {"TEA": 2})))
    assert_consistent(kernel)
    kernel.store._of("").rows["TEA", "loc/WH1", "", ""][0] += 1
    with pytest.raises(AssertionError):
        assert_consistent(kernel)


@given(strategies.skus(), strategies.currencies(), st.data())
@settings(max_examples=50)
def test_strategies_make_what_the_library_accepts(sku, currency, data):
    assert sku_of(sku) == sku
    assert currency in CURRENCIES
    assert isinstance(data.draw(strategies.money(currency)), Money)
    price = data.draw(strategies.prices(currency))
    assert (price.currency, price.amount >= 0) == (currency, True)
    assert data.draw(strategies.quantities()) >= 1


@given(strategies.orders(["TEA", "CUP", "postage"], locations=["WH1"]))
@settings(max_examples=40)
def test_any_order_of_the_strategy_is_placed_or_short_and_its_total_is_the_sum_of_its_lines(command):
    kernel = Kernel(clock=ManualClock(), ids=CountedIds())
    given_stock(kernel, {"WH1": {"TEA": 5, "CUP": 2}, "WH2": {"TEA": 2}})
    from ordercore import PutItem

    kernel.handle(PutItem("postage", tracking="none", delivery="service"))
    try:
        order = kernel.order(kernel.handle(command).result)
    except Insufficient:
        assert not kernel.orders()
    else:
        lines = zip(order.lines.values(), command.lines, strict=True)
        exact = sum(
            line.quantity * line.unit_price.amount
            - (line.discount.amount if line.discount else 0)
            + (line.tax.amount if line.tax else 0)
            for _, line in lines
        )
        assert order.total == exact
    assert_consistent(kernel)


ANSWERS = {
    "RefuseBooking": BookingRefused,
    "RecordManifest": ManifestMade,
}
"""What a worker says of a carrier, and an event that it comes to: nobody else knows, so the machine must not send it.

The other two answers, RecordBooking and RecordVoid, a person sends as well, about what was done over the telephone.
"""


def test_the_machine_sends_every_command_of_orders_and_stock_but_what_a_carrier_answers():
    import ordercore.testing.rules_of_orders as orders
    import ordercore.testing.rules_of_parcels as parcels
    import ordercore.testing.rules_of_stock as stock

    sources = "".join(inspect.getsource(module) for module in (orders, parcels, stock))
    catalog = {"PutItem", "PutLocation"}
    own = {kind.__name__ for kind in ROUTES if kind.__module__.startswith(("ordercore.order", "ordercore.stock"))}
    assert {name for name in own - catalog if f"{name}(" not in sources} == set(ANSWERS)


def test_the_rules_of_the_machine_lead_to_every_answer_of_a_carrier():
    met = set()

    class Watched(Machine):
        def look(self):
            super().look()
            met.update(type(record.event) for record in self.books.news)

    shop = shipped(Watched())
    shop.books_parcel(1, "balloon", 500, [])
    shop.books_another(1, ["unreached"])
    shop.tries_again(5, ["lost_after"])
    shop.tries_again(5, [])
    for mishaps in (["declined"], []):
        shop.closes_the_day(mishaps)
    for mishaps in (["declined"], []):
        shop.voids(1, mishaps)
    shop.parcels_are_what_the_carrier_has()
    answers = {
        *ANSWERS.values(),
        ManifestRefused,
        ParcelBooked,
        BookingVoided,
        VoidRefused,
        EffectFailed,
        EffectUncertain,
    }
    assert answers <= met, answers - met


def test_every_identity_is_an_invariant_of_the_machine_or_checked_at_its_end():
    source = inspect.getsource(inspect.getmodule(OrdercoreMachine))
    for module in (identities, identities_of_parcels):
        named = [
            name
            for name, thing in inspect.getmembers(module, inspect.isfunction)
            if thing.__module__ == module.__name__ and not name.startswith("_")
        ]
        assert len(named) >= 8
        assert [name for name in named if f"{module.__name__.rpartition('.')[2]}.{name}(" not in source] == []


# What is broken is found


def finds(machine, examples=60):
    """Run without shrinking until it fails."""
    quick = settings(
        max_examples=examples, stateful_step_count=40, phases=[Phase.generate], database=None, derandomize=True,
        suppress_health_check=list(HealthCheck), print_blob=False,
    )  # fmt: skip
    run_state_machine_as_test(machine, settings=quick)


class Machine(OrdercoreMachine):
    """In memory."""


def nothing_filled(*args, **kwargs):
    yield from ()
    return Filling()


class Forgetful(MemoryStore):
    """Knows no command id."""

    def read(self, queries, *, tenant=""):
        self._of(tenant).records.clear()
        return super().read(queries, tenant=tenant)


class Clamping(MemoryStore):
    """Cuts a balance off at three."""

    def commit(self, batch):
        result = super().commit(batch)
        for row in self._of(batch.tenant).rows.values():
            row[0] = min(row[0], 3)
        return result


def test_lines_left_beside_stock_are_found(monkeypatch):
    monkeypatch.setattr(flows_of_stock, "fill", nothing_filled)
    shop = Machine()
    shop.open_shop("on_place", "backorder")
    shop.places_what_may_wait([("COFFEE", 9, ""), ("COFFEE", 4, "")], 0, "backorder")
    shop.nobody_waits_beside_usable_stock()
    shop.receives("COFFEE", "WH1", 3, "L1", "available", 0)
    with pytest.raises(AssertionError, match="waits beside 3 COFFEE"):
        shop.nobody_waits_beside_usable_stock()


@pytest.mark.parametrize("broken", [Forgetful, Clamping])
def test_a_broken_store_is_found(broken):
    class Broken(OrdercoreMachine):
        def make_kernel(self):
            return Kernel(broken(), **self.wiring)

    with pytest.raises((AssertionError, Conflict)):
        finds(Broken)


def test_a_status_outside_of_its_table_is_found(monkeypatch):
    rows = {key: targets for key, targets in identities._TARGETS.items() if key[2] != "CancelLines"}
    assert len(rows) < sum(len(machine.transitions) for machine in LIFECYCLES)
    monkeypatch.setattr(identities, "_TARGETS", rows)
    shop = Machine()
    shop.open_shop("on_place", "refuse")
    shop.send(an_order({"TEA": 2}))
    shop.statuses_follow_their_lifecycles()
    shop.send(CancelLines("shop:1001"))
    with pytest.raises(AssertionError):
        shop.statuses_follow_their_lifecycles()


def test_an_order_without_an_end_is_found(monkeypatch):
    monkeypatch.setattr(sys.modules["ordercore.order.decide"], "deliver", lambda order, command: [])
    with pytest.raises(AssertionError):
        finds(Machine)


def shipped(shop):
    """A shop with an order in a parcel under way."""
    shop.open_shop("on_place", "refuse")
    shop.send(an_order({"TEA": 2}, ship_to=SOMEBODY))
    shop.send(Ship("shop:1001"))
    return shop


BOOK = BookParcel("shop:1001", "P1", CARRIER, "standard", 500)


def test_a_parcel_that_is_booked_twice_is_found(monkeypatch):
    monkeypatch.setattr(performing._Attempt, "finds", False)
    monkeypatch.setattr(performing._Attempt, "repeats", True)
    shop = shipped(Machine())
    shop.expect(["lost_after"])
    shop.send(BOOK)
    shop.parcels_are_what_the_carrier_has()
    shop.tries_again(5, [])
    with pytest.raises(AssertionError):
        shop.parcels_are_what_the_carrier_has()


def test_a_manifest_with_what_was_taken_back_is_found(monkeypatch):
    beside = flows_of_bookings._beside
    monkeypatch.setattr(
        flows_of_bookings, "_beside", lambda *of: (one for one in beside(*of) if not isinstance(one, DeleteDocument))
    )
    shop = shipped(Machine())
    shop.send(BOOK)
    shop.send(VoidBooking("shop:1001", "P1"))
    shop.parcels_are_what_the_carrier_has()
    shop.send(ManifestParcels(CARRIER))
    with pytest.raises(AssertionError):
        shop.parcels_are_what_the_carrier_has()


def test_an_effect_that_nobody_takes_up_is_found(monkeypatch):
    monkeypatch.setattr(Kernel, "_work_if_due", lambda kernel: None)
    monkeypatch.setattr(shopkeeping, "_work_if_due", lambda kernel: None)
    shop = shipped(Machine())
    shop.send(BOOK)
    with pytest.raises(AssertionError):
        shop.nothing_due_is_left_outside()


def test_a_booking_outside_of_its_table_is_found(monkeypatch):
    shop = shipped(Machine())
    shop.send(BOOK)
    shop.orders_show_their_bookings()
    monkeypatch.setitem(identities_of_parcels._MACHINES, "booking", identities_of_parcels.MANIFEST)
    with pytest.raises(AssertionError, match="the table of booking has no such row"):
        shop.orders_show_their_bookings()


def test_a_booking_that_the_carrier_does_not_have_is_found():
    shop = shipped(Machine())
    shop.send(BOOK)
    shop.orders_show_their_bookings()
    shop.network.desk.ledger._entries.clear()
    with pytest.raises(AssertionError):
        shop.parcels_are_what_the_carrier_has()


def test_whoever_is_killed_over_a_booking_asks_again_and_it_is_made_once():
    shop = shipped(Machine())
    shop.expect(["killed"])
    assert shop.send(BOOK).duplicate
    assert [one.status for one in shop.carriage.effects.values()] == ["pending"]
    shop.settle_everything()
    assert len(shop.network.desk.bookings) == 1
    shop.parcels_are_what_the_carrier_has()


def killed_beside_another():
    """A shop where a list and a void are due at once, and whoever takes one up is killed over it; the other has no lease."""
    shop = shipped(Machine())
    shop.send(BOOK)
    shop.expect(["unreached"])
    shop.send(ManifestParcels(CARRIER))
    shop.expect(["unreached"])
    shop.send(VoidBooking("shop:1001", "P1"))
    shop.tries_again(1, ["killed"])
    assert [one.status for one in shop.carriage.unsettled()] == ["pending"]
    return shop


def test_what_a_killed_worker_had_leased_waits_until_the_lease_ends():
    shop = killed_beside_another()
    shop.nothing_due_is_left_outside()
    shop.tries_again(1, [])
    shop.nothing_due_is_left_outside()
    assert [one.status for one in shop.carriage.unsettled()] == ["pending"]
    shop.settle_everything()


def test_what_nobody_takes_up_after_the_lease_of_a_killed_worker_is_found():
    shop = killed_beside_another()
    shop.clock.advance(minutes=6)
    with pytest.raises(AssertionError):
        shop.nothing_due_is_left_outside()


def test_a_void_that_is_told_by_hand_while_a_worker_is_at_it_is_settled():
    shop = shipped(Machine())
    shop.send(BOOK)
    for fault in ("unreached", "lost_after"):
        shop.expect([fault])
        shop.send(VoidBooking("shop:1001", "P1"))
        shop.tell_void("shop:1001", "P1")
        shop.settle_everything()
        shop.parcels_are_what_the_carrier_has()
        shop.send(BOOK)


def test_two_carriers_that_were_asked_for_different_things_are_found():
    class Differs(DifferentialMachine):
        @property
        def other_wiring(self):
            return super().other_wiring | {"transport": Network(CARRIER, "query")}

    shop = Differs()
    with pytest.raises(AssertionError):
        shipped(shop).send(BOOK)


def test_two_stores_that_differ_are_found():
    class Differs(DifferentialMachine):
        def make_other(self):
            return Kernel(Clamping(), **self.other_wiring)

    with pytest.raises(AssertionError):
        finds(Differs)


# Orders, moves, addresses and deliveries by chance


@given(st.lists(strategies.orders() | strategies.stock_moves(), max_size=8))
@settings(max_examples=25)
def test_whatever_is_asked_the_books_are_right(commands):
    kernel = Kernel(clock=ManualClock(), ids=CountedIds())
    given_stock(kernel, {"WH1": {"TEA": 5, "CUP": 5}, "WH2": {"TEA": 5}})
    for command in commands:
        with suppress(Rejected):
            kernel.handle(command)
    assert_consistent(kernel)


@given(strategies.addresses())
@settings(max_examples=30)
def test_an_address_is_one_that_an_order_takes(address):
    kernel = Kernel(clock=ManualClock(), ids=CountedIds())
    given_stock(kernel, {"WH1": {"TEA": 5}})
    place(kernel, [("TEA", 1)], ship_to=address)
    assert address.name not in repr(kernel.log())


@given(st.lists(strategies.transmissions(), max_size=5))
@settings(max_examples=25)
def test_every_delivery_is_orders_or_waits_for_a_person(deliveries):
    kernel = Kernel(clock=ManualClock(), ids=CountedIds(), channels={"shop": MemoryChannel()})
    given_stock(kernel, {"WH1": {"TEA": 100, "CUP": 100}})
    for delivery in deliveries:
        report = kernel.receive("shop", delivery)
        assert report.accepted or report.unchanged or report.stale or report.problems
    assert_consistent(kernel)


@pytest.mark.parametrize(
    "lines", [{"TEA": 2, "CUP": 1}, [("TEA", 2), ("CUP", 1)], [("TEA", 2, "1.00"), Line("CUP", 1, "1.00")]]
)
def test_lines_are_written_as_it_is_shortest(lines):
    command = an_order(lines)
    assert [(line.sku, line.quantity, line.unit_price) for line in command.lines] == [
        ("TEA", 2, "1.00"),
        ("CUP", 1, "1.00"),
    ]
    assert an_order().lines == an_order([("TEA", 1)]).lines


# A host's own rule


class Thief(OrdercoreMachine):
    """With a rule of its own, and an invariant that the rule breaks."""

    @rule(units=st.integers(1, 3))
    def somebody_takes_tea(self, units):
        self.send(AdjustStock("WH1", "TEA", -units, "gone"))

    @invariant()
    def nothing_is_gone(self):
        assert not any(
            isinstance(record.event, StockAdjusted) and record.event.reason == "gone" for record in self.books.news
        )


def test_a_rule_of_the_hosts_own_is_tried_and_its_invariant_is_asked():
    with pytest.raises(AssertionError, match=r"somebody_takes_tea\(units=1\)"):
        finds(Thief)
