"""Facts of watching and replenishing: alerts and purchases, and each step that either has taken."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ordercore.alerts import events as a
from ordercore.message import Event, Recorded
from ordercore.report.facts.table import Fact, FactTable, Rule, Rules, instant
from ordercore.supply import events as s

TABLES: Final = (
    FactTable(
        "alerts",
        "Alerts as they were raised; one about a purchase names it and no SKU. `version` orders an alert's stream.",
        {"alert": "varchar", "version": "bigint", "number": "bigint", "kind": "varchar", "sku": "varchar",
         "location": "varchar", "purchase": "varchar", "shortfall": "bigint", "at_risk": "bigint",
         "effective_at": "timestamp"},
    ),
    FactTable(
        "alert_steps",
        "What became of them: worsened, answered, covered, reopened, acknowledged, snoozed, awoken, assigned, resolved "
        "or rearmed; `detail` is the worse kind, the purchase, or by what it was resolved.",
        {"alert": "varchar", "version": "bigint", "step": "varchar", "detail": "varchar", "effective_at": "timestamp"},
    ),
    FactTable(
        "purchases",
        "Purchases as they were suggested; `total` in minor units of `currency`, 0 without a currency where a cost is "
        "not known.",
        {"purchase": "varchar", "supplier": "varchar", "location": "varchar", "currency": "varchar", "total": "bigint",
         "effective_at": "timestamp"},
    ),
    FactTable(
        "purchase_lines",
        "Their lines.",
        {"purchase": "varchar", "line": "varchar", "sku": "varchar", "quantity": "bigint"},
    ),
    FactTable(
        "purchase_steps",
        "What became of them: approval_requested, approved, rejected, sent, not_sent, reminded, unanswered, acknowledged, "
        "received, cancelled or closed.",
        {"purchase": "varchar", "version": "bigint", "step": "varchar", "effective_at": "timestamp"},
    ),
    FactTable(
        "purchase_receipts",
        "Units of them that came in, `over` of these beyond what was ordered.",
        {"purchase": "varchar", "line": "varchar", "sku": "varchar", "quantity": "bigint", "over": "bigint",
         "effective_at": "timestamp"},
    ),
)  # fmt: skip


def _name(record: Recorded) -> str:
    return record.stream.partition("/")[2]


def _raised(event: a.AlertRaised, record: Recorded, begins: bool) -> Iterable[Fact]:
    found = event.finding
    yield "alerts", (
        _name(record), record.version, event.number, event.kind, event.sku, event.location, event.purchase,
        found.shortfall, found.at_risk_count, instant(record.effective_at),
    )  # fmt: skip


def _alert_step(step: str, detail: str = "") -> Rule:
    """A rule for a step; `detail` is the field that says more."""

    def rule(event: Event, record: Recorded, begins: bool) -> Iterable[Fact]:
        more = str(getattr(event, detail)) if detail else ""
        yield "alert_steps", (_name(record), record.version, step, more, instant(record.effective_at))

    return rule


def _suggested(event: s.PurchaseSuggested, record: Recorded, begins: bool) -> Iterable[Fact]:
    purchase = _name(record)
    total, currency = (0, "") if event.total is None else (event.total, event.currency)
    yield "purchases", (
        purchase, event.supplier, event.location, currency, total, instant(record.effective_at)
    )  # fmt: skip
    for line in event.lines:
        yield "purchase_lines", (purchase, line.line, line.sku, line.quantity)


def _purchase_step(step: str) -> Rule:
    def rule(event: Event, record: Recorded, begins: bool) -> Iterable[Fact]:
        yield "purchase_steps", (_name(record), record.version, step, instant(record.effective_at))

    return rule


def _received(event: s.PurchaseReceived, record: Recorded, begins: bool) -> Iterable[Fact]:
    at = instant(record.effective_at)
    yield "purchase_steps", (_name(record), record.version, "received", at)
    for one in event.lines:
        yield "purchase_receipts", (_name(record), one.line, one.sku, one.quantity, one.over, at)


RULES: Final[Rules] = {
    a.AlertRaised: _raised,
    a.AlertWorsened: _alert_step("worsened", "kind"),
    a.AlertAnswered: _alert_step("answered", "purchase"),
    a.AlertCovered: _alert_step("covered"),
    a.AlertReopened: _alert_step("reopened", "kind"),
    a.AlertAcknowledged: _alert_step("acknowledged"),
    a.AlertSnoozed: _alert_step("snoozed"),
    a.AlertAwoken: _alert_step("awoken"),
    a.AlertAssigned: _alert_step("assigned"),
    a.AlertResolved: _alert_step("resolved", "by"),
    a.AlertRearmed: _alert_step("rearmed"),
    s.PurchaseSuggested: _suggested,
    s.ApprovalRequested: _purchase_step("approval_requested"),
    s.PurchaseApproved: _purchase_step("approved"),
    s.PurchaseRejected: _purchase_step("rejected"),
    s.PurchaseSent: _purchase_step("sent"),
    s.PurchaseNotSent: _purchase_step("not_sent"),
    s.SupplierReminded: _purchase_step("reminded"),
    s.PurchaseUnanswered: _purchase_step("unanswered"),
    s.PurchaseAcknowledged: _purchase_step("acknowledged"),
    s.PurchaseReceived: _received,
    s.PurchaseCancelled: _purchase_step("cancelled"),
    s.PurchaseClosed: _purchase_step("closed"),
}
