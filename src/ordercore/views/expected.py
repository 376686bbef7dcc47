"""When those who wait may expect their units: what is on order, handed out in the order of the queue.

Computed whenever it is asked, from open purchases and the queue as they stand: nothing is bound to anything yet, so a
line of higher priority, another receipt or a delay changes it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from attrs import define, frozen

from ordercore.flow import ReadState
from ordercore.flows.record import ORDERS, WAITING
from ordercore.order import WaitingLine, stream_of
from ordercore.order.decide import unknown_order
from ordercore.store import ReadDocuments
from ordercore.supply.documents import INCOMING, IncomingLine
from ordercore.values import LineId, LocationCode, OrderId, Sku
from ordercore.views.reading import Reading, ask

MOST = 10_000
"""Lines of a queue that are looked at."""


@frozen
class Expected:
    """Units of a line that waits: when the last of them is expected, and on which purchases; no purchase: not at all.

    `expected_on` None with purchases: their suppliers named no day.
    """

    order: OrderId
    line: LineId
    sku: Sku
    quantity: int
    expected_on: date | None = None
    purchases: tuple[str, ...] = ()

    def __str__(self) -> str:
        """`4 expected on 2026-03-09 (ACME-1)`."""
        if not self.purchases:
            return f"{self.quantity} wait, nothing is on order for them"
        day = f"on {self.expected_on}" if self.expected_on is not None else "some day"
        return f"{self.quantity} expected {day} ({', '.join(self.purchases)})"


@define
class _Supply:
    """A line of a purchase, and what is left of it while it is handed out."""

    line: IncomingLine
    left: int


def hand_out(queue: Iterable[WaitingLine], incoming: Iterable[IncomingLine]) -> tuple[Expected, ...]:
    """Each line with what serves it, earliest receipt first; a line that is not served whole takes nothing.

    `queue` in the order in which lines get supply. A line that is pinned to a location takes what comes there.
    """
    supplies = [_Supply(one, one.quantity) for one in sorted(incoming, key=_when) if one.approved]
    found: list[Expected] = []
    for line in queue:
        found.append(_for(line, supplies))
        if found[-1].purchases:
            supplies = [supply for supply in supplies if supply.left]
    return tuple(found)


def _when(one: IncomingLine) -> tuple[date, str]:
    return one.expected_on or date.max, one.purchase


def _for(line: WaitingLine, supplies: Iterable[_Supply]) -> Expected:
    need, taken = line.quantity, list[tuple[_Supply, int]]()
    for supply in supplies:
        units = min(need, supply.left) if _serves(line.location, supply.line.location) else 0
        if units:
            taken.append((supply, units))
            need -= units
        if not need:
            break
    if need:
        return Expected(line.order, line.line, line.sku, line.quantity)
    for supply, units in taken:
        supply.left -= units
    purchases = dict.fromkeys(supply.line.purchase for supply, _ in taken)
    last = taken[-1][0].line.expected_on
    return Expected(line.order, line.line, line.sku, line.quantity, last, tuple(purchases))


def _serves(pinned: str, location: LocationCode) -> bool:
    return pinned in ("", location)


def expected_of(sku: Sku) -> Reading[tuple[Expected, ...]]:
    """Everybody who waits for a SKU, in the order of the queue."""
    queue, incoming = ReadDocuments(WAITING, sku, limit=MOST), ReadDocuments(INCOMING, sku, limit=MOST)
    snapshot = yield from ask(queue, incoming)
    lines = [one.body for one in snapshot.of(queue) if isinstance(one.body, WaitingLine)]
    return hand_out(lines, [one.body for one in snapshot.of(incoming) if isinstance(one.body, IncomingLine)])


def expected(id: OrderId) -> Reading[tuple[Expected, ...]]:
    """The lines of an order that wait, and when they may expect their units. Raises NotFound."""
    asked = ReadState(stream_of(id), ORDERS)
    order = (yield from ask(asked)).of(asked).state
    if order is None:
        raise unknown_order(id)
    found: list[Expected] = []
    for sku in dict.fromkeys(line.facts.sku for line in order.lines.values() if line.backordered):
        found += [one for one in (yield from expected_of(sku)) if one.order == id]
    return tuple(found)
