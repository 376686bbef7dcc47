"""Strategies that are wrong in one way each, with the suite on every one; run by `test_broken_plugins.py`."""

import random
import time
from collections import Counter

from attrs import evolve

from ordercore.plan import Leg
from ordercore.sourcing import nearest, priority
from ordercore.sourcing.explanation import explained, reason_generic
from ordercore.testing import StrategySuite


class Right:
    """The nearest site, as it should be."""

    name = "wrong_somehow"
    version = 1

    def __call__(self, request):
        return nearest(request)

    def explain(self, plan):
        return nearest.explain(plan)


class Broken(StrategySuite):
    """The suite as for the strategy that is right."""

    complete = first_come = explains = True
    examples = 60
    broken: type[Right]
    caught_by: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()
    says = ""

    def make_strategy(self):
        return self.broken()


REFUSED = ("p4_1", "p4_2", "p4_3", "p4_4", "p4_5", "p4_6")
"""A plan that may not be is refused before it can be explained."""


class HalvesOfUnits(Right):
    """Gives half a unit."""

    def __call__(self, request):
        return tuple(leg._replace(quantity=leg.quantity / 2) if leg.quantity == 1 else leg for leg in nearest(request))


class TestHalvesOfUnits(Broken):
    broken = HalvesOfUnits
    caught_by = ("p1_1",)
    perhaps = (*REFUSED, "p3_1", "p3_2", "p3_3", "p5_3")
    says = "units are not whole"


class GivesMoreThanAsked(Right):
    """Rounds a line up to the next dozen, where there is one."""

    def __call__(self, request):
        taken = Counter()
        legs = nearest(request)
        for leg in legs:
            taken[leg.sku, leg.place] += leg.quantity
        return tuple(
            leg._replace(quantity=leg.quantity + 1)
            if request.usable(leg.sku, leg.place) > taken[leg.sku, leg.place] and legs.index(leg) == 0
            else leg
            for leg in legs
        )


class TestGivesMoreThanAsked(Broken):
    broken = GivesMoreThanAsked
    caught_by = ("p1_2", "p3_5")
    perhaps = (*REFUSED, "p5_3", "p3_1", "p3_2", "p3_3")
    says = "gets . of ."


class SellsTheFloor(Right):
    """Takes no notice of safety stock."""

    def __call__(self, request):
        return nearest(evolve(request, floors={}))


class TestSellsTheFloor(Broken):
    broken = SellsTheFloor
    caught_by = ("p1_3", "p3_4")
    perhaps = REFUSED
    says = "which may give"


class IgnoresPins(Right):
    """Serves every line from anywhere."""

    def __call__(self, request):
        return nearest(evolve(request, demands=tuple(one._replace(place=None) for one in request.demands)))


class TestIgnoresPins(Broken):
    broken = IgnoresPins
    caught_by = ("p1_4",)
    perhaps = (*REFUSED, "p3_1", "p3_2")
    says = "is pinned to"


class IgnoresExclusions(Right):
    """Goes back to where a pick was short."""

    def __call__(self, request):
        return nearest(evolve(request, demands=tuple(one._replace(excluded=frozenset()) for one in request.demands)))


class TestIgnoresExclusions(Broken):
    broken = IgnoresExclusions
    caught_by = ("p1_5",)
    perhaps = (*REFUSED, "p3_1", "p3_2")
    says = "excludes"


class SellsWhatIsClosed(Right):
    """Takes a place for a site because it has stock; asked only after the sites."""

    def __call__(self, request):
        legs = list(nearest(request))
        for demand in request.demands:
            lacking = demand.quantity - sum(leg.quantity for leg in legs if leg.line == demand.line)
            for place, units in sorted(request.supply.get(demand.sku, {}).items()):
                taken = sum(leg.quantity for leg in legs if (leg.sku, leg.place) == (demand.sku, place))
                if place not in request.sites and demand.allows(place) and lacking and units > taken:
                    legs.append(Leg(demand.line, demand.sku, place, min(lacking, units - taken)))
        return tuple(legs)


class TestSellsWhatIsClosed(Broken):
    broken = SellsWhatIsClosed
    caught_by = ("p1_6", "p3_4")
    perhaps = REFUSED
    says = "is no site"


class RollsTheDice(Right):
    """Mixes the legs, so that nobody is preferred."""

    def __call__(self, request):
        legs = list(nearest(request))
        random.shuffle(legs)
        return tuple(legs)


class TestRollsTheDice(Broken):
    broken = RollsTheDice
    caught_by = ("p2_1", "p2_3")
    perhaps = ("p2_2", "p2_4", "p2_6", "p4_2", "p4_4", "p4_5")


class FirstInTheDict(Right):
    """Asks places as they stand in the mapping of supply."""

    def __call__(self, request):
        ranks = {}
        for places in request.supply.values():
            for place in places:
                ranks.setdefault(place, len(ranks))
        sites = {
            place: evolve(site, rank=ranks.get(place, 99), point=None) for place, site in dict(request.sites).items()
        }
        return priority(evolve(request, sites=sites))

    def explain(self, plan):
        return explained(plan, lambda *_: ("asked_later", "others stand before it"))


class TestFirstInTheDict(Broken):
    broken = FirstInTheDict
    caught_by = ("p2_2",)
    says = "the order of a dict"


class LooksAtTheClock(Right):
    """Prefers other sites at night, or would."""

    def __call__(self, request):
        return nearest(request) if time.time() else ()


class TestLooksAtTheClock(Broken):
    broken = LooksAtTheClock
    caught_by = ("p2_3",)
    says = "the clock .time.time"


class TakesTurns(Right):
    """Changes between two orders of places."""

    turn = False

    def __call__(self, request):
        self.turn = not self.turn
        return nearest(request) if self.turn else priority(request)

    def explain(self, plan):
        return explained(plan, lambda *_: ("not_its_turn", "it is not its turn"))


class TestTakesTurns(Broken):
    broken = TakesTurns
    caught_by = ("p2_1", "p2_4")
    perhaps = ("p2_6",)


class TakesItAway(Right):
    """Counts down the supply that it was given."""

    def __call__(self, request):
        legs = nearest(request)
        for leg in legs[:1]:
            if isinstance(request.floors, dict) and isinstance(request.supply[leg.sku], dict):
                request.floors[leg.sku, leg.place] = request.floors.get((leg.sku, leg.place), 0)
        return legs


class TestTakesItAway(Broken):
    broken = TakesItAway
    caught_by = ("p2_5",)
    says = "has changed what it was asked"


class ServesTheFirstLineFirst(Right):
    """Promises that the sequence of lines does not matter, which it does."""


class TestServesTheFirstLineFirst(Broken):
    any_line_order = True
    broken = ServesTheFirstLineFirst
    caught_by = ("p2_7",)


class GivesUpEarly(Right):
    """Serves a line from one place or not at all."""

    def __call__(self, request):
        legs = nearest(request)
        places = Counter(leg.line for leg in legs)
        return tuple(leg for leg in legs if places[leg.line] == 1)

    def explain(self, plan):
        return explained(plan, lambda *_: ("no_splits", "a line is not split"))


class TestGivesUpEarly(Broken):
    broken = GivesUpEarly
    caught_by = ("p3_1", "p3_2")
    perhaps = ("p3_3", "p5_2")
    says = "that could be"


class ShyOfPlenty(Right):
    """Plans nothing where there is a lot."""

    def __call__(self, request):
        plenty = any(units > 9 for places in request.supply.values() for units in places.values())
        small = all(units < 30 for places in request.supply.values() for units in places.values())
        return () if plenty and small else nearest(request)

    def explain(self, plan):
        return explained(plan, lambda *_: ("shy", "there was more than it can bear"))


class TestShyOfPlenty(Broken):
    broken = ShyOfPlenty
    caught_by = ("p3_3",)
    says = "units are served instead of"


class CountsInFloats(Right):
    """Calculates with floats, and writes ints."""

    def __call__(self, request):
        return tuple(leg._replace(quantity=int(float(leg.quantity))) for leg in nearest(request))


class TestCountsInFloats(Broken):
    broken = CountsInFloats
    caught_by = ("p3_6",)


class ForgetsARejection(Right):
    """Explains all but one."""

    def explain(self, plan):
        whole = nearest.explain(plan)
        return evolve(whole, rejected=whole.rejected[1:])


class TestForgetsARejection(Broken):
    broken = ForgetsARejection
    caught_by = ("p4_1",)
    says = "nothing is said about"


class ExplainsAnotherPlan(Right):
    """Leaves legs out of what it explains."""

    def explain(self, plan):
        whole = nearest.explain(plan)
        return evolve(whole, chosen=tuple(evolve(one, legs=one.legs[1:]) for one in whole.chosen))


class TestExplainsAnotherPlan(Broken):
    broken = ExplainsAnotherPlan
    caught_by = ("p4_2",)


class SaysNothing(Right):
    """Gives a code, and no figures."""

    def explain(self, plan):
        whole = nearest.explain(plan)
        return evolve(whole, rejected=tuple(evolve(one, message="") for one in whole.rejected))


class TestSaysNothing(Broken):
    broken = SaysNothing
    caught_by = ("p4_3",)
    says = "says nothing"


class OnlyFigures(Right):
    """Explains with the figures that anybody could give."""

    def explain(self, plan):
        return explained(plan, reason_generic)


class TestOnlyFigures(Broken):
    broken = OnlyFigures
    caught_by = ("p4_6",)
    says = "for no reason"


class ComparesAllWithAll(Right):
    """Takes its time."""

    def __call__(self, request):
        until = time.process_time() + (0.3 if len(request.sites) > 100 else 0)
        while time.process_time() < until:
            pass
        return nearest(request)


class TestComparesAllWithAll(Broken):
    broken = ComparesAllWithAll
    seconds_at_10_000_offers = 0.3
    caught_by = ("p5_2", "p2_3")
    says = "ten thousand offers took"


class NamedBadly(Right):
    """Has a name that no event can keep."""

    name = "The Nearest!"


class TestNamedBadly(Broken):
    broken = NamedBadly
    caught_by = ("p5_1",)
    says = "is no name"
