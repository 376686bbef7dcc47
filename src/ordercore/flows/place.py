"""Placing: from a command to an order, sourced and reserved in the same commit where the policy says so."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Any, Final

from attrs import define, field

from ordercore.errors import Insufficient, InvalidCommand, NotFound, TransitionRefused, nearest
from ordercore.flow import Decision, Effect, Flow, Guard, Loaded, ReadState, attempt, read
from ordercore.flows.cart import EXPIRE, RESERVATIONS
from ordercore.flows.catalog import CatalogView, ReadCatalog
from ordercore.flows.head import check_head, identity, order_id
from ordercore.flows.lines import line_at, line_name
from ordercore.flows.record import PERSON, change
from ordercore.flows.shop import Shop
from ordercore.flows.sourcing import shortages, sourcing_of, wait_for_supply
from ordercore.flows.stock import freed_by
from ordercore.flows.supply import Filling, fill
from ordercore.message import Context, Event
from ordercore.order import OrderLine, PlaceOrder
from ordercore.order.events import LinesBackordered, LinesFulfilled, OrderAllocated, OrderPlaced
from ordercore.order.fields import attributes_at, text_at
from ordercore.order.lines import LineQuantity
from ordercore.plan import NOWHERE as ANYWHERE
from ordercore.plan import Demand, Leg
from ordercore.sourcing import source
from ordercore.stock.reservation import Reservation, reservation_stream, upgrade
from ordercore.store import Append, CancelTimer, Floor, PutDocument, Query, ReadOffers, Require, location_place
from ordercore.values import MAX_MINOR, Destination, OrderId, Place, Sku, exponent_of, instant_of, sku_of

_new = tuple.__new__  # see `order.lines`
PINNED: Final = "pinned"
SHORTAGES: Final = ("refuse", "backorder", "partial")
ALLOCATES: Final = ("on_place", "manual")
NOTHING_FILLED: Final = Filling()
NOWHERE: Final = Destination()


@define
class _Draft:
    """What a placing has come to so far."""

    id: OrderId
    events: list[Event]
    demands: list[Demand]
    requires: list[Require]
    appends: list[Append] = field(factory=list)
    freed: dict[Sku, dict[Place, int]] = field(factory=dict)


def flow_place_order(command: PlaceOrder, context: Context, shop: Shop) -> Flow[OrderId]:
    """Place an order: check it, freeze prices and item facts, reserve its stock."""
    id = identity(command.channel, command.external_id)
    skus = _check(command, shop)
    allocate = (command.allocate or shop.policies.allocate) == "on_place"
    # Pinned lines dare to reserve unseen, for the guarded balance refuses what is not there; only then are they read.
    pinned = allocate and not command.reservation and all([line.location for line in command.lines])  # noqa: C419  # a list is quicker
    unseen = pinned and not (yield from attempt())
    catalog, offers = ReadCatalog(skus), ReadOffers(skus)
    cart = ReadState(reservation_stream(command.reservation), RESERVATIONS) if command.reservation else None
    queries: list[Query[Any]] = [catalog]
    if allocate and not unseen:
        queries.append(offers)
    if cart is not None:
        queries.append(cart)
    snapshot = yield from read(*queries)
    view = snapshot.of(catalog)
    yield Guard(command, None)
    draft = _draft(id, command, context, shop, view)
    if cart is not None:
        _take_cart(draft, command, context, snapshot.of(cart))
    if allocate and draft.demands:
        if unseen and _sold_there(draft.demands, view):
            draft.events.append(OrderAllocated(_pinned(draft.demands), PINNED, 1))
        else:
            if unseen:  # nothing is promised where nothing is sold: planned, it is refused or waits
                snapshot = yield from read(offers)
            yield from _source(draft, command, shop, view, snapshot.of(offers))
    return (yield from _decided(draft, command, context, shop, view))


def _draft(id: OrderId, command: PlaceOrder, context: Context, shop: Shop, view: CatalogView) -> _Draft:
    lines = _lines(command, view)
    events: list[Event] = [_placed(command, context, shop, lines)]
    if not any([line.ships for line in lines]):  # noqa: C419  # a list is quicker
        done = tuple(LineQuantity(line.line, line.quantity) for line in lines if not line.tracked)
        if done:
            events.append(LinesFulfilled(done))
    return _Draft(id, events, _demands(lines), [view.require])


def _take_cart(draft: _Draft, command: PlaceOrder, context: Context, loaded: Loaded[Reservation]) -> None:
    """Out of the cart's claim and into the order's, netted in one batch: at no instant is the stock free."""
    reservation = _soft(command, loaded.state)
    legs, draft.demands, draft.freed = _upgraded(reservation, draft.demands)
    upgraded = upgrade(reservation, draft.id, context)
    draft.appends.append(Append(reservation_stream(command.reservation), loaded.version, (upgraded,)))
    if legs:
        draft.events.append(OrderAllocated(tuple(legs), "reservation", 1))


def _source(
    draft: _Draft, command: PlaceOrder, shop: Shop, view: CatalogView, supply: Mapping[Sku, Mapping[Place, int]]
) -> Generator[Effect, object, None]:
    """Plan and turn the plan into events; what is missing is refused, waits, or stays unallocated, by policy."""
    placed = draft.events[0]
    assert isinstance(placed, OrderPlaced)  # noqa: S101  # _draft begins with it
    request = sourcing_of(draft.demands, supply, view, placed.destination)
    plan = source(shop.strategy(command.strategy), request)
    shortage = command.shortage or shop.policies.shortage
    if plan.missing and shortage == "refuse":
        raise Insufficient(
            shortages(plan.missing), found_by="planning", hint='PlaceOrder(shortage="backorder") lets them wait.'
        )
    if plan.missing and shortage == "backorder":
        plan, counters = yield from wait_for_supply(plan, request, shop, command.strategy)
        draft.requires += counters
    if plan.legs:
        draft.events.append(OrderAllocated(plan.legs, plan.strategy, plan.version))
    if plan.missing and shortage == "backorder":
        draft.events.append(LinesBackordered(tuple(LineQuantity(one.line, one.quantity) for one in plan.missing)))


def _decided(draft: _Draft, command: PlaceOrder, context: Context, shop: Shop, view: CatalogView) -> Flow[OrderId]:
    changed = change(draft.id, None, 0, draft.events)
    timers = (CancelTimer(EXPIRE, command.reservation),) if command.reservation else ()
    filling = NOTHING_FILLED
    if draft.freed:
        # Net of what this order takes elsewhere: stock is read as it is before this batch.
        net = freed_by([*draft.events, *(event for append in draft.appends for event in append.events)])
        filling = yield from fill(net, shop, own=changed)
        if filling.own:
            changed = change(draft.id, None, 0, (*draft.events, *filling.own))
    documents = changed.documents
    if command.ship_to is not None:
        documents = (*documents, PutDocument(PERSON, draft.id, command.ship_to))
    if filling is NOTHING_FILLED:
        return Decision(
            draft.id, (changed.append, *draft.appends), documents, tuple(draft.requires), changed.bumps,
            _floors(draft.events, view), timers, {changed.append.stream: changed.order},
        )  # fmt: skip
    return Decision(
        draft.id, (changed.append, *draft.appends, *filling.appends), (*documents, *filling.documents),
        (*draft.requires, *filling.requires), (*changed.bumps, *filling.bumps),
        (*_floors(draft.events, view), *filling.floors), timers,
        {changed.append.stream: changed.order, **filling.states},
    )  # fmt: skip


def _check(command: PlaceOrder, shop: Shop) -> tuple[Sku, ...]:
    """What can be checked without reading: counts, ids, names of policies, text."""
    lines = command.lines
    if not lines:
        raise InvalidCommand(
            "An order has at least one line.", path="lines", hint="Give it lines=[Line(sku, quantity, price)]."
        )
    if len(lines) > shop.policies.lines_max:
        raise InvalidCommand(
            f"{len(lines)} lines are more than the {shop.policies.lines_max} allowed.", path="lines", count=len(lines),
            hint="Split the order, or raise Policies(lines_max=...).",
        )  # fmt: skip
    check_head(command.currency, command.customer, command.ship_to, command.priority)
    if command.source_version:
        text_at(command.source_version, "source_version")
    if command.attributes:
        attributes_at(command.attributes, "attributes")
    _one_of(command.shortage, SHORTAGES, "shortage")
    _one_of(command.allocate, ALLOCATES, "allocate")
    try:
        return tuple(dict.fromkeys([sku_of(line.sku) for line in lines]))
    except InvalidCommand as error:
        n = next(n for n, line in enumerate(lines) if not _is_sku(line.sku))
        raise InvalidCommand(f"lines[{n}].sku: {error.message}", path=f"lines[{n}].sku", hint=error.hint) from None


def _is_sku(text: str) -> bool:
    try:
        sku_of(text)
    except InvalidCommand:
        return False
    return True


def _one_of(value: str, known: Sequence[str], path: str) -> None:
    if value and value not in known:
        raise InvalidCommand(
            f"{path} {str(value)[:64]!r} is not known.", path=path, hint=nearest(str(value)[:64], known)
        )


def _lines(command: PlaceOrder, view: CatalogView) -> tuple[OrderLine, ...]:
    currency = command.currency
    exponent = exponent_of(currency)
    made: list[OrderLine] = []
    names: set[str] = set()
    for n, line in enumerate(command.lines):
        item = view.items.get(line.sku)  # type: ignore[call-overload]  # a Sku is a str
        if item is None or not item.active:
            raise NotFound(
                f"lines[{n}].sku: there is no{' active' if item else ''} item {line.sku!r}.", kind="item",
                name=line.sku, path=f"lines[{n}].sku",
                hint="PutItem(..., active=True) sells it again." if item else "",
            )  # fmt: skip
        name = line_name(line.line_id, n, names)
        names.add(name)
        made.append(line_at(n, line, item, name, currency, exponent))
        if line.location:
            view.location(line.location, path=f"lines[{n}].location")
    return tuple(made)


def _placed(command: PlaceOrder, context: Context, shop: Shop, lines: tuple[OrderLine, ...]) -> OrderPlaced:
    total = sum([line.total for line in lines])
    if total > MAX_MINOR:
        raise InvalidCommand(
            "The order's total is out of range.", path="lines", hint="A total has at most 2**62 minor units."
        )
    placed_at = context.effective if command.placed_at is None else instant_of(command.placed_at, what="placed_at")
    address = command.ship_to
    destination = (
        Destination(address.country, address.region, address.point, order_id(command.channel, command.external_id))
        if address is not None
        else NOWHERE
    )
    return OrderPlaced(
        command.channel, command.external_id, command.currency, lines, total, placed_at, command.customer,
        destination, command.priority, shop.policies.confirm == "on_place", command.shortage, command.source_version,
        command.attributes,
        None if command.promised_by is None else instant_of(command.promised_by, what="promised_by"),
    )  # fmt: skip


def _demands(lines: Iterable[OrderLine]) -> list[Demand]:
    return [
        _new(Demand, (line[0], line[1], line[2], location_place(line.location) if line.location else None, ANYWHERE))
        for line in lines
        if line.tracked
    ]


def _sold_there(demands: Iterable[Demand], view: CatalogView) -> bool:
    sites = view.sites.by_place
    return all([place in sites for _, _, _, place, _ in demands])  # noqa: C419  # a list is quicker


def _pinned(demands: Iterable[Demand]) -> tuple[Leg, ...]:
    return tuple([
        _new(Leg, (line, sku, place, quantity, "", "")) for line, sku, quantity, place, _ in demands if place is not None
    ])  # fmt: skip


def _floors(events: Iterable[Event], view: CatalogView) -> tuple[Floor, ...]:
    items = view.items
    return tuple([
        Floor(leg[1], leg[2], floor)
        for event in events
        if type(event) is OrderAllocated
        for leg in event.legs
        if (floor := items[leg[1]].safety_stock)
    ])  # fmt: skip


def _soft(command: PlaceOrder, reservation: Reservation | None) -> Reservation:
    if reservation is None:
        raise NotFound(
            f"There is no reservation of a cart {command.reservation!r}.",
            kind="reservation",
            name=command.reservation,
            path="reservation",
            hint="Place the order without it, or ReserveCart first.",
        )
    if reservation.status != "soft":
        raise TransitionRefused.of(
            "reservation", reservation.status, "PlaceOrder", (), "It is over for good: place the order without it."
        )
    return reservation


def _upgraded(
    reservation: Reservation, demands: Sequence[Demand]
) -> tuple[list[Leg], list[Demand], dict[Sku, dict[Place, int]]]:
    """What the cart holds for these lines, what is still to be sourced, and what the cart held too much."""
    held: dict[Sku, dict[Place, int]] = {}
    for unit in reservation.contents:
        places = held.setdefault(unit.sku, {})
        places[unit.place] = places.get(unit.place, 0) + unit.quantity
    legs: list[Leg] = []
    rest: list[Demand] = []
    for demand in demands:
        need = demand.quantity
        for place, units in held.get(demand.sku, {}).items():
            part = min(need, units) if demand.allows(place) else 0
            if part:
                legs.append(Leg(demand.line, demand.sku, place, part))
                held[demand.sku][place] -= part
                need -= part
        if need:
            rest.append(Demand(demand.line, demand.sku, need, demand.place, demand.excluded))
    freed = {sku: {place: units for place, units in places.items() if units} for sku, places in held.items()}
    return legs, rest, {sku: places for sku, places in freed.items() if places}
