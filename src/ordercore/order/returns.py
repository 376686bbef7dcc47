"""Returns: units that came back to a location, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from attrs import frozen

from ordercore.message import Event
from ordercore.order.lines import Lines, LineState, checked
from ordercore.store import Posting, postings_of
from ordercore.values import LineId, Place, Sku

INTO: Final[Mapping[str, str]] = {
    "restock": "available",
    "quarantine": "quarantine",
    "damaged": "damaged",
    "returns_inbound": "returns_inbound",
}
"""Disposition -> bucket; scrap and keep_by_customer come into no bucket."""


class ReturnedUnits(NamedTuple):
    """Units of a line that came back."""

    line: LineId
    sku: Sku
    quantity: int
    disposition: str
    lot: str = ""
    owner: str = ""


@frozen
class ReturnReceived(Event):
    """Units came back, each with its disposition."""

    return_id: str
    place: Place
    contents: tuple[ReturnedUnits, ...]
    reason: str = ""


@postings_of.register
def _(event: ReturnReceived) -> Iterable[Posting]:
    customer = Place("customer")
    return [
        Posting(u.sku, u.quantity, customer, "", event.place, INTO[u.disposition], u.lot, u.owner)
        for u in event.contents
        if u.disposition in INTO
    ]


def take_back(lines: Lines, event: ReturnReceived) -> dict[LineId, LineState]:
    """Count the units as returned."""
    after = dict(lines)
    for unit in event.contents:
        state = after[unit.line]
        after[unit.line] = checked(state._replace(returned=state.returned + unit.quantity))
    return after
