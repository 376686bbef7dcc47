"""What a replay has come to: units counted for its account, and what is free and what waits after all that was done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ordercore.intake.history import (
    History,
)
from ordercore.message import Event, Receipt
from ordercore.order.events import LinesBackordered, LinesCancelled, OrderAllocated, OrderPlaced, ParcelShipped
from ordercore.stock.events import StockReceived
from ordercore.store import postings_of
from ordercore.values import Sku


class ReplayCounts:
    """Counts by name, and units by SKU, as the receipts of the replay say."""

    def __init__(self, history: History) -> None:
        """Nothing is done yet."""
        self.history = history
        self.by_name: dict[str, int] = {}
        self.free: dict[Sku, int] = {}
        """Units available at the location: so that a group never has to guess."""
        self.waiting: dict[Sku, int] = {}
        """Units that wait for supply."""

    def take(self, receipt: Receipt[Any]) -> None:
        """Into the counts; and unless it is a repeat, whose effects were there at the start, into what is free and waits."""
        fresh = not receipt.duplicate
        for stream, _, events in receipt.appended:
            for event in events:
                self._tally(event)
                if not fresh or type(event) is ParcelShipped:
                    continue
                for posting in postings_of(event):
                    change = (posting[5] == "available") - (posting[3] == "available")
                    if change:
                        self.free[posting[0]] = self.free.get(posting[0], 0) + change * posting[1]
                for sku, units in _waiting_by(event, events, stream, self.history):
                    self.waiting[sku] = self.waiting.get(sku, 0) + units

    def _tally(self, event: Event) -> None:
        match event:
            case OrderAllocated():
                if event.waiting == "backordered":
                    self._plus("filled", sum([leg[3] for leg in event.legs]))
            case LinesBackordered():
                self._plus("backordered", sum([line[1] for line in event.lines]))
            case ParcelShipped():
                self._plus("shipments", 1)
                self._plus("shipped", sum([moved[4] for moved in event.contents]))
                self._plus("shipped", sum([line[1] for line in event.services]))
            case StockReceived():
                self._plus("receipts", 1)
                self._plus("received", sum([line.quantity for line in event.lines]))
            case LinesCancelled():
                self._plus("cancelled_waiting", sum([line[1] for line in event.backordered]))
            case _:
                pass

    def _plus(self, name: str, units: int) -> None:
        self.by_name[name] = self.by_name.get(name, 0) + units


def _waiting_by(event: Event, events: Sequence[Event], stream: str, history: History) -> Iterator[tuple[Sku, int]]:
    """How many units more (or less) wait after this event, by SKU."""
    if type(event) is OrderAllocated:
        if event.waiting == "backordered":
            for leg in event.legs:
                yield leg.sku, -leg.quantity
    elif type(event) is LinesBackordered:
        placed = events[0]
        if isinstance(placed, OrderPlaced):
            skus = {line.line: line.sku for line in placed.lines}
            for one in event.lines:
                yield skus[one.line], one.quantity
    elif type(event) is LinesCancelled and event.backordered:
        number = history.names.get(stream.partition(":")[2])
        if number is not None:
            rows = history.sales(history.invoices[number])
            for one in event.backordered:
                yield history.skus[history.sku[rows[int(one.line) - 1]]], -one.quantity
