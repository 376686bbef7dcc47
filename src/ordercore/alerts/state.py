"""An alert as its events have made it. One stream holds the alerts of a SKU at a location, one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from attrs import evolve, frozen

from ordercore.alerts import events as e
from ordercore.alerts.summary import AlertSummary
from ordercore.errors import BrokenRule
from ordercore.flow import Folder
from ordercore.message import Event
from ordercore.values import Stream

__all__ = ["ALERTS", "Alert", "AlertSummary", "alert_stream", "fold_alert"]

_PREFIX: Final = "alert/"


@frozen
class Alert:
    """The newest alert of its name. `crossing` counts crossings over all of them, `answered` the last one answered.

    `armed`: whether the next crossing counts; `attention` is what people made of it while stock is low.
    """

    id: str
    raised: e.AlertRaised
    kind: str
    owner: str
    finding: e.Finding
    crossing: int = 1
    answered: int = 0
    attention: str = "open"
    covered: bool = False
    resolved: str = ""
    armed: bool = False
    snoozed_until: datetime | None = None
    purchases: tuple[str, ...] = ()

    @property
    def number(self) -> int:
        """Which alert of its name it is."""
        return self.raised.number

    @property
    def answer(self) -> str:
        """The purchase that answers the crossing it is open for; empty if none does, or it is over."""
        return self.purchases[-1] if self.purchases and self.answered >= self.crossing and not self.resolved else ""

    @property
    def status(self) -> str:
        """A state of `lifecycle.ALERT`: computed."""
        return "resolved" if self.resolved else "covered" if self.covered else self.attention


def alert_stream(alert: str) -> Stream:
    """The stream of an alert's name."""
    return Stream(_PREFIX + alert)


def fold_alert(alert: Alert | None, new: Iterable[Event], stream: Stream) -> Alert | None:
    """The alert after these events; None if there never was one.

    Raises BrokenRule if two were open at once, or a crossing is answered twice.
    """
    for event in new:
        if isinstance(event, e.AlertRaised):
            alert = _raised(alert, event, stream.removeprefix(_PREFIX))
        elif alert is None:
            raise BrokenRule(f"A stream of an alert cannot begin with {type(event).__name__}.", stream=stream)
        else:
            alert = _after(alert, event)
    return alert


def _raised(before: Alert | None, event: e.AlertRaised, id: str) -> Alert:
    if before is not None and not before.resolved:
        raise BrokenRule("An alert is raised while another of its name is open.", identity="alert", alert=id)
    crossing = before.crossing + 1 if before is not None else 1
    return Alert(id, event, event.kind, event.owner, event.finding, crossing)


def _after(alert: Alert, event: Event) -> Alert:  # one match, a change a branch
    match event:
        case e.AlertWorsened():
            return evolve(alert, kind=event.kind, finding=event.finding)
        case e.AlertAnswered():
            if event.crossing <= alert.answered:
                raise BrokenRule("A crossing is answered a second time.", identity="alert", alert=alert.id)
            return evolve(alert, answered=event.crossing, purchases=(*alert.purchases, event.purchase))
        case e.AlertCovered():
            return evolve(alert, covered=True, armed=True, finding=event.finding, attention="open", snoozed_until=None)
        case e.AlertReopened():
            return evolve(
                alert, covered=False, armed=False, kind=event.kind, crossing=event.crossing, finding=event.finding
            )
        case e.AlertAcknowledged():
            return evolve(alert, attention="acknowledged", snoozed_until=None)
        case e.AlertSnoozed():
            return evolve(alert, attention="snoozed", snoozed_until=event.until)
        case e.AlertAwoken():
            return evolve(alert, attention="open", snoozed_until=None)
        case e.AlertAssigned():
            return evolve(alert, owner=event.owner)
        case e.AlertResolved():
            armed = alert.armed or event.by != "person"
            finding = event.finding or alert.finding
            return evolve(alert, resolved=event.by, armed=armed, finding=finding, covered=False, snoozed_until=None)
        case e.AlertRearmed():
            return evolve(alert, armed=True)
        case _:
            raise BrokenRule(f"{type(event).__name__} is no event of an alert.")


ALERTS: Final = Folder("alert", fold_alert)
