"""What happens to alerts, and the names it is stored under."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

from attrs import frozen

from ordercore.alerts.summary import AlertSummary, Crossing
from ordercore.balance import Balance
from ordercore.message import DocumentType, Event, EventType
from ordercore.store import without_postings
from ordercore.values import LocationCode, OrderId, Sku

AlertKind = Literal["below_reorder_point", "below_safety_stock", "stock_out", "unanswered", "not_sent"]
"""From bad to worse; the last two are about a purchase: its supplier does not answer, or it could not be sent."""

ResolvedBy = Literal["supply", "person", "levels", "answer"]


@frozen
class Finding:
    """How bad it is: the balance it was judged on, what is missing to the reorder point, and who waits for it.

    `at_risk` are the first orders that wait for the SKU there, in the order in which they get it, `at_risk_count` is
    how many there are in all.
    """

    balance: Balance
    shortfall: int = 0
    at_risk: tuple[OrderId, ...] = ()
    at_risk_count: int = 0


@frozen
class AlertRaised(Event):
    """The projected balance crossed a level from above; `number` counts the alerts of this SKU and location."""

    number: int
    kind: AlertKind
    sku: Sku
    location: LocationCode
    owner: str
    reorder_point: int
    clear_above: int
    safety_stock: int
    finding: Finding
    raised_at: datetime
    purchase: str = ""
    """For an alert about a purchase: its number; sku is empty then."""


@frozen
class AlertWorsened(Event):
    """The same crossing, but by now the balance is below a worse level."""

    kind: AlertKind
    finding: Finding


@frozen
class AlertAnswered(Event):
    """A purchase was suggested for it. Every crossing is answered at most once."""

    purchase: str
    crossing: int


@frozen
class AlertCovered(Event):
    """What is on order lifts the projected balance above `clear_above`; resolved when the goods are there."""

    finding: Finding


@frozen
class AlertReopened(Event):
    """A new crossing of the same alert.

    It was covered, and the projected balance crossed the level again; or what was ordered for the last crossing was
    not enough: with all that is coming the balance is still low.
    """

    kind: AlertKind
    crossing: int
    finding: Finding


@frozen
class AlertAcknowledged(Event):
    """Somebody takes care of it."""

    note: str = ""


@frozen
class AlertSnoozed(Event):
    """It is quiet until a time."""

    until: datetime


@frozen
class AlertAwoken(Event):
    """The time it was snoozed until has come."""


@frozen
class AlertAssigned(Event):
    """It belongs to another role or department."""

    owner: str


@frozen
class AlertResolved(Event):
    """It is over: stock recovered, a person closed it, nothing is watched any more, or the supplier answered."""

    by: ResolvedBy
    note: str = ""
    finding: Finding | None = None


@frozen
class AlertRearmed(Event):
    """After a person had closed it, the balance was above `clear_above` again: the next crossing raises another."""

    balance: Balance


without_postings(
    AlertRaised, AlertWorsened, AlertAnswered, AlertCovered, AlertReopened, AlertAcknowledged, AlertSnoozed,
    AlertAwoken, AlertAssigned, AlertResolved, AlertRearmed,
)  # fmt: skip

EVENTS: Final[tuple[EventType, ...]] = (
    EventType("alert.raised", 1, AlertRaised),
    EventType("alert.worsened", 1, AlertWorsened),
    EventType("alert.answered", 1, AlertAnswered),
    EventType("alert.covered", 1, AlertCovered),
    EventType("alert.reopened", 1, AlertReopened),
    EventType("alert.acknowledged", 1, AlertAcknowledged),
    EventType("alert.snoozed", 1, AlertSnoozed),
    EventType("alert.awoken", 1, AlertAwoken),
    EventType("alert.assigned", 1, AlertAssigned),
    EventType("alert.resolved", 1, AlertResolved),
    EventType("alert.rearmed", 1, AlertRearmed),
)
DOCUMENTS: Final[tuple[DocumentType, ...]] = (
    DocumentType("alert", AlertSummary),
    DocumentType("alert.crossing", Crossing),
)
