"""P2 equal requests, equal plans."""

from __future__ import annotations

import random
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from attrs import evolve
from hypothesis import strategies as st

from ordercore.plan import Sites, Sourcing
from ordercore.testing.strategy_rules.requests import requests
from ordercore.testing.strategy_rules.subject import StrategySubject
from ordercore.testing.watch import watching

K = TypeVar("K")
V = TypeVar("V")
CHANCES = st.randoms(use_true_random=False)


def shuffled(mapping: Mapping[K, V], chance: random.Random) -> dict[K, V]:
    """The same mapping, written down in another order."""
    rows = list(mapping.items())
    chance.shuffle(rows)
    return dict(rows)


class SamenessRules(StrategySubject):
    """P2."""

    def test_p2_1_the_same_request_gives_the_same_plan(self) -> None:
        def check(request: Sourcing) -> None:
            one = self.make_strategy()
            assert tuple(one(request)) == tuple(one(request)), "asked twice, answered differently"
            assert tuple(one(request)) == self.legs(request), "two of a kind answer differently"

        self.for_all(check)

    def test_p2_2_the_order_of_mappings_and_their_type_do_not_matter(self) -> None:
        def check(request: Sourcing, chance: random.Random) -> None:
            supply = {sku: shuffled(places, chance) for sku, places in request.supply.items()}
            other = evolve(
                request, supply=shuffled(supply, chance), sites=shuffled(request.sites, chance),
                floors=shuffled(request.floors, chance),
            )  # fmt: skip
            assert self.legs(other) == self.legs(request), "a plan depends on the order of a dict"

        self.for_all(check, CHANCES)

    def test_p2_3_no_clock_no_chance_no_file_and_no_network_has_a_say(self) -> None:
        def check(request: Sourcing) -> None:
            one = self.make_strategy()
            one(request)
            with watching() as watched:
                one(evolve(request, sites=Sites(request.sites)))
            watched.assert_pure("the strategy")

        self.for_all(check)

    def test_p2_4_what_was_planned_before_has_no_say(self) -> None:
        def check(request: Sourcing, before: Sourcing) -> None:
            one = self.make_strategy()
            tuple(one(before))
            assert tuple(one(request)) == self.legs(request), "a strategy remembers what it planned"

        self.for_all(check, requests())

    def test_p2_5_the_request_is_left_as_it_was(self) -> None:
        def check(request: Sourcing) -> None:
            supply = {sku: dict(places) for sku, places in request.supply.items()}
            asked = evolve(request, supply=supply, floors=dict(request.floors))
            self.legs(asked)
            assert asked == request, "a strategy has changed what it was asked"

        self.for_all(check)

    def test_p2_6_threads_do_not_disturb_each_other(self) -> None:
        def check(request: Sourcing) -> None:
            one = self.make_strategy()
            with ThreadPoolExecutor(4) as threads:
                together = list(threads.map(lambda _: tuple(one(request)), range(8)))
            assert together == [self.legs(request)] * 8

        self.for_all(check)

    def test_p2_7_the_sequence_of_the_lines_does_not_matter(self) -> None:
        self.needs("any_line_order")

        def check(request: Sourcing, chance: random.Random) -> None:
            demands = list(request.demands)
            chance.shuffle(demands)
            assert sorted(self.legs(evolve(request, demands=tuple(demands)))) == sorted(self.legs(request))

        self.for_all(check, CHANCES)
