"""Flows on an order that exists: work, delivery, returns, cancelling, sourcing again."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from ordercore.errors import Insufficient
from ordercore.flow import Decision, Effect, Flow, Guard, Loaded, ReadState, guard, read
from ordercore.flows.catalog import CatalogView, ReadCatalog
from ordercore.flows.record import ORDERS, TRACKING_TEXT, blocks_allocation, change, tracking_text_key
from ordercore.flows.shop import Shop
from ordercore.flows.sourcing import shortages, sourcing_of, wait_for_supply
from ordercore.flows.stock import new_lot
from ordercore.flows.supply import fill
from ordercore.message import Context, Event
from ordercore.order import (
    AllocateOrder,
    Order,
    OrderCommand,
    PickLines,
    ReceiveReturn,
    RecordTracking,
    Ship,
    ShortPick,
    WorkFacts,
    decide,
    stream_of,
)
from ordercore.order.decide import require, short_pick, unknown_order
from ordercore.order.events import LinesBackordered, LinesCancelled, OrderAllocated, ReturnReceived, TrackingRecorded
from ordercore.order.lines import LineQuantity, LineState
from ordercore.order.returns import INTO
from ordercore.order.summary import TrackingText
from ordercore.plan import Demand, Leg, Plan
from ordercore.sourcing import source
from ordercore.stock.lots import LOT, LotFacts, lot_key
from ordercore.store import (
    Floor,
    PutDocument,
    ReadDocument,
    ReadOffers,
    ReadPositions,
    Require,
    Row,
    RowKey,
    location_place,
)
from ordercore.store.batch import DocumentChange
from ordercore.values import LineId, LocationCode, OrderId, Place, Sku

_NAMES_LOTS: Final = frozenset((PickLines, ShortPick, Ship))
_NEEDS_STEPS: Final = frozenset((Ship, ReceiveReturn, PickLines, ShortPick))


def _loaded(order: str, loaded: Loaded[Order]) -> Order:
    if loaded.state is None:
        raise unknown_order(order)
    return loaded.state


def flow_order(command: OrderCommand, context: Context, shop: Shop) -> Flow[OrderId]:
    """Every command that is decided on the order alone, with what the catalog and the lots say of its places."""
    asked = ReadState(stream_of(command.order), ORDERS)
    if type(command) in _NEEDS_STEPS:
        catalog = ReadCatalog()
        snapshot = yield from read(asked, catalog)
        view: CatalogView | None = snapshot.of(catalog)
    else:
        snapshot = yield from read(asked)
        view = None
    loaded = snapshot.of(asked)
    order = _loaded(command.order, loaded)
    yield Guard(command, order)
    facts = _NO_FACTS
    if view is not None:
        facts = yield from _work_facts(order, command, view, context)
    events = decide(order, command, context, facts)
    requires = (view.require,) if view is not None else ()
    lots: tuple[DocumentChange, ...] = ()
    if facts.lot_skus and isinstance(command, ReceiveReturn):
        lots = yield from _returned_lots(events, context)
    elif isinstance(command, RecordTracking) and command.text:
        lots = _words(command, events)
    return (yield from _decided(order, loaded.version, events, shop, requires, lots))


_NO_FACTS: Final = WorkFacts()


def _decided(
    order: Order, version: int, events: Sequence[Event], shop: Shop, requires: tuple[Require, ...],
    lots: tuple[DocumentChange, ...],
) -> Flow[OrderId]:  # fmt: skip
    """Write the events; stock that they free goes to lines that wait for it, of this order too."""
    if not events:
        return Decision(order.id)
    changed = change(order.id, order, version, events)
    freed = _freed(events)
    if not freed and not changed.joined:
        return Decision(
            order.id, (changed.append,), (*changed.documents, *lots), requires,
            states={changed.append.stream: changed.order},
        )  # fmt: skip
    filling = yield from fill(freed, shop, own=changed, woken=changed.joined)
    if filling.own:
        changed = change(order.id, order, version, (*events, *filling.own))
    return Decision(
        order.id, (changed.append, *filling.appends), (*changed.documents, *lots, *filling.documents),
        (*requires, *filling.requires), (*changed.bumps, *filling.bumps), filling.floors,
        states={changed.append.stream: changed.order, **filling.states},
    )  # fmt: skip


def _words(command: RecordTracking, events: Iterable[Event]) -> tuple[DocumentChange, ...]:
    """What the carrier wrote, beside the fact: erasable, and in no event."""
    body = TrackingText(command.parcel, command.text)
    return tuple(
        PutDocument(
            TRACKING_TEXT,
            tracking_text_key(command.order, command.parcel, event.fact.identity),
            body,
            None,
            command.order,
        )
        for event in events
        if isinstance(event, TrackingRecorded)
    )


def _returned_lots(events: Iterable[Event], context: Context) -> Generator[Effect, object, tuple[DocumentChange, ...]]:
    """The facts of lots that nobody received, but that came back: from now on they are known."""
    asked = {
        (unit.sku, unit.lot): ReadDocument(LOT, lot_key(unit.sku, unit.lot))
        for event in events
        if isinstance(event, ReturnReceived)
        for unit in event.contents
        if unit.lot and unit.disposition in INTO
    }
    if not asked:
        return ()
    snapshot = yield from read(*asked.values())
    return tuple(put for (sku, lot), query in asked.items() for put in new_lot(sku, lot, snapshot.of(query), context))


def _freed(events: Iterable[Event]) -> dict[Sku, dict[Place, int]]:
    freed: dict[Sku, dict[Place, int]] = {}
    for event in events:
        if isinstance(event, LinesCancelled):
            for moved in event.contents:
                places = freed.setdefault(moved.sku, {})
                places[moved.place] = places.get(moved.place, 0) + moved.quantity
        elif isinstance(event, ReturnReceived):
            for unit in event.contents:
                if unit.disposition == "restock":
                    places = freed.setdefault(unit.sku, {})
                    places[event.place] = places.get(event.place, 0) + unit.quantity
    return freed


def _work_facts(
    order: Order, command: OrderCommand | ShortPick, view: CatalogView, context: Context
) -> Generator[Effect, object, WorkFacts]:
    """Steps of the places that hold units, and free lots where this command must name them."""
    steps: dict[Place, tuple[str, ...]] = {}
    lot_skus: set[Sku] = set()
    for line in order.lines.values():
        if line.facts.lots:
            lot_skus.add(line.facts.sku)
        for claim in line.claims:
            place = claim[0]
            if place not in steps:
                location = view.at(place)
                steps[place] = location.steps if location is not None else ("ship",)
    if isinstance(command, ReceiveReturn) or (isinstance(command, Ship) and command.location):
        view.location(command.location)
    if not lot_skus:
        return WorkFacts(steps)
    lots: Mapping[tuple[Sku, Place], tuple[tuple[str, int], ...]] = {}
    if type(command) in _NAMES_LOTS:
        # What is missing from the shelf may be missing from any lot; only what leaves must not have expired.
        today = date.min if isinstance(command, ShortPick) else context.effective.date()
        lots = yield from free_lots(tuple(sorted(lot_skus)), frozenset(steps), today)
    return WorkFacts(steps, frozenset(lot_skus), lots)


def free_lots(
    skus: tuple[Sku, ...], places: frozenset[Place], today: date
) -> Generator[Effect, object, dict[tuple[Sku, Place], tuple[tuple[str, int], ...]]]:
    """Unclaimed units per lot, earliest expiry first, then by name; lots without a date last, none that expired before."""
    positions = ReadPositions(skus)
    rows = (yield from read(positions)).of(positions)
    free: list[tuple[RowKey, Row]] = [(key, row) for key, row in rows.items() if key[2] and key[1] in places and row[0]]
    asked = {key: ReadDocument(LOT, lot_key(key[0], key[2])) for key, _ in free}
    if not asked:
        return {}
    snapshot = yield from read(*asked.values())
    found: dict[tuple[Sku, Place], list[tuple[date, str, int]]] = {}
    for key, row in free:
        document = snapshot.of(asked[key])
        expires = document.body.expires if document and isinstance(document.body, LotFacts) else None
        if expires is None or expires >= today:
            found.setdefault((key[0], key[1]), []).append((expires or date.max, key[2], row[0]))
    return {key: tuple((lot, units) for _, lot, units in sorted(lots)) for key, lots in found.items()}


def flow_allocate(command: AllocateOrder, context: Context, shop: Shop) -> Flow[OrderId]:
    """Source what is unallocated, then what is backordered."""
    asked = ReadState(stream_of(command.order), ORDERS)
    first = yield from read(asked)
    loaded = first.of(asked)
    order = _loaded(command.order, loaded)
    yield from guard(command, order)
    require(order, "AllocateOrder")
    for line in command.pins:
        order.line(line)
    lines = [line for line in order.lines.values() if line.facts.tracked and line.unallocated + line.backordered]
    if not lines:
        return Decision(order.id)
    demands = [_demand(line, command.pins) for line in lines]
    events, requires, floors = yield from _sourced(
        order, demands, shop, command.strategy, command.shortage, command.pins
    )
    if not events:
        return Decision(order.id)
    changed = change(order.id, order, loaded.version, events)
    return Decision(
        order.id, (changed.append,), changed.documents, requires, changed.bumps, floors,
        states={changed.append.stream: changed.order},
    )  # fmt: skip


def _demand(line: LineState, pins: Mapping[str, str]) -> Demand:
    facts = line.facts
    pin = pins.get(facts.line) or facts.location
    place = location_place(LocationCode(pin)) if pin else None
    return Demand(facts.line, facts.sku, line.unallocated + line.backordered, place)


def _sourced(
    order: Order, demands: Sequence[Demand], shop: Shop, strategy: str, shortage: str, pins: Mapping[str, str]
) -> Generator[Effect, object, tuple[list[Event], tuple[Require, ...], tuple[Floor, ...]]]:
    """Allocations for demands of an order, and what waits; refuses by policy, with every shortage."""
    skus = tuple(dict.fromkeys(demand.sku for demand in demands))
    catalog, offers = ReadCatalog(skus), ReadOffers(skus)
    snapshot = yield from read(catalog, offers)
    view = snapshot.of(catalog)
    for line, code in pins.items():
        view.location(code, path=f"pins[{line}]")
    request = sourcing_of(demands, snapshot.of(offers), view, order.head.destination)
    plan = source(shop.strategy(strategy), request)
    policy = shortage or _shortage_of(order) or shop.policies.shortage
    requires = [view.require]
    if plan.missing and policy == "refuse":
        raise Insufficient(
            shortages(plan.missing), found_by="planning", hint='shortage="backorder" or "partial" takes what there is.'
        )
    if plan.missing and policy == "backorder":
        plan, counters = yield from wait_for_supply(plan, request, shop, strategy)
        requires += counters
    events = _allocations(order, plan)
    if policy == "backorder":
        waits = _to_backorder(order, plan, pins)
        if waits:
            events.append(LinesBackordered(waits))
    floors = tuple(
        Floor(leg.sku, leg.place, view.items[leg.sku].safety_stock)
        for leg in plan.legs
        if view.items[leg.sku].safety_stock
    )
    return events, tuple(requires), floors


def _shortage_of(order: Order) -> str:
    return getattr(order.head, "shortage", "")


def _allocations(order: Order, plan: Plan) -> list[Event]:
    """Legs serve unallocated units first, then backordered ones: an event for each."""
    unallocated: list[Leg] = []
    backordered: list[Leg] = []
    left = {name: line.unallocated for name, line in order.lines.items()}
    for leg in plan.legs:
        part = min(leg.quantity, left[leg.line])
        left[leg.line] -= part
        if part:
            unallocated.append(leg._replace(quantity=part))
        if leg.quantity - part:
            backordered.append(leg._replace(quantity=leg.quantity - part))
    events: list[Event] = []
    if unallocated:
        events.append(OrderAllocated(tuple(unallocated), plan.strategy, plan.version))
    if backordered:
        events.append(OrderAllocated(tuple(backordered), plan.strategy, plan.version, "backordered"))
    return events


def _to_backorder(order: Order, plan: Plan, pins: Mapping[str, str]) -> tuple[LineQuantity, ...]:
    """Missing units that do not wait already, and that no place has: what a pin misses may stand elsewhere."""
    waits: list[LineQuantity] = []
    for one in plan.missing:
        if pins.get(one.line, "") not in ("", order.lines[one.line].facts.location):
            continue
        fresh = one.quantity - min(one.quantity, order.lines[one.line].backordered)
        if fresh:
            waits.append(LineQuantity(one.line, fresh))
    return tuple(waits)


def flow_short_pick(command: ShortPick, context: Context, shop: Shop) -> Flow[OrderId]:
    """The shelf did not have it: out of the books there, and sourced again elsewhere; the rest waits or stays open.

    A line that is pinned is not sourced elsewhere, and nothing is while a hold blocks allocation.
    """
    asked, catalog = ReadState(stream_of(command.order), ORDERS), ReadCatalog()
    snapshot = yield from read(asked, catalog)
    loaded = snapshot.of(asked)
    order = _loaded(command.order, loaded)
    yield from guard(command, order)
    facts = yield from _work_facts(order, command, snapshot.of(catalog), context)
    shorted = short_pick(order, command, facts)
    events: list[Event] = []
    requires: tuple[Require, ...] = ()
    floors: tuple[Floor, ...] = ()
    if not blocks_allocation(order.holds):
        place = order.work(command.fulfillment).place
        after = change(order.id, order, loaded.version, (shorted,)).order
        facts_of = order.line(command.line).facts
        pin = location_place(facts_of.location) if facts_of.location else None
        demand = Demand(LineId(command.line), facts_of.sku, command.quantity, pin, frozenset({place}))
        policy = _shortage_of(order) or shop.policies.shortage
        again = "backorder" if policy == "backorder" else "partial"
        events, requires, floors = yield from _sourced(after, (demand,), shop, "", again, {})
    changed = change(order.id, order, loaded.version, (shorted, *events))
    return Decision(
        order.id, (changed.append,), changed.documents, requires, changed.bumps, floors,
        states={changed.append.stream: changed.order},
    )  # fmt: skip
