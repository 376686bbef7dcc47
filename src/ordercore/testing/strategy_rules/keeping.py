"""P1 what is promised to everybody: what the legs of a plan may say."""

from __future__ import annotations

from collections import Counter

from ordercore.plan import Leg, Sourcing
from ordercore.testing.strategy_rules.subject import StrategySubject, units_of
from ordercore.values import Place, Sku


class KeepingRules(StrategySubject):
    """P1."""

    def test_p1_1_a_leg_serves_a_demanded_line_with_its_sku_in_whole_units(self) -> None:
        def check(request: Sourcing) -> None:
            skus = {demand.line: demand.sku for demand in request.demands}
            for leg in self.legs(request):
                assert type(leg) is Leg, f"a {type(leg).__name__} is no Leg"
                assert leg.line in skus, f"nobody demanded line {leg.line!r}"
                assert leg.sku == skus[leg.line], f"line {leg.line} demands {skus[leg.line]}, not {leg.sku}"
                assert type(leg.quantity) is int, f"{leg.quantity!r} units are not whole"
                assert leg.quantity >= 1, f"a leg of {leg.quantity} units"
                assert (leg.lot, leg.owner) == ("", ""), "offers know neither lots nor owners"

        self.for_all(check)

    def test_p1_2_no_line_gets_more_than_it_demands(self) -> None:
        def check(request: Sourcing) -> None:
            served = units_of(self.legs(request))
            for demand in request.demands:
                asked = f"line {demand.line} gets {served[demand.line]} of {demand.quantity}"
                assert served[demand.line] <= demand.quantity, asked

        self.for_all(check)

    def test_p1_3_no_place_gives_more_than_it_has_above_its_floor(self) -> None:
        def check(request: Sourcing) -> None:
            taken: Counter[tuple[Sku, Place]] = Counter()
            for leg in self.legs(request):
                taken[leg.sku, leg.place] += leg.quantity
            for (sku, place), units in taken.items():
                # A place that is no site is P1.6's affair.
                there = request.supply[sku].get(place, 0) - request.floors.get((sku, place), 0)
                assert units <= max(there, 0), f"{units} {sku} from {place}, which may give {there}"

        self.for_all(check)

    def test_p1_4_a_pinned_line_comes_from_its_place_only(self) -> None:
        def check(request: Sourcing) -> None:
            pins = {demand.line: demand.place for demand in request.demands if demand.place is not None}
            for leg in self.legs(request):
                assert pins.get(leg.line, leg.place) == leg.place, f"line {leg.line} is pinned to {pins[leg.line]}"

        self.for_all(check)

    def test_p1_5_no_line_comes_from_a_place_that_it_excludes(self) -> None:
        def check(request: Sourcing) -> None:
            excluded = {demand.line: demand.excluded for demand in request.demands}
            for leg in self.legs(request):
                assert leg.place not in excluded.get(leg.line, ()), f"line {leg.line} excludes {leg.place}"

        self.for_all(check)

    def test_p1_6_what_is_no_site_serves_nothing(self) -> None:
        def check(request: Sourcing) -> None:
            for leg in self.legs(request):
                assert leg.place in request.sites, f"{leg.place} is no site, whatever it holds"

        self.for_all(check)
