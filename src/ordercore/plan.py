"""Plans: which places serve which lines. The values that areas, flows and sourcing strategies share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

from attrs import field, frozen

from ordercore.errors import BrokenRule
from ordercore.readable import Span, Table, as_html, as_rich, as_text, brief, columns
from ordercore.readable.words import counted, kilometres, listed, location
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

    __str__ = as_text
    __rich__ = as_rich
    _repr_html_ = as_html

    def tables(self) -> tuple[Table, ...]:
        """Chosen places first (`+`), then the others (`-`) and what nobody can serve (`!`), each with the reason.

        SKUs that were rejected alike share a row; distances have a column where any is known.
        """
        rows = (*self._chosen(), *self._rejected(), *self._missing())
        far = any(metres is not None for *_, metres, _, _ in rows)
        return (
            Table(
                f"Why these places: {self.strategy} (version {self.version})",
                columns("", "place", *((">distance",) if far else ()), "sku", "why"),
                tuple(
                    (mark, location(place), *((kilometres(metres),) if far else ()), sku, why)
                    for mark, place, metres, sku, why in rows
                ),
            ),
        )

    def _chosen(self) -> Iterator[_Row]:
        for choice in self.chosen:
            for leg in choice.legs:
                why = f"chosen: {leg.quantity} for line {leg.line}"
                yield Span("+", "good"), choice.site.place, choice.metres, leg.sku, why

    def _rejected(self) -> Iterator[_Row]:
        alike: dict[tuple[Place, str], list[str]] = {}
        for one in self.rejected:
            alike.setdefault((one.place, f"{one.reason}: {one.message}"), []).append(one.sku or "")
        for (place, why), skus in alike.items():
            yield Span("-", "bad"), place, self.metres.get(place), ", ".join(skus), why

    def _missing(self) -> Iterator[_Row]:
        for one in self.missing:
            yield Span("!", "open"), "", None, one.sku, f"{one.quantity} missing for line {one.line}"

    def __repr__(self) -> str:
        """`<Explanation nearest version 1: chose WH1, 2 places not chosen>`."""
        chosen = listed((location(choice.site.place) for choice in self.chosen), "nothing")
        missing = f"{len(self.missing)} missing" if self.missing else ""
        others = {one.place for one in self.rejected} - {choice.site.place for choice in self.chosen}
        return brief(
            "Explanation", f"{self.strategy} version {self.version}", f"chose {chosen}", missing,
            f"{counted(len(others), 'place')} not chosen" if others else "",
        )  # fmt: skip


_Row = tuple[Span, str, int | None, str, str]
"""Mark, place, metres, SKUs, why."""


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

    __str__ = as_text
    __rich__ = as_rich
    _repr_html_ = as_html

    def tables(self) -> tuple[Table, ...]:
        """Why these places, if the plan remembers what was asked; else its legs alone."""
        if self.explainer is not None and self.request is not None:
            return self.explain().tables()
        rows = tuple((location(leg.place), leg.sku, str(leg.quantity), leg.line) for leg in self.legs)
        missing = tuple(f"{one.quantity} {one.sku} missing for line {one.line}" for one in self.missing)
        return (
            Table(
                f"{self.strategy} (version {self.version})", columns("place", "sku", ">quantity", "line"), rows,
                notes=missing,
            ),
        )  # fmt: skip

    def __repr__(self) -> str:
        """`<Plan nearest version 1: 3 legs from WH1, WH2>`."""
        places = listed(map(location, self.places), "nowhere")
        missing = f"{len(self.missing)} missing" if self.missing else ""
        return brief("Plan", f"{self.strategy} version {self.version}", f"{counted(len(self.legs), 'leg')} from {places}",
                     missing)  # fmt: skip


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
