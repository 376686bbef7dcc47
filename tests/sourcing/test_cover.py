"""The fewest parcels, exact while the search is short and sound beyond."""

from itertools import chain, combinations
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercore.plan import Demand, Site, Sites, Sourcing
from ordercore.sourcing import cover, fewest_parcels, source
from ordercore.sourcing.cover import MOST_GROUPS, MOST_STEPS, cheapest, problem_of
from ordercore.values import GeoPoint


def shop(count, there, lines, *, floors=None):
    """`there` maps SKU to the units at each of `count` places, which lie ever farther from the destination."""
    places = [f"loc/{n:02}" for n in range(count)]
    sites = Sites({place: Site(place, place[4:], point=GeoPoint(n * 1_000_000, 0)) for n, place in enumerate(places)})
    supply = {sku: dict(zip(places, units, strict=True)) for sku, units in there.items()}
    return Sourcing(tuple(lines), supply, sites, GeoPoint(0, 0), floors or {})


def chosen(request):
    return [place[4:] for place in source(fewest_parcels, request).places]


TEA, CUP, JAR = Demand("1", "TEA", 1), Demand("2", "CUP", 1), Demand("3", "JAR", 1)


def test_one_parcel_from_afar_beats_two_from_nearby():
    assert chosen(shop(3, {"TEA": [1, 0, 1], "CUP": [0, 1, 1]}, [TEA, CUP])) == ["02"]


def test_of_equally_many_parcels_those_over_fewer_metres_win():
    # Greedy takes 03, which has two of three, and then needs 04; 00 with 02 is nearer.
    there = {"TEA": [1, 0, 0, 1, 0], "CUP": [1, 0, 0, 1, 0], "JAR": [0, 0, 1, 0, 1]}
    assert sorted(chosen(shop(5, there, [TEA, CUP, JAR]))) == ["00", "02"]


def test_where_greedy_needs_three_parcels_two_are_found():
    lines = [Demand(f"{n}", f"S{n}", 1) for n in range(6)]
    halves = [(0, 1, 2), (3, 4, 5), (1, 2, 3, 4), (0,), (5,)]  # the third has most, and misleads
    there = {f"S{n}": [int(n in half) for half in halves] for n in range(6)}
    assert sorted(chosen(shop(5, there, lines))) == ["00", "01"]


def test_the_greedy_cover_drops_what_turned_out_to_be_unnecessary(monkeypatch):
    monkeypatch.setattr(cover, "MOST_STEPS", 1)
    lines = [Demand(f"{n}", f"S{n}", 1) for n in range(6)]
    there = {f"S{n}": [int(n in half) for half in [(1, 2, 3, 4), (0, 1, 2), (3, 4, 5)]] for n in range(6)}
    assert sorted(chosen(shop(3, there, lines))) == ["01", "02"]


@given(
    st.lists(st.lists(st.integers(0, 2), min_size=4, max_size=4), min_size=1, max_size=7),
    st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.integers(0, 2)), min_size=7, max_size=7),
    st.lists(st.integers(1, 3), min_size=4, max_size=4),
)
def test_no_set_of_sites_is_better_than_the_cover(stock, where, wanted):
    codes = range(len(stock))
    sites = {
        f"loc/{n}": Site(f"loc/{n}", f"{n}", point=GeoPoint(far * 1_000_000, 0) if known else None, rank=rank)
        for n, (known, far, rank) in zip(codes, where, strict=False)
    }
    lines = tuple(Demand(f"{k}", f"S{k}", units) for k, units in enumerate(wanted))
    supply = {f"S{k}": {f"loc/{n}": stock[n][k] for n in codes} for k in range(4)}
    problem = problem_of(Sourcing(lines, supply, sites, GeoPoint(0, 0)))
    at = [int(place.removeprefix("loc/")) for place in problem.places]

    def short(some):
        return sum(max(0, units - sum(stock[at[n]][k] for n in some)) for k, units in enumerate(wanted))

    def price(some):
        chosen = [where[at[n]] for n in some]
        metres = [GeoPoint(0, 0).metres_to(GeoPoint(far * 1_000_000, 0)) for known, far, _ in chosen if known]
        return short(some), len(some), len(some) - len(metres), sum(metres), sum(rank for _, _, rank in chosen), some

    sets = list(chain.from_iterable(combinations(codes, size) for size in range(len(stock) + 1)))
    assert cheapest(problem) == (min(sets, key=price), True)
    for n in codes:
        with_it = min((some for some in sets if n in some and short(some) == short(codes)), key=price)
        assert cheapest(problem, with_candidate=n) == (with_it, True)
        assert cheapest(problem, with_candidate=n, at_most=len(with_it) - 1) is None


def test_missing_units_come_before_parcels():
    assert sorted(chosen(shop(3, {"TEA": [9, 2, 1]}, [Demand("1", "TEA", 12)]))) == ["00", "01", "02"]


def test_units_kept_back_make_no_parcel():
    request = shop(2, {"TEA": [5, 5]}, [Demand("1", "TEA", 4)], floors={("TEA", "loc/00"): 3})
    assert chosen(request) == ["01"]


def test_a_pinned_line_brings_its_place_and_the_rest_joins_it():
    lines = [Demand("1", "TEA", 1, place="loc/02"), Demand("3", "TEA", 1), CUP]
    assert chosen(shop(3, {"TEA": [5, 5, 5], "CUP": [0, 0, 0]}, lines)) == ["02"]


def test_the_bound_for_eight_places_is_as_stated():
    assert sum(comb(8, chosen) for size in range(1, 9) for chosen in range(size + 1)) == 1_279 < MOST_STEPS


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 8])
def test_beyond_the_limit_the_plan_serves_as_much_without_an_unnecessary_parcel(monkeypatch, steps):
    monkeypatch.setattr(cover, "MOST_STEPS", steps)
    lines = [Demand(f"{n}", f"S{n}", 3) for n in range(6)]
    there = {f"S{n}": [(n * k) % 4 for k in range(12)] for n in range(6)}
    request = shop(12, there, lines)
    plan = source(fewest_parcels, request)
    assert not cheapest(problem_of(request)).exact
    assert sum(one.quantity for one in plan.missing) == sum(max(0, 3 - sum(units)) for units in there.values())
    for place in plan.places:
        fewer = {sku: {at: n for at, n in units.items() if at != place} for sku, units in request.supply.items()}
        without = [at for at in plan.places if at != place]
        assert any(sum(fewer[sku].get(at, 0) for at in without) < min(3, sum(there[sku])) for sku in fewer)
    assert {one.reason for one in plan.explain().rejected} <= {"no_stock", "not_needed", "farther", "too_few"}


def test_lines_that_differ_in_too_many_ways_still_get_all_there_is_from_no_place_too_many():
    count = MOST_GROUPS + 1
    lines = [Demand(f"{n}", "TEA", 1, excluded=frozenset({f"loc/{n:02}"})) for n in range(count)]
    request = shop(count + 1, {"TEA": [1] * count + [2]}, lines)
    plan = source(fewest_parcels, request)
    assert problem_of(request) is None
    assert plan.missing == ()
    assert len(plan.places) == count
    assert [one.reason for one in plan.explain().rejected if one.place not in plan.places] == ["not_needed"]
