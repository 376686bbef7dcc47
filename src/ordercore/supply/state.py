"""A purchase as its events have made it.

Identity of a line, checked after every event: ordered = received - over + open + cancelled, none of them negative,
and what is open is the sum of what is expected on its days.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Final

from attrs import evolve, frozen

from ordercore.errors import BrokenRule, NotFound, did_you_mean
from ordercore.flow import Folder
from ordercore.message import Event
from ordercore.supply import events as e
from ordercore.values import Price, Stream

_PREFIX: Final = "purchase/"
COMING: Final = frozenset(("approved", "sent", "acknowledged", "partially_received"))
"""Statuses of purchases whose open units count as on order."""
UNDECIDED: Final = frozenset(("suggested", "awaiting_approval", "repriced"))
"""Statuses of purchases that a person has to decide on; their open units are to come, but not approved."""


@frozen
class PurchaseLine:
    """One line: its facts as suggested, its counters, what is expected on which day, and its cost as it is now.

    `agreed` is the cost that it was approved at.
    """

    facts: e.OrderedLine
    open: int
    parts: tuple[e.Part, ...]
    received: int = 0
    over: int = 0
    cancelled: int = 0
    answer: str = ""
    unit_cost: Price | None = None
    agreed: Price | None = None

    @property
    def ordered(self) -> int:
        """Units as suggested."""
        return self.facts.quantity

    @property
    def expected_on(self) -> date | None:
        """When the first of what is open is expected."""
        return self.parts[0].expected_on if self.parts else None


@frozen
class Purchase:
    """A purchase; `status` is a state of `lifecycle.PURCHASE`, computed."""

    id: str
    head: e.PurchaseSuggested
    lines: Mapping[str, PurchaseLine]
    approval: str = ""
    approved: str = ""
    days_late: int = 0
    """How many days after `order_by` it was approved; what is expected is so much later."""
    rejected: bool = False
    sent: bool = False
    answer_due: datetime | None = None
    reminders: int = 0
    cancelled: bool = False
    closed: bool = False
    version: int = 0

    @property
    def open(self) -> int:
        """Units that are still to come."""
        return sum(line.open for line in self.lines.values())

    @property
    def received(self) -> int:
        """Units that came in."""
        return sum(line.received for line in self.lines.values())

    @property
    def answered(self) -> bool:
        """Whether the supplier has answered every line of which something is open."""
        return all(line.answer for line in self.lines.values() if line.open)

    @property
    def status(self) -> str:  # one word a line
        """Computed from quantities and decisions."""
        if self.rejected:
            return "rejected"
        if self.closed:
            return "short_closed"
        if self.cancelled or not (self.open or self.received):
            return "cancelled"
        if self.sent and not self.approved and self.open:
            return "repriced"
        if self.received:
            return "partially_received" if self.open else "received"
        if self.sent:
            return "acknowledged" if self.answered else "sent"
        if self.approved:
            return "approved"
        return "awaiting_approval" if self.approval else "suggested"

    def line_of(self, sku: str) -> PurchaseLine:
        """The line of a SKU. Raises NotFound."""
        for line in self.lines.values():
            if line.facts.sku == sku:
                return line
        known = [line.facts.sku for line in self.lines.values()]
        hint = did_you_mean(str(sku)[:64], known)
        raise NotFound(
            f"{str(sku)[:64]!r} is not on purchase {self.id}.", kind="purchase line", name=str(sku)[:64], hint=hint
        )


def purchase_stream(purchase: str) -> Stream:
    """The stream of a purchase."""
    return Stream(_PREFIX + purchase)


def fold_purchase(purchase: Purchase | None, new: Iterable[Event], stream: Stream) -> Purchase | None:
    """The purchase after these events; None if there never was one. Raises BrokenRule if units do not add up."""
    for event in new:
        if isinstance(event, e.PurchaseSuggested):
            lines = {
                line.line: PurchaseLine(
                    line, line.quantity, (e.Part(line.quantity, line.expected_on),), unit_cost=line.unit_cost
                )
                for line in event.lines
            }
            purchase = Purchase(stream.removeprefix(_PREFIX), event, lines, version=1)
        elif purchase is None:
            raise BrokenRule(f"A stream of a purchase cannot begin with {type(event).__name__}.", stream=stream)
        else:
            purchase = evolve(_after(purchase, event), version=purchase.version + 1)
        _check(purchase)
    return purchase


def _after(purchase: Purchase, event: Event) -> Purchase:  # one match, a change a branch
    match event:
        case e.ApprovalRequested():
            return evolve(purchase, approval=event.reason, approved="")
        case e.PurchaseApproved():
            late = timedelta(days=event.days_late)
            lines = {
                name: evolve(line, agreed=line.unit_cost, parts=_later(line.parts, late))
                for name, line in purchase.lines.items()
            }
            return evolve(purchase, approved=event.by, days_late=purchase.days_late + event.days_late, lines=lines)
        case e.PurchaseRejected():
            return evolve(_cleared(purchase), rejected=True)
        case e.PurchaseSent():
            return evolve(purchase, sent=True, answer_due=event.answer_due)
        case e.PurchaseNotSent() | e.PurchaseUnanswered():
            return evolve(purchase, answer_due=None)
        case e.SupplierReminded():
            return evolve(purchase, reminders=event.number, answer_due=event.answer_due)
        case e.PurchaseAcknowledged():
            return _answered(purchase, event)
        case e.PurchaseReceived():
            return _arrived(purchase, event)
        case e.PurchaseCancelled():
            return evolve(_cleared(purchase), cancelled=True)
        case e.PurchaseClosed():
            return evolve(_cleared(purchase), closed=True)
        case _:
            raise BrokenRule(f"{type(event).__name__} is no event of a purchase.")


def _later(parts: tuple[e.Part, ...], late: timedelta) -> tuple[e.Part, ...]:
    return tuple(evolve(one, expected_on=one.expected_on + late) if one.expected_on else one for one in parts)


def _cleared(purchase: Purchase) -> Purchase:
    lines = {
        name: evolve(line, open=0, parts=(), cancelled=line.cancelled + line.open)
        for name, line in purchase.lines.items()
    }
    return evolve(purchase, lines=lines, answer_due=None)


def _answered(purchase: Purchase, event: e.PurchaseAcknowledged) -> Purchase:
    lines = dict(purchase.lines)
    for said in event.lines:
        line = lines[said.line]
        lines[said.line] = evolve(
            line, open=line.open - said.cancelled, cancelled=line.cancelled + said.cancelled, parts=said.parts,
            answer=said.answer, unit_cost=said.unit_cost or line.unit_cost,
        )  # fmt: skip
    after = evolve(purchase, lines=lines, sent=True)
    return evolve(after, answer_due=None) if after.answered else after


def _arrived(purchase: Purchase, event: e.PurchaseReceived) -> Purchase:
    lines = dict(purchase.lines)
    for units in event.lines:
        line = lines[units.line]
        came = units.quantity - units.over
        lines[units.line] = evolve(
            line, received=line.received + units.quantity, over=line.over + units.over, open=line.open - came,
            parts=_less(line.parts, came),
        )  # fmt: skip
    return evolve(purchase, lines=lines, answer_due=None)


def _less(parts: tuple[e.Part, ...], units: int) -> tuple[e.Part, ...]:
    """What is left of the days when units came in: those of the first day first."""
    left: list[e.Part] = []
    for part in parts:
        taken = min(units, part.quantity)
        units -= taken
        if part.quantity > taken:
            left.append(e.Part(part.quantity - taken, part.expected_on))
    return tuple(left)


def _check(purchase: Purchase) -> None:
    for name, line in purchase.lines.items():
        counters = (line.open, line.received, line.over, line.cancelled, line.received - line.over)
        if (
            min(counters) < 0
            or line.ordered != line.received - line.over + line.open + line.cancelled
            or sum(part.quantity for part in line.parts) != line.open
        ):
            raise BrokenRule(
                f"Line {name} of purchase {purchase.id} does not add up.", identity="purchase", purchase=purchase.id,
                line=name, counters=str(counters),
            )  # fmt: skip


PURCHASES: Final = Folder("purchase", fold_purchase)

__all__ = ["COMING", "PURCHASES", "UNDECIDED", "Purchase", "PurchaseLine", "fold_purchase", "purchase_stream"]
