"""Purchases on their way to a supplier: the document from the purchase as it stands, and what the answer comes to."""

from __future__ import annotations

from collections.abc import Generator
from datetime import timedelta
from decimal import Decimal
from typing import Any

from ordercore.catalog import Item
from ordercore.effects import Effect, ResolveEffect
from ordercore.errors import TransitionRefused
from ordercore.flow import Effect as FlowEffect
from ordercore.flows.balance import today_at
from ordercore.flows.performing import Answer, Performer, Sending
from ordercore.flows.purchases import Loading, flow_purchase, load_purchase
from ordercore.message import Command
from ordercore.ports import DocumentSent, Op, PurchaseDocument, PurchaseLine
from ordercore.supply import RecordPurchaseNotSent, RecordPurchaseSent
from ordercore.supply.decide import OVER
from ordercore.supply.state import PurchaseLine as Line
from ordercore.values import Quantity


def _number(effect: Effect) -> str:
    return effect.subject.partition("/")[2]


def _send(sending: Sending) -> Generator[FlowEffect, Any, Op[Any]]:
    effect = sending.effect
    known = yield from load_purchase(_number(effect))
    reminder = int(effect.options.get("reminder", "0"))
    purchase = known.purchase
    if purchase.status in OVER or (reminder and purchase.status not in ("sent", "repriced")):
        raise TransitionRefused.of("purchase", purchase.status, "send it", ())
    op: Op[Any] = sending.adapter.send(document_of(known, reminder, effect), key=sending.key)
    return op


def document_of(known: Loading, reminder: int, effect: Effect) -> PurchaseDocument:
    """What the supplier reads; the same for every attempt, so its day is that of when it was wanted."""
    purchase, head = known.purchase, known.purchase.head
    at = known.view.location(head.location)
    lines = tuple(
        _line(line, known.view.item(line.facts.sku), purchase.days_late)
        for line in purchase.lines.values()
        if line.open or not reminder
    )
    return PurchaseDocument(
        purchase.id, head.supplier, today_at(head.suggested_at, at), head.currency, lines, reminder=reminder,
        sent_on=today_at(effect.wanted_at, at), location=at.name or at.code,
    )  # fmt: skip


def _line(line: Line, item: Item, days_late: int) -> PurchaseLine:
    facts = line.facts
    wanted_on = facts.expected_on + timedelta(days=days_late) if facts.expected_on is not None else None
    quantity = Quantity(Decimal(facts.quantity).scaleb(-item.scale), item.unit)
    return PurchaseLine(facts.line, facts.sku, facts.supplier_sku, quantity, facts.unit_cost, wanted_on, item.name)


def _done(effect: Effect, value: DocumentSent) -> Answer:
    told = RecordPurchaseSent(_number(effect), value.reference) if effect.part == "order" else None
    return Answer(value.reference, command=told)


def _refused(effect: Effect, code: str, problems: tuple[str, ...]) -> Command[Any] | None:
    if effect.part != "order":
        return None
    return RecordPurchaseNotSent(_number(effect), f"{code}: {problems[0]}"[:200] if problems else code)


def _resolved(effect: Effect, word: ResolveEffect) -> Answer:
    return Answer(word.reference, command=RecordPurchaseSent(_number(effect), word.reference)
                  if effect.part == "order" else None)  # fmt: skip


SENDER = Performer("supplier", _send, _done, flow_purchase, _refused, _resolved, lambda adapter, key: adapter.find(key))
"""Sends a purchase, or a reminder, through the supplier's plugin."""
