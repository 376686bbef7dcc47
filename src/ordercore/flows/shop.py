"""What flows need of the kernel's wiring: policies and strategies. Immutable."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from ordercore.plan import Strategy
from ordercore.policies import Policies
from ordercore.sourcing import STRATEGIES, strategy_named


@frozen
class Shop:
    """Policies, the sourcing strategies by name, and the one that is used unless a command names another."""

    policies: Policies = Policies()
    strategies: Mapping[str, Strategy] = field(factory=lambda: dict(STRATEGIES))
    default_strategy: str = "nearest"

    def strategy(self, name: str) -> Strategy:
        """A strategy by name; empty: the default. Raises NotFound with the nearest names."""
        return strategy_named(name or self.default_strategy, self.strategies)
