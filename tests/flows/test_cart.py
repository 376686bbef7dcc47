from datetime import timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ordercore.catalog import PutItem, PutLocation
from ordercore.errors import Insufficient, InvalidCommand, NotFound, Rejected, TransitionRefused
from ordercore.flows.cart import EXPIRE
from ordercore.flows.record import waiting_key
from ordercore.order import Line, PlaceOrder
from ordercore.stock import (
    CartLine,
    ExpireReservation,
    ExtendReservation,
    Received,
    ReceiveStock,
    ReleaseReservation,
    ReserveCart,
)
from ordercore.store.memory import MemoryStore


@pytest.fixture
def stocked(bench):
    bench(ReceiveStock("WH1", [Received("TEA", 5), Received("CUP", 5)]))
    bench(ReceiveStock("WH2", [Received("TEA", 5)]))
    return bench


def cart(*quantities, name="C1", sku="TEA", **more):
    return ReserveCart(name, [CartLine(str(n), sku, quantity) for n, quantity in enumerate(quantities, 1)], **more)


def order(quantity, reservation="", name="1001", **more):
    return PlaceOrder("shop", name, "EUR", [Line("TEA", quantity, "1.00")], reservation=reservation, **more)


def soft(bench, sku="TEA"):
    return sum(bench.units(sku, f"loc/{code}").get("soft_reserved", 0) for code in ("WH1", "WH2"))


def due(bench):
    return [
        (one.kind, one.key, one.due)
        for one in bench.store.lease_due("test", bench.now + timedelta(days=40), timedelta(0))
    ]


def test_a_cart_is_kept_from_several_places_with_a_timer(stocked):
    assert stocked(cart(5, 3))[0] == "C1"
    assert soft(stocked) == 8
    assert due(stocked) == [(EXPIRE, "C1", stocked.now + timedelta(seconds=900))]


def test_a_cart_is_kept_whole_or_not_at_all(stocked):
    with pytest.raises(Insufficient) as caught:
        stocked(cart(5, 6))
    assert (caught.value.found_by, caught.value.shortages) == ("planning", (("2", "TEA", 1),))
    assert soft(stocked) == 0


def test_lines_of_one_sku_share_what_there_is(stocked):
    with pytest.raises(Insufficient):
        stocked(cart(3, 3, sku="CUP"))


def test_a_pinned_line_takes_from_its_location_alone(stocked):
    stocked(ReserveCart("C1", [CartLine("1", "TEA", 5, "WH2")]))
    assert stocked.units("TEA", "loc/WH2") == {"soft_reserved": 5}
    with pytest.raises(Insufficient):
        stocked(ReserveCart("C2", [CartLine("1", "TEA", 1, "WH2")]))


def test_a_location_that_does_not_sell_keeps_nothing_for_carts(stocked):
    stocked(PutLocation("WH1", "One", sellable=False))
    stocked(cart(5))
    assert stocked.units("TEA", "loc/WH2") == {"soft_reserved": 5}
    with pytest.raises(Insufficient):
        stocked(cart(1, name="C2"))


def test_safety_stock_is_not_for_carts(stocked):
    stocked(PutItem("CUP", "Cup", safety_stock=2))
    with pytest.raises(Insufficient):
        stocked(cart(4, sku="CUP"))
    stocked(cart(3, sku="CUP"))
    assert stocked.units("CUP") == {"available": 2, "soft_reserved": 3}


def test_a_cart_keeps_what_it_holds_when_safety_stock_is_raised(stocked):
    stocked(cart(4, sku="CUP"))
    stocked(PutItem("CUP", "Cup", safety_stock=4))
    stocked(cart(4, sku="CUP"))
    with pytest.raises(Insufficient):
        stocked(cart(5, sku="CUP"))
    assert stocked.units("CUP") == {"available": 1, "soft_reserved": 4}


def test_safety_stock_stays_when_two_carts_race(stocked):
    stocked(PutItem("CUP", "Cup", safety_stock=2))
    stocked.before_commit.append(lambda: stocked(cart(2, sku="CUP", name="C2")))
    with pytest.raises(Insufficient):
        stocked(cart(2, sku="CUP"))
    assert stocked.units("CUP") == {"available": 3, "soft_reserved": 2}


def test_what_a_cart_leaves_fills_waiting_lines_but_what_it_takes_instead_does_not(stocked):
    stocked(cart(5))
    stocked(PlaceOrder("shop", "1", "EUR", [Line("TEA", 7, "1.00", location="WH1")], shortage="backorder"))
    stocked(ReserveCart("C1", [CartLine("1", "TEA", 5, "WH2")]))
    assert stocked.units("TEA", "loc/WH1") == {"reserved": 5}
    assert stocked.units("TEA", "loc/WH2") == {"soft_reserved": 5}


def test_reserving_again_replaces_the_content_in_one_commit(stocked):
    stocked(cart(10))
    _, (event,) = stocked(cart(7, 2))
    assert sum(leg.quantity for leg in event.replaced) == 10
    assert soft(stocked) == 9
    stocked(cart(1, sku="CUP"))
    assert (soft(stocked), soft(stocked, "CUP")) == (0, 1)
    assert len(due(stocked)) == 1


def test_a_replacement_that_is_short_leaves_the_cart_as_it_was(stocked):
    stocked(cart(6))
    with pytest.raises(Insufficient):
        stocked(cart(11))
    assert soft(stocked) == 6


def test_extending_moves_the_timer(stocked):
    stocked(cart(1))
    stocked.later(seconds=600)
    stocked(ExtendReservation("C1", 900))
    assert due(stocked) == [(EXPIRE, "C1", stocked.now + timedelta(seconds=900))]
    stocked.later(seconds=600)
    with pytest.raises(TransitionRefused):
        stocked(ExpireReservation("C1"))
    assert soft(stocked) == 1


def test_what_a_cart_gives_back_fills_waiting_lines(stocked):
    stocked(cart(10))
    stocked(order(3, name="1001", shortage="backorder"))
    stocked(ReleaseReservation("C1"))
    assert stocked.document("waiting", waiting_key("shop:1001", "1")) is None
    assert soft(stocked) == 0
    assert due(stocked) == []


def test_an_expired_cart_is_given_back_once(stocked):
    stocked(cart(10))
    stocked.later(seconds=900)
    stocked(ExpireReservation("C1"))
    assert soft(stocked) == 0
    for command in (
        ExpireReservation("C1"),
        ReleaseReservation("C1"),
        ExtendReservation("C1"),
        cart(1),
        order(1, "C1"),
    ):
        with pytest.raises(TransitionRefused):
            stocked(command)


def test_an_order_takes_over_what_the_cart_holds_without_a_free_instant(stocked):
    stocked(cart(10))
    _, events = stocked(order(10, "C1"))
    names = {type(event).__name__ for event in events}
    assert {"ReservationUpgraded", "OrderAllocated"} <= names
    reserved = [stocked.units("TEA", f"loc/{code}") for code in ("WH1", "WH2")]
    assert reserved == [{"reserved": 5}, {"reserved": 5}]
    with pytest.raises(TransitionRefused) as caught:
        stocked(order(1, "C1", "1002"))
    assert caught.value.state == "upgraded"


@pytest.mark.parametrize("first", ["confirm", "expire"])
def test_confirming_and_expiring_at_the_same_moment_have_one_winner(stocked, first):
    stocked(cart(10))
    confirm = order(10, "C1")
    stocked.later(seconds=899)
    confirmed_at = stocked.now

    def expires():
        stocked.later(seconds=1)
        stocked(ExpireReservation("C1"))
        stocked.now = confirmed_at

    if first == "expire":
        stocked.before_commit.append(expires)
        with pytest.raises(TransitionRefused):
            stocked(confirm)
        assert stocked.units("TEA") == {"available": 5}
    else:
        stocked.later(seconds=1)
        now = stocked.now

        def confirms():
            stocked.now = confirmed_at
            stocked(confirm)
            stocked.now = now

        stocked.before_commit.append(confirms)
        with pytest.raises(TransitionRefused):
            stocked(ExpireReservation("C1"))
        assert stocked.units("TEA") == {"reserved": 5}


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("cart", ReserveCart("\ud800", [CartLine("1", "TEA", 1)])),
        ("cart", ReleaseReservation("\ud800")),
        ("cart", ReleaseReservation("C9")),
        ("cart", ExtendReservation("C9")),
        ("cart", ExpireReservation("C9")),
        ("lines", ReserveCart("C1", [])),
        ("lines[0].sku", ReserveCart("C1", [CartLine("1", "\ud800", 1)])),
        ("lines[0].location", ReserveCart("C1", [CartLine("1", "TEA", 1, "WH9")])),
        ("expires_after_seconds", ReserveCart("C1", [CartLine("1", "TEA", 1)], 0)),
    ],
)
def test_what_cannot_be_is_refused_with_its_path(stocked, path, command):
    with pytest.raises((InvalidCommand, NotFound)) as caught:
        stocked(command)
    assert caught.value.path == path
    assert soft(stocked) == 0


@pytest.fixture(autouse=True)
def _machine(request, make_bench):
    Carts.make = staticmethod(make_bench)


class Carts(RuleBasedStateMachine):
    """Three carts over two items: what is soft reserved is what the carts say, and no unit is made or lost."""

    carts = st.sampled_from(["C1", "C2", "C3"])

    @initialize()
    def begin(self):
        self.bench = self.make(MemoryStore())
        self.bench(ReceiveStock("WH1", [Received("TEA", 5), Received("CUP", 5)]))
        self.bench(ReceiveStock("WH2", [Received("TEA", 5)]))
        self.held = {}
        self.sold = 0

    def send(self, command):
        try:
            return self.bench(command)
        except Rejected:
            return None

    @rule(name=carts, tea=st.integers(0, 6), cups=st.integers(0, 3), seconds=st.integers(1, 300))
    def reserves(self, name, tea, cups, seconds):
        lines = [CartLine(sku, sku, units) for sku, units in (("TEA", tea), ("CUP", cups)) if units]
        if self.send(ReserveCart(name, lines, seconds)):
            self.held[name] = tea + cups

    @rule(name=carts)
    def releases(self, name):
        if self.send(ReleaseReservation(name)):
            del self.held[name]

    @rule(seconds=st.integers(1, 400))
    def time_goes_by(self, seconds):
        self.bench.later(seconds=seconds)

    @rule(name=carts)
    def expires(self, name):
        if self.send(ExpireReservation(name)):
            del self.held[name]

    @precondition(lambda self: self.held)
    @rule(name=carts, units=st.integers(1, 8))
    def places(self, name, units):
        if self.send(order(units, name, f"{self.bench.sent}")):
            del self.held[name]
            self.sold += units

    @invariant()
    def every_unit_is_in_one_place(self):
        if hasattr(self, "bench"):
            rows = [self.bench.units(sku, place) for sku in ("TEA", "CUP") for place in ("loc/WH1", "loc/WH2")]
            assert sum(row.get("soft_reserved", 0) for row in rows) == sum(self.held.values())
            assert sum(row.get("reserved", 0) for row in rows) == self.sold
            assert sum(sum(row.values()) for row in rows) == 15

    def teardown(self):
        if hasattr(self, "bench"):
            assert self.bench.store.verify() == ()


TestCarts = Carts.TestCase
