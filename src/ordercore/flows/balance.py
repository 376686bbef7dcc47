"""The projected balance of a SKU at a location, read in one snapshot from rows, queues and what is on order.

Lines that wait and may be served from anywhere count once: at the first location of those with levels, by rank.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from attrs import frozen

from ordercore.balance import Balance
from ordercore.catalog import Item, Location, StockLevels
from ordercore.catalog.state import LEVELS
from ordercore.flow import Effect, ReadState, read
from ordercore.flows.catalog import CatalogView, ReadCatalog
from ordercore.flows.record import WAITING
from ordercore.message import Context
from ordercore.order import WaitingLine
from ordercore.stock.state import TRANSFERS, Transfer, transfer_stream
from ordercore.store import Document, Query, ReadDocument, ReadDocuments, ReadPositions, Row, RowKey, Snapshot
from ordercore.supply.documents import INCOMING, SUPPLIER, SUPPLY, IncomingLine, Supplier, Supply
from ordercore.values import LocationCode, OrderId, Place, Sku

PAGE: Final = 1000
AT_RISK_MOST: Final = 20
"""Orders that a finding names; of more it says how many."""

_TRANSFER: Final = "transfer/"


@frozen
class Reckoned:
    """A balance with what it was reckoned from: levels, item, who waits, who supplies, when more comes into sight.

    `at_risk` are the orders that wait there, each once, in the order in which they get it.
    """

    levels: StockLevels
    item: Item
    location: Location
    balance: Balance
    at_risk: tuple[OrderId, ...]
    supplies: tuple[Supply, ...]
    look_again: datetime | None = None


class BalanceQueries:
    """What a balance is reckoned from; ask them with whatever else belongs to the same moment."""

    def __init__(self, sku: Sku, location: LocationCode) -> None:
        """Of one SKU at one location."""
        self.sku, self.location = sku, location
        self.catalog = ReadCatalog((sku,))
        self.rows = ReadPositions((sku,))
        self.levels = ReadDocuments(LEVELS, sku)
        self.queue = ReadDocuments(WAITING, sku, limit=PAGE)
        self.incoming = ReadDocuments(INCOMING, sku)
        self.supplies = ReadDocuments(SUPPLY, sku)

    @property
    def all(self) -> tuple[Query[Any], ...]:
        """Every query."""
        return (self.catalog, self.rows, self.levels, self.queue, self.incoming, self.supplies)

    def reckon(self, snapshot: Snapshot, context: Context) -> Generator[Effect, object, Reckoned | None]:
        """The balance in this snapshot; None where there are no levels. Further pages and names are read as needed."""
        view = snapshot.of(self.catalog)
        levels = [one.body for one in snapshot.of(self.levels) if isinstance(one.body, StockLevels)]
        own = next((one for one in levels if one.location == self.location), None)
        at, item = view.locations.get(self.location), view.items.get(self.sku)
        if own is None or at is None or item is None:
            return None
        waiting, at_risk = yield from self._waiting(snapshot.of(self.queue), at, home_of(levels, view))
        rows = snapshot.of(self.rows)
        supplies = supplies_in(snapshot.of(self.supplies))
        incoming = [
            one.body
            for one in snapshot.of(self.incoming)
            if isinstance(one.body, IncomingLine) and one.body.location == self.location
        ]
        in_transfer = yield from self._in_transfer(rows, at.place)
        lead = (yield from _lead_time(supplies)) if incoming else None
        coming = Coming.of(incoming, today_at(context.now, at), lead)
        free = rows.get((self.sku, at.place, "", ""), (0,))[0]
        balance = Balance(free, coming.in_time, in_transfer, waiting, coming.later, coming.unapproved)
        again = _midnight(coming.next, at) if coming.next is not None else None
        return Reckoned(own, item, at, balance, at_risk, supplies, again)

    def _waiting(
        self, page: Sequence[Document], at: Location, home: LocationCode | None
    ) -> Generator[Effect, object, tuple[int, tuple[OrderId, ...]]]:
        """Units that wait for this location, and whose."""
        units, orders = 0, dict[OrderId, None]()
        while True:
            for document in page:
                line = document.body
                if isinstance(line, WaitingLine) and (line.location or home) == at.code:
                    units += line.quantity
                    orders[line.order] = None
            if len(page) < PAGE:
                return units, tuple(orders)
            following = ReadDocuments(WAITING, self.sku, (page[-1].sort, page[-1].key), PAGE)
            page = (yield from read(following)).of(following)

    def _in_transfer(self, rows: Mapping[RowKey, Row], place: Place) -> Generator[Effect, object, int]:
        """Units on their way to this place; where a transfer goes never changes, so it may be read a moment later."""
        moving = {key[1]: row[0] for key, row in rows.items() if key[1].startswith(_TRANSFER) and not key[2] and row[0]}
        if not moving:
            return 0
        asked = {at: ReadState(transfer_stream(at.removeprefix(_TRANSFER)), TRANSFERS) for at in moving}
        snapshot = yield from read(*asked.values())
        return sum(units for at, units in moving.items() if _goes_to(snapshot.of(asked[at]).state, place))


def _goes_to(transfer: Transfer | None, place: Place) -> bool:
    return transfer is not None and transfer.target == place


@frozen
class Coming:
    """What is still to come of purchases, by when and how surely; `next`: when some of `later` comes into sight."""

    in_time: int = 0
    later: int = 0
    unapproved: int = 0
    next: date | None = None

    @classmethod
    def of(cls, lines: Iterable[IncomingLine], today: date, lead: timedelta | None) -> Coming:
        """Sum them up; without a lead time everything counts as in time, and what has no day never does otherwise."""
        in_time = later = unapproved = 0
        dates: list[date] = []
        for line in lines:
            if not line.approved:
                unapproved += line.quantity
            elif lead is None or (line.expected_on is not None and line.expected_on <= today + lead):
                in_time += line.quantity
            else:
                later += line.quantity
                dates += [line.expected_on - lead] if line.expected_on is not None else []
        return cls(in_time, later, unapproved, min(dates, default=None))


def home_of(levels: Iterable[StockLevels], view: CatalogView) -> LocationCode | None:
    """Where lines count that may be served from anywhere: the first location with levels that sells."""
    ranked = [
        (at.rank, at.code)
        for one in levels
        if one.active and (at := view.locations.get(one.location)) is not None and at.sellable
    ]
    return min(ranked)[1] if ranked else None


def supplies_in(documents: Iterable[Document]) -> tuple[Supply, ...]:
    """Who supplies it, first choice first; those that are not any more left out."""
    return tuple(one.body for one in documents if isinstance(one.body, Supply) and one.body.active)


def _lead_time(supplies: Sequence[Supply]) -> Generator[Effect, object, timedelta | None]:
    """How long the first choice takes; None where nobody supplies it."""
    if not supplies:
        return None
    first = supplies[0]
    if first.lead_time_days is not None:
        return timedelta(days=first.lead_time_days)
    asked = ReadDocument(SUPPLIER, first.supplier)
    found = (yield from read(asked)).of(asked)
    return timedelta(days=found.body.lead_time_days) if found and isinstance(found.body, Supplier) else None


def today_at(now: datetime, at: Location) -> date:
    """The day it is there."""
    return now.astimezone(at.zone).date()


def _midnight(day: date, at: Location) -> datetime:
    return datetime.combine(day, time.min, at.zone).astimezone(UTC)
