"""Which flow decides which command, what stream it is about, and the natural key that makes its repeat a repeat."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import frozen

from ordercore import alerts as a
from ordercore.catalog import PutItem, PutLocation, PutStockLevels
from ordercore.effects import ResolveEffect
from ordercore.effects.state import effect_stream
from ordercore.errors import BrokenRule, did_you_mean
from ordercore.flow import Flow
from ordercore.flows import (
    adopt,
    alerts,
    booking,
    cart,
    manifest,
    master,
    notices,
    orders,
    place,
    purchases,
    replenish,
    settling,
    stock,
    transfer,
)
from ordercore.flows.head import order_id
from ordercore.flows.keys import part, tracking_fact_key
from ordercore.flows.shop import Shop
from ordercore.message import Command, Context, Event
from ordercore.notices import commands as n
from ordercore.notices.state import notifier_stream
from ordercore.order import commands as o
from ordercore.order.state import stream_of
from ordercore.stock import commands as s
from ordercore.supply import commands as p
from ordercore.wiring.erasing import erasure_stream, flow_erase_person
from ordercore.wiring.history import NoteHistory, flow_note_history, history_key


@frozen
class Route:
    """How a class of command is run. `key`: its natural idempotency key; `stream`: what it writes first."""

    flow: Callable[[Any, Context, Shop], Flow[Any]]
    stream: Callable[[Any], str]
    key: Callable[[Any], str] | None = None
    is_order: bool = False


def _order(command: Any) -> str:
    return stream_of(command.order)


def _named(command: Any) -> str:
    return stream_of(order_id(command.channel, command.external_id))


def _receipt_key(command: s.ReceiveStock) -> str:
    return f"receipt:{command.source}:{command.external_id}" if command.external_id else ""


def _on_order(flow: Callable[[Any, Context, Shop], Flow[Any]], key: Callable[[Any], str] | None = None) -> Route:
    return Route(flow, _order, key, is_order=True)


ROUTES: Final[Mapping[type[Command[Any]], Route]] = {
    PutItem: Route(master.flow_put_item, lambda c: f"item/{c.sku}"),
    PutLocation: Route(master.flow_put_location, lambda c: f"location/{c.code}"),
    PutStockLevels: Route(master.flow_put_stock_levels, lambda c: f"levels/{c.location}:{c.sku}"),
    a.CheckStock: Route(alerts.flow_check_stock, lambda c: f"alert/{c.location}:{c.sku}"),
    **dict.fromkeys(
        (a.AcknowledgeAlert, a.SnoozeAlert, a.WakeAlert, a.AssignAlert, a.ResolveAlert),
        Route(alerts.flow_alert, lambda c: f"alert/{c.alert}"),
    ),
    p.PutSupplier: Route(purchases.flow_put_supplier, lambda c: f"supplier/{c.code}"),
    p.PutSupply: Route(purchases.flow_put_supply, lambda c: f"supply/{c.supplier}:{c.sku}"),
    p.Replenish: Route(replenish.flow_replenish, lambda _: "purchase/"),
    p.SuggestPurchase: Route(replenish.flow_suggest_purchase, lambda c: f"purchase/{c.supplier}-"),
    p.ReceivePurchase: Route(
        purchases.flow_receive_purchase,
        lambda c: f"purchase/{c.purchase}",
        lambda c: f"receipt:{c.purchase}:{c.external_id}" if c.external_id else "",
    ),
    **dict.fromkeys(
        (
            p.ApprovePurchase,
            p.RejectPurchase,
            p.RecordPurchaseSent,
            p.RecordPurchaseNotSent,
            p.AcknowledgePurchase,
            p.CancelPurchase,
            p.ClosePurchase,
            p.RemindSupplier,
        ),
        Route(purchases.flow_purchase, lambda c: f"purchase/{c.purchase}"),
    ),
    o.PlaceOrder: Route(place.flow_place_order, _named, lambda c: f"place:{c.channel}:{c.external_id}", is_order=True),
    o.AdoptOrder: Route(adopt.flow_adopt_order, _named, lambda c: f"adopt:{c.channel}:{c.external_id}", is_order=True),
    o.AllocateOrder: _on_order(orders.flow_allocate),
    o.ShortPick: _on_order(orders.flow_short_pick),
    **dict.fromkeys(
        (
            o.ConfirmOrder,
            o.AddHold,
            o.ReleaseHold,
            o.CancelLines,
            o.ReleaseOrder,
            o.RecallWork,
            o.PickLines,
            o.PackParcel,
            o.Ship,
            o.ConfirmDelivery,
        ),
        _on_order(orders.flow_order),
    ),
    o.BookParcel: _on_order(booking.flow_book_parcel),
    o.ManifestParcels: Route(manifest.flow_manifest_parcels, lambda c: f"manifest/{c.carrier}"),
    o.RecordManifest: Route(manifest.flow_record_manifest, lambda c: f"manifest/{c.manifest}"),
    o.VoidBooking: _on_order(booking.flow_void_booking),
    **dict.fromkeys(
        (o.RecordBooking, o.RefuseBooking, o.RecordVoid, o.CorrectShipment), _on_order(booking.flow_booking_fact)
    ),
    o.RecordTracking: _on_order(orders.flow_order, tracking_fact_key),
    o.ReceiveReturn: _on_order(orders.flow_order, lambda c: f"return:{c.order}:{part(c.return_id)}"),
    o.RecordPayment: _on_order(orders.flow_order, lambda c: f"payment:{c.order}:{part(c.reference)}"),
    s.ReceiveStock: Route(stock.flow_receive_stock, lambda c: f"receipt/{c.source}:{c.external_id}", _receipt_key),
    s.AdjustStock: Route(stock.flow_adjust_stock, lambda c: f"adjustment/{c.location}|{c.sku}"),
    s.CountStock: Route(stock.flow_count_stock, lambda c: f"count/{c.location}|{c.sku}"),
    s.MoveStock: Route(stock.flow_move_stock, lambda c: f"move/{c.location}|{c.sku}"),
    s.OpenBalance: Route(
        stock.flow_open_balance,
        lambda c: f"opening/{c.location}:{c.reference}",
        lambda c: f"opening:{c.location}:{c.reference}",
    ),
    s.SendTransfer: Route(transfer.flow_send_transfer, lambda c: f"transfer/{c.transfer}"),
    s.ReceiveTransfer: Route(transfer.flow_receive_transfer, lambda c: f"transfer/{c.transfer}"),
    s.ReserveCart: Route(cart.flow_reserve_cart, lambda c: f"reservation/{c.cart}"),
    s.ExtendReservation: Route(cart.flow_extend_reservation, lambda c: f"reservation/{c.cart}"),
    s.ReleaseReservation: Route(cart.flow_release_reservation, lambda c: f"reservation/{c.cart}"),
    s.ExpireReservation: Route(cart.flow_expire_reservation, lambda c: f"reservation/{c.cart}"),
    ResolveEffect: Route(settling.flow_resolve_effect, lambda c: effect_stream(c.effect)),
    n.SendNotice: Route(notices.flow_send_notice, notices.notice_stream, notices.notice_key),
    **dict.fromkeys(
        (n.PauseNotifier, n.ResumeNotifier), Route(notices.flow_notifier, lambda c: notifier_stream(c.notifier))
    ),
    o.ErasePerson: Route(flow_erase_person, lambda c: erasure_stream(c.order), is_order=True),
    NoteHistory: Route(flow_note_history, history_key, history_key),
}

KINDS_OF_KEYS: Final = (
    "acknowledged:",
    "adopt:", "cancel:", "effect:", "history:", "key:", "notice:", "opening:", "payment:", "place:", "quarantine:", "reaction:", "receipt:",
    "replayed:", "return:", "seen:", "timer:", "tracking:",
)  # fmt: skip
"""How natural keys begin, those of intake and timers, and those of callers that would begin like one."""


def _check(key: str) -> a.CheckStock:
    location, _, sku = key.partition(":")
    return a.CheckStock(sku, location)


TIMERS: Final[Mapping[str, Callable[[str], Command[Any]]]] = {
    cart.EXPIRE: s.ExpireReservation,
    alerts.WAKE: a.WakeAlert,
    alerts.CHECK: _check,
    purchases.REMIND: p.RemindSupplier,
}
"""What a due timer sends, by its kind."""


def route_of(command: Command[Any]) -> Route:
    """The route of a command. Raises BrokenRule for a class that no flow decides."""
    try:
        return ROUTES[type(command)]
    except KeyError:
        raise _no_command(command) from None


def _no_command(command: object) -> BrokenRule:
    if isinstance(command, type):
        name, hint = command.__name__, f"This is the class: build one, {command.__name__}(...)."
        if command not in ROUTES:
            hint = _meant(command)
    else:
        name, hint = type(command).__name__, _meant(type(command))
    return BrokenRule(f"{name} is not a command of this kernel.", command=name, hint=hint)


def _meant(cls: type) -> str:
    near = did_you_mean(cls.__name__, [known.__name__ for known in ROUTES])
    if issubclass(cls, Event):
        return f"Events are what happened; a command asks for it. {near}".rstrip()
    return near or "Commands are exported from their area, such as ordercore.order."
