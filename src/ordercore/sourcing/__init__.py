"""Sourcing: choosing the places that serve an order's lines. Strategies propose, one validator gates every plan."""

from __future__ import annotations

from collections.abc import Callable

from attrs import evolve

from ordercore.plan import Explanation, Missing, Plan, Sourcing, Strategy
from ordercore.sourcing.explanation import explained, reason_generic
from ordercore.sourcing.strategies import (
    STRATEGIES,
    FewestParcels,
    Nearest,
    Priority,
    fewest_parcels,
    nearest,
    priority,
    strategy_named,
)
from ordercore.sourcing.validator import validate

__all__ = [
    "STRATEGIES",
    "FewestParcels",
    "Nearest",
    "Priority",
    "explain",
    "fewest_parcels",
    "nearest",
    "priority",
    "source",
    "strategy_named",
    "validate",
]


def source(strategy: Strategy, request: Sourcing) -> Plan:
    """Run the strategy, validate its legs, and say what is missing.

    Raises InvalidPlan if the strategy planned what it may not. What the strategy itself raises passes through
    with a note that names it.
    """
    name = strategy.name
    try:
        legs = tuple(strategy(request))
    except Exception as error:
        error.add_note(f"Raised by the sourcing strategy {name!r}.")
        raise
    served = validate(request, legs, strategy=name)
    missing: tuple[Missing, ...] = ()
    for demand in request.demands:
        lacking = demand.quantity - served.get(demand.line, 0)
        if lacking:
            missing = (*missing, Missing(demand.line, demand.sku, lacking))
    return Plan(legs, missing, name, strategy.version, request, _explainer(strategy))


def explain(plan: Plan, request: Sourcing, strategy: Strategy | None = None) -> Explanation:
    """Explain a plan that was read back: with `strategy`, or the built-in one of its name, or figures only."""
    chooser = strategy or STRATEGIES.get(plan.strategy)
    explainer = _explain_generic if chooser is None else _explainer(chooser)
    return explainer(evolve(plan, request=request, explainer=explainer))


def _explainer(strategy: Strategy) -> Callable[[Plan], Explanation]:
    own: Callable[[Plan], Explanation] = getattr(strategy, "explain", _explain_generic)
    return own


def _explain_generic(plan: Plan) -> Explanation:
    return explained(plan, reason_generic)
