"""Documents kept beside an alert's stream: its line in lists, and a crossing that no purchase answers yet."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from ordercore.balance import Balance
from ordercore.values import LocationCode, OrderId, Sku


@frozen
class AlertSummary:
    """What a list of alerts shows: its status as its events say, its figures as of the last look."""

    id: str
    number: int
    status: str
    kind: str
    sku: Sku
    location: LocationCode
    owner: str
    raised_at: datetime
    balance: Balance
    shortfall: int
    at_risk: tuple[OrderId, ...]
    at_risk_count: int
    reorder_point: int
    purchases: tuple[str, ...] = ()
    snoozed_until: datetime | None = None


@frozen
class Crossing:
    """A crossing that waits for a purchase; the tag of its document is the location."""

    alert: str
    sku: Sku
    location: LocationCode
    crossing: int
