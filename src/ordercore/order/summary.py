"""Documents kept beside an order's stream: its summary for lists, and a line that waits for supply."""

from __future__ import annotations

from datetime import datetime

from attrs import field, frozen

from ordercore.values import LineId, OrderId, Sku


@frozen
class OrderSummary:
    """What a list of orders shows; rewritten in the same commit as the events it sums up. `total` in minor units."""

    status: str
    fulfillment: str
    channel: str
    external_id: str
    currency: str
    total: int
    placed_at: datetime
    customer: str = ""
    payment: str = "none"
    returned: str = "none"


@frozen
class WaitingLine:
    """Units of a line that wait for new supply of a SKU; sorted by (priority, placed, order, line)."""

    order: OrderId
    line: LineId
    sku: Sku
    quantity: int
    priority: int
    placed_at: datetime
    location: str = ""


@frozen
class TrackedOrder:
    """Whose parcels a carrier means by a number; the document's key is carrier and number, the order knows which."""

    order: OrderId


@frozen
class ErasedAddress:
    """In place of an address that was erased."""

    erased_at: datetime


@frozen
class TrackingText:
    """A carrier's own words about a parcel: they may name who took it in, so they are erasable and in no event."""

    parcel: str
    text: str = field(repr=False)


def waiting_sort(priority: int, placed_at: datetime) -> str:
    """The stated order in which waiting lines are filled: highest priority first, then earliest placed."""
    # Always seven digits, for a priority is within a million: as text they must sort like numbers.
    return f"{2_000_000 - priority:07d} {placed_at.isoformat()}"
