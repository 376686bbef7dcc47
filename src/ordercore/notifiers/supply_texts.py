"""How alerts and purchases read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ordercore.alerts.events import AlertCovered, AlertRaised, AlertReopened, AlertResolved, AlertWorsened, Finding
from ordercore.notifiers.news import Fact, facts_of, lines_of, plain_facts, title_of
from ordercore.supply.events import (
    ApprovalRequested,
    PurchaseAcknowledged,
    PurchaseNotSent,
    PurchaseReceived,
    PurchaseSent,
    PurchaseSuggested,
    PurchaseUnanswered,
    SupplierReminded,
)
from ordercore.values import Money

WORDS: Final = {
    "below_reorder_point": "below its reorder point",
    "below_safety_stock": "below its safety stock",
    "stock_out": "out of stock",
    "unanswered": "not answered by the supplier",
    "not_sent": "not sent",
}
"""Kinds of alerts."""


def found(finding: Finding) -> list[str]:
    """How bad it is: what there is, what is missing, and who waits for it."""
    balance = finding.balance
    coming = f"{balance.on_order} on order, {balance.in_transfer} in transfer"
    lines = [f"{balance.available} available, {coming}, {balance.waiting} waited for"]
    if finding.shortfall:
        lines.append(f"{finding.shortfall} short of the reorder point")
    if finding.at_risk_count:
        orders = ", ".join(finding.at_risk[:5])
        more = f" and {finding.at_risk_count - 5} more" if finding.at_risk_count > 5 else ""
        lines.append(f"waiting: {orders}{more}")
    return lines


@facts_of.register
def _(event: AlertRaised | AlertWorsened | AlertCovered | AlertReopened) -> Mapping[str, Fact]:
    finding = event.finding
    figures: dict[str, Fact] = {
        "available": finding.balance.available, "on_order": finding.balance.on_order,
        "in_transfer": finding.balance.in_transfer, "waiting": finding.balance.waiting,
        "shortfall": finding.shortfall, "orders_at_risk": finding.at_risk_count,
    }  # fmt: skip
    return {**plain_facts(event), **figures}


@title_of.register
def _(event: AlertRaised) -> str:
    about = f"{event.sku} at {event.location}" if event.sku else f"purchase {event.purchase}"
    return f"{about} is {WORDS[event.kind]}"


@lines_of.register
def _(event: AlertRaised) -> list[str]:
    levels = [f"reorder point {event.reorder_point}, safety stock {event.safety_stock}"] if event.sku else []
    owner = [f"for {event.owner}"] if event.owner else []
    return [*(found(event.finding) if event.sku else []), *levels, *owner]


@title_of.register
def _(event: AlertWorsened | AlertReopened) -> str:
    return f"by now {WORDS[event.kind]}"


@title_of.register
def _(event: AlertCovered) -> str:
    return "covered by what is on order"


@lines_of.register
def _(event: AlertWorsened | AlertReopened | AlertCovered) -> list[str]:
    return found(event.finding)


@title_of.register
def _(event: AlertResolved) -> str:
    return f"over, by {event.by}"


@lines_of.register
def _(event: AlertResolved) -> list[str]:
    return found(event.finding) if event.finding is not None else []


@title_of.register
def _(event: PurchaseSuggested) -> str:
    total = f", {Money(event.total, event.currency)}" if event.total is not None else ""
    return f"suggested from {event.supplier} for {event.location}{total}"


@lines_of.register
def _(event: PurchaseSuggested) -> list[str]:
    dates = [f"to be sent by {event.order_by.isoformat()}"]
    if event.expected_on is not None:
        dates.append(f"expected on {event.expected_on.isoformat()}")
    return [*(f"{line.quantity} x {line.sku}" for line in event.lines), *dates]


@title_of.register
def _(event: ApprovalRequested) -> str:
    return "waits for approval"


@title_of.register
def _(event: PurchaseSent) -> str:
    due = f", an answer is due by {event.answer_due:%Y-%m-%d %H:%M}" if event.answer_due else ""
    return f"sent to the supplier{due}"


@title_of.register
def _(event: PurchaseNotSent) -> str:
    return "could not be sent"


@title_of.register
def _(event: SupplierReminded) -> str:
    return f"supplier reminded, for the {event.number}. time"


@title_of.register
def _(event: PurchaseUnanswered) -> str:
    return f"not answered after {event.reminders} reminders"


@title_of.register
def _(event: PurchaseAcknowledged) -> str:
    return "answered by the supplier"


@lines_of.register
def _(event: PurchaseAcknowledged) -> list[str]:
    lines = []
    for line in event.lines:
        parts = [
            f"{one.quantity}{f' on {one.expected_on.isoformat()}' if one.expected_on else ''}" for one in line.parts
        ]
        cancelled = [f"{line.cancelled} will not come"] if line.cancelled else []
        lines.append(f"line {line.line} {line.answer}: {', '.join([*parts, *cancelled]) or 'nothing'}")
    return lines


@title_of.register
def _(event: PurchaseReceived) -> str:
    return f"received at {event.location}"


@lines_of.register
def _(event: PurchaseReceived) -> list[str]:
    return [
        f"{line.quantity} x {line.sku}{f', {line.over} more than ordered' if line.over else ''}" for line in event.lines
    ]
