"""The values that areas and strategies share."""

import pickle

import pytest

from ordercore.errors import BrokenRule
from ordercore.plan import Demand, Leg, Offer, Plan, Site, Sites, Sourcing, offers


def test_offers_are_shown_most_first_and_only_where_there_is_something():
    supply = {"TEA": {"loc/C": 2, "loc/B": 5, "loc/A": 2, "loc/D": 0}}
    assert offers(supply, "TEA") == (Offer("TEA", "loc/B", 5), Offer("TEA", "loc/A", 2), Offer("TEA", "loc/C", 2))
    assert offers(supply, "CUP") == ()


def test_a_demand_allows_its_pin_and_never_what_it_excludes():
    places = ("loc/A", "loc/B")
    assert [Demand("1", "TEA", 1).allows(place) for place in places] == [True, True]
    assert [Demand("1", "TEA", 1, place="loc/A").allows(place) for place in places] == [True, False]
    assert [Demand("1", "TEA", 1, excluded=frozenset(["loc/A"])).allows(place) for place in places] == [False, True]
    assert not Demand("1", "TEA", 1, place="loc/A", excluded=frozenset(["loc/A"])).allows("loc/A")


def test_usable_is_what_is_available_less_the_floor_at_a_known_site():
    request = Sourcing(
        (), {"TEA": {"loc/A": 5, "loc/B": 2, "loc/X": 9}}, {place: Site(place, place[4:]) for place in ("loc/A", "loc/B")},
        floors={("TEA", "loc/A"): 2, ("TEA", "loc/B"): 3},
    )  # fmt: skip
    assert [request.usable("TEA", place) for place in ("loc/A", "loc/B", "loc/X", "loc/Y")] == [3, 0, 0, 0]
    assert request.usable("CUP", "loc/A") == 0


def test_sites_are_a_mapping_equal_to_any_other_of_the_same_sites():
    plain = {"loc/A": Site("loc/A", "A"), "loc/B": Site("loc/B", "B")}
    sites = Sites(plain)
    assert (sites, dict(sites), len(sites)) == (plain, plain, 2)
    assert ("loc/A" in sites, "loc/X" in sites, sites.get("loc/X")) == (True, False, None)
    plain["loc/C"] = Site("loc/C", "C")
    assert "loc/C" not in sites


def test_a_site_stands_under_its_own_place():
    with pytest.raises(BrokenRule, match="'loc/A' stands under 'loc/B'"):
        Sites({"loc/B": Site("loc/A", "A")})


def test_a_plan_names_each_chosen_place_once():
    legs = (Leg("1", "TEA", "loc/B", 1), Leg("2", "TEA", "loc/A", 1), Leg("3", "CUP", "loc/B", 1))
    assert Plan(legs, (), "mine", 1).places == ("loc/B", "loc/A")


def test_what_a_plan_remembers_of_its_making_is_no_part_of_it():
    request = Sourcing((), {}, {})
    plan, bare = Plan((), (), "mine", 1, request, explainer=lambda plan: None), Plan((), (), "mine", 1)
    assert plan == bare
    assert hash(plan) == hash(bare)
    assert repr(plan) == repr(bare)


def test_a_site_travels_between_processes():
    site = Site("loc/A", "A", rank=2)
    hash(site)
    assert pickle.loads(pickle.dumps(site)) == site
