"""From a crossing to a purchase: what runs low at a location, one purchase per supplier, each crossing answered once.

Whoever answers a crossing appends to its alert at the version it was read: of two that do so at once, one decides again.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any, Final

from attrs import define, evolve, field, frozen

from ordercore.alerts.events import AlertAnswered
from ordercore.alerts.state import ALERTS, Alert, alert_stream
from ordercore.alerts.summary import Crossing
from ordercore.catalog import Location
from ordercore.errors import At, InvalidCommand
from ordercore.flow import Decision, Effect, Flow, Loaded, ReadState, guard, read
from ordercore.flows.alerts import CROSSING, change_alert
from ordercore.flows.balance import BalanceQueries, Reckoned, supplies_in, today_at
from ordercore.flows.catalog import ReadCatalog
from ordercore.flows.purchases import change_purchase, to_send, unknown_supplier
from ordercore.flows.shop import Shop
from ordercore.flows.stock import skus_at
from ordercore.message import Context, Event
from ordercore.order.fields import code_at
from ordercore.planning import suggest as min_max
from ordercore.store import Bump, Query, ReadCounter, ReadDocument, ReadDocuments, Require
from ordercore.supply.commands import Replenish, SuggestPurchase
from ordercore.supply.decide import Wish, suggest, within_limits
from ordercore.supply.documents import SUPPLIER, SUPPLY, Supplier
from ordercore.supply.master import lead_time, not_bought, units_at
from ordercore.supply.state import PURCHASES, Purchase, purchase_stream
from ordercore.values import LocationCode, Sku

CROSSINGS_MOST: Final = 200
"""Crossings that one command answers; those left are answered by the next."""


@frozen
class Need:
    """A crossing with what was read for it in one moment."""

    crossing: Crossing
    loaded: Loaded[Alert]
    reckoned: Reckoned

    @property
    def alert(self) -> Alert:
        """It is open."""
        assert self.loaded.state is not None  # noqa: S101  # checked when it was found
        return self.loaded.state


@define
class Basket:
    """What is to be ordered of one supplier."""

    supplier: Supplier
    needs: list[tuple[Need, Wish]] = field(factory=list)


def flow_replenish(command: Replenish, context: Context, shop: Shop) -> Flow[str]:
    """Answer the crossings of a location that no purchase answers yet."""
    location = LocationCode(code_at(command.location, "location"))
    catalog, asked = ReadCatalog(), ReadDocuments(CROSSING, location, limit=CROSSINGS_MOST)
    snapshot = yield from read(catalog, asked)
    view = snapshot.of(catalog)
    at = view.location(location)
    yield from guard(command, None)
    crossings = [one.body for one in snapshot.of(asked) if isinstance(one.body, Crossing)]
    if not crossings:
        return Decision("", requires=(view.require,))
    needs = yield from _needs(crossings, location, context)
    baskets = yield from _baskets(needs)
    decision: Decision[str] = Decision("", requires=(view.require,))
    for basket in baskets:
        decision = yield from _ordered(decision, basket, at, context, shop)
    return decision


def _needs(
    crossings: Sequence[Crossing], location: LocationCode, context: Context
) -> Generator[Effect, object, list[Need]]:
    """Those that are still open and not answered, each with its balance."""
    asked = [(one, BalanceQueries(one.sku, location), ReadState(alert_stream(one.alert), ALERTS)) for one in crossings]
    queries: list[Query[Any]] = [query for _, balance, state in asked for query in (*balance.all, state)]
    snapshot = yield from read(*queries)
    needs: list[Need] = []
    for crossing, balance, state in asked:
        loaded = snapshot.of(state)
        alert = loaded.state
        if alert is None or alert.resolved or alert.covered or alert.answered >= alert.crossing:
            continue
        reckoned = yield from balance.reckon(snapshot, context)
        if reckoned is not None and reckoned.levels.active:
            needs.append(Need(crossing, loaded, reckoned))
    return needs


def _baskets(needs: Sequence[Need]) -> Generator[Effect, object, list[Basket]]:
    """Each need at the first supplier that still supplies it; what is coming already may be enough."""
    codes = dict.fromkeys(supply.supplier for need in needs for supply in need.reckoned.supplies)
    asked = {code: ReadDocument(SUPPLIER, code) for code in codes}
    snapshot = yield from read(*asked.values())
    suppliers = {
        code: found.body
        for code, query in asked.items()
        if (found := snapshot.of(query)) is not None and isinstance(found.body, Supplier) and found.body.active
    }
    baskets: dict[str, Basket] = {}
    for need in needs:
        wish = _wish(need, suppliers)
        if wish is not None and wish.supply is not None:
            code = wish.supply.supplier
            baskets.setdefault(code, Basket(suppliers[code])).needs.append((need, wish))
    return list(baskets.values())


def _wish(need: Need, suppliers: Mapping[str, Supplier]) -> Wish | None:
    reckoned = need.reckoned
    supply = next((one for one in reckoned.supplies if one.supplier in suppliers), None)
    if supply is None:
        return None
    levels = reckoned.levels
    arithmetic = min_max(
        order_up_to=levels.order_up_to, reorder_point=levels.reorder_point, balance=reckoned.balance, pack=supply.pack,
        minimum=supply.minimum, lead_time_days=lead_time(supply, suppliers[supply.supplier]).days,
    )  # fmt: skip
    return Wish(reckoned.item, arithmetic.quantity, supply, arithmetic) if arithmetic is not None else None


def _ordered(
    decision: Decision[str], basket: Basket, at: Location, context: Context, shop: Shop
) -> Generator[Effect, object, Decision[str]]:
    """The decision with a purchase of this basket, approved by itself where that is the policy and within limits."""
    supplier, alerts = basket.supplier, tuple(need.alert.id for need, _ in basket.needs)
    wishes = [wish for _, wish in basket.needs]
    earlier = dict.fromkeys(need.alert.purchases[-1] for need, _ in basket.needs if need.alert.purchases)
    before = {number: ReadState(purchase_stream(number), PURCHASES) for number in earlier}
    counter = ReadCounter(numbers_of(supplier.code))
    snapshot = yield from read(counter, *before.values())
    statuses = {number: _status(snapshot.of(query).state) for number, query in before.items()}
    number = f"{supplier.code}-{snapshot.of(counter) + 1}"
    suggested = suggest(wishes, supplier, at.code, today_at(context.now, at), context.now, alerts)
    events: list[Event] = [suggested]
    if shop.policies.replenish == "order":
        events.append(within_limits(suggested, supplier, statuses))
    decision = _purchase(decision, number, events, supplier, snapshot.of(counter), context)
    for need, _ in basket.needs:
        answered = AlertAnswered(number, need.alert.crossing)
        changed = change_alert(need.alert.id, need.loaded, (answered,))
        decision = evolve(
            decision, appends=(*decision.appends, changed.append), documents=(*decision.documents, *changed.documents),
            timers=(*decision.timers, *changed.timers), states={**decision.states, changed.append.stream: changed.alert},
        )  # fmt: skip
    return decision


def _status(purchase: Purchase | None) -> str:
    return purchase.status if purchase is not None else ""


def numbers_of(supplier: str) -> str:
    """The counter of a supplier's purchases: numbers without gaps, and nobody gets one twice."""
    return f"purchases/{supplier}"


def _purchase(
    decision: Decision[str], number: str, events: Sequence[Event], supplier: Supplier, count: int, context: Context
) -> Decision[str]:
    """The decision with a new purchase, and with what it wants sent."""
    made = change_purchase(number, None, 0, events)
    counter = numbers_of(supplier.code)
    decision = evolve(
        decision, result=decision.result or number, appends=(*decision.appends, made.append),
        documents=(*decision.documents, *made.documents), timers=(*decision.timers, *made.timers),
        requires=(*decision.requires, Require(counter, count)), bumps=(*decision.bumps, Bump(counter)),
        states={**decision.states, made.append.stream: made.purchase},
    )  # fmt: skip
    for n, event in enumerate(events):
        sending = to_send(number, event, supplier, context) if n else None
        decision = sending.on(decision) if sending is not None else decision
    return decision


def flow_suggest_purchase(command: SuggestPurchase, context: Context, shop: Shop) -> Flow[str]:
    """What a person wants ordered; it waits for approval."""
    code = code_at(command.supplier, "supplier")
    if not command.lines or len(command.lines) > shop.policies.lines_max:
        raise InvalidCommand(
            f"A purchase has 1 to {shop.policies.lines_max} lines.", path="lines",
            hint="Policies(lines_max=...) is the most; the rest goes onto another.",
        )  # fmt: skip
    skus = skus_at([line.sku for line in command.lines])
    if len(skus) < len(command.lines):
        raise InvalidCommand("A SKU stands on a purchase once.", path="lines", hint="Add their quantities.")
    catalog, asked, counter = ReadCatalog(skus), ReadDocument(SUPPLIER, code), ReadCounter(numbers_of(code))
    supplies = {sku: ReadDocuments(SUPPLY, sku) for sku in skus}
    snapshot = yield from read(catalog, asked, counter, *supplies.values())
    view, found = snapshot.of(catalog), snapshot.of(asked)
    at = view.location(command.location)
    yield from guard(command, None)
    if found is None or not isinstance(found.body, Supplier):
        raise unknown_supplier(code)
    supplier = found.body
    wishes: list[Wish] = []
    for n, line in enumerate(command.lines):
        item = view.item(line.sku, path=f"lines[{n}].sku")
        with At(f"lines[{n}].sku"):
            if not item.tracked:
                raise not_bought(item.sku)
        known = supplies_in(snapshot.of(supplies[Sku(line.sku)]))
        supply = next((one for one in known if one.supplier == code), None)
        wishes.append(Wish(item, units_at(item, line.quantity, f"lines[{n}].quantity"), supply))
    suggested = suggest(wishes, supplier, at.code, today_at(context.now, at), context.now)
    start: Decision[str] = Decision("", requires=(view.require,))
    return _purchase(start, f"{code}-{snapshot.of(counter) + 1}", (suggested,), supplier, snapshot.of(counter), context)
