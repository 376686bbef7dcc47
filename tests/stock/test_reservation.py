from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ordercore.errors import BrokenRule, InvalidCommand, NotFound, TransitionRefused
from ordercore.lifecycle import RESERVATION
from ordercore.message import Context
from ordercore.plan import Leg, Plan
from ordercore.stock import CartLine, ExtendReservation, ReserveCart
from ordercore.stock.decide import LONGEST_SECONDS, expire, extend, release, reserve, wanted
from ordercore.stock.reservation import fold_reservation, upgrade
from ordercore.store import postings_of

START = datetime(2026, 3, 1, tzinfo=UTC)
STREAM = "reservation/C1"


def at(seconds):
    now = START + timedelta(seconds=seconds)
    return Context("c1", now, now)


def legs(*quantities):
    return tuple(Leg(str(n), "TEA", "loc/WH1", quantity) for n, quantity in enumerate(quantities))


def reserved(*quantities, seconds=900):
    event = reserve(None, ReserveCart("C1", [], seconds), Plan(legs(*quantities), (), "nearest", 1), at(0))
    return fold_reservation(None, [event], STREAM)


def test_a_cart_is_kept_until_it_expires():
    assert reserved(3, seconds=900).expires_at == START + timedelta(seconds=900)


@pytest.mark.parametrize("seconds", [0, -1, True, 1.5, LONGEST_SECONDS + 1, 2**70])
def test_a_cart_is_kept_for_one_second_to_thirty_days(seconds):
    for decided in (
        lambda: reserved(1, seconds=seconds),
        lambda: extend(reserved(1), ExtendReservation("C1", seconds), at(1)),
    ):
        with pytest.raises(InvalidCommand) as caught:
            decided()
        assert caught.value.path == "expires_after_seconds"


def test_extending_moves_the_expiry():
    state = reserved(3)
    state = fold_reservation(state, [extend(state, ExtendReservation("C1", 900), at(800))], STREAM)
    assert state.expires_at == START + timedelta(seconds=1700)
    with pytest.raises(TransitionRefused) as caught:
        expire(state, START + timedelta(seconds=900))
    assert "ExpireReservation" not in caught.value.allowed


def test_overdue_is_expired_whether_a_worker_came_by_or_not():
    state = reserved(3)
    for decided in (
        lambda: upgrade(state, "shop:1", at(900)),
        lambda: extend(state, ExtendReservation("C1"), at(900)),
        lambda: reserve(state, ReserveCart("C1", []), Plan(legs(1), (), "nearest", 1), at(900)),
    ):
        with pytest.raises(TransitionRefused) as caught:
            decided()
        assert caught.value.state == "expired"
    assert expire(state, START + timedelta(seconds=900)).contents == state.contents
    assert release(state).contents == state.contents


def test_a_stream_begins_with_a_reservation():
    with pytest.raises(BrokenRule, match="cannot begin"):
        fold_reservation(None, [release(reserved(1))], STREAM)


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        ("lines", []),
        ("lines[0].line_id", [CartLine("", "TEA", 1)]),
        ("lines[1].line_id", [CartLine("1", "TEA", 1), CartLine("1", "CUP", 1)]),
        ("lines[0].quantity", [CartLine("1", "TEA", 0)]),
        ("lines[0].sku", [CartLine("1", "POSTAGE", 1)]),
        ("lines[0].sku", [CartLine("1", "OLD", 1)]),
        ("lines[0].sku", [CartLine("1", "COFEE", 1)]),
    ],
)
def test_a_cart_that_cannot_be_is_refused_with_its_path(items, path, lines):
    with pytest.raises((InvalidCommand, NotFound)) as caught:
        wanted(ReserveCart("C1", lines), items, {}, 10)
    assert caught.value.path == path


def test_a_line_may_be_pinned(items):
    command = ReserveCart("C1", [CartLine("1", "TEA", 2, "WH2"), CartLine("2", "TEA", 1)])
    assert [one.place for one in wanted(command, items, {"WH2": "loc/WH2"}, 10)] == ["loc/WH2", None]


class Cart(RuleBasedStateMachine):
    """One cart under any commands at any time: its table holds, and its postings are what its state says."""

    def __init__(self):
        super().__init__()
        self.state = None
        self.seconds = 0
        self.held = Counter()

    def do(self, command, decided):
        status = self.state.status if self.state else None
        try:
            event = decided()
        except TransitionRefused:
            return
        if status is not None:
            assert command in RESERVATION.allowed[status]
        for one in postings_of(event):
            assert {one.source_bucket, one.target_bucket} == {"available", "soft_reserved"}
            assert one.source == one.target
            sign = 1 if one.target_bucket == "soft_reserved" else -1
            self.held[one.claimant, one.source] += sign * one.quantity
        before, self.state = self.state, fold_reservation(self.state, [event], STREAM)
        if before is not None:
            targets = next(t for s, c, t, _ in RESERVATION.transitions if (s, c) == (status, command))
            assert self.state.status in targets

    @rule(quantities=st.lists(st.integers(1, 9), min_size=1, max_size=3), seconds=st.integers(1, 100))
    def reserves(self, quantities, seconds):
        plan = Plan(legs(*quantities), (), "nearest", 1)
        self.do("ReserveCart", lambda: reserve(self.state, ReserveCart("C1", [], seconds), plan, at(self.seconds)))

    @rule(seconds=st.integers(1, 100))
    def waits(self, seconds):
        self.seconds += seconds

    @precondition(lambda self: self.state)
    @rule(seconds=st.integers(1, 100))
    def extends(self, seconds):
        self.do("ExtendReservation", lambda: extend(self.state, ExtendReservation("C1", seconds), at(self.seconds)))

    @precondition(lambda self: self.state)
    @rule()
    def places(self):
        self.do("PlaceOrder", lambda: upgrade(self.state, "shop:1", at(self.seconds)))

    @precondition(lambda self: self.state)
    @rule()
    def releases(self):
        self.do("ReleaseReservation", lambda: release(self.state))

    @precondition(lambda self: self.state)
    @rule()
    def expires(self):
        self.do("ExpireReservation", lambda: expire(self.state, at(self.seconds).now))

    @invariant()
    def what_is_held_is_what_the_state_says(self):
        contents = self.state.contents if self.state else ()
        assert +self.held == Counter({(leg.line, leg.place): leg.quantity for leg in contents})
        assert min(self.held.values(), default=0) >= 0

    @invariant()
    def only_a_soft_reservation_holds_anything(self):
        assert self.state is None or bool(self.state.contents) is (self.state.status == "soft")


TestCart = Cart.TestCase
