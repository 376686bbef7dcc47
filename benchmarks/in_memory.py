"""What needs no disk: the life of an order, its transitions, plans over many places, memory, the test kit."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from functools import cache, partial
from inspect import signature
from random import Random

from measure import Case, interleaved, resident_bytes
from results import GIVEN, OWN, Result, Size, compared
from shops import Life as LifeShop
from shops import WatchfulPlugin, baskets, sku_name
from twins import Sketch, given

from ordercore.order import ConfirmDelivery, ConfirmOrder, PackParcel, PickLines, ReleaseOrder, Ship, WorkFacts, decide
from ordercore.order.events import OrderAllocated, OrderPlaced
from ordercore.order.lines import OrderLine
from ordercore.order.state import evolve_order
from ordercore.plan import Demand, Leg, Site, Sites, Sourcing
from ordercore.sourcing import STRATEGIES, source
from ordercore.testing import given_stock, kernel_fixtures, place
from ordercore.values import GeoPoint
from ordercore.wiring.plugins import Plugins


def life(size: Size) -> Iterator[Result]:
    """Five lines, ten locations: four commands, and seven."""
    skus = min(size.skus, 1000)
    orders = baskets(5, skus, size.orders)
    shops = {"life-5x10": LifeShop(steps=False, skus=skus), "life-5x10-steps": LifeShop(steps=True, skus=skus)}
    sketch = Sketch(skus, 10, 10**9)
    cases = {name: Case(partial(shop.live, orders), len(orders), shop.check) for name, shop in shops.items()}
    cases[OWN] = Case(partial(sketch.run, orders), len(orders), lambda: len(sketch.ledger) == 10 * len(sketch.orders))
    module = given("f_es")
    if module is not None:
        app = module.App(skus, 10**9)
        raw = [([sku for sku, _ in one], [quantity for _, quantity in one]) for one in orders]
        cases[GIVEN] = Case(partial(module.run, app, raw), len(orders), lambda: len(app.ledger) == 10 * len(app.orders))
    samples = interleaved(cases, size.rounds, warm=3)
    twins = {name: sample for name, sample in samples.items() if name in (OWN, GIVEN)}
    for name in shops:
        yield from compared(name, samples[name], twins)


_SIX = (
    ConfirmOrder("web:1"), ReleaseOrder("web:1"), PickLines("web:1", "F1"), PackParcel("web:1", "F1", "P1"),
    Ship("web:1", parcel="P1"), ConfirmDelivery("web:1"),
)  # fmt: skip


def fsm_6(size: Size) -> Iterator[Result]:
    """Six transitions of one order of one line: table, guard, hook, decision, event, evolution with its identities."""
    from ordercore.message import Context
    from ordercore.testing.clock import START

    context = Context("bench", START, START)
    line = OrderLine("1", "S00001", 2, 999, 2, 1998)
    placed = evolve_order(None, OrderPlaced("web", "1", "GBP", (line,), 1998, START, confirmed=False), "web:1")
    begun = evolve_order(placed, OrderAllocated((Leg("1", "S00001", "loc/L00", 2),), "priority", 1), "web:1")
    plugin = WatchfulPlugin()
    guard, facts = Plugins([plugin]).guard, WorkFacts({"loc/L00": ("pick", "pack", "ship")})

    def six() -> None:
        for _ in range(size.orders):
            order = begun
            for command in _SIX:
                guard(command, order, context)
                for event in decide(order, command, context, facts):
                    order = evolve_order(order, event, order.id)
            assert order.status == "completed"

    table = {
        name: (f"s{n}", f"s{n + 1}") for n, name in enumerate(("confirm", "release", "pick", "pack", "ship", "done"))
    }
    allow: Callable[[str], bool] = bool

    def by_hand() -> None:
        for _ in range(size.orders):
            state, events = "s0", []
            for name, (source_state, target) in table.items():
                if state != source_state or not allow(name):
                    raise ValueError(name)
                events.append((name, state, target))
                state = target

    samples = interleaved({"own": Case(six, 6 * size.orders), OWN: Case(by_hand, 6 * size.orders)}, size.rounds)
    yield from compared("fsm-6", samples["own"], {"dict table with a guard": samples[OWN]}, "us CPU/transition")


def source_100(size: Size) -> Iterator[Result]:
    """Orders of five lines over a hundred locations, each strategy, validated; the twin takes the nearest by hand."""
    draw = Random(11)
    points = [
        GeoPoint(draw.randrange(40_000_000, 55_000_000), draw.randrange(-5_000_000, 20_000_000)) for _ in range(100)
    ]
    sites = Sites({f"loc/L{n:02d}": Site(f"loc/L{n:02d}", f"L{n:02d}", "", at, n) for n, at in enumerate(points)})
    supply = {sku_name(n): {place: draw.randrange(1, 9) for place in sites} for n in range(200)}
    requests = []
    for basket in baskets(5, 200, size.orders):
        demands = tuple(Demand(str(n), sku_name(sku), 2 * quantity) for n, (sku, quantity) in enumerate(basket))
        wanted = {demand.sku: supply[demand.sku] for demand in demands}
        requests.append(Sourcing(demands, wanted, sites, GeoPoint(draw.randrange(40_000_000, 55_000_000), 9_000_000)))

    def with_strategy(name: str) -> None:
        for request in requests:
            assert not source(STRATEGIES[name], request).missing

    def by_hand() -> None:
        for request in requests:
            at = request.destination
            order = sorted(sites, key=lambda place: at.metres_to(sites[place].point))
            for demand in request.demands:
                there = request.supply[demand.sku]
                next(place for place in order if there[place] >= demand.quantity)

    cases = {name: Case(partial(with_strategy, name), len(requests)) for name in STRATEGIES}
    cases[OWN] = Case(by_hand, len(requests))
    samples = interleaved(cases, size.rounds)
    for name in STRATEGIES:
        yield from compared(f"source-100-{name}", samples[name], {"nearest by hand": samples[OWN]})


def mem(size: Size) -> Iterator[Result]:
    """Bytes of RAM per delivered order, kept in memory with its log and positions."""
    orders = baskets(5, 1000, size.log)

    def grown(run: Callable[[list[list[tuple[int, int]]]], object]) -> float:
        run(orders)  # fills what is bounded, such as the engine's memory of streams
        gc.collect()
        before = resident_bytes()
        run(orders)
        gc.collect()
        return (resident_bytes() - before) / len(orders)

    shop, sketch = LifeShop(steps=False), Sketch(1000, 10, 10**9)
    value, twin = grown(shop.live), grown(sketch.run)
    assert shop.check()
    yield Result("mem", value, "bytes/order", twin, value / twin if twin > 0 else None, OWN)


@cache
def fixture(name: str) -> tuple[Callable[..., object], tuple[str, ...]]:
    """The function of a fixture, and the fixtures that it asks for."""
    function = getattr(kernel_fixtures, name).__wrapped__
    return function, tuple(signature(function).parameters)


def set_up(name: str, made: dict[str, object], ending: list[Iterator[object]]):
    """What a fixture gives, with what it asks for, as pytest does it."""
    if name not in made:
        function, asked = fixture(name)
        value = function(*(set_up(one, made, ending) for one in asked))
        if isinstance(value, Iterator):
            ending.append(value)
            value = next(value)
        made[name] = value
    return made[name]


def kit(size: Size) -> Iterator[Result]:
    """What a test costs besides pytest: the fixtures set up, an item stocked, an order placed, looked at, taken down."""

    def one() -> None:
        made: dict[str, object] = {}
        ending: list[Iterator[object]] = []
        kernel = set_up("ordercore_kernel", made, ending)
        given_stock(kernel, {"WH1": {"TEA": 5}})
        order = place(kernel, {"TEA": 2})
        assert (kernel.order(order).total, kernel.available("TEA")) == (200, 3)
        for fixture in reversed(ending):
            next(fixture, None)

    def many() -> None:
        for _ in range(size.orders):
            one()

    yield Result("test-kit", interleaved({"own": Case(many, size.orders)}, size.rounds)["own"].low, "us CPU/test")
