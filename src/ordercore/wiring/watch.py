"""The watch: the rule of the house that looks at stock whenever something was recorded that may have changed it.

It follows the log as a `Reaction` does. What it sends looks at what is true now, so that it may be sent twice, late,
or by two workers at once. Only what has levels is looked at; without any the watch reads one counter a page.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Any, Final

from attrs import define, field

from ordercore.alerts import CheckStock
from ordercore.alerts.events import AlertRaised, AlertReopened
from ordercore.alerts.summary import Crossing
from ordercore.catalog.events import ItemPut, LevelsPut, LocationPut
from ordercore.catalog.state import LEVELS, StockLevels, levels_key
from ordercore.engine import Calls, Engine
from ordercore.flow import Effect, ReadState, read
from ordercore.flows.alerts import CROSSING
from ordercore.flows.master import LEVELS_REVISION, waited_for
from ordercore.flows.record import MAY_WAIT, ORDERS
from ordercore.message import Envelope, Recorded
from ordercore.stock.transfer import TransferReceived, TransferSent, TransferUnits
from ordercore.store import ReadCounter, ReadDocument, ReadDocuments, postings_of
from ordercore.supply import Replenish
from ordercore.supply.events import SupplyPut
from ordercore.supply.state import PURCHASES
from ordercore.values import LocationCode, Place, Sku, Stream
from ordercore.views.reading import Reading, ask

NAME: Final = "ordercore.watch"
KEPT_MOST: Final = 100_000
"""SKUs whose levels are remembered; of more, they are read again."""

_LOCATION: Final = "loc/"
_ALERT: Final = "alert/"
_PURCHASE: Final = "purchase/"


Levels = Mapping[Sku, tuple[StockLevels, ...]]
"""Levels by SKU, of those that have none too."""


@define
class Touched:
    """What a stretch of the log may have changed.

    SKUs at locations, SKUs everywhere, orders whose lines may wait, purchases that may come; locations where a level
    was crossed, and SKUs that somebody supplies now.
    """

    at: dict[tuple[Sku, LocationCode], None] = field(factory=dict)
    everywhere: dict[Sku, None] = field(factory=dict)
    orders: dict[Stream, None] = field(factory=dict)
    purchases: dict[Stream, None] = field(factory=dict)
    crossed: dict[LocationCode, None] = field(factory=dict)
    supplied: dict[Sku, None] = field(factory=dict)
    locations: bool = False

    def note(self, record: Recorded) -> None:
        """One more event."""
        for posting in postings_of(record.event):
            self._place(posting.sku, posting.source)
            self._place(posting.sku, posting.target)
        if type(record.event) in MAY_WAIT:
            self.orders[record.stream] = None
        elif record.stream.startswith(_PURCHASE):
            self.purchases[record.stream] = None
        else:
            self._also(record)

    def _also(self, record: Recorded) -> None:
        """What an event says beside its postings."""
        match record.event:
            case TransferSent() as sent:
                self._on_the_way(sent.lines, sent.target)
            case TransferReceived() as came:
                self._on_the_way((*came.lines, *came.missing), came.target)
            case ItemPut(item=item):
                self.everywhere[item.sku] = None
            case LevelsPut(levels=levels):
                self.everywhere[levels.sku] = None
            case LocationPut():
                self.locations = True
            case SupplyPut(supply=supply):
                self.supplied[supply.sku] = None
            case AlertRaised() | AlertReopened():
                self.crossed[LocationCode(record.stream.removeprefix(_ALERT).partition(":")[0])] = None
            case _:
                pass

    def _on_the_way(self, lines: Iterable[TransferUnits], target: Place) -> None:
        for units in lines:
            self._place(units.sku, target)

    def _place(self, sku: Sku, place: Place) -> None:
        if place.startswith(_LOCATION):
            self.at[sku, LocationCode(place[len(_LOCATION) :])] = None


def touched_by(records: Iterable[Recorded]) -> Touched:
    """What these events may have changed of projected balances."""
    touched = Touched()
    for record in records:
        touched.note(record)
    return touched


class Watch:
    """Follows the log for one kernel. It remembers levels only, and only while their counter stands still."""

    name = NAME

    def __init__(self, engine: Engine, *, suggests: bool) -> None:
        """`engine` reads for it; `suggests`: whether a crossing makes it ask for a purchase."""
        self._engine, self._suggests = engine, suggests
        self._revision = 0
        self._levels: dict[Sku, tuple[StockLevels, ...]] = {}

    def envelopes(self, records: Sequence[Recorded]) -> Calls[tuple[Envelope[Any], ...]]:
        """The checks that follow from a page of the log."""
        revision, settled = yield from self._engine.look(_revision())
        if not revision:
            return ()
        if settled and (revision != self._revision or len(self._levels) > KEPT_MOST):
            self._revision, self._levels = revision, {}
        # Another thread may begin anew meanwhile: what is read here is looked up here.
        known = self._levels if settled else {}
        touched = touched_by(records)
        touched.everywhere.update(dict.fromkeys((yield from self._engine.look(_skus_of(touched)))))
        unknown = [sku for sku in _skus(touched) if sku not in known]
        if unknown:
            known.update((yield from self._engine.look(_levels_of(unknown))))
        watched = _watched(touched, known)
        short = (yield from self._short(touched, watched, known)) if self._suggests else ()
        checks = [Envelope(CheckStock(sku, location)) for sku, location in watched]
        return (*checks, *(Envelope(Replenish(location)) for location in short))

    def _short(
        self, touched: Touched, watched: Iterable[tuple[Sku, LocationCode]], known: Levels
    ) -> Calls[dict[LocationCode, None]]:
        """Locations where something may be ordered now: a new crossing, a new supplier, or one that still waits."""
        waits = yield from self._engine.look(_unanswered(watched))
        more = (levels.location for sku in touched.supplied for levels in known[sku])
        return dict.fromkeys((*touched.crossed, *more, *waits))


def _skus(touched: Touched) -> dict[Sku, None]:
    return dict.fromkeys((*(sku for sku, _ in touched.at), *touched.everywhere, *touched.supplied))


def _watched(touched: Touched, known: Levels) -> dict[tuple[Sku, LocationCode], None]:
    """Those that have levels, each once."""
    found: dict[tuple[Sku, LocationCode], None] = {}
    for sku in _skus(touched):
        for levels in known[sku]:
            if sku in touched.everywhere or (sku, levels.location) in touched.at:
                found[sku, levels.location] = None
    return found


def _revision() -> Reading[tuple[int, bool]]:
    """Of the levels, and whether it is settled: what may still be undone is remembered by nobody."""
    asked = ReadCounter(LEVELS_REVISION)
    snapshot = yield from ask(asked)
    return snapshot.of(asked), snapshot.settled


def _unanswered(watched: Iterable[tuple[Sku, LocationCode]]) -> Reading[tuple[LocationCode, ...]]:
    """Where a crossing waits for a purchase: what was enough when it was looked at may be so no longer."""
    asked = [ReadDocument(CROSSING, levels_key(location, sku)) for sku, location in watched]
    if not asked:
        return ()
    snapshot = yield from ask(*asked)
    found = (snapshot.of(query) for query in asked)
    return tuple(one.body.location for one in found if one is not None and isinstance(one.body, Crossing))


def _levels_of(skus: Iterable[Sku]) -> Reading[dict[Sku, tuple[StockLevels, ...]]]:
    asked = {sku: ReadDocuments(LEVELS, sku) for sku in skus}
    snapshot = yield from ask(*asked.values())
    return {
        sku: tuple(one.body for one in snapshot.of(query) if isinstance(one.body, StockLevels))
        for sku, query in asked.items()
    }


def _skus_of(touched: Touched) -> Generator[Effect, object, tuple[Sku, ...]]:
    """SKUs of the orders and purchases that say something new; all that are waited for, if a location changed."""
    orders = [ReadState(stream, ORDERS) for stream in touched.orders]
    purchases = [ReadState(stream, PURCHASES) for stream in touched.purchases]
    skus: dict[Sku, None] = {}
    if orders or purchases:
        snapshot = yield from read(*orders, *purchases)
        for query in orders:
            order = snapshot.of(query).state
            lines = order.lines.values() if order is not None else ()
            skus.update((line.facts.sku, None) for line in lines if line.facts.tracked)
        for asked in purchases:
            purchase = snapshot.of(asked).state
            wanted = purchase.lines.values() if purchase is not None else ()
            skus.update((one.facts.sku, None) for one in wanted)
    if touched.locations:
        skus.update(dict.fromkeys((yield from waited_for())))
    return tuple(skus)
