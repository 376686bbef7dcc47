"""Why the other places were not chosen, worked out from a plan and its request when somebody asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ordercore.errors import BrokenRule
from ordercore.plan import Choice, Demand, Explanation, Leg, Plan, Rejection, Site, Sourcing
from ordercore.sourcing.cover import Cover, Problem, cheapest, problem_of
from ordercore.sourcing.ranking import by_distance, distances
from ordercore.values import LocationCode, Place, Sku

Reason = tuple[str, str]
Against = Callable[[Plan, Sourcing, Site, Sku], Reason]
"""Why a site with usable units of a SKU, open to some line of it, serves none of them: (code, message)."""


def requested(plan: Plan) -> Sourcing:
    """What the plan answers. Raises BrokenRule if it does not remember."""
    if plan.request is None:
        raise BrokenRule("This plan does not remember what was asked.", strategy=plan.strategy)
    return plan.request


def explained(plan: Plan, against: Against) -> Explanation:
    """Chosen sites with their legs; for every other site a reason per SKU, or one if it is the same for all.

    A chosen site has a reason too for each demanded SKU that it serves nothing of. `against` answers where a site
    could have served; what keeps a site from serving at all is the same for every strategy:
    `excluded, pinned, no_stock, kept_back`. Raises BrokenRule for a plan that does not know its request.
    """
    request = requested(plan)
    metres = distances(request)
    skus = tuple(dict.fromkeys(demand.sku for demand in request.demands))
    serving = {(leg.sku, leg.place) for leg in plan.legs}
    rejected: list[Rejection] = []
    for place in sorted(request.sites, key=lambda one: (metres.get(one, 1 << 62), request.sites[one].rank, one)):
        site = request.sites[place]
        reasons = {
            sku: _unable(request, place, sku) or against(plan, request, site, sku)
            for sku in skus
            if (sku, place) not in serving
        }
        rejected.extend(_rejections(place, reasons, whole=len(reasons) == len(skus)))
    return Explanation(
        plan.strategy,
        plan.version,
        _chosen(plan, request, metres),
        tuple(rejected),
        plan.missing,
        request.sites,
        metres,
    )


def _rejections(place: Place, reasons: dict[Sku, Reason], *, whole: bool) -> Iterator[Rejection]:
    if whole and len(reasons) > 1 and len(set(reasons.values())) == 1:
        yield Rejection(place, None, *next(iter(reasons.values())))
        return
    for sku, (reason, message) in reasons.items():
        yield Rejection(place, sku, reason, message)


def _chosen(plan: Plan, request: Sourcing, metres: dict[Place, int]) -> tuple[Choice, ...]:
    # A plan read back may name a site that the catalog has lost since.
    return tuple(
        Choice(
            request.sites.get(place) or Site(place, LocationCode(place)),
            metres.get(place),
            tuple(leg for leg in plan.legs if leg.place == place),
        )
        for place in plan.places
    )


def _unable(request: Sourcing, place: Place, sku: Sku) -> Reason | None:
    """What keeps the place from serving the SKU whatever the strategy."""
    lines = [demand for demand in request.demands if demand.sku == sku]
    needed = min(demand.quantity for demand in lines)
    if all(place in demand.excluded for demand in lines):
        return "excluded", f"line {_names(lines)} may not be served from here"
    if not any(demand.allows(place) for demand in lines):
        pinned = sorted({demand.place for demand in lines if demand.place is not None})
        return "pinned", f"line {_names(lines)} is pinned to {', '.join(pinned)}"
    there = request.supply.get(sku, {}).get(place, 0)
    if there <= 0:
        return "no_stock", f"0 there, {needed} needed"
    if request.usable(sku, place) <= 0:
        floor = request.floors.get((sku, place), 0)
        return "kept_back", f"{there} there, all within the floor of {floor}, {needed} needed"
    return None


def _names(lines: list[Demand]) -> str:
    return ", ".join(demand.line for demand in lines)


def reason_generic(plan: Plan, request: Sourcing, site: Site, sku: Sku) -> Reason:
    """For strategies that do not explain themselves: only the figures."""
    usable = request.usable(sku, site.place)
    chosen = sorted({leg.place for leg in plan.legs if leg.sku == sku})
    return "not_chosen", f"{usable} usable there, {plan.strategy} chose {', '.join(chosen) or 'no place'}"


def reason_of_order(order: Callable[[Sourcing], tuple[Place, ...]], *, in_metres: bool) -> Against:
    """For strategies that serve each line from the first able site of an order."""

    def against(plan: Plan, request: Sourcing, site: Site, sku: Sku) -> Reason:
        ranked = {place: n for n, place in enumerate(order(request))}
        usable = request.usable(sku, site.place)
        few: Reason | None = None
        for demand in request.demands:
            legs = [leg for leg in plan.legs if leg.line == demand.line and leg.place in ranked]
            if demand.sku != sku or not legs or not demand.allows(site.place):
                continue
            last = max(legs, key=lambda leg: ranked[leg.place])
            if ranked[site.place] > ranked[last.place]:
                return _later(request, site, request.sites[last.place], in_metres=in_metres)
            if usable < demand.quantity == last.quantity:
                few = few or _too_few(request, usable, last)
        return few or reason_generic(plan, request, site, sku)

    return against


def _too_few(request: Sourcing, usable: int, leg: Leg) -> Reason:
    whole = request.sites[leg.place].code
    return "too_few", f"{usable} usable there, {leg.quantity} needed, and {whole} serves line {leg.line} whole"


def _later(request: Sourcing, site: Site, chosen: Site, *, in_metres: bool) -> Reason:
    """Why `site` is asked after `chosen`."""
    metres = distances(request) if in_metres else {}
    here, there = metres.get(site.place), metres.get(chosen.place)
    if there is not None and here is None:
        return "no_point", f"no coordinates; {chosen.code} is {there:,} m away"
    if here is not None and there is not None and here != there:
        return "farther", f"{here:,} m away, {chosen.code} only {there:,} m"
    if site.rank != chosen.rank:
        return "lower_rank", f"rank {site.rank}, {chosen.code} has rank {chosen.rank}"
    return "later_code", f"as good as {chosen.code}, whose code comes first"


def reason_of_cover(request: Sourcing) -> Against:
    """For the fewest parcels: what the order would take with the site among the chosen ones."""
    problem = problem_of(request)
    best = None if problem is None else cheapest(problem)

    def against(plan: Plan, _: Sourcing, site: Site, sku: Sku) -> Reason:
        chosen = plan.places
        if site.place in chosen:
            # Inside the chosen places, lines are served nearest first.
            inside = reason_of_order(
                lambda _: tuple(one for one in by_distance(request) if one in chosen), in_metres=True
            )
            return inside(plan, request, site, sku)
        if problem is None or best is None or not best.exact or {problem.places[n] for n in best.chosen} != set(chosen):
            return "not_needed", f"{len(chosen)} parcels without it serve as much"
        return _with(problem, best, site.place)

    return against


def _with(problem: Problem, best: Cover, place: Place) -> Reason:
    count = len(best.chosen)
    cover = cheapest(problem, with_candidate=problem.places.index(place), at_most=count)
    if cover is None:
        return "more_parcels", f"with it the order takes {count + 1} parcels, not {count}"
    if not cover.exact:
        return "not_needed", f"{count} parcels without it serve as much"
    there, without = problem.total(cover.chosen), problem.total(best.chosen)
    if there[0] > without[0]:
        return "no_point", f"{count} parcels with it too, but from a site without coordinates"
    if there[1] > without[1]:
        return "farther", f"{count} parcels with it too, over {there[1]:,} m in sum instead of {without[1]:,} m"
    if there[2] > without[2]:
        return "lower_rank", f"{count} parcels with it too, with ranks of {there[2]} in sum instead of {without[2]}"
    return "later_code", f"{count} parcels with it are as good, but their codes come later"
