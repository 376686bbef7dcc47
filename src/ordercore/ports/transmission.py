"""What came in over a channel and what was made of it: bytes with their headers, items, problems."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal

from attrs import field, frozen

from ordercore.order.commands import TrackingStatus
from ordercore.order.tracking import IncidentReason
from ordercore.ports.request import OrderRequest
from ordercore.values import Eta, Price, Quantity

Severity = Literal["warning", "reject", "retry"]


def _lowered(headers: Mapping[str, str]) -> Mapping[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@frozen
class Transmission:
    """Bytes as they came to one channel instance, kept as they are; `decode` reads them, nothing else does.

    `headers` have names in lower case whatever the sender wrote. `transport_id` is the sender's id of this delivery
    if it has one: it drops repeats cheaply, the content decides. `received_at` is aware. The headers may carry
    credentials and the body personal data, so neither is in the repr.
    """

    instance: str
    media_type: str
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(factory=dict, repr=False, converter=_lowered)
    received_at: datetime | None = None
    transport_id: str = ""


@frozen
class Problem:
    """One thing about a document that is not as it should be, and where.

    `path` is in the document's own terms (`line_items[2].sku`, `row 17, column quantity`). `subject` is the external
    id of the order that it concerns, if that is known: empty, a `reject` concerns the whole document. `raw` is the
    offending text, cut short, and never text of a column that may hold personal data. `warning`: read all the same;
    `reject`: what it concerns is not read and the document goes to quarantine; `retry`: may pass later as it is.
    """

    code: str
    severity: Severity
    path: str
    message: str
    raw: str | None = None
    subject: str = ""


@frozen
class ExternalKey:
    """A thing as the channel names it. `kind`: order, line, shipment; `value` is opaque text."""

    instance: str
    kind: str
    value: str


@frozen
class SourceVersion:
    """How new a document says it is: a time, a number, or both. Without either there is no version at all."""

    at: datetime | None = None
    seq: int | None = None

    def newer_than(self, other: SourceVersion) -> bool | None:
        """Whether this is the later one; None when the two say nothing about each other, or are the same."""
        if self.at is not None and other.at is not None and self.at != other.at:
            return self.at > other.at
        if self.seq is not None and other.seq is not None and self.seq != other.seq:
            return self.seq > other.seq
        return None


@frozen
class SubmitOrder:
    """The channel has this order, new or changed: the same intent for both, since a delivery may be late or lost."""

    order: OrderRequest


@frozen
class RequestCancel:
    """The channel has cancelled the order: all of it, or the units of `lines` (line key, quantity)."""

    external_id: str
    reason: str = ""
    at: datetime | None = None
    lines: tuple[tuple[str, Quantity], ...] = ()


PurchaseAnswer = Literal["accepted", "changed", "backordered", "rejected"]
"""What a supplier says to a line, as in an 855 or ORDRSP.

`accepted`: as ordered; `changed`: another quantity, date or price; `backordered`: later, `confirmed_on` says when if
that is known; `rejected`: not at all.
"""


@frozen
class ConfirmedLine:
    """What a supplier says to one line of a purchase order. What it says nothing of is None: as ordered.

    `line` is our number of it; `quantity` is in the unit of the purchase order unless it names another; `unit_price`
    is of one such unit. A line may stand several times: parts of it come on several days.
    """

    line: str
    answer: PurchaseAnswer
    quantity: Quantity | None = None
    confirmed_on: date | None = None
    unit_price: Price | None = None
    path: str = ""


@frozen
class ConfirmPurchase:
    """The supplier's answer to a purchase order: `number` is ours, `reference` its own, if it gave one.

    Lines that are not among `lines` are not answered yet.
    """

    number: str
    lines: tuple[ConfirmedLine, ...]
    reference: str = ""


@frozen
class Ignore:
    """Understood, and nothing to do."""

    reason: str


@frozen
class TrackingUpdate:
    """A carrier says something of a parcel, which it knows by its number; all that it says is kept.

    `raw_code` and `text` are its own; `status` and `reason` are of the common vocabulary (see RecordTracking).
    """

    tracking: str
    status: TrackingStatus
    occurred_at: datetime
    raw_code: str = ""
    location: str = ""
    reason: IncidentReason = ""
    text: str = ""
    eta: Eta | None = None
    correction: bool = False


Intent = SubmitOrder | TrackingUpdate | RequestCancel | ConfirmPurchase | Ignore


@frozen
class Inbound:
    """One intent of a document. `key` identifies it within the instance, the transport's own id if it has one.

    `subject` is what it is about, `version` how new it says it is, `path` where in the document it stands.
    """

    key: str
    subject: ExternalKey
    intent: Intent
    version: SourceVersion | None = None
    path: str = ""


@frozen
class Decoded:
    """Everything a document came to: what could be read, and what is the matter with the rest."""

    items: tuple[Inbound, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def rejected(self) -> tuple[Problem, ...]:
        """The problems for which the document is kept for a person."""
        return tuple(problem for problem in self.problems if problem.severity != "warning")
