"""What the built-in strategies are, beyond the suite of any strategy, against oracles that know nothing of how they work."""

from collections import Counter
from itertools import chain, combinations

import pytest
from attrs import evolve
from hypothesis import given

from ordercore.errors import InvalidPlan
from ordercore.plan import Leg
from ordercore.sourcing import STRATEGIES, fewest_parcels, nearest, priority, source, validate
from ordercore.testing.strategy_rules.requests import CLOSED, SKUS, requests

ALL = pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)


def subsets(things):
    return chain.from_iterable(combinations(things, size) for size in range(len(things) + 1))


def most(demands, request, places):
    """Units that these places can serve: the minimum cut over all groups of lines, SKU by SKU."""
    total = 0
    for sku in {demand.sku for demand in demands}:
        lines = [demand for demand in demands if demand.sku == sku]
        total += min(
            sum(line.quantity for line in lines if line not in group)
            + sum(request.usable(sku, place) for place in places if any(line.allows(place) for line in group))
            for group in subsets(lines)
        )
    return total


def price(request, places):
    """What covers are compared by: parcels, unknown distances, metres, ranks."""
    known = [
        request.destination.metres_to(request.sites[place].point)
        for place in places
        if request.destination and request.sites[place].point
    ]
    return len(places), len(places) - len(known), sum(known), sum(request.sites[place].rank for place in places)


def preference(request, site):
    """What sites are compared by under `nearest`."""
    known = request.destination is not None and site.point is not None
    return (not known, request.destination.metres_to(site.point) if known else 0, site.rank, site.code)


def units_of(legs):
    return Counter({line: sum(leg.quantity for leg in legs if leg.line == line) for line in {leg.line for leg in legs}})


@ALL
@given(request=requests())
def test_what_is_served_and_what_is_missing_is_what_was_demanded(strategy, request):
    plan = source(strategy, request)
    missing = {one.line: one.quantity for one in plan.missing}
    served = units_of(plan.legs)
    assert all(quantity > 0 for quantity in missing.values())
    assert {demand.line: served[demand.line] + missing.get(demand.line, 0) for demand in request.demands} == {
        demand.line: demand.quantity for demand in request.demands
    }


@pytest.mark.parametrize("strategy", [priority, nearest], ids=["priority", "nearest"])
@given(request=requests(plain=True))
def test_a_line_goes_whole_to_the_best_site_that_has_enough_else_to_several_in_order(strategy, request):
    key = {
        "priority": lambda site: (site.rank, site.code),
        "nearest": lambda site: preference(request, site),
    }[strategy.name]
    order = [site.place for site in sorted(request.sites.values(), key=key)]
    left = {(sku, place): request.usable(sku, place) for sku in SKUS for place in order}
    expected = []
    for demand in request.demands:
        need = demand.quantity
        whole = [place for place in order if left[demand.sku, place] >= need]
        for place in whole[:1] or order:
            take = min(need, left[demand.sku, place])
            left[demand.sku, place] -= take
            need -= take
            expected += [Leg(demand.line, demand.sku, place, take)] * (take > 0)
    assert source(strategy, request).legs == tuple(expected)


@given(request=requests())
def test_fewest_parcels_equals_brute_force_over_all_sets_of_sites(request):
    able = [chosen for chosen in subsets(list(request.sites)) if most(request.demands, request, chosen) == most(
        request.demands, request, request.sites
    )]  # fmt: skip
    best = min(price(request, chosen) for chosen in able)
    assert price(request, source(fewest_parcels, request).places) == best


@ALL
@given(request=requests())
def test_every_site_is_chosen_or_rejected_for_every_sku_and_every_reason_is_true(strategy, request):
    plan = source(strategy, request)
    explanation = plan.explain()
    skus = {demand.sku for demand in request.demands}
    serving = {(leg.place, leg.sku) for leg in plan.legs}
    assert {(choice.site.place, leg.sku) for choice in explanation.chosen for leg in choice.legs} == serving
    assert {choice.site.place for choice in explanation.chosen} == set(plan.places)
    rejected = {(one.place, sku): one for one in explanation.rejected for sku in ([one.sku] if one.sku else skus)}
    assert rejected.keys() == {(place, sku) for place in request.sites for sku in skus} - serving
    for (place, sku), one in rejected.items():
        assert TRUE[one.reason](request, plan, place, sku), (one, plan)
    assert [one.place for one in explanation.rejected if one.reason in ("not_chosen", "not_needed")] == []


def open_lines(request, place, sku):
    return [demand for demand in request.demands if demand.sku == sku and demand.allows(place)]


def somewhere_better(request, plan, place, sku, key):
    """Some line that may come from `place` comes from better sites only."""
    rank = key(request.sites[place])
    lines = [[key(request.sites[leg.place]) for leg in plan.legs if leg.line == demand.line]
             for demand in open_lines(request, place, sku)]  # fmt: skip
    return any(chosen and max(chosen) < rank for chosen in lines)


def cheaper_without(part):
    """Compared at `part` of the price, every sufficient set of as many places with this one is worse."""

    def check(request, plan, place, sku):
        if plan.strategy != "fewest_parcels" or place in plan.places:
            return True
        target = most(request.demands, request, request.sites)
        others = [
            price(request, chosen)
            for chosen in subsets(list(request.sites))
            if place in chosen and len(chosen) <= len(plan.places) and most(request.demands, request, chosen) == target
        ]
        own = price(request, plan.places)
        if part == 0:
            return others == []
        return others != [] and min(others)[:part] == own[:part] and (part == 4 or min(others)[part] > own[part])

    return check


def later(part):
    """Worse than a chosen site at `part` of the preference, and as good before."""

    def check(request, plan, place, sku):
        if plan.strategy == "fewest_parcels" and place not in plan.places:
            return cheaper_without({"no_point": 1, "farther": 2, "rank": 3, "code": 4}[part])(request, plan, place, sku)
        if plan.strategy == "priority":
            return somewhere_better(request, plan, place, sku, lambda site: (site.rank, site.code))
        if not somewhere_better(request, plan, place, sku, lambda site: preference(request, site)):
            return False
        own = preference(request, request.sites[place])
        column = {"no_point": 0, "farther": 1, "rank": 2, "code": 3}[part]
        chosen = [preference(request, request.sites[leg.place]) for leg in plan.legs if leg.sku == sku]
        return any(one[:column] == own[:column] and one[column] < own[column] for one in chosen)

    return check


TRUE = {
    "excluded": lambda request, plan, place, sku: all(
        place in demand.excluded for demand in request.demands if demand.sku == sku
    ),
    "pinned": lambda request, plan, place, sku: not open_lines(request, place, sku),
    "no_stock": lambda request, plan, place, sku: not request.supply[sku].get(place),
    "kept_back": lambda request, plan, place, sku: request.supply[sku][place] <= request.floors[sku, place],
    "too_few": lambda request, plan, place, sku: any(
        0 < request.usable(sku, place) < demand.quantity
        and [leg.quantity for leg in plan.legs if leg.line == demand.line] == [demand.quantity]
        for demand in open_lines(request, place, sku)
    ),
    "no_point": later("no_point"),
    "farther": later("farther"),
    "lower_rank": later("rank"),
    "later_code": later("code"),
    "more_parcels": cheaper_without(0),
}


def replaced(legs, **change):
    return (legs[0]._replace(**change), *legs[1:])


MUTATIONS = {
    "unknown_line": lambda request, legs: replaced(legs, line="L99"),
    "wrong_sku": lambda request, legs: replaced(legs, sku="MUG"),
    "bad_quantity": lambda request, legs: replaced(legs, quantity=0),
    "narrowed": lambda request, legs: replaced(legs, lot="LOT-1"),
    "unknown_place": lambda request, legs: replaced(legs, place=CLOSED),
    "over_served": lambda request, legs: (*legs, legs[0]._replace(quantity=request.demands[0].quantity)),
    "not_a_leg": lambda request, legs: (tuple(legs[0]), *legs[1:]),
}


@pytest.mark.parametrize("rule", MUTATIONS)
@ALL
@given(request=requests(plain=True))
def test_the_validator_refuses_a_plan_that_was_tampered_with(strategy, rule, request):
    legs = source(strategy, request).legs
    if not legs or legs[0].line != request.demands[0].line:
        return
    with pytest.raises(InvalidPlan) as refused:
        validate(request, MUTATIONS[rule](request, legs), strategy=strategy.name)
    assert refused.value.rule == rule
    assert strategy.name in str(refused.value)


@ALL
@given(request=requests())
def test_the_validator_refuses_one_unit_less_supply_than_taken(strategy, request):
    for leg in (legs := source(strategy, request).legs):
        taken = sum(one.quantity for one in legs if (one.sku, one.place) == (leg.sku, leg.place))
        floor = request.floors.get((leg.sku, leg.place), 0)
        less = {**request.supply, leg.sku: {**request.supply[leg.sku], leg.place: taken + floor - 1}}
        with pytest.raises(InvalidPlan) as refused:
            validate(evolve(request, supply=less), legs)
        assert (refused.value.rule, refused.value.there) == ("over_taken", taken - 1)


@ALL
@given(request=requests())
def test_the_validator_refuses_places_that_a_line_may_not_use(strategy, request):
    for leg in (legs := source(strategy, request).legs):
        for rule, change in (("excluded", {"excluded": frozenset({leg.place})}), ("pinned", {"place": "loc/OTHER"})):
            demands = tuple(one._replace(**change) if one.line == leg.line else one for one in request.demands)
            with pytest.raises(InvalidPlan) as refused:
                validate(evolve(request, demands=demands), legs)
            assert refused.value.rule == rule
