"""The strategy under test: what its author supplies, what it promises, and how a rule looks at its answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy

from ordercore.plan import Leg, Sourcing, Strategy
from ordercore.testing.strategy_rules.requests import requests
from ordercore.testing.suite import Suite
from ordercore.values import LineId


class StrategySubject(Suite):
    """What a subclass of the suite says about its strategy."""

    plugin = "strategy"
    page = "docs/sourcing.md"

    complete: bool = False
    """It serves as many units as can be served, however much a plan has to be split for it."""
    first_come: bool = False
    """An earlier line is never served fewer units for the sake of a later one."""
    any_line_order: bool = False
    """The sequence of the lines does not matter: each gets the same units from the same places."""
    explains: bool = False
    """It has an `explain` of its own, whose reasons are more than `not_chosen`."""

    examples: ClassVar[int] = 40
    """Requests that hypothesis tries per rule."""
    seconds_at_10_000_offers: ClassVar[float] = 2.0
    """CPU time that a plan over ten thousand offers may take."""

    def make_strategy(self) -> Strategy:
        """Override this: the strategy, fresh."""
        self.missing("make_strategy()")

    # What rules use

    def legs(self, request: Sourcing) -> tuple[Leg, ...]:
        """What a fresh strategy answers, as it is: nobody has validated it."""
        return tuple(self.make_strategy()(request))

    def for_all(self, check: Callable[..., None], *drawn: SearchStrategy[Any], plain: bool = False) -> None:
        """Run the check for many requests."""
        trying = settings(max_examples=self.examples, deadline=None, database=None)
        trying(given(requests(plain=plain), *drawn)(check))()


def units_of(legs: tuple[Leg, ...]) -> Counter[LineId]:
    """Units served, by line."""
    served: Counter[LineId] = Counter()
    for leg in legs:
        served[leg.line] += leg.quantity
    return served
