"""What can be asked of alerts. An alert is named `<location>:<sku>`: there is never more than one open of each."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from ordercore.message import Command


@frozen
class CheckStock(Command[str]):
    """Judge the projected balance of a SKU at a location, and raise, worsen, cover or resolve its alert.

    It looks at what is true now, whatever it is sent for: a repeat changes nothing. Without levels nothing happens.
    """

    sku: str
    location: str


@frozen
class AcknowledgeAlert(Command[str]):
    """Somebody has seen it and takes care of it."""

    alert: str
    note: str = ""


@frozen
class SnoozeAlert(Command[str]):
    """Nobody wants to hear of it until a time, at which it is open again unless it was resolved."""

    alert: str
    until: datetime


@frozen
class WakeAlert(Command[str]):
    """The time it was snoozed until has come; refused before that. The timer sends it."""

    alert: str


@frozen
class AssignAlert(Command[str]):
    """It belongs to another role or department now."""

    alert: str
    owner: str


@frozen
class ResolveAlert(Command[str]):
    """A person closes it though stock is low; there is no other before the balance was above `clear_above`."""

    alert: str
    note: str = ""


AlertCommand = AcknowledgeAlert | SnoozeAlert | WakeAlert | AssignAlert | ResolveAlert
"""Those that a person or a timer sends about an alert."""
