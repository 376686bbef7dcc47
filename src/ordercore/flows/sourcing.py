"""What a strategy is asked, and what is done about what it could not find. Of placing, allocating and explaining."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Final

from ordercore.flow import Effect, read
from ordercore.flows.catalog import CatalogView
from ordercore.flows.shop import Shop
from ordercore.flows.supply import supply_counter
from ordercore.plan import Demand, Missing, Plan, Sourcing
from ordercore.sourcing import source
from ordercore.store import ReadCounter, ReadOffers, Require
from ordercore.values import Destination, Place, Sku

NONE_THERE: Final[Mapping[Place, int]] = {}


def sourcing_of(
    demands: Sequence[Demand], supply: Mapping[Sku, Mapping[Place, int]], view: CatalogView, to: Destination
) -> Sourcing:
    """The request a strategy gets: sellable sites, safety stock as floors."""
    floors: dict[tuple[Sku, Place], int] = {}
    for sku, places in supply.items():
        item = view.items.get(sku)
        if item is not None and item.safety_stock:
            floors.update(dict.fromkeys([(sku, place) for place in places], item.safety_stock))
    return Sourcing(tuple(demands), supply, view.sites, to.point, floors)


def shortages(missing: Iterable[Missing]) -> list[tuple[str, str, int]]:
    """For Insufficient: (line, sku, missing units)."""
    return [(one.line, one.sku, one.quantity) for one in missing]


def wait_for_supply(
    plan: Plan, request: Sourcing, shop: Shop, strategy: str
) -> Generator[Effect, object, tuple[Plan, list[Require]]]:
    """Look again at what is missing, with its supply counters, so that no line waits beside stock that came in since.

    Only if there is more or less of it now is the plan made again.
    """
    skus = tuple(dict.fromkeys([one.sku for one in plan.missing]))
    counters = {sku: ReadCounter(supply_counter(sku)) for sku in skus}
    offers = ReadOffers(skus)
    snapshot = yield from read(offers, *counters.values())
    there, known = snapshot.of(offers), request.supply
    if any(there.get(sku, NONE_THERE) != known.get(sku, NONE_THERE) for sku in skus):
        supply = {**known, **{sku: there.get(sku, NONE_THERE) for sku in skus}}
        again = Sourcing(request.demands, supply, request.sites, request.destination, request.floors)
        plan = source(shop.strategy(strategy), again)
    return plan, [Require(supply_counter(sku), snapshot.of(counter)) for sku, counter in counters.items()]
