"""Purchases: one, many, their story; what is expected for whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from ordercore.alerts import events as a
from ordercore.alerts.state import alert_stream
from ordercore.errors import NotFound
from ordercore.flow import ReadState
from ordercore.message import Event
from ordercore.readable import Table, columns
from ordercore.readable.statuses import status as toned
from ordercore.readable.words import moment
from ordercore.store import ReadDocuments, ReadLog
from ordercore.supply import Purchase, PurchaseSummary
from ordercore.supply import events as e
from ordercore.supply.documents import PURCHASE
from ordercore.supply.state import PURCHASES, purchase_stream
from ordercore.values import Money, OrderId, Stream
from ordercore.views.orders import Timeline, TimelineEntry, timeline
from ordercore.views.reading import Reading, ask

_PURCHASE: Final = purchase_stream("")
_ALERT: Final = alert_stream("")


def purchase(number: str) -> Reading[Purchase]:
    """The purchase as it stands. Raises NotFound."""
    asked = ReadState(purchase_stream(number), PURCHASES)
    state = (yield from ask(asked)).of(asked).state
    if state is None:
        raise NotFound(f"There is no purchase {number!r}.", kind="purchase", name=number)
    return state


def purchases(
    status: str | None = None, *, after: tuple[str, str] | None = None, limit: int = 100, newest_first: bool = False
) -> Reading[tuple[PurchaseSummary, ...]]:
    """A page of purchases by the time they were suggested; with `status` only those."""
    asked = ReadDocuments(PURCHASE, status, after, limit, newest_first)
    found = (yield from ask(asked)).of(asked)
    return tuple(document.body for document in found if isinstance(document.body, PurchaseSummary))


def purchases_table(found: Iterable[PurchaseSummary]) -> Table:
    """A row for each purchase; units in smallest units."""
    return Table(
        columns=columns("=purchase", "status", "from", "to", ">units", ">open", ">total", "=expected", "=suggested (UTC)"),
        rows=tuple(
            (
                one.purchase, toned(one.status), one.supplier, one.location, str(one.units), str(one.open),
                _worth(one.total, one.currency), str(one.expected_on or ""), moment(one.suggested_at),
            )
            for one in found
        ),
    )  # fmt: skip


def purchase_tables(purchase: Purchase) -> tuple[Table, ...]:
    """A purchase line by line, and where its quantities come from."""
    head = purchase.head
    lines = purchase.lines.values()
    title = f"Purchase {purchase.id} from {head.supplier} to {head.location}: {purchase.status.replace('_', ' ')}"
    rows = tuple(
        (
            line.facts.line, line.facts.sku, line.facts.supplier_sku, str(line.ordered), str(line.received),
            str(line.open), str(line.cancelled), str(line.unit_cost or ""), _days(line.parts), line.answer,
        )
        for line in lines
    )  # fmt: skip
    notes = [f"{line.facts.sku}: {line.facts.arithmetic}" for line in lines if line.facts.arithmetic is not None]
    notes += [f"Waits for approval: {purchase.approval}."] if purchase.status == "awaiting_approval" else []
    worth = _worth(head.total, head.currency)
    heads = columns(
        ">line", "sku", "theirs", ">ordered", ">received", ">open", ">cancelled", ">cost", "expected", "answer"
    )
    return (Table(title, heads, rows, notes=(*notes, *((f"Total {worth}.",) if worth else ()))),)


def _worth(total: int | None, currency: str) -> str:
    return str(Money(total, currency)) if total is not None else ""


def _days(parts: Iterable[e.Part]) -> str:
    return ", ".join(
        f"{part.quantity} on {part.expected_on}" if part.expected_on else str(part.quantity) for part in parts
    )


def story(name: str) -> Reading[Timeline]:
    """What happened to an order, to `purchase/<number>` or to `alert/<name>`, oldest first. Raises NotFound."""
    if name.startswith(_PURCHASE):
        return (yield from _of_stream(Stream(name), "purchase", describe_purchase))
    if name.startswith(_ALERT):
        return (yield from _of_stream(Stream(name), "alert", describe_alert))
    return (yield from timeline(OrderId(name)))


def _of_stream(stream: Stream, kind: str, describe: Callable[[Event], str]) -> Reading[Timeline]:
    asked = ReadLog(stream)
    records = (yield from ask(asked)).of(asked)
    if not records:
        name = stream.partition("/")[2]
        raise NotFound(f"There is no {kind} {name!r}.", kind=kind, name=name)
    entries = (
        TimelineEntry(r.version, r.effective_at, r.recorded_at, r.actor, r.event, describe(r.event)) for r in records
    )
    return Timeline(entries, stream)


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
            return f"approved by {'the policy' if event.by == 'policy' else 'a person'}" + _because(event.note)
        case e.PurchaseRejected():
            return "rejected" + _because(event.reason)
        case e.PurchaseSent():
            return "sent to the supplier" + (f", {event.reference}" if event.reference else "")
        case e.PurchaseNotSent():
            return "could not be sent" + _because(event.reason)
        case e.SupplierReminded():
            return f"reminder {event.number} to the supplier"
        case e.PurchaseUnanswered():
            return f"no answer after {event.reminders} reminders"
        case e.PurchaseAcknowledged():
            return f"the supplier answers{_their(event.reference)}: {'; '.join(map(_said, event.lines))}"
        case e.PurchaseReceived():
            return f"received at {event.location}: " + ", ".join(f"{u.quantity} {u.sku}" for u in event.lines)
        case e.PurchaseCancelled():
            return "cancelled" + _because(event.reason)
        case e.PurchaseClosed():
            return "closed short" + _because(event.reason)
        case _:
            return type(event).__name__


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""


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
            return "acknowledged" + _because(event.note)
        case a.AlertSnoozed():
            return f"snoozed until {event.until:%Y-%m-%d %H:%M} UTC"
        case a.AlertAwoken():
            return "awake again"
        case a.AlertAssigned():
            return f"assigned to {event.owner}"
        case a.AlertResolved():
            return f"resolved by {event.by}" + _because(event.note)
        case a.AlertRearmed():
            return f"armed again: {event.balance}"
        case _:
            return type(event).__name__


def _words(kind: str) -> str:
    return kind.replace("_", " ")


def _found(finding: a.Finding) -> str:
    orders = f", {finding.at_risk_count} orders wait" if finding.at_risk_count else ""
    return f"{finding.balance} = {finding.balance.projected}{orders}"
