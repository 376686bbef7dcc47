"""What flows need of the kernel's wiring: policies, strategies, and adapters to the outside. Immutable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from ordercore.errors import NotFound, did_you_mean
from ordercore.plan import Strategy
from ordercore.policies import Policies
from ordercore.sourcing import STRATEGIES, strategy_named


@frozen
class Shop:
    """Policies, the sourcing strategies by name, and the one that is used unless a command names another.

    `adapters`: carriers, suppliers and notifiers by port (`carrier`, ...) and instance.
    """

    policies: Policies = Policies()
    strategies: Mapping[str, Strategy] = field(factory=lambda: dict(STRATEGIES))
    default_strategy: str = "nearest"
    adapters: Mapping[str, Mapping[str, Any]] = field(factory=dict)

    def strategy(self, name: str) -> Strategy:
        """A strategy by name; empty: the default. Raises NotFound with the nearest names."""
        return strategy_named(name or self.default_strategy, self.strategies)

    def adapter(self, port: str, instance: str) -> Any:
        """An adapter by its instance. Raises NotFound with the nearest names."""
        known = self.adapters.get(port, {})
        try:
            return known[instance]
        except KeyError:
            hint = did_you_mean(instance, known) or f"Pass it as Kernel({port}s={{...}})."
            raise NotFound(f"There is no {port} {instance!r}.", kind=port, name=instance, hint=hint) from None
