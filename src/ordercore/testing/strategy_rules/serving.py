"""P3 what is served."""

from __future__ import annotations

from attrs import evolve
from hypothesis import strategies as st

from ordercore.plan import Demand, Sites, Sourcing, Supply
from ordercore.testing.strategy_rules.requests import CLOSED, HERE, PLACES, SKUS, most, site
from ordercore.testing.strategy_rules.subject import StrategySubject, units_of
from ordercore.values import LineId, Place, Sku

BEYOND_FLOAT = 2**53 + 1


class ServingRules(StrategySubject):
    """P3."""

    def test_p3_1_as_many_units_are_served_as_can_be(self) -> None:
        self.needs("complete")

        def check(request: Sourcing) -> None:
            legs = self.legs(request)
            for sku in SKUS:
                lines = [demand for demand in request.demands if demand.sku == sku]
                served = sum(leg.quantity for leg in legs if leg.sku == sku)
                assert served >= most(lines, request), f"{served} {sku} served of {most(lines, request)} that could be"

        self.for_all(check)

    def test_p3_2_an_earlier_line_is_not_served_less_for_the_sake_of_a_later_one(self) -> None:
        self.needs("first_come")

        def check(request: Sourcing) -> None:
            served = units_of(self.legs(request))
            for n in range(len(request.demands)):
                first = request.demands[: n + 1]
                assert sum(served[demand.line] for demand in first) >= most(first, request)

        self.for_all(check)

    def test_p3_3_more_stock_never_makes_a_plan_shorter(self) -> None:
        def check(request: Sourcing, sku: Sku, place: Place, more: int) -> None:
            there = dict(request.supply.get(sku, {}))
            there[place] = there.get(place, 0) + more
            richer = evolve(request, supply={**request.supply, sku: there})
            before, after = units_of(self.legs(request)).total(), units_of(self.legs(richer)).total()
            assert after >= before, f"with {more} more {sku} at {place}, {after} units are served instead of {before}"

        self.for_all(check, st.sampled_from(SKUS), st.sampled_from(PLACES), st.integers(1, 9))

    def test_p3_4_without_supply_nothing_is_served(self) -> None:
        demands = tuple(Demand(LineId(str(n)), sku, 2) for n, sku in enumerate(SKUS))
        sites = Sites({place: site(place) for place in PLACES})
        nothing: list[Supply] = [{}, {sku: {} for sku in SKUS}, {sku: dict.fromkeys(PLACES, 0) for sku in SKUS}]
        for supply in nothing:
            assert self.legs(Sourcing(demands, supply, sites, HERE)) == ()
        everywhere = {sku: {CLOSED: 100} for sku in SKUS}
        assert self.legs(Sourcing(demands, everywhere, Sites({}), HERE)) == (), "there is no site, and one serves"
        kept_back = {(sku, place): 5 for sku in SKUS for place in PLACES}
        assert (
            self.legs(Sourcing(demands, {sku: dict.fromkeys(PLACES, 5) for sku in SKUS}, sites, HERE, kept_back)) == ()
        )

    def test_p3_5_a_single_source_that_has_it_all_serves_it_all(self) -> None:
        place = PLACES[0]
        demands = tuple(Demand(LineId(str(n)), sku, 2 + n) for n, sku in enumerate((*SKUS, SKUS[0])))
        for point in (None, HERE):
            request = Sourcing(demands, {sku: {place: 100} for sku in SKUS}, Sites({place: site(place, point)}), point)
            legs = self.legs(request)
            assert units_of(legs) == {demand.line: demand.quantity for demand in demands}
            assert {leg.place for leg in legs} == {place}

    def test_p3_6_units_beyond_a_float_are_exact(self) -> None:
        place = PLACES[0]
        request = Sourcing(
            (Demand(LineId("1"), SKUS[0], BEYOND_FLOAT),), {SKUS[0]: {place: BEYOND_FLOAT}}, Sites({place: site(place)})
        )
        assert units_of(self.legs(request)) == {"1": BEYOND_FLOAT}

    def test_p3_7_lines_of_one_sku_share_what_there_is(self) -> None:
        place = PLACES[0]
        demands = tuple(Demand(LineId(str(n)), SKUS[0], 1) for n in range(4))
        request = Sourcing(demands, {SKUS[0]: {place: 3}}, Sites({place: site(place)}), HERE)
        assert units_of(self.legs(request)).total() <= 3, "the same units serve two lines"
