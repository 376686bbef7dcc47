"""Lifecycles as data: which command is possible in which state, and where it may lead.

The decisions ask these tables, the documentation draws its diagrams from them, and the tests walk them.
A state is never stored: it is computed from quantities, so `targets` says what may be computed afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from attrs import field, frozen

from ordercore.errors import TransitionRefused


class Transition(NamedTuple):
    """In `state`, `command` is possible and leads to one of `targets`; `hold`: the step that a hold can block."""

    state: str
    command: str
    targets: tuple[str, ...]
    hold: str = ""


def _allowed(machine: Lifecycle) -> dict[str, frozenset[str]]:
    return {state: frozenset(t.command for t in machine.transitions if t.state == state) for state in machine.states}


@frozen
class Lifecycle:
    """A named table of transitions; states without any are final."""

    name: str
    start: str
    states: tuple[str, ...]
    transitions: tuple[Transition, ...]
    allowed: Mapping[str, frozenset[str]] = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        """Index by state."""
        object.__setattr__(self, "allowed", _allowed(self))

    def require(self, state: str, command: str) -> None:
        """Raise TransitionRefused, listing what is allowed, unless `command` is possible in `state`."""
        if command not in self.allowed[state]:
            raise TransitionRefused.of(self.name, state, command, self.allowed[state], self._needs(state, command))

    def _needs(self, state: str, command: str) -> str:
        """Which states the command is for, and what leads out of this one towards them."""
        states = [name for name in self.states if command in self.allowed[name]]
        ways = sorted(
            {
                row.command
                for row in self.transitions
                if row.state == state and state not in row.targets and set(states).intersection(row.targets)
            }
        )
        if not states or not self.allowed[state]:
            return ""
        led = f"; {' or '.join(ways)} leads there" if ways else ""
        return f"{command} is for: {', '.join(states)}{led}."

    def diagram(self) -> str:
        """A Mermaid state diagram of the table."""
        arrows: dict[tuple[str, str], list[str]] = {}
        for row in self.transitions:
            for target in row.targets:
                arrows.setdefault((row.state, target), []).append(row.command)
        lines = [f"    [*] --> {self.start}"]
        lines += [f"    {state} --> {target}: {', '.join(names)}" for (state, target), names in arrows.items()]
        lines += [f"    {state} --> [*]" for state in self.states if not self.allowed[state]]
        return "\n".join(("stateDiagram-v2", *lines))


def _rows(states: tuple[str, ...], commands: Mapping[str, tuple[tuple[str, ...], str]]) -> tuple[Transition, ...]:
    return tuple(
        Transition(state, command, tuple(target or state for target in targets), hold)
        for state in states
        for command, (targets, hold) in commands.items()
    )


_STAY: Final = ("",)
_FACTS: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "RecordBooking": (_STAY, ""),
    "RefuseBooking": (_STAY, ""),
    "VoidBooking": (_STAY, ""),
    "RecordVoid": (_STAY, ""),
    "CorrectShipment": (_STAY, ""),
}
"""What a carrier says or a clerk puts right, whatever has become of the order meanwhile."""
_ORDER_LIVE: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "AddHold": (_STAY, ""),
    "ReleaseHold": (_STAY, ""),
    "CancelLines": (("", "cancelled", "completed"), "cancel"),
    "AllocateOrder": (_STAY, "allocate"),
    "RecordPayment": (("", "completed"), ""),
}
_ORDER_WORK: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "ReleaseOrder": (_STAY, "release"),
    "RecallWork": (_STAY, ""),
    "PickLines": (_STAY, "pick"),
    "ShortPick": (_STAY, "pick"),
    "PackParcel": (_STAY, "pack"),
    "BookParcel": (_STAY, "ship"),
    "Ship": (("", "completed"), "ship"),
    "RecordTracking": (("", "completed"), ""),
    "ConfirmDelivery": (("", "completed"), ""),
    "ReceiveReturn": (_STAY, ""),
}
ORDER: Final = Lifecycle(
    "order",
    "placed",
    ("placed", "confirmed", "completed", "cancelled"),
    (
        Transition("placed", "ConfirmOrder", ("confirmed", "completed"), "confirm"),
        *_rows(("placed", "confirmed"), _ORDER_LIVE),
        *_rows(("confirmed",), _ORDER_WORK),
        Transition("completed", "ReceiveReturn", ("completed",)),
        Transition("completed", "RecordPayment", ("completed", "confirmed")),
        Transition("completed", "RecordTracking", ("completed",)),
        Transition("completed", "ConfirmDelivery", ("completed",)),
        Transition("cancelled", "RecordPayment", ("cancelled",)),
        *_rows(("placed", "confirmed", "completed", "cancelled"), _FACTS),
    ),
)
"""An order; `completed` when every unit is delivered, cancelled or lost and money is settled."""

RESERVATION: Final = Lifecycle(
    "reservation",
    "soft",
    ("soft", "upgraded", "released", "expired"),
    (
        Transition("soft", "ReserveCart", ("soft",)),
        Transition("soft", "ExtendReservation", ("soft",)),
        Transition("soft", "PlaceOrder", ("upgraded",)),
        Transition("soft", "ReleaseReservation", ("released",)),
        Transition("soft", "ExpireReservation", ("expired",)),
    ),
)
"""A cart's soft reservation."""

TRANSFER: Final = Lifecycle(
    "transfer",
    "in_transit",
    ("in_transit", "partially_received", "received"),
    (
        Transition("in_transit", "ReceiveTransfer", ("partially_received", "received")),
        Transition("partially_received", "ReceiveTransfer", ("partially_received", "received")),
    ),
)
"""A transfer between locations; in transit its units stand at the place `transfer/<id>`."""

FULFILLMENT: Final = Lifecycle(
    "fulfillment order",
    "open",
    ("open", "in_progress", "incomplete", "closed", "cancelled"),
    (
        Transition("open", "PickLines", ("in_progress",), "pick"),
        Transition("open", "ShortPick", ("incomplete", "cancelled"), "pick"),
        Transition("open", "Ship", ("in_progress", "closed"), "ship"),
        Transition("open", "RecallWork", ("cancelled",)),
        Transition("open", "CancelLines", ("open", "cancelled"), "cancel"),
        Transition("in_progress", "PickLines", ("in_progress",), "pick"),
        Transition("in_progress", "ShortPick", ("incomplete", "closed"), "pick"),
        Transition("in_progress", "PackParcel", ("in_progress",), "pack"),
        Transition("in_progress", "Ship", ("in_progress", "closed"), "ship"),
        Transition("in_progress", "RecallWork", ("cancelled", "closed")),
        Transition("in_progress", "CancelLines", ("in_progress", "open", "cancelled", "closed"), "cancel"),
        Transition("incomplete", "PickLines", ("incomplete",), "pick"),
        Transition("incomplete", "ShortPick", ("incomplete", "cancelled", "closed"), "pick"),
        Transition("incomplete", "PackParcel", ("incomplete",), "pack"),
        Transition("incomplete", "Ship", ("incomplete", "closed"), "ship"),
        Transition("incomplete", "RecallWork", ("cancelled", "closed")),
        Transition("incomplete", "CancelLines", ("incomplete", "cancelled", "closed"), "cancel"),
    ),
)
"""Work at one location."""

BOOKING: Final = Lifecycle(
    "booking",
    "wanted",
    ("wanted", "booked", "voiding", "voided", "refused"),
    (
        Transition("wanted", "RecordBooking", ("booked",)),
        Transition("wanted", "RefuseBooking", ("refused",)),
        Transition("booked", "VoidBooking", ("voiding",)),
        Transition("booked", "RecordVoid", ("voided",)),
        Transition("voiding", "RecordVoid", ("voided", "booked")),
    ),
)
"""A parcel's booking with a carrier; after `voided` or `refused` the parcel may have another one."""

MANIFEST: Final = Lifecycle(
    "manifest", "wanted", ("wanted", "made", "refused"), (Transition("wanted", "RecordManifest", ("made", "refused")),)
)
"""The parcels handed to a carrier together; after `refused` they wait for another."""

_ALERT_LOW: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "CheckStock": (("", "covered", "resolved"), ""),
    "SnoozeAlert": (("snoozed",), ""),
    "AssignAlert": (_STAY, ""),
    "ResolveAlert": (("resolved",), ""),
}
ALERT: Final = Lifecycle(
    "alert",
    "open",
    ("open", "acknowledged", "snoozed", "covered", "resolved"),
    (
        *_rows(("open", "acknowledged", "snoozed"), _ALERT_LOW),
        Transition("open", "AcknowledgeAlert", ("acknowledged",)),
        Transition("snoozed", "AcknowledgeAlert", ("acknowledged",)),
        Transition("snoozed", "WakeAlert", ("open",)),
        Transition("covered", "CheckStock", ("covered", "open", "resolved")),
        Transition("covered", "AssignAlert", ("covered",)),
        Transition("covered", "ResolveAlert", ("resolved",)),
    ),
)
"""An alert; `covered` once what is on order lifts the projected balance, `resolved` when the goods are there."""

EFFECT: Final = Lifecycle(
    "effect",
    "wanted",
    ("wanted", "pending", "uncertain", "done", "refused"),
    (
        Transition("wanted", "StartEffect", ("pending",)),
        Transition("wanted", "SettleEffect", ("done",)),
        Transition("wanted", "ResolveEffect", ("done", "wanted", "refused")),
        Transition("pending", "StartEffect", ("pending",)),
        Transition("pending", "SettleEffect", ("done", "refused", "wanted", "uncertain")),
        Transition("uncertain", "StartEffect", ("pending",)),
        Transition("uncertain", "SettleEffect", ("done",)),
        Transition("uncertain", "ResolveEffect", ("done", "wanted", "refused")),
    ),
)
"""Something done outside; `uncertain` while nobody knows whether it was. A late answer counts if it says done."""

NOTIFIER: Final = Lifecycle(
    "notifier",
    "active",
    ("active", "paused"),
    (
        Transition("active", "SendNotice", ("active",)),
        Transition("active", "PauseNotifier", ("paused",)),
        Transition("paused", "ResumeNotifier", ("active",)),
    ),
)
"""Whether a notifier is told anything."""

_DECIDE: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "ApprovePurchase": (("approved",), ""),
    "RejectPurchase": (("rejected",), ""),
    "CancelPurchase": (("cancelled",), ""),
}
_ARRIVES: Final = ("partially_received", "received")
_REPRICED: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "ApprovePurchase": (("sent", "acknowledged", "partially_received"), ""),
    "RejectPurchase": (("rejected", "short_closed"), ""),
    "AcknowledgePurchase": (("repriced", "sent", "acknowledged", "partially_received", "received", "cancelled"), ""),
    "RemindSupplier": (("repriced",), ""),
    "ReceivePurchase": (("repriced", "received"), ""),
}
PURCHASE: Final = Lifecycle(
    "purchase",
    "suggested",
    (
        "suggested",
        "awaiting_approval",
        "approved",
        "sent",
        "acknowledged",
        "repriced",
        "partially_received",
        "received",
        "rejected",
        "cancelled",
        "short_closed",
    ),
    (
        Transition("suggested", "Replenish", ("awaiting_approval", "approved")),
        *_rows(("suggested", "awaiting_approval"), _DECIDE),
        Transition("approved", "RecordPurchaseSent", ("sent",)),
        Transition("approved", "RecordPurchaseNotSent", ("approved",)),
        Transition("approved", "AcknowledgePurchase", ("sent", "acknowledged", "repriced", "cancelled")),
        Transition("approved", "ReceivePurchase", _ARRIVES),
        Transition("approved", "CancelPurchase", ("cancelled",)),
        Transition("sent", "AcknowledgePurchase", ("sent", "acknowledged", "repriced", "cancelled")),
        Transition("sent", "RemindSupplier", ("sent",)),
        Transition("sent", "ReceivePurchase", _ARRIVES),
        Transition("sent", "CancelPurchase", ("cancelled",)),
        Transition("acknowledged", "AcknowledgePurchase", ("acknowledged", "repriced", "cancelled")),
        Transition("acknowledged", "ReceivePurchase", _ARRIVES),
        Transition("acknowledged", "CancelPurchase", ("cancelled",)),
        *_rows(("repriced",), _REPRICED),
        Transition("partially_received", "AcknowledgePurchase", (*_ARRIVES, "repriced")),
        Transition("partially_received", "ReceivePurchase", _ARRIVES),
        Transition("partially_received", "ClosePurchase", ("short_closed",)),
        Transition("received", "ReceivePurchase", ("received",)),
    ),
)
"""A purchase; in the same commit as its suggestion the policy approves it or asks a person. `repriced`: the supplier
asks more than was agreed, and a person has to agree again."""

LIFECYCLES: Final = (ORDER, FULFILLMENT, RESERVATION, TRANSFER, BOOKING, MANIFEST, EFFECT, NOTIFIER, ALERT, PURCHASE)
