"""What happens to suppliers and purchases, and the names it is stored under."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final, Literal

from attrs import frozen

from ordercore.message import DocumentType, Event, EventType
from ordercore.store import without_postings
from ordercore.supply.arithmetic import Arithmetic
from ordercore.supply.documents import IncomingLine, PurchaseSummary, Supplier, Supply
from ordercore.values import LocationCode, Price, Sku


@frozen
class SupplierPut(Event):
    """A supplier was defined or changed; the whole of it."""

    supplier: Supplier


@frozen
class SupplyPut(Event):
    """What a supplier supplies was defined or changed; the whole of it."""

    supply: Supply


@frozen
class OrderedLine:
    """One line of a purchase as it was suggested: what, how much, at which cost, by when, and why so much.

    `unit_cost` is that of one unit of sale; `total` in minor units, None where the cost is not known.
    """

    line: str
    sku: Sku
    supplier_sku: str
    quantity: int
    unit_cost: Price | None = None
    total: int | None = None
    expected_on: date | None = None
    arithmetic: Arithmetic | None = None


@frozen
class PurchaseSuggested(Event):
    """It was worked out, or a person wrote down, what to order from a supplier for a location.

    `alerts` are the crossings that it answers. `total` in minor units, None where a cost is not known. To arrive on
    `expected_on` it has to be sent by `order_by`.
    """

    supplier: str
    location: LocationCode
    currency: str
    lines: tuple[OrderedLine, ...]
    total: int | None
    suggested_at: datetime
    order_by: date
    expected_on: date | None = None
    alerts: tuple[str, ...] = ()


@frozen
class ApprovalRequested(Event):
    """It waits for a person; `reason` says which limit it is beyond. Once it was sent: the supplier asks more for it."""

    reason: str


@frozen
class PurchaseApproved(Event):
    """It may be sent, or stands at the costs that the supplier asks.

    It is within the supplier's limits (`by` policy), or a person agreed.
    """

    by: Literal["policy", "person"]
    note: str = ""
    days_late: int = 0
    """Days after `order_by`: what is to come is expected by so much later."""


@frozen
class PurchaseRejected(Event):
    """A person did not agree."""

    reason: str


@frozen
class PurchaseSent(Event):
    """The supplier has it. An answer is expected until `answer_due`, if at all."""

    reference: str = ""
    answer_due: datetime | None = None


@frozen
class PurchaseNotSent(Event):
    """It could not be sent, for good."""

    reason: str


@frozen
class SupplierReminded(Event):
    """The supplier did not answer in time and is asked again, for the `number`th time."""

    number: int
    answer_due: datetime


@frozen
class PurchaseUnanswered(Event):
    """The supplier did not answer the last reminder either."""

    reminders: int


@frozen
class Part:
    """Units of a line that are to come on one day, if a day was named."""

    quantity: int
    expected_on: date | None = None


@frozen
class LineAnswer:
    """What the supplier said to a line: what is still to come, on which days, at which cost, what it cancelled."""

    line: str
    answer: Literal["accepted", "changed", "backordered", "rejected"]
    parts: tuple[Part, ...]
    cancelled: int = 0
    unit_cost: Price | None = None


@frozen
class PurchaseAcknowledged(Event):
    """The supplier answered, for some lines or all."""

    lines: tuple[LineAnswer, ...]
    reference: str = ""


@frozen
class ArrivedUnits:
    """Units of a line that came in, `over` of them beyond what was ordered."""

    line: str
    sku: Sku
    quantity: int
    over: int = 0


@frozen
class PurchaseReceived(Event):
    """Goods came in; `receipt` is the stream that moved the stock, in the same commit."""

    receipt: str
    location: LocationCode
    lines: tuple[ArrivedUnits, ...]


@frozen
class PurchaseCancelled(Event):
    """Nothing of it is wanted any more."""

    reason: str


@frozen
class PurchaseClosed(Event):
    """What was still open will not come."""

    reason: str


without_postings(
    SupplierPut, SupplyPut, PurchaseSuggested, ApprovalRequested, PurchaseApproved, PurchaseRejected, PurchaseSent,
    PurchaseNotSent, SupplierReminded, PurchaseUnanswered, PurchaseAcknowledged, PurchaseReceived, PurchaseCancelled,
    PurchaseClosed,
)  # fmt: skip

EVENTS: Final[tuple[EventType, ...]] = (
    EventType("supplier.put", 1, SupplierPut),
    EventType("supply.put", 1, SupplyPut),
    EventType("purchase.suggested", 1, PurchaseSuggested),
    EventType("purchase.approval_requested", 1, ApprovalRequested),
    EventType("purchase.approved", 1, PurchaseApproved),
    EventType("purchase.rejected", 1, PurchaseRejected),
    EventType("purchase.sent", 1, PurchaseSent),
    EventType("purchase.not_sent", 1, PurchaseNotSent),
    EventType("purchase.supplier_reminded", 1, SupplierReminded),
    EventType("purchase.unanswered", 1, PurchaseUnanswered),
    EventType("purchase.acknowledged", 1, PurchaseAcknowledged),
    EventType("purchase.received", 1, PurchaseReceived),
    EventType("purchase.cancelled", 1, PurchaseCancelled),
    EventType("purchase.closed", 1, PurchaseClosed),
)
DOCUMENTS: Final[tuple[DocumentType, ...]] = (
    DocumentType("supplier", Supplier),
    DocumentType("supply", Supply),
    DocumentType("purchase", PurchaseSummary),
    DocumentType("purchase.incoming", IncomingLine),
)
