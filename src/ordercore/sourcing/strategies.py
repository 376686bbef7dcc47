"""The built-in strategies. All serve as much as can be served; they differ in from where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import frozen

from ordercore.errors import NotFound, did_you_mean
from ordercore.plan import Explanation, Leg, Plan, Sourcing, Strategy
from ordercore.sourcing.cover import cheapest, problem_of
from ordercore.sourcing.explanation import explained, reason_of_cover, reason_of_order, requested
from ordercore.sourcing.ranking import by_distance, by_rank
from ordercore.sourcing.serving import serve
from ordercore.values import Place, Sku


@frozen
class Priority:
    """Line by line from the site with the lowest rank that has the whole line, else from several in rank order."""

    name: str = "priority"
    version: int = 1

    def __call__(self, request: Sourcing) -> tuple[Leg, ...]:
        """See `serving.serve` for the rule of a line."""
        return serve(request, by_rank(request))

    def explain(self, plan: Plan) -> Explanation:
        """Every site not chosen has less than the line needs or a higher rank."""
        return explained(plan, reason_of_order(by_rank, in_metres=False))


@frozen
class Nearest:
    """Line by line from the nearest site that has the whole line, else from several, nearest first.

    Great-circle metres from the destination, then rank, then code; sites without a point come last. Orders without
    a destination are served by rank.
    """

    name: str = "nearest"
    version: int = 1

    def __call__(self, request: Sourcing) -> tuple[Leg, ...]:
        """See `serving.serve` for the rule of a line."""
        return serve(request, by_distance(request))

    def explain(self, plan: Plan) -> Explanation:
        """Every site not chosen has less than the line needs or is farther away."""
        return explained(plan, reason_of_order(by_distance, in_metres=True))


@frozen
class FewestParcels:
    """As few places as possible over the whole order; among those the least metres in sum, then ranks, then codes.

    Exact for up to eight sites and as long as the search takes at most `cover.MOST_STEPS` steps; beyond, a greedy
    cover without an unnecessary place. Inside the chosen places the lines are served as by `Nearest`.
    """

    name: str = "fewest_parcels"
    version: int = 1

    def __call__(self, request: Sourcing) -> tuple[Leg, ...]:
        """One place if it serves everything, else the smallest cover."""
        order = by_distance(request)
        place = _one_for_all(request, order)
        if place is not None:
            return serve(request, (place,))
        problem = problem_of(request)
        if problem is None:
            return _thinned(request, order)
        cover = cheapest(problem)
        return serve(request, tuple(order[n] for n in cover.chosen)) if cover is not None else ()

    def explain(self, plan: Plan) -> Explanation:
        """Every site not chosen would make more parcels, or as many over more metres."""
        return explained(plan, reason_of_cover(requested(plan)))


def _one_for_all(request: Sourcing, order: tuple[Place, ...]) -> Place | None:
    """The first place that serves the whole order alone."""
    supply, floors = request.supply, request.floors
    wanted: dict[Sku, int] = {}
    for demand in request.demands:
        wanted[demand.sku] = wanted.get(demand.sku, 0) + demand.quantity
    rows = [(sku, units, supply.get(sku, {})) for sku, units in wanted.items()]
    for place in order:
        for sku, units, there in rows:
            if there.get(place, 0) < units or (floors and there[place] - floors.get((sku, place), 0) < units):
                break
        else:
            if all(demand.allows(place) for demand in request.demands):
                return place
    return None


def _thinned(request: Sourcing, order: tuple[Place, ...]) -> tuple[Leg, ...]:
    """For lines of one SKU that differ in too many ways: what serving in order uses, less what it can do without."""
    legs = serve(request, order)
    units = sum(leg.quantity for leg in legs)
    used = {leg.place for leg in legs}
    for place in reversed(order):
        if place in used:
            fewer = serve(request, tuple(one for one in order if one in used and one != place))
            if sum(leg.quantity for leg in fewer) == units:
                legs, used = fewer, used - {place}
    return legs


priority: Final = Priority()
nearest: Final = Nearest()
fewest_parcels: Final = FewestParcels()

STRATEGIES: Final[Mapping[str, Strategy]] = {one.name: one for one in (fewest_parcels, nearest, priority)}


def strategy_named(name: str, strategies: Mapping[str, Strategy] = STRATEGIES) -> Strategy:
    """The strategy of that name. Raises NotFound with the nearest known names, or all of them."""
    try:
        return strategies[name]
    except KeyError:
        known = ", ".join(sorted(strategies))
        raise NotFound(
            f"There is no sourcing strategy {name!r}.", kind="strategy", name=name,
            hint=did_you_mean(name, strategies) or f"Known: {known}.",
        ) from None  # fmt: skip
