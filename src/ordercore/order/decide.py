"""Decisions on one order: a command and the state in, events out. Nothing here reads a clock or a store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, assert_never, get_args

from ordercore.errors import At, ExceedsQuantity, InvalidCommand, NotFound
from ordercore.lifecycle import ORDER
from ordercore.message import Context, Event
from ordercore.order import commands as c
from ordercore.order import events as e
from ordercore.order.contents import AT_MOST, WorkFacts, choose, moved_of, of_work
from ordercore.order.decide_returns import take_back
from ordercore.order.decide_shipping import deliver, ship, track
from ordercore.order.decide_work import PICKED_FROM, pack, pick, recall, release
from ordercore.order.fields import code_at, one_of, text_at, units_at
from ordercore.order.fulfillment import Work
from ordercore.order.holds import require_free, require_new, without
from ordercore.order.lines import STEPS, LineQuantity, LineState, Moved
from ordercore.order.state import Order
from ordercore.values import Money, units_of

_HOLDS: Final[Mapping[str, str]] = {row.command: row.hold for row in ORDER.transitions if row.hold}
KINDS_OF_HOLDS: Final[tuple[str, ...]] = get_args(c.HoldKind)
STEPS_HELD: Final[tuple[str, ...]] = get_args(c.Step)
PAYMENTS: Final[tuple[str, ...]] = get_args(c.PaymentKind)
TOO_LATE: Final = "RecallWork unpacks; what was shipped comes back by ReceiveReturn."


def require(order: Order, command: str) -> None:
    """The lifecycle allows the command in this state and no hold blocks it."""
    ORDER.require(order.statuses[0], command)
    if order.holds and command in _HOLDS:
        require_free(order.holds, _HOLDS[command])


def decide(  # noqa: C901  # one match whose branches call helpers
    order: Order, command: c.OrderCommand, context: Context, facts: WorkFacts
) -> Sequence[Event]:
    """The events that `command` comes to on `order`. Raises a Rejected subclass when it cannot be."""
    require(order, type(command).__name__)
    match command:
        case c.Ship():
            return ship(order, command, facts)
        case c.ReleaseOrder():
            return release(order, command)
        case c.ConfirmDelivery():
            return deliver(order, command)
        case c.PickLines():
            return pick(order, command, facts)
        case c.PackParcel():
            return pack(order, command)
        case c.CancelLines():
            return cancel(order, command)
        case c.RecordTracking():
            return track(order, command)
        case c.ReceiveReturn():
            return take_back(order, command, facts)
        case c.RecallWork():
            return recall(order, command)
        case c.RecordPayment():
            return pay(order, command)
        case c.ConfirmOrder():
            return [e.OrderConfirmed()]
        case c.AddHold():
            require_new(order.holds, code_at(command.hold, "hold"))
            kind, note = one_of(command.kind, KINDS_OF_HOLDS, "kind"), text_at(command.note, "note")
            return [e.HoldAdded(command.hold, kind, _blocked(command), context.now, note)]
        case c.ReleaseHold():
            without(order.holds, command.hold)
            return [e.HoldReleased(command.hold)]
    assert_never(command)


def _blocked(command: c.AddHold) -> tuple[str, ...]:
    if not isinstance(command.blocks, tuple | list):
        raise InvalidCommand("blocks is a tuple of steps.", path="blocks", hint='Such as ("ship",).')
    return tuple([one_of(step, STEPS_HELD, f"blocks[{n}]") for n, step in enumerate(command.blocks)])


def cancel(order: Order, command: c.CancelLines) -> Sequence[Event]:
    """What waits goes first, then reserved units, then work at a location; packed units must be unpacked before."""
    asked = command.quantities
    if asked is None:
        asked = {name: _cancellable(line) for name, line in order.lines.items() if _cancellable(line)}
        if not asked or any(line.at("packed") for line in order.lines.values()):
            with At("quantities"):
                raise ExceedsQuantity.of("open and not packed", "", 1, 0, hint=TOO_LATE)
    unallocated: list[LineQuantity] = []
    backordered: list[LineQuantity] = []
    contents: list[Moved] = []
    if not asked:
        raise InvalidCommand(
            "Nothing to cancel.", path="quantities", hint="Leave it out for all that can be cancelled."
        )
    for name, quantity in asked.items():
        with At(f"quantities[{str(name)[:64]}]"):
            line = order.line(name)
            left = units_of(quantity, what=f"quantities[{name}]")
            if left > _cancellable(line):
                raise ExceedsQuantity.of("open and not packed", name, quantity, _cancellable(line), hint=TOO_LATE)
        for waiting, into in ((line.unallocated, unallocated), (line.backordered, backordered)):
            taken = min(left, waiting)
            if taken:
                into.append(LineQuantity(line.facts.line, taken))
                left -= taken
        for bucket in STEPS[:3]:
            for claim in line.claims:
                taken = min(left, claim.quantity) if claim.bucket == bucket else 0
                if taken:
                    contents.append(moved_of(line, claim, taken))
                    left -= taken
    reason = text_at(command.reason, "reason")
    return [e.LinesCancelled(tuple(unallocated), tuple(backordered), tuple(contents), reason)]


def pay(order: Order, command: c.RecordPayment) -> Sequence[Event]:
    """A payment fact; refunds never exceed what was charged. A repeated reference adds nothing."""
    reference, kind = text_at(command.reference, "reference", empty=False), one_of(command.kind, PAYMENTS, "kind")
    if reference in order.payments.references:
        return []
    with At("amount"):
        amount = amount_of(command.amount, order.currency)
    if amount <= 0:
        raise InvalidCommand(
            "A payment's amount is positive.", path="amount", hint="What is given back is a payment of the kind refund."
        )
    paid = order.payments
    with At("amount"):
        if kind == "refund" and paid.refunded + amount > paid.charged:
            raise ExceedsQuantity.of(
                "charged and not refunded (minor units)", "", amount, paid.charged - paid.refunded, AT_MOST
            )
        if kind == "void" and paid.voided + amount > paid.authorized:
            raise ExceedsQuantity.of("authorized (minor units)", "", amount, paid.authorized - paid.voided, AT_MOST)
    return [e.PaymentRecorded(reference, kind, amount)]


def short_pick(order: Order, command: c.ShortPick, facts: WorkFacts) -> e.PickShorted:
    """Units that the shelf did not have; sourcing them again is the flow's part."""
    require(order, "ShortPick")
    order.work(command.fulfillment)
    ready = of_work(order, command.fulfillment, PICKED_FROM)
    wanted = (c.Content(command.line, units_at(command.quantity, "quantity")),)
    with At("line"):
        order.line(command.line)
    chosen = choose(ready, wanted, "released", facts)
    return e.PickShorted(command.fulfillment, chosen, text_at(command.reason, "reason"))


def amount_of(value: c.Amount, currency: str) -> int:
    """Minor units of an amount in the order's currency."""
    if isinstance(value, Money):
        if value.currency != currency:
            raise InvalidCommand(f"{value.currency} on an order in {currency}.", hint="One order has one currency.")
        return Money.minor(value.amount, currency).amount
    return Money.of(value, currency).amount


def _cancellable(line: LineState) -> int:
    return line.open - line.at("packed")


def work_status(order: Order, work: Work) -> str:
    """open, in_progress, incomplete, closed or cancelled: computed from where its units stand."""
    steps = {claim.bucket for line in order.lines.values() for claim in line.claims if claim.work == work.fulfillment}
    if not steps:
        return "closed" if work.shipped else "cancelled"
    if work.shorted:
        return "incomplete"
    return "open" if steps == {"released"} and not work.shipped else "in_progress"


def unknown_order(order: str) -> NotFound:
    """No such order."""
    return NotFound.named("order", order)
