"""P4 why; P5 what it is called, how long it takes, and that a kernel can work with it."""

from __future__ import annotations

import re
import time
from typing import Final

from ordercore.hooks import hookimpl
from ordercore.kernel import Kernel
from ordercore.plan import Explanation, Plan, Sourcing, Strategy
from ordercore.sourcing import STRATEGIES, explain, source
from ordercore.testing.builders import assert_consistent, given_stock, place
from ordercore.testing.clock import ManualClock
from ordercore.testing.strategy_rules.requests import large
from ordercore.testing.strategy_rules.subject import StrategySubject

_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")


class ExplainingRules(StrategySubject):
    """P4."""

    def explained(self, request: Sourcing) -> tuple[Plan, Explanation]:
        """A plan that was validated, and why."""
        plan = source(self.make_strategy(), request)
        return plan, plan.explain()

    def test_p4_1_every_site_is_chosen_or_rejected_for_every_sku(self) -> None:
        def check(request: Sourcing) -> None:
            plan, explanation = self.explained(request)
            skus = {demand.sku for demand in request.demands}
            serving = {(leg.place, leg.sku) for leg in plan.legs}
            rejected = [(one.place, sku) for one in explanation.rejected for sku in ([one.sku] if one.sku else skus)]
            missing = {(place, sku) for place in request.sites for sku in skus} - serving - set(rejected)
            assert not missing, f"nothing is said about {sorted(missing)}"
            assert len(set(rejected)) == len(rejected), "something is rejected twice"
            assert not serving & set(rejected), "something is rejected, and serves"

        self.for_all(check)

    def test_p4_2_what_is_explained_is_the_plan(self) -> None:
        def check(request: Sourcing) -> None:
            plan, explanation = self.explained(request)
            told = [leg for choice in explanation.chosen for leg in choice.legs]
            assert sorted(told) == sorted(plan.legs)
            assert [choice.site.place for choice in explanation.chosen] == list(plan.places)
            assert explanation.missing == plan.missing
            assert (explanation.strategy, explanation.version) == (plan.strategy, plan.version)

        self.for_all(check)

    def test_p4_3_a_reason_is_a_code_and_a_sentence(self) -> None:
        def check(request: Sourcing) -> None:
            for one in self.explained(request)[1].rejected:
                assert _CODE.match(one.reason), f"{one.reason!r} is no code"
                assert one.message.strip(), f"{one.reason} says nothing"

        self.for_all(check)

    def test_p4_4_an_explanation_is_the_same_each_time(self) -> None:
        def check(request: Sourcing) -> None:
            plan, explanation = self.explained(request)
            assert str(plan.explain()) == str(explanation) == str(self.explained(request)[1])

        self.for_all(check)

    def test_p4_5_a_plan_that_was_read_back_is_explained_alike(self) -> None:
        def check(request: Sourcing) -> None:
            plan, explanation = self.explained(request)
            back = Plan(plan.legs, plan.missing, plan.strategy, plan.version)
            assert str(explain(back, request, self.make_strategy())) == str(explanation)

        self.for_all(check)

    def test_p4_6_a_strategy_that_explains_itself_gives_reasons_of_its_own(self) -> None:
        self.needs("explains")

        def check(request: Sourcing) -> None:
            reasons = {one.reason for one in self.explained(request)[1].rejected}
            assert "not_chosen" not in reasons, "a site was rejected for no reason but that others were chosen"

        self.for_all(check)


class NamingRules(StrategySubject):
    """P5."""

    def test_p5_1_name_and_version_are_what_events_can_keep(self) -> None:
        one, other = self.make_strategy(), self.make_strategy()
        assert _CODE.match(one.name), f"{one.name!r} is no name: small letters, digits and _"
        assert type(one.version) is int
        assert one.version >= 1
        assert (one.name, one.version) == (other.name, other.version)

    def test_p5_2_ten_thousand_offers_are_planned_within_a_bound_of_time(self) -> None:
        request, one = large(10_000), self.make_strategy()
        started = time.process_time()
        legs = tuple(one(request))
        spent = time.process_time() - started
        bound = self.seconds_at_10_000_offers
        assert spent < bound, f"ten thousand offers took {spent:.2f} s of CPU time, of {bound} s"
        assert legs or not self.complete

    def test_p5_3_a_kernel_places_orders_with_it(self) -> None:
        one = self.make_strategy()
        kernel = Kernel(plugins=[Registered(one)], strategy=one.name, clock=ManualClock())
        given_stock(kernel, {"WH1": {"TEA": 50, "CUP": 50}})
        order = kernel.order(place(kernel, {"TEA": 2, "CUP": 1}))
        claims = {line.facts.sku: sum(claim.quantity for claim in line.claims) for line in order.lines.values()}
        assert claims == {"TEA": 2, "CUP": 1}
        assert kernel.explain(order.id).strategy == one.name
        assert_consistent(kernel)


class Registered:
    """A plugin with one strategy."""

    def __init__(self, strategy: Strategy) -> None:
        self.strategy = strategy

    @hookimpl
    def ordercore_register_strategies(self) -> list[Strategy]:
        """The one."""
        return [] if self.strategy.name in STRATEGIES else [self.strategy]
