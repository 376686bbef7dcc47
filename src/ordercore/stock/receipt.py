"""Goods that come in: receipts, and the opening balance of a running shop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from attrs import frozen

from ordercore.message import Event
from ordercore.store import Posting, postings_of
from ordercore.values import Place, Sku

SUPPLIER: Final = Place("supplier")
OPENING: Final = Place("opening")


class ReceivedUnits(NamedTuple):
    """Smallest units that came into a bucket, at `cost` / 10**`digits` `currency` each; no currency: cost unknown.

    As with prices, the cost is that of one unit of sale, not of one smallest unit.
    """

    sku: Sku
    quantity: int
    bucket: str = "available"
    lot: str = ""
    cost: int = 0
    digits: int = 0
    currency: str = ""


@frozen
class StockReceived(Event):
    """Goods came in from a supplier."""

    place: Place
    lines: tuple[ReceivedUnits, ...]
    source: str = ""
    external_id: str = ""


@frozen
class StockOpened(Event):
    """A location's stock was taken over from the books of a running shop."""

    place: Place
    reference: str
    lines: tuple[ReceivedUnits, ...]


def _into(source: Place, place: Place, lines: Iterable[ReceivedUnits]) -> list[Posting]:
    return [Posting(units.sku, units.quantity, source, "", place, units.bucket, units.lot) for units in lines]


@postings_of.register
def _(event: StockReceived) -> Iterable[Posting]:
    return _into(SUPPLIER, event.place, event.lines)


@postings_of.register
def _(event: StockOpened) -> Iterable[Posting]:
    return _into(OPENING, event.place, event.lines)
