"""How much to order: to the maximum, net of what is coming, in whole packs, never below the minimum."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from ordercore.balance import Balance
from ordercore.planning import needed, rounded_up, suggest

UNITS = st.integers(0, 10_000)
BALANCES = st.builds(Balance, UNITS, UNITS, UNITS, UNITS, UNITS, UNITS)
PACKS = st.integers(1, 144)
MINIMA = st.integers(0, 500)
LEVELS = st.integers(0, 20_000)


def case(order_up_to, balance, pack=1, minimum=0):
    return suggest(order_up_to=order_up_to, reorder_point=0, balance=balance, pack=pack, minimum=minimum)


def test_the_arithmetic_reads_as_it_is_reckoned():
    made = case(40, Balance(10, on_order=12, waiting=6), pack=12)
    assert str(made) == "24 = 40 up to - 10 free - 12 on order + 6 waiting, rounded up to packs of 12"
    assert str(made.balance) == "10 free + 12 on order - 6 waiting"


def test_it_says_why_it_is_more_than_is_needed():
    assert str(case(40, Balance(35), minimum=20)) == "20 = 40 up to - 35 free, at least 20"
    made = case(40, Balance(9, in_transfer=3, later=5, unapproved=7), pack=10)
    assert str(made) == (
        "20 = 40 up to - 9 free - 3 in transfer - 5 on order for later - 7 not approved yet, rounded up to packs of 10"
    )


@given(LEVELS, BALANCES, PACKS, MINIMA)
def test_after_it_the_position_is_at_the_maximum_and_less_than_a_rounding_above(order_up_to, balance, pack, minimum):
    made = case(order_up_to, balance, pack, minimum)
    if made is None:
        assert balance.position >= order_up_to
        return
    assert made.position_after == balance.position + made.quantity
    assert order_up_to <= made.position_after < order_up_to + max(pack, minimum + pack)


@given(LEVELS, BALANCES, PACKS, MINIMA)
def test_it_is_whole_packs_and_never_below_the_minimum(order_up_to, balance, pack, minimum):
    made = case(order_up_to, balance, pack, minimum)
    if made is not None:
        assert made.quantity % pack == 0
        assert made.quantity >= minimum
        assert made.quantity >= made.needed > 0


@given(LEVELS, BALANCES, UNITS, st.sampled_from(["on_order", "in_transfer", "later", "unapproved"]))
def test_what_is_coming_is_ordered_less(order_up_to, balance, more, part):
    coming = evolve(balance, **{part: getattr(balance, part) + more})
    assert needed(order_up_to, coming) == max(0, order_up_to - balance.position - more)


@given(LEVELS, BALANCES, PACKS, MINIMA, UNITS)
def test_less_stock_or_a_higher_maximum_never_orders_less(order_up_to, balance, pack, minimum, more):
    def quantity(level, free):
        made = case(level, Balance(free, balance.on_order, waiting=balance.waiting), pack, minimum)
        return made.quantity if made is not None else 0

    before = quantity(order_up_to, balance.available + more)
    assert quantity(order_up_to, balance.available) >= before
    assert quantity(order_up_to + more, balance.available + more) >= before


@pytest.mark.parametrize(
    ("units", "pack", "minimum", "rounded"),
    [(0, 12, 24, 0), (1, 12, 0, 12), (12, 12, 0, 12), (13, 12, 0, 24), (1, 12, 30, 36), (5, 1, 3, 5)],
)
def test_rounding(units, pack, minimum, rounded):
    assert rounded_up(units, pack=pack, minimum=minimum) == rounded
