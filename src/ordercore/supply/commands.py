"""What can be asked of suppliers and purchases. Quantities are ints in the item's smallest unit, or `Quantity`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Literal

from attrs import field, frozen

from ordercore.message import Command
from ordercore.values import Money, Price, Quantity

Answer = Literal["accepted", "changed", "backordered", "rejected"]
IntoBucket = Literal["available", "quality_control", "quarantine", "damaged"]


@frozen
class PutSupplier(Command[str]):
    """Define or change a supplier. `instance`: the account of a plugin that sends to it; empty: a person does.

    A purchase of at most `approve_up_to` needs no person; without it, each does. An answer is expected within
    `answer_within_hours` (0: none is), asked for again `reminders` times. Up to `over_receipt_percent` more than was
    ordered is taken in. `minimum_order` is the least total that it accepts. Amounts are in `currency`.
    """

    code: str
    currency: str
    name: str = ""
    instance: str = ""
    lead_time_days: int = 0
    answer_within_hours: int = 0
    reminders: int = 2
    approve_up_to: str | Decimal | Money | None = None
    over_receipt_percent: int = 0
    minimum_order: str | Decimal | Money | None = None
    active: bool = True


@frozen
class PutSupply(Command[str]):
    """Define or change what a supplier supplies: its own number, cost of one unit of sale, pack, minimum, lead time.

    Of several suppliers of an item the one of the lowest `rank` is asked. The result is `<supplier>:<sku>`.
    """

    sku: str
    supplier: str
    supplier_sku: str = ""
    unit_cost: str | Decimal | Money | Price | None = None
    pack: int | Quantity = 1
    minimum: int | Quantity | None = None
    lead_time_days: int | None = None
    rank: int = 0
    active: bool = True


@frozen
class Replenish(Command[str]):
    """Suggest purchases for what runs low at a location: one per supplier, each crossing answered at most once.

    It looks at what is true now; a repeat suggests nothing more. The result is the first purchase, or nothing.
    """

    location: str


@frozen
class WantedLine:
    """Units of an item that a person wants ordered."""

    sku: str
    quantity: int | Quantity


def _wanted(given: Iterable[WantedLine]) -> tuple[WantedLine, ...]:
    return tuple(given)


@frozen
class SuggestPurchase(Command[str]):
    """A person wants something ordered, alert or not; it waits for approval. The result is the purchase's number."""

    supplier: str
    location: str
    lines: tuple[WantedLine, ...] = field(converter=_wanted)


@frozen
class ApprovePurchase(Command[str]):
    """A person agrees: it is sent through the supplier's plugin, if it has one; one that was sent stands as answered."""

    purchase: str
    note: str = ""


@frozen
class RejectPurchase(Command[str]):
    """A person does not agree; the crossing that it answered is not answered again.

    One that was sent is over too, or closed short if a part of it came; the supplier is told by a person.
    """

    purchase: str
    reason: str


@frozen
class RecordPurchaseSent(Command[str]):
    """The supplier has it; `reference` is what its side gave for it. The plugin's answer, or a person who phoned."""

    purchase: str
    reference: str = ""


@frozen
class RecordPurchaseNotSent(Command[str]):
    """It could not be sent, for good; somebody is told. The plugin's refusal, or a person's word for it."""

    purchase: str
    reason: str


@frozen
class AnsweredLine:
    """What the supplier says to one line, or to a part of it. What is None is as ordered.

    `quantity` is of all that will be delivered of the line, received units among it; less than ordered: the rest is
    cancelled. Several answers to one line are parts of it on several days.
    """

    line: str
    answer: Answer = "accepted"
    quantity: int | Quantity | None = None
    expected_on: date | None = None
    unit_cost: str | Decimal | Money | Price | None = None


def _answered(given: Iterable[AnsweredLine]) -> tuple[AnsweredLine, ...]:
    return tuple(given)


@frozen
class AcknowledgePurchase(Command[str]):
    """The supplier answers: lines that are not named are not answered yet; no lines at all: everything as ordered."""

    purchase: str
    lines: tuple[AnsweredLine, ...] = field(default=(), converter=_answered)
    reference: str = ""


@frozen
class ArrivedLine:
    """Units of one SKU that came in; lot items name their lot, with its expiry date if it has one."""

    sku: str
    quantity: int | Quantity
    lot: str = ""
    expires: date | None = None
    bucket: IntoBucket = "available"


def _arrived(given: Iterable[ArrivedLine]) -> tuple[ArrivedLine, ...]:
    return tuple(given)


@frozen
class ReceivePurchase(Command[str]):
    """Goods of a purchase came in, all or a part, once per `external_id` (the delivery note) where given.

    They are received as by ReceiveStock, at their cost, and fill lines that wait, in the same commit. `location` is
    the purchase's own unless said otherwise.
    """

    purchase: str
    lines: tuple[ArrivedLine, ...] = field(converter=_arrived)
    location: str = ""
    external_id: str = ""


@frozen
class CancelPurchase(Command[str]):
    """Nothing more is wanted of a purchase of which nothing came; the supplier is told by a person."""

    purchase: str
    reason: str


@frozen
class ClosePurchase(Command[str]):
    """What is still open of a purchase will not come: closed short."""

    purchase: str
    reason: str


@frozen
class RemindSupplier(Command[str]):
    """The time to answer is over: send a reminder, or raise an alert after the last one. The timer sends it."""

    purchase: str


PurchaseCommand = (
    ApprovePurchase
    | RejectPurchase
    | RecordPurchaseSent
    | RecordPurchaseNotSent
    | AcknowledgePurchase
    | CancelPurchase
    | ClosePurchase
    | RemindSupplier
)
"""Those that are decided on a purchase and its supplier alone."""
