"""The fewest places that serve as much of an order as all places together: a covering problem, solved exactly if small.

With pinned and excluded places the units of a SKU that a set of places can serve are a maximum flow from lines to
places. By its minimum cut they reach the target exactly if, for every group of lines, the places open to the group
hold at least the target less what the other lines demand. So each SKU gives one covering requirement, or one per
group of its differing lines, and no flow is computed in the search.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import chain, combinations
from typing import Final, NamedTuple

from attrs import frozen

from ordercore.plan import Demand, Sourcing
from ordercore.sourcing.ranking import by_distance, cost
from ordercore.values import Place, Sku

MOST_STEPS: Final = 2_000
"""Search steps per order. Eight candidate places need at most 1,279, so up to eight are always exact."""

MOST_GROUPS: Final = 5
"""Differing sets of allowed places among the lines of one SKU, up to which there is a covering problem."""


Total = tuple[int, int, int]


class Requirement(NamedTuple):
    """`target` units, and how many of them each candidate can give; candidates are places by their preference."""

    target: int
    gives: Mapping[int, int]


class Cover(NamedTuple):
    """Candidates chosen, and whether no smaller or nearer choice exists for certain."""

    chosen: tuple[int, ...]
    exact: bool


@frozen
class Problem:
    """The places of a request in order of preference, and what some of them have to cover."""

    request: Sourcing
    places: tuple[Place, ...]
    requirements: tuple[Requirement, ...]

    def total(self, chosen: Sequence[int]) -> Total:
        """Unknown distances, metres and ranks, each summed over the chosen candidates."""
        unknown, metres, rank = 0, 0, 0
        sites, destination = self.request.sites, self.request.destination
        for candidate in chosen:
            more = cost(sites[self.places[candidate]], destination)
            unknown, metres, rank = unknown + more[0], metres + more[1], rank + more[2]
        return unknown, metres, rank


def problem_of(request: Sourcing) -> Problem | None:
    """What the order's SKUs require of the sites; None if the lines of one SKU differ in more than MOST_GROUPS ways."""
    order = by_distance(request)
    positions = {place: n for n, place in enumerate(order)}
    by_sku: dict[Sku, list[Demand]] = {}
    for demand in request.demands:
        by_sku.setdefault(demand.sku, []).append(demand)
    requirements: list[Requirement] = []
    for sku, demands in by_sku.items():
        groups = _groups(demands)
        if len(groups) > MOST_GROUPS:
            return None
        requirements.extend(_requirements(groups, _usable(request, sku, positions), order))
    return Problem(request, order, tuple(requirements))


def _usable(request: Sourcing, sku: Sku, positions: Mapping[Place, int]) -> dict[int, int]:
    """Units that a plan may take, by the position of the place."""
    there, floors = request.supply.get(sku, {}), request.floors
    usable = {}
    for place, most in there.items():
        units = most - floors.get((sku, place), 0) if floors else most
        if units > 0 and place in positions:
            usable[positions[place]] = units
    return usable


def _groups(demands: Sequence[Demand]) -> list[tuple[Demand, int]]:
    """Demands that differ in where they may be served from, each with the units of all that are like it."""
    alike: dict[tuple[Place | None, frozenset[Place]], tuple[Demand, int]] = {}
    for demand in demands:
        key = (demand.place, demand.excluded)
        first, units = alike.get(key, (demand, 0))
        alike[key] = (first, units + demand.quantity)
    return list(alike.values())


def _requirements(
    groups: list[tuple[Demand, int]], usable: dict[int, int], order: tuple[Place, ...]
) -> list[Requirement]:
    """One requirement per set of groups that demands more than the others leave to it (see the top of the module)."""
    wanted = sum(units for _, units in groups)
    cuts = []
    for some in chain.from_iterable(combinations(groups, size) for size in range(1, len(groups) + 1)):
        open_to = {n: most for n, most in usable.items() if any(demand.allows(order[n]) for demand, _ in some)}
        cuts.append((wanted - sum(units for _, units in some), open_to))
    most_served = min(wanted, *(rest + sum(open_to.values()) for rest, open_to in cuts))
    return [
        Requirement(most_served - rest, {n: min(most, most_served - rest) for n, most in open_to.items()})
        for rest, open_to in cuts
        if most_served > rest
    ]


def cheapest(problem: Problem, *, with_candidate: int | None = None, at_most: int | None = None) -> Cover | None:
    """The fewest candidates that meet every requirement, and among those the cheapest; ties by preference.

    With `with_candidate` that one is among them; None if it is certain that more than `at_most` are needed.
    """
    search = _Search(problem)
    first = () if with_candidate is None else (with_candidate,)
    limit = len(problem.places) if at_most is None else at_most
    total, needs, barred = problem.total(first), _needs(problem, first), sum(1 << one for one in first)
    for size in range(len(first), limit + 1):
        search.visit(first, total, needs, barred, size - len(first))
        if search.best is not None:
            return Cover(search.best[1], search.steps < MOST_STEPS)
        if search.steps >= MOST_STEPS:
            return Cover(_greedy(problem, first), exact=False)
    return None


def _needs(problem: Problem, chosen: Sequence[int]) -> tuple[int, ...]:
    """Units that each requirement lacks with these candidates; not positive when it is met."""
    return tuple(one.target - sum(one.gives.get(n, 0) for n in chosen) for one in problem.requirements)


class _Search:
    """Depth-first over the requirement with the fewest candidates left; each set of candidates is seen once."""

    def __init__(self, problem: Problem) -> None:
        self.gives = [one.gives for one in problem.requirements]
        self.most_first = [sorted(gives.items(), key=_by_units, reverse=True) for gives in self.gives]
        self.cost = lru_cache(maxsize=None)(lambda n: problem.total((n,)))
        self.steps = 0
        self.best: tuple[Total, tuple[int, ...]] | None = None

    def visit(self, chosen: tuple[int, ...], total: Total, needs: Sequence[int], barred: int, room: int) -> None:
        """Extend `chosen` by at most `room` candidates that are not `barred` (a bit each), keeping the best set."""
        self.steps += 1
        if self.steps >= MOST_STEPS or (self.best is not None and total[:2] > self.best[0][:2]):
            return
        branches: list[int] | None = None
        for rows, need in zip(self.most_first, needs, strict=True):
            if need > 0:
                able = [row for row in rows if not barred >> row[0] & 1]
                if sum([units for _, units in able[:room]]) < need:
                    return
                if branches is None or len(able) < len(branches):
                    branches = [candidate for candidate, _ in able]
        if branches is None:
            found = (total, tuple(sorted(chosen)))
            if self.best is None or found < self.best:
                self.best = found
            return
        for candidate in sorted(branches):
            barred |= 1 << candidate
            left = [need - gives.get(candidate, 0) for need, gives in zip(needs, self.gives, strict=True)]
            if room == 1 and max(left) > 0:
                continue
            unknown, metres, rank = self.cost(candidate)
            more = (total[0] + unknown, total[1] + metres, total[2] + rank)
            self.visit((*chosen, candidate), more, left, barred, room - 1)
            if room == 1:
                return  # candidates come by preference, so the first that completes the set is its best


def _by_units(row: tuple[int, int]) -> int:
    return row[1]


def _greedy(problem: Problem, first: tuple[int, ...]) -> tuple[int, ...]:
    """Add the candidate that gives most until all is met, then drop what turned out to be unnecessary."""
    chosen = list(first)
    requirements = problem.requirements
    needs = list(_needs(problem, chosen))
    while any(need > 0 for need in needs):
        gains = {
            n: sum(min(max(need, 0), one.gives.get(n, 0)) for need, one in zip(needs, requirements, strict=True))
            for n in range(len(problem.places))
            if n not in chosen
        }
        best = max(gains, key=lambda n: (gains[n], -n))
        chosen.append(best)
        needs = [need - one.gives.get(best, 0) for need, one in zip(needs, requirements, strict=True)]
    for n in sorted(set(chosen) - set(first), reverse=True):
        rest = [one for one in chosen if one != n]
        if all(sum(one.gives.get(m, 0) for m in rest) >= one.target for one in requirements):
            chosen = rest
    return tuple(sorted(chosen))
