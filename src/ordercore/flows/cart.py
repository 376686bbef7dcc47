"""Carts in flows: stock kept softly for a while, moved, given back; `flows.place` makes it an order's."""

from __future__ import annotations

from collections.abc import Generator, Mapping

from ordercore.errors import At, Insufficient, NotFound
from ordercore.flow import Effect, Flow, Loaded, ReadState, guard, read
from ordercore.flows.catalog import CatalogView, ReadCatalog
from ordercore.flows.shop import Shop
from ordercore.flows.stock import settle, skus_at
from ordercore.message import Context
from ordercore.plan import Plan, Sourcing
from ordercore.sourcing import source
from ordercore.stock import decide
from ordercore.stock.commands import ExpireReservation, ExtendReservation, ReleaseReservation, ReserveCart
from ordercore.stock.events import ReservationExpired, ReservationExtended, ReservationMade, ReservationReleased
from ordercore.stock.lines import require_lines
from ordercore.stock.reservation import EXPIRE
from ordercore.stock.state import RESERVATIONS, Reservation, fold_reservation, reservation_stream
from ordercore.store import Append, CancelTimer, Floor, ReadOffers, SetTimer
from ordercore.store.batch import Requirement, TimerChange
from ordercore.values import Place, Sku, Stream, code_of

CartEvent = ReservationMade | ReservationExtended | ReservationReleased | ReservationExpired

__all__ = [
    "EXPIRE",
    "RESERVATIONS",
    "flow_expire_reservation",
    "flow_extend_reservation",
    "flow_release_reservation",
    "flow_reserve_cart",
]


def flow_reserve_cart(command: ReserveCart, context: Context, shop: Shop) -> Flow[str]:
    """Source and keep all of a cart or nothing; what the cart held before counts as free and is replaced."""
    stream = _stream(command.cart)
    decide.expiry_of(command.expires_after_seconds, context.now)
    lines = require_lines(command.lines, shop.policies.lines_max)
    skus = skus_at([line.sku for line in lines])
    catalog, offers = ReadCatalog(skus), ReadOffers(skus)
    state = ReadState(stream, RESERVATIONS)
    snapshot = yield from read(catalog, offers, state)
    view, loaded = snapshot.of(catalog), snapshot.of(state)
    yield from guard(command, loaded.state)
    known = loaded.state
    if known is not None:
        decide.require_open(known, "ReserveCart", context.now)
    pins = _pins(command, view)
    demands = decide.wanted(command, view, pins, shop.policies.lines_max)
    supply, floors = _free(snapshot.of(offers), known, view)
    request = Sourcing(demands, supply, view.sites, None, floors)
    plan = source(shop.strategy(command.strategy), request)
    if plan.missing:
        missing = [(one.line, one.sku, one.quantity) for one in plan.missing]
        raise Insufficient(missing, found_by="planning", hint="A cart is kept whole or not at all: keep fewer units.")
    event = decide.reserve(known, command, plan, context)
    timer = SetTimer(EXPIRE, command.cart, event.expires_at)
    return (yield from _on(loaded, command.cart, event, timer, context, shop, (view.require,), _floors(plan, view)))


def flow_extend_reservation(command: ExtendReservation, context: Context, shop: Shop) -> Flow[str]:
    """Keep a cart's stock until another time."""
    loaded = yield from _load(command.cart)
    yield from guard(command, loaded.state)
    event = decide.extend(_known(loaded, command.cart), command, context)
    timer = SetTimer(EXPIRE, command.cart, event.expires_at)
    return (yield from _on(loaded, command.cart, event, timer, context, shop))


def flow_release_reservation(command: ReleaseReservation, context: Context, shop: Shop) -> Flow[str]:
    """A cart was given up: its units are available, and fill lines that wait."""
    loaded = yield from _load(command.cart)
    yield from guard(command, loaded.state)
    event = decide.release(_known(loaded, command.cart))
    return (yield from _on(loaded, command.cart, event, CancelTimer(EXPIRE, command.cart), context, shop))


def flow_expire_reservation(command: ExpireReservation, context: Context, shop: Shop) -> Flow[str]:
    """The time is up. The stream's version decides between this and an order that takes the cart at the same moment."""
    loaded = yield from _load(command.cart)
    yield from guard(command, loaded.state)
    event = decide.expire(_known(loaded, command.cart), context.now)
    return (yield from _on(loaded, command.cart, event, CancelTimer(EXPIRE, command.cart), context, shop))


def _load(cart: str) -> Generator[Effect, object, Loaded[Reservation]]:
    state = ReadState(_stream(cart), RESERVATIONS)
    return (yield from read(state)).of(state)


def _stream(cart: str) -> Stream:
    with At("cart"):
        return reservation_stream(code_of(cart, what="cart"))


def _known(loaded: Loaded[Reservation], cart: str) -> Reservation:
    if loaded.state is None:
        raise NotFound(
            f"Cart {cart!r} has no reservation.",
            kind="reservation",
            name=cart,
            path="cart",
            hint="ReserveCart makes one, under the id that you give the cart.",
        )
    return loaded.state


def _on(
    loaded: Loaded[Reservation],
    cart: str,
    event: CartEvent,
    timer: TimerChange,
    context: Context,
    shop: Shop,
    requires: tuple[Requirement, ...] = (),
    floors: tuple[Floor, ...] = (),
) -> Flow[str]:
    """One more event on the reservation's stream, with its timer and what its units fill."""
    stream = reservation_stream(cart)
    own, after = Append(stream, loaded.version, (event,)), fold_reservation(loaded.state, (event,), stream)
    return (
        yield from settle(
            own, context, shop, requires=requires, floors=floors, timers=(timer,), states={stream: after}
        )
    )  # fmt: skip


def _pins(command: ReserveCart, view: CatalogView) -> dict[str, Place]:
    """The place of each location that a line names."""
    pins: dict[str, Place] = {}
    for n, line in enumerate(command.lines):
        if line.location and line.location not in pins:
            pins[line.location] = view.location(line.location, path=f"lines[{n}].location").place
    return pins


def _free(
    offers: Mapping[Sku, Mapping[Place, int]], known: Reservation | None, view: CatalogView
) -> tuple[dict[Sku, dict[Place, int]], dict[tuple[Sku, Place], int]]:
    """What this cart may take, and what it must leave.

    Its own units count as available. What it holds it may keep even where safety stock was raised since: the floor
    there is what is available now, for the commit checks floors only where stock decreases.
    """
    supply = {sku: dict(places) for sku, places in offers.items()}
    floors = {
        (sku, place): floor
        for sku, places in supply.items()
        if (floor := view.items[sku].safety_stock)
        for place in places
    }
    for leg in known.contents if known is not None else ():
        if leg.sku not in view.items:
            continue
        there = supply.setdefault(leg.sku, {})
        if floor := view.items[leg.sku].safety_stock:
            now = offers.get(leg.sku, {}).get(leg.place, 0)
            floors[leg.sku, leg.place] = min(floor, now)
        there[leg.place] = there.get(leg.place, 0) + leg.quantity
    return supply, floors


def _floors(plan: Plan, view: CatalogView) -> tuple[Floor, ...]:
    taken = dict.fromkeys((leg.sku, leg.place) for leg in plan.legs)
    return tuple(Floor(sku, place, floor) for sku, place in taken if (floor := view.items[sku].safety_stock))
