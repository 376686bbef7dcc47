"""Running a strategy: anybody's, by name, validated, explained."""

import pytest

from ordercore.errors import BrokenRule, InvalidPlan, NotFound
from ordercore.plan import Demand, Leg, Missing, Plan, Site, Sites, Sourcing
from ordercore.sourcing import STRATEGIES, explain, nearest, source, strategy_named, validate
from ordercore.values import GeoPoint

SITES = Sites(
    {
        "loc/WH1": Site("loc/WH1", "WH1", "London", GeoPoint(51_500_000, -100_000), rank=1),
        "loc/WH2": Site("loc/WH2", "WH2", "Leeds", GeoPoint(53_800_000, -1_500_000)),
        "loc/WH3": Site("loc/WH3", "WH3", "Paris", GeoPoint(48_900_000, 2_300_000)),
    }
)
BRIGHTON = GeoPoint(50_800_000, -100_000)
REQUEST = Sourcing(
    (Demand("1", "TEA", 3), Demand("2", "CUP", 2), Demand("3", "JAR", 1)),
    {"TEA": {"loc/WH1": 2, "loc/WH2": 9}, "CUP": {"loc/WH1": 5, "loc/WH3": 5}},
    SITES,
    BRIGHTON,
)


class Made:
    """A strategy as a stranger writes it."""

    name = "made"
    version = 7

    def __init__(self, legs):
        self.legs = legs

    def __call__(self, request):
        if isinstance(self.legs, Exception):
            raise self.legs
        return self.legs


def test_a_plan_says_by_what_it_was_made_and_what_is_missing():
    plan = source(nearest, REQUEST)
    assert plan.legs == (Leg("1", "TEA", "loc/WH2", 3), Leg("2", "CUP", "loc/WH1", 2))
    assert plan.missing == (Missing("3", "JAR", 1),)
    assert (plan.strategy, plan.version, plan.places) == ("nearest", 1, ("loc/WH2", "loc/WH1"))


def test_the_explanation_reads_as_a_table():
    text = str(source(nearest, REQUEST).explain())
    assert text.splitlines() == [
        "Why these places: nearest (version 1)",
        "   place  distance  sku  why",
        "-  -----  --------  ---  --------------------------------------------------------------",
        "+  WH2      347 km  TEA  chosen: 3 for line 1",
        "+  WH1       78 km  CUP  chosen: 2 for line 2",
        "-  WH1       78 km  TEA  too_few: 2 usable there, 3 needed, and WH2 serves line 1 whole",
        "-  WH1       78 km  JAR  no_stock: 0 there, 1 needed",
        "-  WH3      272 km  TEA  no_stock: 0 there, 3 needed",
        "-  WH3      272 km  CUP  farther: 272,448 m away, WH1 only 77,837 m",
        "-  WH3      272 km  JAR  no_stock: 0 there, 1 needed",
        "-  WH2      347 km  CUP  no_stock: 0 there, 2 needed",
        "-  WH2      347 km  JAR  no_stock: 0 there, 1 needed",
        "!                   JAR  1 missing for line 3",
    ]


def test_a_reason_that_is_the_same_for_all_skus_is_said_once():
    demands = (Demand("1", "TEA", 1), Demand("2", "CUP", 1))
    there = {"loc/WH1": 5, "loc/WH3": 5}
    explanation = source(nearest, Sourcing(demands, {"TEA": there, "CUP": there}, SITES, BRIGHTON)).explain()
    assert [(one.place, one.sku, one.reason) for one in explanation.rejected] == [
        ("loc/WH3", None, "farther"),
        ("loc/WH2", None, "no_stock"),
    ]


def test_a_plan_read_back_is_explained_with_its_request():
    plan = source(nearest, REQUEST)
    read_back = Plan(plan.legs, plan.missing, plan.strategy, plan.version)
    assert read_back == plan
    with pytest.raises(BrokenRule, match="does not remember"):
        read_back.explain()
    assert explain(read_back, REQUEST) == plan.explain()


def test_a_plan_read_back_is_explained_even_if_a_site_is_gone():
    plan = source(nearest, REQUEST)
    left = Sites({"loc/WH1": SITES["loc/WH1"]})
    for name in STRATEGIES:
        read_back = Plan(plan.legs, plan.missing, name, 1)
        explanation = explain(read_back, Sourcing(REQUEST.demands, REQUEST.supply, left, BRIGHTON))
        assert [choice.site.place for choice in explanation.chosen] == ["loc/WH2", "loc/WH1"]


def test_a_strategy_that_does_not_explain_itself_is_explained_by_figures():
    plan = source(Made([Leg("2", "CUP", "loc/WH3", 2)]), REQUEST)
    rejected = {(one.place, one.sku): one for one in plan.explain().rejected}
    assert plan.legs == (Leg("2", "CUP", "loc/WH3", 2),)
    assert rejected["loc/WH1", "CUP"].message == "5 usable there, made chose loc/WH3"
    assert rejected["loc/WH1", "TEA"].message == "2 usable there, made chose no place"
    assert explain(plan, REQUEST) == plan.explain()


def test_a_strategy_that_explains_itself_is_asked():
    class Talking(Made):
        def explain(self, plan):
            return nearest.explain(plan)

    plan = source(Talking(source(nearest, REQUEST).legs), REQUEST)
    assert plan.explain().rejected == source(nearest, REQUEST).explain().rejected


def test_what_a_strategy_raises_carries_its_name():
    with pytest.raises(ZeroDivisionError) as raised:
        source(Made(ZeroDivisionError()), REQUEST)
    assert raised.value.__notes__ == ["Raised by the sourcing strategy 'made'."]


def test_a_bad_plan_is_refused_with_strategy_line_place_and_figures():
    with pytest.raises(InvalidPlan) as refused:
        source(Made([Leg("1", "TEA", "loc/WH1", 3)]), REQUEST)
    assert refused.value.code == "invalid_plan"
    assert str(refused.value) == "Strategy 'made': 3 of 'TEA' from 'loc/WH1' for line 1: 2 usable there (floor 0)."
    facts = refused.value.fields
    assert (facts["strategy"], facts["line"], facts["place"], facts["asked"], facts["there"]) == (
        "made", "1", "loc/WH1", 3, 2,
    )  # fmt: skip


@pytest.mark.parametrize("quantity", [True, 0, -1, 1.0, "1", None])
def test_a_quantity_is_an_int_of_at_least_one(quantity):
    with pytest.raises(InvalidPlan) as refused:
        validate(REQUEST, (Leg("1", "TEA", "loc/WH2", quantity),))
    assert refused.value.rule == "bad_quantity"


@pytest.mark.parametrize("narrowed", [{"lot": "LOT-1"}, {"owner": "SUPPLIER-1"}])
def test_a_strategy_names_neither_lots_nor_owners(narrowed):
    with pytest.raises(InvalidPlan) as refused:
        validate(REQUEST, (Leg("1", "TEA", "loc/WH2", 1, **narrowed),))
    assert refused.value.rule == "narrowed"


@pytest.mark.parametrize("strategy", [*STRATEGIES.values(), Made([])], ids=[*STRATEGIES, "made"])
@pytest.mark.parametrize(
    "demands",
    [
        (Demand("1", "TEA", 1), Demand("1", "TEA", 2)),
        (Demand("1", "TEA", 1), Demand("1", "CUP", 1)),
        (Demand("1", "TEA", 0),),
        (Demand("1", "TEA", -1),),
    ],
)
def test_a_broken_request_is_not_blamed_on_the_strategy(strategy, demands):
    with pytest.raises(BrokenRule) as refused:
        source(strategy, Sourcing(demands, REQUEST.supply, SITES))
    assert type(refused.value) is BrokenRule


def test_strategies_are_found_by_name_and_misspelled_ones_are_answered():
    assert {name: strategy_named(name).name for name in STRATEGIES} == {name: name for name in STRATEGIES}
    assert set(STRATEGIES) == {"priority", "nearest", "fewest_parcels"}
    with pytest.raises(NotFound, match=r"no sourcing strategy 'neerest'. Did you mean 'nearest'\?"):
        strategy_named("neerest")
    with pytest.raises(NotFound, match=r"Known: fewest_parcels, nearest, priority\."):
        strategy_named("xyz")
    mine = Made([])
    assert strategy_named("made", {**STRATEGIES, "made": mine}) is mine
