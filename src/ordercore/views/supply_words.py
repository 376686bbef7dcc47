"""Events of purchases and alerts, each in one line of English."""

from __future__ import annotations

from ordercore.alerts import events as a
from ordercore.message import Event
from ordercore.readable.words import because
from ordercore.supply import events as e
from ordercore.values import Money


def describe_purchase(event: Event) -> str:  # noqa: C901  # one match, a sentence a branch
    """A purchase's event in one line of English."""
    match event:
        case e.PurchaseSuggested():
            lines = ", ".join(f"{line.quantity} {line.sku}" for line in event.lines)
            worth = f", {Money(event.total, event.currency)}" if event.total is not None else ""
            why = f" for {', '.join(event.alerts)}" if event.alerts else ""
            return f"suggested from {event.supplier} to {event.location}{why}: {lines}{worth}"
        case e.ApprovalRequested():
            return f"waits for approval: {event.reason}"
        case e.PurchaseApproved():
            return f"approved by {'the policy' if event.by == 'policy' else 'a person'}" + _note(event.note)
        case e.PurchaseRejected():
            return "rejected" + because(event.reason)
        case e.PurchaseSent():
            return "sent to the supplier" + (f", {event.reference}" if event.reference else "")
        case e.PurchaseNotSent():
            return "could not be sent" + because(event.reason)
        case e.SupplierReminded():
            return f"reminder {event.number} to the supplier"
        case e.PurchaseUnanswered():
            return f"no answer after {event.reminders} reminders"
        case e.PurchaseAcknowledged():
            return f"the supplier answers{_their(event.reference)}: {'; '.join(map(_said, event.lines))}"
        case e.PurchaseReceived():
            return f"received at {event.location}: " + ", ".join(f"{u.quantity} {u.sku}" for u in event.lines)
        case e.PurchaseCancelled():
            return "cancelled" + because(event.reason)
        case e.PurchaseClosed():
            return "closed short" + because(event.reason)
        case _:
            return type(event).__name__


def _their(reference: str) -> str:
    return f" ({reference})" if reference else ""


def _said(line: e.LineAnswer) -> str:
    days = ", ".join(
        f"{part.quantity} on {part.expected_on}" if part.expected_on else f"{part.quantity} some day"
        for part in line.parts
    )
    gone = f", {line.cancelled} will not come" if line.cancelled else ""
    cost = f" at {line.unit_cost}" if line.unit_cost is not None else ""
    return f"line {line.line} {line.answer}{cost}: {days or 'nothing'}{gone}"


def describe_alert(event: Event) -> str:  # one match, a sentence a branch
    """An alert's event in one line of English."""
    match event:
        case a.AlertRaised():
            about = f"purchase {event.purchase}" if event.purchase else _found(event.finding)
            return f"alert {event.number}, {_words(event.kind)}: {about}"
        case a.AlertWorsened():
            return f"worse, {_words(event.kind)}: {_found(event.finding)}"
        case a.AlertReopened():
            return f"crossed again, {_words(event.kind)}: {_found(event.finding)}"
        case a.AlertAnswered():
            return f"purchase {event.purchase} is suggested for it"
        case a.AlertCovered():
            return f"covered by what is on order: {_found(event.finding)}"
        case a.AlertAcknowledged():
            return "acknowledged" + _note(event.note)
        case a.AlertSnoozed():
            return f"snoozed until {event.until:%Y-%m-%d %H:%M} UTC"
        case a.AlertAwoken():
            return "awake again"
        case a.AlertAssigned():
            return f"assigned to {event.owner}"
        case a.AlertResolved():
            return f"resolved by {event.by}" + _note(event.note)
        case a.AlertRearmed():
            return f"armed again: {event.balance}"
        case _:
            return type(event).__name__


def _words(kind: str) -> str:
    return kind.replace("_", " ")


def _found(finding: a.Finding) -> str:
    orders = f", {finding.at_risk_count} orders wait" if finding.at_risk_count else ""
    return f"{finding.balance} = {finding.balance.projected}{orders}"


def _note(text: str) -> str:
    return f": {text}" if text else ""
