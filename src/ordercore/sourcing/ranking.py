"""The order in which sites are asked: by rank, or by distance from the destination. Worked out once per destination."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from math import asin, cos, radians, sin, sqrt
from typing import Final

from ordercore.plan import Site, Sites, Sourcing
from ordercore.values import GeoPoint, Place

MOST_RANKINGS: Final = 4096
BY_RANK: Final = "rank"


def by_rank(request: Sourcing) -> tuple[Place, ...]:
    """Every site, lowest rank first, equal ranks by code."""
    return _ranked(_shared(request))


def by_distance(request: Sourcing) -> tuple[Place, ...]:
    """Every site, nearest to the destination first in whole metres, then by rank and code; those without a point last.

    Without a destination this is `by_rank`.
    """
    point = request.destination
    sites = _shared(request)
    if point is None:
        return _ranked(sites)
    key = (point.latitude_e6, point.longitude_e6)  # a tuple of ints hashes several times faster than the point
    known = sites.rankings.get(key)
    return known if known is not None else _remember(sites, key, _by_distance(sites, point))


def distances(request: Sourcing) -> dict[Place, int]:
    """Metres to every site whose distance is known."""
    if request.destination is None:
        return {}
    return {
        place: request.destination.metres_to(site.point)
        for place, site in request.sites.items()
        if site.point is not None
    }


def cost(site: Site, destination: GeoPoint | None) -> tuple[int, int, int]:
    """(1 if the distance is unknown, metres, rank): what sites are compared by, and sums of sites too."""
    if destination is None or site.point is None:
        return (1, 0, site.rank)
    return (0, destination.metres_to(site.point), site.rank)


def _shared(request: Sourcing) -> Sites:
    sites = request.sites
    return sites if type(sites) is Sites else _wrapped(tuple(sites.values()))


@lru_cache(maxsize=64)
def _wrapped(sites: tuple[Site, ...]) -> Sites:
    return Sites({site.place: site for site in sites})


def _ranked(sites: Sites) -> tuple[Place, ...]:
    known = sites.rankings.get(BY_RANK)
    if known is None:
        ranked = sorted(sites.values(), key=lambda site: (site.rank, site.code, site.place))
        known = _remember(sites, BY_RANK, tuple(site.place for site in ranked))
    return known


def _by_distance(sites: Sites, destination: GeoPoint) -> tuple[Place, ...]:
    ranked = _ranked(sites)
    angles = sites.angles
    if angles is None:
        angles = sites.angles = tuple(_angles(sites, ranked))
    # `GeoPoint.metres_to` with the trigonometry of the sites done before: a third of the time for a point not seen yet.
    north, east = radians(destination.latitude_e6 / 1e6), radians(destination.longitude_e6 / 1e6)
    narrow = cos(north)
    near: list[tuple[int, int]] = []
    for n, latitude, longitude, cosine in angles:
        h = sin((latitude - north) / 2) ** 2 + narrow * cosine * sin((longitude - east) / 2) ** 2
        near.append((round(2 * 6_371_008.8 * asin(min(1.0, sqrt(h)))), n))
    near.sort()
    places = tuple([ranked[n] for _, n in near])
    if len(places) == len(ranked):
        return places
    return (*places, *[place for place in ranked if sites.by_place[place].point is None])


def _angles(sites: Sites, ranked: tuple[Place, ...]) -> Iterator[tuple[int, float, float, float]]:
    for n, place in enumerate(ranked):
        point = sites.by_place[place].point
        if point is not None:
            latitude = radians(point.latitude_e6 / 1e6)
            yield n, latitude, radians(point.longitude_e6 / 1e6), cos(latitude)


def _remember(sites: Sites, key: object, places: tuple[Place, ...]) -> tuple[Place, ...]:
    if len(sites.rankings) >= MOST_RANKINGS:
        sites.rankings.clear()
    sites.rankings[key] = places
    return places
