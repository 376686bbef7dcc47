"""Plans: which places serve which lines. The values that areas, flows and sourcing strategies share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

from attrs import field, frozen

from ordercore.errors import BrokenRule
from ordercore.values import GeoPoint, LineId, LocationCode, Place, Sku

Supply = Mapping[Sku, Mapping[Place, int]]
"""SKU -> place -> units available there, as `ReadOffers` answers it. Places without units may be left out."""

Floors = Mapping[tuple[Sku, Place], int]
"""Units of a SKU that must stay available at a place: safety stock."""

NOWHERE: Final[frozenset[Place]] = frozenset()
NO_FLOORS: Final[Floors] = MappingProxyType({})


class Demand(NamedTuple):
    """`quantity` smallest units of `sku` wanted for one order line: only from `place` if given, never from `excluded`."""

    line: LineId
    sku: Sku
    quantity: int
    place: Place | None = None
    excluded: frozenset[Place] = NOWHERE

    def allows(self, place: Place) -> bool:
        """Whether this line may be served from `place`."""
        return place not in self.excluded and (self.place is None or self.place == place)


@frozen(cache_hash=True)
class Site:
    """A location as sourcing sees it. Lower `rank` is preferred; equal ranks go by code."""

    place: Place
    code: LocationCode
    name: str = ""
    point: GeoPoint | None = None
    rank: int = 0


class Sites(Mapping[Place, Site]):
    """The sites of one catalog, immutable: build it once and share it, for it remembers how it was sorted.

    A plain mapping does as well wherever sites are asked for, at the cost of a look at every site per plan.
    """

    __slots__ = ("angles", "by_place", "rankings")

    def __init__(self, sites: Mapping[Place, Site]) -> None:
        """Copy `sites`. Raises BrokenRule where a site stands under another place than its own."""
        self.by_place: Mapping[Place, Site] = dict(sites)
        self.rankings: dict[object, tuple[Place, ...]] = {}
        self.angles: tuple[tuple[int, float, float, float], ...] | None = None
        for place, site in self.by_place.items():
            if site.place != place:
                raise BrokenRule(f"Site {site.place!r} stands under {place!r}.", place=place)

    def __getitem__(self, place: Place) -> Site:
        """The site; KeyError if there is none."""
        return self.by_place[place]

    def __iter__(self) -> Iterator[Place]:
        """Every place."""
        return iter(self.by_place)

    def __len__(self) -> int:
        """How many sites."""
        return len(self.by_place)

    def __contains__(self, place: object) -> bool:
        """Whether it is one of the sites."""
        return place in self.by_place

    def __repr__(self) -> str:
        """The sites, not the memory of sorting them."""
        return f"Sites({self.by_place!r})"


@frozen
class Sourcing:
    """What a strategy is asked: these demands, from this supply, at these sites, to that point.

    Usable at a place is what is available there less its floor, and only at places among `sites`. One line has
    one demand; several lines may ask for the same SKU and share what there is.
    """

    demands: tuple[Demand, ...]
    supply: Supply
    sites: Mapping[Place, Site]
    destination: GeoPoint | None = None
    floors: Floors = NO_FLOORS

    def usable(self, sku: Sku, place: Place) -> int:
        """Units of `sku` that a plan may take from `place`, never negative."""
        if place not in self.sites:
            return 0
        return max(0, self.supply.get(sku, {}).get(place, 0) - self.floors.get((sku, place), 0))


class Leg(NamedTuple):
    """`quantity` units for `line` from `place`. Lot and owner are empty until the leg is narrowed to them."""

    line: LineId
    sku: Sku
    place: Place
    quantity: int
    lot: str = ""
    owner: str = ""


@frozen
class Offer:
    """Units of a SKU available at a place: a row of the supply, for people."""

    sku: Sku
    place: Place
    available: int


def offers(supply: Supply, sku: Sku) -> tuple[Offer, ...]:
    """What is available of `sku`, most first, then by place."""
    there = supply.get(sku, {})
    return tuple(
        Offer(sku, place, units)
        for place, units in sorted(there.items(), key=lambda row: (-row[1], row[0]))
        if units > 0
    )


@frozen
class Missing:
    """`quantity` units of a line that no leg serves."""

    line: LineId
    sku: Sku
    quantity: int


@frozen
class Choice:
    """A chosen site: how far it is in metres (None if unknown) and the legs it serves."""

    site: Site
    metres: int | None
    legs: tuple[Leg, ...]


@frozen
class Rejection:
    """Why a place serves nothing of `sku` (of the whole order if None): a stable code and a message with the figures."""

    place: Place
    sku: Sku | None
    reason: str
    message: str


class Row(NamedTuple):
    """One line of an explanation as text: `+` chosen, `-` rejected, `!` missing."""

    mark: str
    location: str
    distance: str
    rank: str
    sku: str
    why: str


@frozen(repr=False)
class Explanation:
    """Why a plan is as it is: every site is among the chosen or the rejected."""

    strategy: str
    version: int
    chosen: tuple[Choice, ...]
    rejected: tuple[Rejection, ...]
    missing: tuple[Missing, ...]
    sites: Mapping[Place, Site] = field(eq=False)
    metres: Mapping[Place, int] = field(eq=False)

    def rows(self) -> tuple[Row, ...]:
        """What is worth showing, chosen places first, SKUs rejected alike in one row; a terminal or a page lays it out."""
        chosen = (
            self._row("+", choice.site.place, leg.sku, f"{leg.quantity} for line {leg.line}")
            for choice in self.chosen
            for leg in choice.legs
        )
        alike: dict[tuple[Place, str], list[str]] = {}
        for one in self.rejected:
            alike.setdefault((one.place, f"{one.reason}: {one.message}"), []).append(one.sku or "")
        rejected = (self._row("-", place, ", ".join(skus), why) for (place, why), skus in alike.items())
        missing = (Row("!", "", "", "", one.sku, f"{one.quantity} missing for line {one.line}") for one in self.missing)
        return (*chosen, *rejected, *missing)

    def _row(self, mark: str, place: Place, sku: str, why: str) -> Row:
        site = self.sites.get(place)
        metres = self.metres.get(place)
        return Row(
            mark,
            site.code if site else place,
            "" if metres is None else f"{metres:,} m",
            f"rank {site.rank}" if site else "",
            sku,
            why,
        )

    def __str__(self) -> str:
        """A table in plain text, one row a line."""
        rows = self.rows()
        widths = [max((len(row[column]) for row in rows), default=0) for column in range(5)]
        lines = (
            "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False) if width), row.why])
            for row in rows
        )
        return "\n".join([f"{self.strategy} (version {self.version})", *lines])

    __repr__ = __str__


@frozen
class Plan:
    """Which places serve which lines, by which version of which strategy, and what nobody can serve.

    A plan made by `sourcing.source` remembers its request, so that it can be explained; one read back from
    events does not, and is explained by `sourcing.explain(plan, request)`.
    """

    legs: tuple[Leg, ...]
    missing: tuple[Missing, ...]
    strategy: str
    version: int
    request: Sourcing | None = field(default=None, eq=False, repr=False)
    explainer: Callable[[Plan], Explanation] | None = field(default=None, eq=False, repr=False)

    @property
    def places(self) -> tuple[Place, ...]:
        """The chosen places, each once, in the order of the legs."""
        return tuple(dict.fromkeys(leg.place for leg in self.legs))

    def explain(self) -> Explanation:
        """Chosen and rejected places with reasons, worked out now. Raises BrokenRule if the request is not known."""
        if self.explainer is None or self.request is None:
            raise BrokenRule(
                "This plan does not remember what was asked.", strategy=self.strategy,
                hint="Use ordercore.sourcing.explain(plan, request) with the request rebuilt.",
            )  # fmt: skip
        return self.explainer(self)


class Strategy(Protocol):
    """Chooses places for demands. Any object with these three members is one; the result is validated.

    Pure: the same request gives the same legs, whatever the order of its mappings. Serve as much as can be
    served; what the legs leave out counts as missing. A strategy may also have `explain(plan) -> Explanation`.
    """

    @property
    def name(self) -> str:
        """Stable name; events keep it."""

    @property
    def version(self) -> int:
        """Raised whenever the same request would give another plan than before."""

    def __call__(self, request: Sourcing) -> tuple[Leg, ...]:
        """The legs. Never more than demanded or usable."""
