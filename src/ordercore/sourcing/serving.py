"""Serving lines from places asked in a given order: the rule that every built-in strategy ends in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from ordercore.plan import Demand, Leg, Sourcing
from ordercore.values import LineId, Place, Sku

_NOTHING: Final[Mapping[Place, int]] = {}
_leg = tuple.__new__  # half the time of calling Leg, and this loop makes one per line


def serve(request: Sourcing, order: tuple[Place, ...]) -> tuple[Leg, ...]:
    """Serve as many units as these places can, line by line in the order of the demands.

    1. A line goes whole to the first place in `order` that has enough.
    2. If none has, it takes what there is, in that order.
    3. If it is still short and an earlier line of the SKU can move to a place that this one may not use, it moves,
       as far as needed. An earlier line never gets less for the sake of a later one.
    """
    supply, floors = request.supply, request.floors
    left: dict[Sku, dict[Place, int]] = {}
    lowered: set[Sku] = set()
    legs: list[Leg] = []
    moved = False
    for demand in request.demands:
        sku, need = demand.sku, demand.quantity
        units = left.get(sku)
        if units is None:
            units = left[sku] = dict(supply.get(sku, _NOTHING))
        places = order
        if demand.place is not None or demand.excluded:
            places = _allowed(demand, order)
        for place in places:
            if place in units and (here := units[place]) >= need:
                # Floors are looked up only where it matters: most lines end at the first place.
                if floors and sku not in lowered and here - floors.get((sku, place), 0) < need:
                    continue
                units[place] = here - need
                legs.append(_leg(Leg, (demand.line, sku, place, need, "", "")))
                break
        else:
            if floors and sku not in lowered:
                lowered.add(sku)
                for place in units:
                    units[place] -= floors.get((sku, place), 0)
            # A line that may use every place has used them all up: there is no room to make.
            if _split(demand, places, units, legs) and places is not order:
                moved |= _make_room(request.demands, demand, order, units, legs)
    return _sorted(request, order, legs) if moved else tuple(legs)


def _allowed(demand: Demand, order: tuple[Place, ...]) -> tuple[Place, ...]:
    place = demand.place
    if place is None:
        return tuple(filter(demand.allows, order))
    return (place,) if place in order and place not in demand.excluded else ()


def _split(demand: Demand, places: Iterable[Place], units: dict[Place, int], legs: list[Leg]) -> int:
    """Take what there is, place by place; what is still needed after that."""
    need = demand.quantity
    for place in places:
        take = min(need, units.get(place, 0))
        if take > 0:
            units[place] -= take
            need -= take
            legs.append(Leg(demand.line, demand.sku, place, take))
    return need


def _make_room(
    demands: Iterable[Demand], short: Demand, order: tuple[Place, ...], units: dict[Place, int], legs: list[Leg]
) -> bool:
    """Move earlier lines of the SKU away from places that `short` may use. Whether anything moved."""
    served: dict[LineId, dict[Place, int]] = {short.line: {}}
    others: list[Leg] = []
    for leg in legs:
        if leg.sku == short.sku:
            served.setdefault(leg.line, {})[leg.place] = leg.quantity
        else:
            others.append(leg)
    need = short.quantity - sum(served[short.line].values())
    allowed = {demand.line: _allowed(demand, order) for demand in demands if demand.line in served}
    moved = False
    while need and (path := _path(short.line, allowed, served, units)):
        # Augmenting paths (Ford and Fulkerson): each step is a line and the place that it goes to, and each
        # line but the first leaves the place of the step before.
        most = min(need, units[path[-1][1]], *(served[line][path[n][1]] for n, (line, _) in enumerate(path[1:])))
        units[path[-1][1]] -= most
        for n, (line, place) in enumerate(path):
            served[line][place] = served[line].get(place, 0) + most
            if n:
                served[line][path[n - 1][1]] -= most
        need -= most
        moved = True
    if moved:
        legs[:] = others
        legs.extend(
            Leg(line, short.sku, place, quantity)
            for line, places in served.items()
            for place, quantity in places.items()
            if quantity
        )
    return moved


def _path(
    start: LineId,
    allowed: Mapping[LineId, tuple[Place, ...]],
    served: Mapping[LineId, Mapping[Place, int]],
    units: Mapping[Place, int],
) -> list[tuple[LineId, Place]]:
    """The shortest chain of moves that ends at a place with units left; empty if there is none."""
    chains: dict[LineId, list[tuple[LineId, Place]]] = {start: []}
    seen: set[Place] = set()
    queue = [start]
    for line in queue:
        for place in allowed[line]:
            if place in seen:
                continue
            seen.add(place)
            chain = [*chains[line], (line, place)]
            if units.get(place, 0) > 0:
                return chain
            for other, places in served.items():
                if places.get(place, 0) > 0 and other not in chains:
                    chains[other] = chain
                    queue.append(other)
    return []


def _sorted(request: Sourcing, order: tuple[Place, ...], legs: list[Leg]) -> tuple[Leg, ...]:
    lines = {demand.line: n for n, demand in enumerate(request.demands)}
    places = {place: n for n, place in enumerate(order)}
    return tuple(sorted(legs, key=lambda leg: (lines[leg.line], places[leg.place])))
