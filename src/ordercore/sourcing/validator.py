"""The one validator: no plan reaches a decision without passing it, whoever made it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from ordercore.errors import BrokenRule, InvalidPlan
from ordercore.plan import Demand, Leg, Sites, Sourcing
from ordercore.values import LineId, Place, Sku


def validate(request: Sourcing, legs: Sequence[Leg], *, strategy: str = "") -> dict[LineId, int]:
    """Check legs against what was asked, and answer the units that they serve of each line.

    Raises InvalidPlan, naming `strategy`, unless:

    1. every leg is a `Leg` for a demanded line and that line's SKU;
    2. its quantity is an int of at least 1;
    3. its place is the one that the line is pinned to, if it is, and not excluded;
    4. its place is one of the sites, and neither lot nor owner is named, for offers know none;
    5. per SKU and place, all legs together take at most what is available less the floor;
    6. per line, all legs together serve at most what is demanded.

    Raises BrokenRule if the request itself names a line twice or demands less than one unit.
    """
    supply, floors, sites = request.supply, request.floors, request.sites
    known = sites.by_place if type(sites) is Sites else sites
    demands = {demand[0]: demand for demand in request.demands}
    if len(demands) != len(request.demands):
        _check_request(request)
    served: dict[LineId, int] = {}
    taken: dict[tuple[Sku, Place], int] = {}
    for leg in legs:
        if type(leg) is not Leg:
            raise InvalidPlan(
                f"Strategy {strategy!r}: a {type(leg).__name__} is not a Leg.", strategy=strategy, rule="not_a_leg"
            )
        line, sku, place, quantity, lot, owner = leg
        wanted = demands.get(line)
        if (
            wanted is None
            or wanted.sku != sku
            or type(quantity) is not int
            or quantity < 1
            or (wanted.place is not None and wanted.place != place)
            or place in wanted.excluded
            or lot
            or owner
        ):
            _refuse_leg(request, strategy, leg, wanted)
        served[line] = units = served[line] + quantity if line in served else quantity
        if units > wanted.quantity:
            _refuse_line(request, strategy, wanted, legs)
        key = (sku, place)
        taken[key] = units = taken[key] + quantity if key in taken else quantity
        there = supply[sku][place] if sku in supply and place in supply[sku] else 0
        if key in floors:
            there -= floors[key]
        if units > there or place not in known:
            _refuse_place(request, strategy, sku, place, legs)
    for demand in request.demands:
        if demand.quantity < 1:
            _check_request(request)
    return served


def _check_request(request: Sourcing) -> None:
    """A broken request is nobody's plan: say so before a strategy is blamed."""
    lines: set[LineId] = set()
    for demand in request.demands:
        if demand.quantity < 1:
            raise BrokenRule("A demand is at least one unit.", line=demand.line, sku=demand.sku, asked=demand.quantity)
        if demand.line in lines:
            raise BrokenRule(f"Line {demand.line!r} is demanded twice.", line=demand.line, sku=demand.sku)
        lines.add(demand.line)


def _refuse_leg(request: Sourcing, strategy: str, leg: Leg, wanted: Demand | None) -> NoReturn:
    _check_request(request)
    line, sku, place, quantity, lot, owner = leg
    if wanted is None:
        rule, why = "unknown_line", "nobody demanded that line"
    elif wanted.sku != sku:
        rule, why = "wrong_sku", f"the line demands {wanted.sku!r}"
    elif type(quantity) is not int or quantity < 1:
        rule, why = "bad_quantity", "a quantity is an int of at least 1"
    elif wanted.place is not None and wanted.place != place:
        rule, why = "pinned", f"the line is pinned to {wanted.place!r}"
    elif place in wanted.excluded:
        rule, why = "excluded", "the line excludes that place"
    else:
        rule, why = "narrowed", f"offers know neither lots nor owners (lot {lot!r}, owner {owner!r})"
    raise InvalidPlan(
        f"Strategy {strategy!r}: {quantity!r} of {sku!r} for line {line!r} from {place!r}: {why}.",
        strategy=strategy, rule=rule, line=line, sku=sku, place=place,
        asked=quantity if type(quantity) is int else repr(quantity),
    )  # fmt: skip


def _refuse_line(request: Sourcing, strategy: str, wanted: Demand, legs: Sequence[Leg]) -> NoReturn:
    _check_request(request)
    mine = [leg for leg in legs if leg.line == wanted.line]
    places, quantity = tuple(leg.place for leg in mine), sum(leg.quantity for leg in mine)
    raise InvalidPlan(
        f"Strategy {strategy!r}: line {wanted.line!r} gets {quantity} of {wanted.sku!r} from {', '.join(places)}, "
        f"{wanted.quantity} demanded.",
        strategy=strategy, rule="over_served", line=wanted.line, sku=wanted.sku, place=places[0], places=places,
        asked=quantity, there=wanted.quantity,
    )  # fmt: skip


def _refuse_place(request: Sourcing, strategy: str, sku: Sku, place: Place, legs: Sequence[Leg]) -> NoReturn:
    here = [leg for leg in legs if leg.sku == sku and leg.place == place]
    lines, quantity = tuple(leg.line for leg in here), sum(leg.quantity for leg in here)
    known = place in request.sites
    usable = request.usable(sku, place)
    floor = request.floors.get((sku, place), 0)
    why = f"{usable} usable there (floor {floor})" if known else "that place is not one of the sites"
    raise InvalidPlan(
        f"Strategy {strategy!r}: {quantity} of {sku!r} from {place!r} for line {', '.join(lines)}: {why}.",
        strategy=strategy, rule="over_taken" if known else "unknown_place", line=lines[0] if lines else "",
        lines=lines, sku=sku, place=place, asked=quantity, there=usable, floor=floor,
    )  # fmt: skip
