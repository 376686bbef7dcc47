"""Alerts in flows: the balance is read and judged in one snapshot; the alert's stream keeps two checkers apart."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Final

from attrs import evolve

from ordercore.alerts import events as e
from ordercore.alerts.commands import AlertCommand, CheckStock
from ordercore.alerts.decide import Watched, attend, judge, shortfall
from ordercore.alerts.state import ALERTS, Alert, alert_stream, fold_alert
from ordercore.alerts.summary import AlertSummary, Crossing
from ordercore.catalog.state import levels_key
from ordercore.errors import At, NotFound, at
from ordercore.flow import Decision, Effect, Flow, Loaded, ReadState, guard, read
from ordercore.flows.balance import AT_RISK_MOST, BalanceQueries, Reckoned
from ordercore.flows.shop import Shop
from ordercore.internal import internal
from ordercore.message import Context, Event
from ordercore.store import Append, CancelTimer, DeleteDocument, Document, PutDocument, ReadDocument, SetTimer
from ordercore.store.batch import DocumentChange, TimerChange
from ordercore.supply.state import PURCHASES, purchase_stream
from ordercore.values import LocationCode, code_of, sku_of, text_of

ALERT: Final = "alert"
CROSSING: Final = "crossing"
WAKE: Final = "alert.wake"
"""The kind of timer that sends WakeAlert; its key is the alert's name."""
CHECK: Final = "stock.check"
"""The kind of timer that sends CheckStock; its key is `<location>:<sku>`."""


@internal
class AlertChange:
    """What a batch writes for new events of an alert."""

    alert: Alert
    append: Append
    documents: tuple[DocumentChange, ...]
    timers: tuple[TimerChange, ...]


def change_alert(id: str, loaded: Loaded[Alert], events: Sequence[Event]) -> AlertChange:
    """Apply the events and derive documents and timers. `events` must not be empty."""
    stream = alert_stream(id)
    after = fold_alert(loaded.state, events, stream)
    assert after is not None  # noqa: S101  # events are not empty
    documents: list[DocumentChange] = [listed(after)]
    timers: list[TimerChange] = []
    for event in events:
        match event:
            case e.AlertRaised() if event.sku:
                documents.append(crossing_of(after))
            case e.AlertReopened():
                documents.append(crossing_of(after))
            case e.AlertAnswered():
                documents.append(DeleteDocument(CROSSING, id))
            case e.AlertResolved() | e.AlertCovered():
                documents.append(DeleteDocument(CROSSING, id))
                timers.append(CancelTimer(WAKE, id))
            case e.AlertSnoozed():
                timers.append(SetTimer(WAKE, id, event.until))
            case e.AlertAcknowledged() | e.AlertAwoken():
                timers.append(CancelTimer(WAKE, id))
            case _:
                pass
    return AlertChange(after, Append(stream, loaded.version, tuple(events)), tuple(documents), tuple(timers))


def listed(alert: Alert) -> PutDocument:
    """The alert's line in lists, with its figures as of its newest event."""
    raised, finding = alert.raised, alert.finding
    body = AlertSummary(
        alert.id, alert.number, alert.status, alert.kind, raised.sku, raised.location, alert.owner, raised.raised_at,
        finding.balance, finding.shortfall, finding.at_risk, finding.at_risk_count, raised.reorder_point,
        alert.purchases, alert.snoozed_until,
    )  # fmt: skip
    return PutDocument(ALERT, alert.id, body, None, alert.status, alert.id)


def crossing_of(alert: Alert) -> PutDocument:
    """The crossing that it is open for, as it waits for a purchase."""
    body = Crossing(alert.id, alert.raised.sku, alert.raised.location, alert.crossing)
    return PutDocument(CROSSING, alert.id, body, None, alert.raised.location, alert.id)


def flow_check_stock(command: CheckStock, context: Context, shop: Shop) -> Flow[str]:
    """Judge the balance of a SKU at a location."""
    with At("sku"):
        sku = sku_of(command.sku)
    with At("location"):
        location = LocationCode(code_of(command.location, what="location"))
    id = levels_key(location, sku)
    queries, state, shown = BalanceQueries(sku, location), ReadState(alert_stream(id), ALERTS), ReadDocument(ALERT, id)
    snapshot = yield from read(*queries.all, state, shown)
    loaded = snapshot.of(state)
    yield from guard(command, loaded.state)
    reckoned = yield from queries.reckon(snapshot, context)
    if reckoned is None:
        return Decision(id)
    finding = finding_of(reckoned)
    used_up = yield from _was_approved(loaded.state)
    events = judge(loaded.state, watched_of(reckoned), finding, context.now, used_up=used_up)
    again = (SetTimer(CHECK, id, reckoned.look_again),) if reckoned.look_again is not None else ()
    requires = (snapshot.of(queries.catalog).require,)
    if not events:
        return Decision(id, (), _refreshed(snapshot.of(shown), finding), requires, timers=again)
    changed = change_alert(id, loaded, events)
    return Decision(
        id, (changed.append,), changed.documents, requires, timers=(*changed.timers, *again),
        states={changed.append.stream: changed.alert},
    )  # fmt: skip


def _was_approved(alert: Alert | None) -> Generator[Effect, object, bool]:
    """Whether somebody agreed to what was to be ordered for the crossing; what is rejected is not suggested again."""
    if alert is None or alert.covered or not alert.answer:
        return False
    asked = ReadState(purchase_stream(alert.answer), PURCHASES)
    purchase = (yield from read(asked)).of(asked).state
    return purchase is not None and bool(purchase.approved)


def _refreshed(shown: Document | None, finding: e.Finding) -> tuple[PutDocument, ...]:
    """The list of alerts shows an open one as of the last look; that needs no event."""
    if shown is None or not isinstance(shown.body, AlertSummary) or shown.body.status == "resolved":
        return ()
    body = with_finding(shown.body, finding)
    if body == shown.body:
        return ()
    return (PutDocument(ALERT, shown.key, body, shown.revision, shown.tag, shown.sort),)


def with_finding(summary: AlertSummary, finding: e.Finding) -> AlertSummary:
    """The same alert as another look found it."""
    return evolve(
        summary, balance=finding.balance, shortfall=finding.shortfall, at_risk=finding.at_risk,
        at_risk_count=finding.at_risk_count,
    )  # fmt: skip


def watched_of(reckoned: Reckoned) -> Watched:
    """The levels as alerts judge by them."""
    levels = reckoned.levels
    return Watched(
        levels.sku, levels.location, levels.reorder_point, levels.clear_above, reckoned.item.safety_stock, levels.owner,
        levels.active,
    )  # fmt: skip


def finding_of(reckoned: Reckoned) -> e.Finding:
    """The balance, what is missing, and the orders at risk."""
    missing = shortfall(watched_of(reckoned), reckoned.balance)
    orders = reckoned.at_risk
    return e.Finding(reckoned.balance, missing, orders[:AT_RISK_MOST], len(orders))


def flow_alert(command: AlertCommand, context: Context, shop: Shop) -> Flow[str]:
    """What a person or a timer asks of an alert. Raises NotFound."""
    with At("alert"):
        id = text_of(command.alert, what="alert", most=160, empty=False)
    state = ReadState(alert_stream(id), ALERTS)
    loaded = (yield from read(state)).of(state)
    if loaded.state is None:
        raise at(NotFound.named("alert", id), "alert")
    yield from guard(command, loaded.state)
    events = attend(loaded.state, command, context)
    if not events:
        return Decision(id)
    changed = change_alert(id, loaded, events)
    return Decision(
        id, (changed.append,), changed.documents, timers=changed.timers, states={changed.append.stream: changed.alert}
    )
