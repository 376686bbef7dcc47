"""Decisions on purchases: suggested, approved within limits or by a person, sent, answered, received, closed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from attrs import frozen

from ordercore.errors import At, ExceedsQuantity, InvalidCommand, NotFound, TransitionRefused, did_you_mean
from ordercore.lifecycle import PURCHASE
from ordercore.message import Context, Event
from ordercore.supply import commands as c
from ordercore.supply import events as e
from ordercore.supply.arithmetic import Arithmetic
from ordercore.supply.documents import Supplier, Supply
from ordercore.supply.master import ItemBook, SupplyItem, cost_of, lead_time, units_at
from ordercore.supply.state import Purchase, PurchaseLine
from ordercore.values import LocationCode, Money, Price, Quantity, Sku, text_of

OVER: Final = frozenset(("rejected", "cancelled", "short_closed"))
"""Statuses in which nothing that comes in from outside matters any more."""
ANSWERS: Final = ("accepted", "changed", "backordered", "rejected")


@frozen
class Wish:
    """Units of an item to be ordered: where they come from, and why so many."""

    item: SupplyItem
    quantity: int
    supply: Supply | None = None
    arithmetic: Arithmetic | None = None


def suggest(
    wishes: Sequence[Wish], supplier: Supplier, location: LocationCode, today: date, now: datetime,
    alerts: tuple[str, ...] = (),
) -> e.PurchaseSuggested:  # fmt: skip
    """A purchase of these, with its total and dates."""
    lines = tuple(_line(str(n), wish, supplier, today) for n, wish in enumerate(wishes, 1))
    totals = [line.total for line in lines]
    known = [total for total in totals if total is not None]
    expected = [line.expected_on for line in lines if line.expected_on is not None]
    return e.PurchaseSuggested(
        supplier.code, location, supplier.currency, lines, sum(known) if len(known) == len(totals) else None, now, today,
        max(expected, default=None), alerts,
    )  # fmt: skip


def _line(name: str, wish: Wish, supplier: Supplier, today: date) -> e.OrderedLine:
    supply = wish.supply
    cost = supply.unit_cost if supply is not None else None
    total = cost.line_total(wish.quantity, wish.item.scale) if cost is not None else None
    theirs = supply.supplier_sku if supply is not None else ""
    expected = today + lead_time(supply, supplier)
    return e.OrderedLine(name, wish.item.sku, theirs, wish.quantity, cost, total, expected, wish.arithmetic)


def within_limits(suggested: e.PurchaseSuggested, supplier: Supplier, before: Mapping[str, str]) -> Event:
    """Approved by itself, or why a person is asked. `before`: statuses of earlier purchases for the same alerts."""
    failed = next(((name, status) for name, status in before.items() if status in OVER), None)
    total, most, least = suggested.total, supplier.approve_up_to, supplier.minimum_order
    reason = ""
    if failed is not None:
        reason = f"purchase {failed[0]} for the same alert was {failed[1].replace('_', ' ')}"
    elif most is None:
        reason = f"every purchase from {supplier.code} is approved by a person"
    elif total is None:
        reason = "a cost is not known"
    elif total > most:
        reason = f"{_money(total, supplier)} is above the limit of {_money(most, supplier)}"
    elif total < least:
        reason = f"{_money(total, supplier)} is below the least order of {_money(least, supplier)}"
    return e.ApprovalRequested(reason) if reason else e.PurchaseApproved("policy", _within(total, most, supplier))


def _within(total: int | None, most: int | None, supplier: Supplier) -> str:
    return f"{_money(total or 0, supplier)} is within the limit of {_money(most or 0, supplier)}"


def _money(amount: int, supplier: Supplier) -> str:
    return str(Money(amount, supplier.currency))


def decide(  # one match, a decision a branch
    purchase: Purchase, command: c.PurchaseCommand, supplier: Supplier, items: ItemBook, context: Context, today: date
) -> Sequence[Event]:
    """What a person, a plugin or a timer asks of a purchase; `today` is the day where it goes. Raises TransitionRefused."""
    told = isinstance(command, c.RecordPurchaseSent | c.RecordPurchaseNotSent)
    if told and (purchase.status in OVER or purchase.sent):
        return []  # what the outside says late about a purchase that went on without it
    PURCHASE.require(purchase.status, type(command).__name__)
    match command:
        case c.ApprovePurchase():
            late = 0 if purchase.sent else max(0, (today - purchase.head.order_by).days)
            return [e.PurchaseApproved("person", _text(command.note, "note"), late)]
        case c.RejectPurchase():
            reason = _reason(command.reason)
            return [e.PurchaseClosed(reason) if purchase.received else e.PurchaseRejected(reason)]
        case c.RecordPurchaseSent():
            return [e.PurchaseSent(_text(command.reference, "reference"), answer_due(supplier, context.now))]
        case c.RecordPurchaseNotSent():
            return [e.PurchaseNotSent(_reason(command.reason))]
        case c.AcknowledgePurchase():
            answer = acknowledge(purchase, command, items)
            return [answer, *again(purchase, answer, supplier, items)]
        case c.CancelPurchase():
            return [e.PurchaseCancelled(_reason(command.reason))]
        case c.ClosePurchase():
            return [e.PurchaseClosed(_reason(command.reason))]
        case c.RemindSupplier():
            return [remind(purchase, supplier, context.now)]


def answer_due(supplier: Supplier, now: datetime) -> datetime | None:
    """Until when the supplier has to answer, if it has to."""
    hours = supplier.answer_within_hours
    return now + timedelta(hours=hours) if hours else None


def remind(purchase: Purchase, supplier: Supplier, now: datetime) -> e.SupplierReminded | e.PurchaseUnanswered:
    """Another reminder, or none any more. Raises TransitionRefused before the time is over."""
    due = purchase.answer_due
    if due is None or now < due:
        until = due.isoformat() if due is not None else "for good"
        raise TransitionRefused(
            f"Purchase {purchase.id} waits for its answer until {until}.", machine="purchase", state=purchase.status,
            asked="RemindSupplier", allowed=tuple(sorted(PURCHASE.allowed[purchase.status] - {"RemindSupplier"})),
            hint="Reminders go out by themselves when it is due.",
        )  # fmt: skip
    again = answer_due(supplier, now)
    if purchase.reminders < supplier.reminders and again is not None:
        return e.SupplierReminded(purchase.reminders + 1, again)
    return e.PurchaseUnanswered(purchase.reminders)


# Answers


def acknowledge(purchase: Purchase, command: c.AcknowledgePurchase, items: ItemBook) -> e.PurchaseAcknowledged:
    """What the supplier said, line by line; nothing that was cancelled comes back. Raises ExceedsQuantity."""
    said: dict[str, list[tuple[str, c.AnsweredLine]]] = {}
    given = command.lines or tuple(
        c.AnsweredLine(name) for name, line in purchase.lines.items() if line.open and not line.answer
    )
    for n, answer in enumerate(given):
        path = f"lines[{n}]"
        if answer.line not in purchase.lines:
            name = str(answer.line)[:64]
            raise NotFound(
                f"Purchase {purchase.id} has no line {name!r}.", kind="purchase line", name=name, path=f"{path}.line",
                hint=did_you_mean(name, purchase.lines),
            )  # fmt: skip
        if answer.answer not in ANSWERS:
            raise InvalidCommand(
                f"{str(answer.answer)[:32]!r} is no answer.",
                path=f"{path}.answer",
                hint=f"One of {', '.join(ANSWERS)}.",
            )
        said.setdefault(answer.line, []).append((path, answer))
    lines = tuple(_answer(purchase, purchase.lines[name], rows, items) for name, rows in said.items())
    return e.PurchaseAcknowledged(lines, _text(command.reference, "reference"))


def again(
    purchase: Purchase, answer: e.PurchaseAcknowledged, supplier: Supplier, items: ItemBook
) -> Sequence[e.ApprovalRequested | e.PurchaseApproved]:
    """Whether a person has to agree to what the supplier asks: more than was agreed, and beyond its limit.

    Totals of what is still ordered, at the costs asked and at those agreed to; a line without a cost counts as nothing.
    """
    asked, agreed = _totals(purchase, {said.line: said for said in answer.lines}, items)
    most = supplier.approve_up_to
    if asked > agreed and (most is None or asked > most):
        limit = f", and the limit is {_money(most, supplier)}" if most is not None else ""
        dearer = f"{_money(asked, supplier)} is asked for what {_money(agreed, supplier)} was agreed to for{limit}"
        return [e.ApprovalRequested(dearer)]
    if purchase.approved:
        return []
    return [e.PurchaseApproved("policy", f"{_money(asked, supplier)} is asked by now")]


def _totals(purchase: Purchase, said: Mapping[str, e.LineAnswer], items: ItemBook) -> tuple[int, int]:
    asked = agreed = 0
    for name, line in purchase.lines.items():
        new = said.get(name)
        units = line.ordered - line.cancelled - (new.cancelled if new is not None else 0)
        cost = (new.unit_cost if new is not None else None) or line.unit_cost
        scale = items.item(line.facts.sku).scale
        asked += cost.line_total(units, scale) if cost is not None else 0
        agreed += line.agreed.line_total(units, scale) if line.agreed is not None else 0
    return asked, agreed


def _answer(
    purchase: Purchase, line: PurchaseLine, rows: Sequence[tuple[str, c.AnsweredLine]], items: ItemBook
) -> e.LineAnswer:
    item = items.item(line.facts.sku)
    most = line.ordered - line.cancelled
    parts: list[e.Part] = []
    for path, row in rows:
        if row.answer == "rejected":
            continue
        alone = most - sum(part.quantity for part in parts) if row.quantity is None else 0
        units = alone if row.quantity is None else units_at(item, row.quantity, f"{path}.quantity")
        day = (
            row.expected_on
            if row.expected_on is not None
            else None
            if row.answer == "backordered"
            else line.expected_on
        )
        if units:
            parts.append(e.Part(units, day))
    promised = sum(part.quantity for part in parts)
    path, first = rows[0]
    if promised > most:
        with At(f"{path}.quantity"):
            raise ExceedsQuantity.of(
                "ordered", line.facts.line, promised, most, hint="More is another purchase: suggest and approve it."
            )
    here = line.received - line.over
    if promised < here:
        with At(f"{path}.quantity"):
            raise ExceedsQuantity.of("still to be taken back", line.facts.line, here - promised, 0)
    left = _still(parts, here)
    cost = next((cost for path, row in rows if (cost := _cost(row, purchase, item, path)) is not None), None)
    return e.LineAnswer(line.facts.line, first.answer, left, line.open - sum(part.quantity for part in left), cost)


def _cost(row: c.AnsweredLine, purchase: Purchase, item: SupplyItem, path: str) -> Price | None:
    other = row.quantity.unit if isinstance(row.quantity, Quantity) else ""
    if row.unit_cost is not None and other not in ("", item.unit):
        raise InvalidCommand(
            f"A cost of one {item.unit} is needed, not of one {other[:16]}.", path=f"{path}.unit_cost",
            hint=f"Divide it by the {item.unit} that one {other[:16]} holds.",
        )  # fmt: skip
    return cost_of(row.unit_cost, purchase.head.currency, f"{path}.unit_cost")


def _still(parts: Iterable[e.Part], here: int) -> tuple[e.Part, ...]:
    """The days in their order, without the units that came in already."""
    left: list[e.Part] = []
    for part in sorted(parts, key=lambda part: part.expected_on or date.max):
        gone = min(here, part.quantity)
        here -= gone
        if part.quantity > gone:
            left.append(e.Part(part.quantity - gone, part.expected_on))
    return tuple(left)


# Goods


def arrive(
    purchase: Purchase, units: Mapping[Sku, int], paths: Mapping[Sku, str], supplier: Supplier, receipt: str,
    location: LocationCode,
) -> e.PurchaseReceived:  # fmt: skip
    """Goods came in; beyond what is open only within the tolerance. Raises ExceedsQuantity with its path."""
    PURCHASE.require(purchase.status, "ReceivePurchase")
    lines: list[e.ArrivedUnits] = []
    for sku, quantity in units.items():
        line = purchase.line_of(sku)
        over = max(0, quantity - line.open)
        tolerated = line.ordered * supplier.over_receipt_percent // 100
        if line.over + over > tolerated:
            with At(f"{paths[sku]}.quantity"):
                raise ExceedsQuantity.of(
                    "still to come", line.facts.line, quantity, line.open,
                    hint=f"{supplier.code} may deliver {tolerated} more than the {line.ordered} ordered; receive the "
                    "rest by ReceiveStock, or refuse it.",
                )  # fmt: skip
        lines.append(e.ArrivedUnits(line.facts.line, line.facts.sku, quantity, over))
    return e.PurchaseReceived(receipt, location, tuple(lines))


def _text(text: str, path: str) -> str:
    with At(path):
        return text_of(text, what=path)


def _reason(text: str) -> str:
    with At("reason"):
        return text_of(text, what="reason", empty=False)
