"""Lines of one SKU share what there is, and make room for each other."""

import pytest

from ordercore.plan import Demand, Leg, Site, Sites, Sourcing
from ordercore.sourcing import STRATEGIES, priority, source

A, B, C, D = "loc/A", "loc/B", "loc/C", "loc/D"
SITES = Sites({place: Site(place, place[4:], rank=n) for n, place in enumerate((A, B, C, D))})


def legs(demands, there, floors=None):
    plan = source(priority, Sourcing(tuple(demands), {"TEA": there}, SITES, floors=floors or {}))
    return [(leg.line, leg.place, leg.quantity) for leg in plan.legs]


def test_two_lines_of_one_sku_are_not_promised_the_same_units():
    two = [Demand("1", "TEA", 3), Demand("2", "TEA", 3)]
    assert legs(two, {A: 5}) == [("1", A, 3), ("2", A, 2)]


def test_an_order_of_thirteen_takes_ten_and_three():
    assert legs([Demand("1", "TEA", 13)], {A: 10, B: 2, C: 15}) == [("1", C, 13)]
    assert legs([Demand("1", "TEA", 13)], {A: 10, B: 12}) == [("1", A, 10), ("1", B, 3)]


def test_a_line_is_split_only_where_no_site_has_it_whole():
    assert legs([Demand("1", "TEA", 3)], {A: 2, B: 2, C: 3}) == [("1", C, 3)]
    assert legs([Demand("1", "TEA", 4)], {A: 2, B: 1, C: 3}) == [("1", A, 2), ("1", B, 1), ("1", C, 1)]


def test_a_line_makes_room_for_a_pinned_one():
    lines = [Demand("1", "TEA", 5), Demand("2", "TEA", 5, place=A)]
    assert legs(lines, {A: 5, B: 5}) == [("1", B, 5), ("2", A, 5)]


def test_only_as_many_units_move_as_are_needed():
    lines = [Demand("1", "TEA", 5), Demand("2", "TEA", 2, place=A)]
    assert legs(lines, {A: 5, B: 5}) == [("1", A, 3), ("1", B, 2), ("2", A, 2)]


def test_room_is_made_along_a_chain_of_lines():
    lines = [
        Demand("1", "TEA", 1, excluded=frozenset({C, D})),
        Demand("2", "TEA", 1, excluded=frozenset({A, D})),
        Demand("3", "TEA", 1, excluded=frozenset({A, B})),
        Demand("4", "TEA", 1, place=A),
    ]
    assert legs(lines, {A: 1, B: 1, C: 1, D: 1}) == [("1", B, 1), ("2", C, 1), ("3", D, 1), ("4", A, 1)]


def test_a_first_line_keeps_what_a_pinned_one_lacks_when_there_is_no_other():
    lines = [Demand("1", "TEA", 5), Demand("2", "TEA", 5, place=A)]
    assert legs(lines, {A: 6}) == [("1", A, 5), ("2", A, 1)]


def test_lines_of_other_skus_stay_where_they_are_when_room_is_made():
    demands = (Demand("1", "TEA", 1), Demand("2", "CUP", 1), Demand("3", "TEA", 1, place=A))
    plan = source(priority, Sourcing(demands, {"TEA": {A: 1, B: 1}, "CUP": {A: 1}}, SITES))
    assert plan.legs == (Leg("1", "TEA", B, 1), Leg("2", "CUP", A, 1), Leg("3", "TEA", A, 1))


def test_a_floor_stays_where_it_is_for_all_lines_together():
    lines = [Demand("1", "TEA", 3), Demand("2", "TEA", 3), Demand("3", "TEA", 3)]
    assert legs(lines, {A: 5, B: 9}, {("TEA", A): 2, ("TEA", B): 4}) == [("1", A, 3), ("2", B, 3), ("3", B, 2)]


@pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)
def test_without_demand_supply_or_sites_there_is_an_empty_plan(strategy):
    line = Demand("1", "TEA", 2)
    assert source(strategy, Sourcing((), {"TEA": {A: 5}}, SITES)).legs == ()
    for request in (
        Sourcing((line,), {}, SITES),
        Sourcing((line,), {"TEA": {}}, SITES),
        Sourcing((line,), {"TEA": {A: 5}}, {}),
        Sourcing((line,), {"TEA": {A: 5}}, SITES, floors={("TEA", A): 9}),
    ):
        plan = source(strategy, request)
        assert (plan.legs, [one.quantity for one in plan.missing]) == ((), [2])
