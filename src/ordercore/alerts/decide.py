"""Decisions on alerts: when one is raised, worsens, is covered and resolves; what a person may do with it.

Two balances decide. The projected one, with what is on order, says whether to act: it raises an alert once per
crossing. The one without it says whether the goods are there: it resolves the alert. In between, an alert is covered.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

from attrs import frozen

from ordercore.alerts import commands as c
from ordercore.alerts import events as e
from ordercore.alerts.state import Alert
from ordercore.balance import Balance
from ordercore.errors import At, InvalidCommand, TransitionRefused
from ordercore.lifecycle import ALERT
from ordercore.message import Context, Event
from ordercore.values import LocationCode, Sku, instant_of, text_of

AlertKind = Literal["below_reorder_point", "below_safety_stock", "stock_out"]
SEVERITY: Final[tuple[str, ...]] = ("below_reorder_point", "below_safety_stock", "stock_out")


@frozen
class Watched:
    """The levels that a balance is judged by. `active` false: nothing is watched any more."""

    sku: Sku
    location: LocationCode
    reorder_point: int
    clear_above: int
    safety_stock: int = 0
    owner: str = ""
    active: bool = True

    @property
    def trigger(self) -> int:
        """At or below this balance an alert is raised: at the reorder point, or below the safety stock if that is more."""
        return max(self.reorder_point, self.safety_stock - 1)

    @property
    def clear(self) -> int:
        """Above this balance it clears; never below where it is raised, whatever the safety stock became meanwhile."""
        return max(self.clear_above, self.trigger)

    def kind(self, projected: int) -> AlertKind:
        """Which level a balance at or below the trigger is below: the worst."""
        if projected <= 0:
            return "stock_out"
        return "below_safety_stock" if projected < self.safety_stock else "below_reorder_point"


def judge(
    alert: Alert | None, watched: Watched, finding: e.Finding, now: datetime, *, used_up: bool = False
) -> Sequence[Event]:
    """What a balance means for the alert of its name; nothing if it says nothing new.

    `used_up`: the purchase that answered the crossing was approved. If even with all that is coming the balance is
    low, that answer is spent, and this is another crossing: else nothing would be ordered again before it clears.
    """
    balance = finding.balance
    if not watched.active:
        return [e.AlertResolved("levels", finding=finding)] if alert is not None and not alert.resolved else []
    low = balance.projected <= watched.trigger
    if alert is None or alert.resolved:
        if alert is not None and not alert.armed:
            return [e.AlertRearmed(balance)] if balance.projected > watched.clear else []
        return [_raise(alert, watched, finding, now)] if low else []
    if balance.in_stock > watched.clear:
        return [e.AlertResolved("supply", finding=finding)]
    if alert.covered:
        kind = watched.kind(balance.projected)
        return [e.AlertReopened(kind, alert.crossing + 1, finding)] if low else []
    if balance.projected > watched.clear:
        return [e.AlertCovered(finding)]
    if used_up and balance.position <= watched.trigger:
        return [e.AlertReopened(watched.kind(balance.projected), alert.crossing + 1, finding)]
    return _worse(alert, watched, finding) if low else []


def _raise(alert: Alert | None, watched: Watched, finding: e.Finding, now: datetime) -> e.AlertRaised:
    number = alert.number + 1 if alert is not None else 1
    kind = watched.kind(finding.balance.projected)
    return e.AlertRaised(
        number, kind, watched.sku, watched.location, watched.owner, watched.reorder_point, watched.clear,
        watched.safety_stock, finding, now,
    )  # fmt: skip


def _worse(alert: Alert, watched: Watched, finding: e.Finding) -> Sequence[Event]:
    kind = watched.kind(finding.balance.projected)
    return [e.AlertWorsened(kind, finding)] if SEVERITY.index(kind) > SEVERITY.index(alert.kind) else []


def shortfall(watched: Watched, balance: Balance) -> int:
    """Units that are missing to the reorder point."""
    return max(0, watched.reorder_point - balance.projected)


def attend(alert: Alert, command: c.AlertCommand, context: Context) -> Sequence[Event]:
    """What a person or the timer asks of an alert. Raises TransitionRefused."""
    ALERT.require(alert.status, type(command).__name__)
    match command:
        case c.AcknowledgeAlert():
            return [e.AlertAcknowledged(_note(command.note))]
        case c.SnoozeAlert():
            return [_snooze(alert, command, context)]
        case c.WakeAlert():
            return [_wake(alert, context)]
        case c.AssignAlert():
            with At("owner"):
                owner = text_of(command.owner, what="owner", most=64, empty=False)
            return [e.AlertAssigned(owner)] if owner != alert.owner else []
        case c.ResolveAlert():
            return [e.AlertResolved("person", _note(command.note))]


def _snooze(alert: Alert, command: c.SnoozeAlert, context: Context) -> e.AlertSnoozed:
    with At("until"):
        until = instant_of(command.until, what="until")
        if until <= context.now:
            raise InvalidCommand(
                f"{until.isoformat()} is not in the future.",
                what="until",
                hint="Snooze it until later than now, or let it be.",
            )
    return e.AlertSnoozed(until)


def _wake(alert: Alert, context: Context) -> e.AlertAwoken:
    until = alert.snoozed_until
    if until is not None and context.now < until:
        raise TransitionRefused(
            f"The alert {alert.id} is snoozed until {until.isoformat()}.", machine="alert", state="snoozed",
            asked="WakeAlert", allowed=tuple(sorted(ALERT.allowed["snoozed"] - {"WakeAlert"})),
            hint="It wakes by itself then; SnoozeAlert moves the time.",
        )  # fmt: skip
    return e.AlertAwoken()


def _note(text: str) -> str:
    with At("note"):
        return text_of(text, what="note")
