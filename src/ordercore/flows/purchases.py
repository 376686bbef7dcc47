"""Purchases in flows: each change with its line in lists, what is still to come by SKU, its timer and its alert."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Final

from attrs import evolve, frozen

from ordercore.alerts import events as a
from ordercore.alerts.state import ALERTS, Alert, alert_stream
from ordercore.balance import Balance
from ordercore.errors import At, InvalidCommand, NotFound, Rejected, at
from ordercore.flow import Decision, Effect, Flow, Loaded, ReadState, guard, read
from ordercore.flows.alerts import AlertChange, change_alert
from ordercore.flows.balance import today_at
from ordercore.flows.catalog import CatalogView, ReadCatalog
from ordercore.flows.effects import Written, want
from ordercore.flows.shop import Shop
from ordercore.flows.stock import flow_receive_stock, receipt_id
from ordercore.message import Context, Event
from ordercore.order.fields import code_at
from ordercore.stock.commands import Received, ReceiveStock
from ordercore.stock.receipt import StockReceived
from ordercore.store import Append, CancelTimer, DeleteDocument, Document, PutDocument, ReadDocument, Require, SetTimer
from ordercore.store.batch import DocumentChange, TimerChange
from ordercore.supply import commands as c
from ordercore.supply import events as e
from ordercore.supply.decide import arrive, decide
from ordercore.supply.documents import (
    INCOMING,
    PURCHASE,
    SUPPLIER,
    SUPPLY,
    IncomingLine,
    PurchaseSummary,
    Supplier,
    Supply,
    incoming_key,
    incoming_sort,
)
from ordercore.supply.master import put_supplier, put_supply
from ordercore.supply.state import COMING, PURCHASES, UNDECIDED, Purchase, fold_purchase, purchase_stream
from ordercore.values import Sku, Stream, code_of, sku_of

REMIND: Final = "purchase.remind"
"""The kind of timer that sends RemindSupplier; its key is the purchase's number."""
SEND: Final = "supplier.send"
"""The kind of outside effect that sends a purchase, or a reminder of it, to its supplier."""


@frozen
class PurchaseChange:
    """What a batch writes for new events of a purchase."""

    purchase: Purchase
    append: Append
    documents: tuple[DocumentChange, ...]
    timers: tuple[TimerChange, ...]


def change_purchase(id: str, before: Purchase | None, version: int, events: Sequence[Event]) -> PurchaseChange:
    """Apply the events (identities are checked) and derive documents and the timer. `events` must not be empty."""
    stream = purchase_stream(id)
    after = fold_purchase(before, events, stream)
    assert after is not None  # noqa: S101  # events are not empty
    was = incoming_of(before) if before is not None else {}
    now = incoming_of(after)
    gone = [DeleteDocument(INCOMING, key) for key in was if key not in now]
    puts = [put for key, put in now.items() if was.get(key) != put]
    timers: tuple[TimerChange, ...] = ()
    if before is None or before.answer_due != after.answer_due:
        due = after.answer_due
        timers = (SetTimer(REMIND, id, due) if due is not None else CancelTimer(REMIND, id),)
    return PurchaseChange(after, Append(stream, version, tuple(events)), (summary_of(after), *gone, *puts), timers)


def incoming_of(purchase: Purchase) -> dict[str, PutDocument]:
    """What is still to come of a purchase, by document: a line, or a part of it on its day."""
    status = purchase.status
    if status not in COMING | UNDECIDED:
        return {}
    found: dict[str, PutDocument] = {}
    for name, line in purchase.lines.items():
        for n, part in enumerate(line.parts, 1):
            key = incoming_key(purchase.id, f"{name}/{n}")
            body = IncomingLine(
                purchase.id, name, line.facts.sku, purchase.head.location, part.quantity, part.expected_on,
                status in COMING,
            )  # fmt: skip
            found[key] = PutDocument(INCOMING, key, body, None, line.facts.sku, incoming_sort(part.expected_on))
    return found


def summary_of(purchase: Purchase) -> PutDocument:
    """The purchase's line in lists."""
    head = purchase.head
    dates = [line.expected_on for line in purchase.lines.values() if line.expected_on is not None]
    units = sum(line.ordered for line in purchase.lines.values())
    body = PurchaseSummary(
        purchase.id, head.supplier, head.location, purchase.status, head.currency, head.total, units, purchase.open,
        head.suggested_at, max(dates, default=head.expected_on), purchase.reminders,
    )  # fmt: skip
    return PutDocument(PURCHASE, purchase.id, body, None, purchase.status, body.after[0])


# Master data


def _put(
    key: str, kind: str, events: Sequence[Event], body: Supplier | Supply | None, found: Document | None,
    requires: tuple[Require, ...] = (),
) -> Decision[str]:  # fmt: skip
    """Master data as their event says; a document is written as often as its stream grows."""
    if not events or body is None:
        return Decision(key, requires=requires)
    revision = found.revision if found is not None else 0
    tag, sort = (body.sku, body.sort) if isinstance(body, Supply) else ("", body.code)
    put = PutDocument(kind, key, body, revision, tag, sort)
    return Decision(key, (Append(Stream(f"{kind}/{key}"), revision, tuple(events)),), (put,), requires)


def flow_put_supplier(command: c.PutSupplier, context: Context, shop: Shop) -> Flow[str]:
    """Define or change a supplier."""
    code = code_at(command.code, "code")
    document = ReadDocument(SUPPLIER, code)
    found = (yield from read(document)).of(document)
    known = found.body if found is not None and isinstance(found.body, Supplier) else None
    yield from guard(command, known)
    events = put_supplier(known, command)
    body = events[0].supplier if events and isinstance(events[0], e.SupplierPut) else None
    return _put(code, SUPPLIER, events, body, found)


def flow_put_supply(command: c.PutSupply, context: Context, shop: Shop) -> Flow[str]:
    """Define or change what a supplier supplies."""
    with At("sku"):
        sku = sku_of(command.sku)
    code = code_at(command.supplier, "supplier")
    key = f"{code}:{sku}"
    catalog, document, asked = ReadCatalog((sku,)), ReadDocument(SUPPLY, key), ReadDocument(SUPPLIER, code)
    snapshot = yield from read(catalog, document, asked)
    found, view = snapshot.of(document), snapshot.of(catalog)
    known = found.body if found is not None and isinstance(found.body, Supply) else None
    yield from guard(command, known)
    owner = snapshot.of(asked)
    if owner is None or not isinstance(owner.body, Supplier):
        raise unknown_supplier(code)
    events = put_supply(known, command, view.item(sku), owner.body)
    body = events[0].supply if events and isinstance(events[0], e.SupplyPut) else None
    return _put(key, SUPPLY, events, body, found, (view.require,))


def unknown_supplier(code: str) -> Rejected:
    """There is no such supplier."""
    return at(NotFound.named("supplier", code), "supplier")


# Purchases


@frozen
class Loading:
    """A purchase with its supplier, the items of its lines and the alert about it, as of one look."""

    id: str
    loaded: Loaded[Purchase]
    alert: Loaded[Alert]
    supplier: Supplier
    view: CatalogView

    @property
    def purchase(self) -> Purchase:
        """It exists."""
        assert self.loaded.state is not None  # noqa: S101  # checked when it was loaded
        return self.loaded.state


def alert_of(purchase: str) -> str:
    """The name of the alert about a purchase; locations have no slash, so it is no other's."""
    return f"purchase/{purchase}"


def load_purchase(number: str) -> Generator[Effect, object, Loading]:
    """Everything a decision on a purchase needs. Raises NotFound."""
    with At("purchase"):
        id = code_of(number, what="purchase")
    state = ReadState(purchase_stream(id), PURCHASES)
    alert = ReadState(alert_stream(alert_of(id)), ALERTS)
    snapshot = yield from read(state, alert)
    loaded = snapshot.of(state)
    if loaded.state is None:
        raise at(NotFound.named("purchase", id), "purchase")
    asked = ReadDocument(SUPPLIER, loaded.state.head.supplier)
    skus = tuple(Sku(line.facts.sku) for line in loaded.state.lines.values())
    catalog = ReadCatalog(skus)
    more = yield from read(asked, catalog)
    found = more.of(asked)
    if found is None or not isinstance(found.body, Supplier):
        raise unknown_supplier(loaded.state.head.supplier)
    return Loading(id, loaded, snapshot.of(alert), found.body, more.of(catalog))


def flow_purchase(command: c.PurchaseCommand, context: Context, shop: Shop) -> Flow[str]:
    """Whatever is decided on a purchase and its supplier alone."""
    known = yield from load_purchase(command.purchase)
    yield from guard(command, known.purchase)
    today = today_at(context.now, known.view.location(known.purchase.head.location))
    events = decide(known.purchase, command, known.supplier, known.view, context, today)
    if not events:
        return Decision(known.id)
    return decided(known, events, context)


def decided(known: Loading, events: Sequence[Event], context: Context) -> Decision[str]:
    """What these events come to: documents, timer, the alert about it, and what is sent."""
    changed = change_purchase(known.id, known.purchase, known.loaded.version, events)
    alert = _alert(known, changed.purchase, events, context)
    decision = Decision(
        known.id, (changed.append, *((alert.append,) if alert else ())),
        (*changed.documents, *(alert.documents if alert else ())), (known.view.require,),
        timers=(*changed.timers, *(alert.timers if alert else ())),
        states={
            changed.append.stream: changed.purchase, **({alert.append.stream: alert.alert} if alert else {}),
        },
    )  # fmt: skip
    for event in events:
        agreed_again = known.purchase.sent and isinstance(event, e.PurchaseApproved)
        sending = to_send(known.id, event, known.supplier, context) if not agreed_again else None
        decision = sending.on(decision) if sending is not None else decision
    return decision


def to_send(id: str, event: Event, supplier: Supplier, context: Context) -> Written | None:
    """What an event wants sent to the supplier; nothing where a person does that."""
    if not supplier.instance:
        return None
    match event:
        case e.PurchaseApproved():
            return want(context, SEND, supplier.instance, purchase_stream(id), part="order")
        case e.SupplierReminded(number=number):
            options = {"reminder": str(number)}
            return want(
                context, SEND, supplier.instance, purchase_stream(id), part=f"reminder-{number}", options=options
            )
        case _:
            return None


def _alert(known: Loading, after: Purchase, events: Sequence[Event], context: Context) -> AlertChange | None:
    """The alert about the purchase itself: raised when nobody answers or it could not be sent, resolved by news."""
    id, state = alert_of(known.id), known.alert.state
    is_open = state is not None and not state.resolved
    kind: a.AlertKind | None = None
    for event in events:
        kind = "unanswered" if isinstance(event, e.PurchaseUnanswered) else kind
        kind = "not_sent" if isinstance(event, e.PurchaseNotSent) else kind
    if kind is not None and not is_open:
        number = state.number + 1 if state is not None else 1
        raised = a.AlertRaised(
            number, kind, Sku(""), after.head.location, "", 0, 0, 0, a.Finding(Balance(0)), context.now, known.id
        )
        return change_alert(id, known.alert, (raised,))
    if kind is None and is_open and after.status not in ("approved", "sent"):
        return change_alert(id, known.alert, (a.AlertResolved("answer"),))
    return None


def flow_receive_purchase(command: c.ReceivePurchase, context: Context, shop: Shop) -> Flow[str]:
    """Goods come in: the receipt, what it fills, and the purchase's own event, in one batch."""
    known = yield from load_purchase(command.purchase)
    yield from guard(command, known.purchase)
    if not command.lines:
        raise InvalidCommand(
            "At least one line is needed.", path="lines", hint='ReceivePurchase(..., [ArrivedLine("TEA", 12)]).'
        )  # fmt: skip
    purchase = known.purchase
    location = command.location or purchase.head.location
    lines: list[Received] = []
    units: dict[Sku, int] = {}
    paths: dict[Sku, str] = {}
    for n, arrived in enumerate(command.lines):
        with At(f"lines[{n}].sku"):
            line = purchase.line_of(arrived.sku)
        with At(f"lines[{n}].quantity"):
            quantity = known.view.item(line.facts.sku).to_units(arrived.quantity)
        units[line.facts.sku] = units.get(line.facts.sku, 0) + quantity
        paths[line.facts.sku] = f"lines[{n}]"  # of several lots, the last is the one too many
        lines.append(Received(line.facts.sku, quantity, arrived.lot, arrived.expires, arrived.bucket, line.unit_cost))
    receipt = receipt_id(known.id, command.external_id, context)
    at = known.view.location(location).code
    event = arrive(purchase, units, paths, known.supplier, receipt, at)
    goods = ReceiveStock(location, lines, known.id, command.external_id)
    came = yield from flow_receive_stock(goods, context, shop)
    assert any(isinstance(one, StockReceived) for append in came.appends for one in append.events)  # noqa: S101
    own = decided(known, (event,), context)
    return evolve(
        own, appends=(*own.appends, *came.appends), documents=(*own.documents, *came.documents),
        requires=(*own.requires, *came.requires), bumps=(*own.bumps, *came.bumps), floors=(*own.floors, *came.floors),
        timers=(*own.timers, *came.timers), states={**own.states, **came.states},
    )  # fmt: skip
