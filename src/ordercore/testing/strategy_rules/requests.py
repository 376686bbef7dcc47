"""Requests to a sourcing strategy: drawn by hypothesis, small enough for an oracle, and large ones for the clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, combinations
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ordercore.plan import Demand, Site, Sites, Sourcing
from ordercore.values import GeoPoint, LineId, LocationCode, Place, Sku

SKUS: Final = (Sku("TEA"), Sku("CUP"), Sku("JAR"))
PLACES: Final = tuple(Place(f"loc/{code}") for code in "ABCDE")
CLOSED: Final = Place("loc/CLOSED")
"""Has stock, and is no site."""
HERE: Final = GeoPoint(51_500_000, -100_000)

_POINTS: Final = st.builds(GeoPoint, st.sampled_from([0, 10_000_000, 30_000_000]), st.sampled_from([0, 5_000_000]))
_UNITS: Final = st.sampled_from([0, 0, 1, 2, 3, 5, 8])


def site(place: Place, point: GeoPoint | None = None, rank: int = 0) -> Site:
    """A site with the code that its place has."""
    return Site(place, LocationCode(place.removeprefix("loc/")), point=point, rank=rank)


def points() -> SearchStrategy[GeoPoint | None]:
    """A point, or none now and then."""
    return st.one_of(_POINTS, _POINTS, _POINTS, st.none())


@st.composite
def requests(draw: st.DrawFn, *, plain: bool = False) -> Sourcing:
    """One to five lines over three SKUs and up to five sites; pins, exclusions, floors, and a closed place, too.

    With `plain` every line may come from everywhere.
    """
    places = PLACES[: draw(st.integers(1, len(PLACES)))]
    sites = {place: site(place, draw(points()), draw(st.integers(0, 2))) for place in places}
    there = [*places, CLOSED]
    supply = {sku: {place: units for place in there if (units := draw(_UNITS))} for sku in SKUS}
    demands: list[Demand] = []
    for n in range(draw(st.integers(1, 5))):
        demand = Demand(LineId(f"L{n}"), draw(st.sampled_from(SKUS)), draw(st.integers(1, 9)))
        kind = "any" if plain else draw(st.sampled_from(["any", "any", "pinned", "excluding"]))
        if kind == "pinned":
            demand = demand._replace(place=draw(st.sampled_from(there)))
        if kind == "excluding":
            demand = demand._replace(excluded=draw(st.frozensets(st.sampled_from(places), min_size=1, max_size=3)))
        demands.append(demand)
    floors = {(sku, place): draw(st.integers(1, 4)) for sku in SKUS for place in places if draw(st.booleans())}
    return Sourcing(tuple(demands), supply, Sites(sites), draw(points()), draw(st.sampled_from([{}, floors])))


def subsets(things: Iterable[Demand]) -> Iterable[tuple[Demand, ...]]:
    """All choices of some of them."""
    rows = tuple(things)
    return chain.from_iterable(combinations(rows, size) for size in range(len(rows) + 1))


def most(demands: Sequence[Demand], request: Sourcing) -> int:
    """Units of these demands that can be served at all: the minimum cut over all groups of lines, SKU by SKU."""
    total = 0
    for sku in {demand.sku for demand in demands}:
        lines = [demand for demand in demands if demand.sku == sku]
        total += min(
            sum(line.quantity for line in lines if line not in group)
            + sum(request.usable(sku, place) for place in request.sites if any(line.allows(place) for line in group))
            for group in subsets(lines)
        )
    return total


def large(offers: int, lines: int = 20) -> Sourcing:
    """A request with that many offers: every one of `lines` SKUs at as many sites as it takes, none with enough."""
    places = [Place(f"loc/S{n:05d}") for n in range(offers // lines)]
    skus = [Sku(f"SKU-{n}") for n in range(lines)]
    sites = {place: site(place, GeoPoint(n * 1_000, -n * 1_000), n % 7) for n, place in enumerate(places)}
    supply = {sku: {place: 1 + (n + m) % 5 for n, place in enumerate(places)} for m, sku in enumerate(skus)}
    demands = tuple(Demand(LineId(str(n)), sku, 7 + n % 5) for n, sku in enumerate(skus))
    return Sourcing(demands, supply, Sites(sites), HERE)
