"""The workloads, by name. Each yields rows of the result: what was measured, and against which twin."""

from __future__ import annotations

import gc
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from inspect import signature
from itertools import islice
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from attrs import frozen
from measure import Case, Sample, interleaved, resident_bytes
from shops import Life as LifeShop
from shops import WatchfulPlugin, baskets, durable_command, location_name, sku_name, stocked
from twins import EqualFacts, Sketch, given, wishes

from ordercore import Insufficient, Kernel, Line, PlaceOrder
from ordercore.message import Receipt
from ordercore.order import ConfirmDelivery, ConfirmOrder, PackParcel, PickLines, ReleaseOrder, Ship, WorkFacts, decide
from ordercore.order.events import OrderAllocated, OrderPlaced
from ordercore.order.lines import OrderLine
from ordercore.order.state import evolve_order
from ordercore.plan import Demand, Leg, Site, Sites, Sourcing
from ordercore.sourcing import STRATEGIES, source
from ordercore.testing import given_stock, kernel_fixtures, place
from ordercore.values import GeoPoint
from ordercore.wiring.plugins import Plugins


@frozen
class Result:
    """`value` of a workload in `unit`, the `twin`'s value where there is one, and how many times the twin it is."""

    workload: str
    value: float
    unit: str
    twin: float | None = None
    ratio: float | None = None
    against: str = ""


@frozen
class Size:
    """How much is done: in full, or just enough to see that it runs."""

    rounds: int
    orders: int
    skus: int
    log: int


FULL = Size(rounds=41, orders=20, skus=10_000, log=10_000)
QUICK = Size(rounds=2, orders=4, skus=200, log=60)
OWN = "own twin"
GIVEN = "given twin"


def _compared(
    workload: str, sample: Sample, twins: Mapping[str, Sample], unit: str = "us CPU/order"
) -> Iterator[Result]:
    """Ratios of lower quartiles."""
    for name, twin in twins.items():
        yield Result(workload, sample.low, unit, twin.low, sample.low / twin.low, name)


# In memory


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
        yield from _compared(name, samples[name], twins)


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
    yield from _compared("fsm-6", samples["own"], {"dict table with a guard": samples[OWN]}, "us CPU/transition")


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
        yield from _compared(f"source-100-{name}", samples[name], {"nearest by hand": samples[OWN]})


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


# On SQLite


class Durable:
    """A kernel over a file, and the next orders."""

    def __init__(self, path: Path, size: Size) -> None:
        self.kernel = Kernel.open(f"sqlite:///{path}", strategy="priority", plugins=[WatchfulPlugin()])
        stocked(self.kernel, 10_000 if size.skus == 10_000 else size.skus, 10, 1_000_000)
        self.path, self.skus = path, size.skus
        self.source = wishes()
        self.done = 0

    def next_commands(self, number: int, *, pinned: bool) -> list[PlaceOrder]:
        self.done += number
        return [durable_command(self._within(wish), pinned=pinned) for wish in islice(self.source, number)]

    def _within(self, wish):
        number, lines = wish
        return number, [(line, sku % self.skus, *rest) for line, sku, *rest in lines]

    def one_by_one(self, number: int, *, pinned: bool) -> None:
        for command in self.next_commands(number, pinned=pinned):
            self.kernel.handle(command)

    def in_groups(self, number: int, *, pinned: bool) -> None:
        for _ in range(number // 50):
            receipts = self.kernel.handle_many(self.next_commands(50, pinned=pinned), group=50)
            assert all(type(receipt) is Receipt for receipt in receipts)

    def check(self) -> bool:
        """As many rows as there were orders, and the books right."""
        with sqlite3.connect(self.path) as file:
            orders = file.execute("select count(*) from document where kind = 'order'").fetchone()[0]
            logged = file.execute("select count(*), sum(count) from log where stream like 'order/%'").fetchone()
            held = file.execute("select sum(reserved) > 0 from position").fetchone()[0]
        return orders == self.done and logged == (self.done, 2 * self.done) and held and self.kernel.verify() == ()

    def statements(self, *, pinned: bool, group: int) -> float:
        """SQL statements per order, begin and commit included."""
        seen: list[str] = []
        with self.kernel.store._database.session() as session:
            session.connection.set_trace_callback(seen.append)
            (self.in_groups if group > 1 else self.one_by_one)(group, pinned=pinned)
            session.connection.set_trace_callback(None)
        return len(seen) / group


def _by_hand(twin, source: Iterator, number: int, group: int) -> None:
    for _ in range(number // group):
        twin.connection.execute("begin immediate")
        for wish in islice(source, group):
            twin.place(wish)
        twin.connection.execute("commit")


class _Given:
    """The given equal-facts twin in the shape of our own."""

    def __init__(self, module, path: Path) -> None:
        self.connection = module.open_db(str(path))
        self.place = partial(module.place, self.connection)


def durable(size: Size) -> Iterator[Result]:
    """Placed, allocated orders of five lines: one and fifty a commit, pinned to places and sourced over ten."""
    with TemporaryDirectory(dir="build" if Path("build").is_dir() else None) as folder:
        shop = Durable(Path(folder, "shop.db"), size)
        twins: dict[str, object] = {OWN: EqualFacts(Path(folder, "twin.db"))}
        module = given("equal_facts_sqlite")
        if module is not None:
            twins[GIVEN] = _Given(module, Path(folder, "given.db"))
        one, fifty = max(size.orders, 4), 100 if size.rounds > 10 else 50
        cases: dict[str, Case] = {}
        for pinned, suffix in ((True, ""), (False, "-sourced")):
            cases[f"durable-1{suffix}"] = Case(partial(shop.one_by_one, one, pinned=pinned), one)
            cases[f"durable-50{suffix}"] = Case(partial(shop.in_groups, fifty, pinned=pinned), fifty)
        for name, twin in twins.items():
            source = wishes(8)
            cases[f"{name} 1"] = Case(partial(_by_hand, twin, source, one, 1), one)
            cases[f"{name} 50"] = Case(partial(_by_hand, twin, source, fifty, 50), fifty)
        samples = interleaved(cases, size.rounds, warm=3)
        for name in ("durable-1", "durable-50", "durable-1-sourced", "durable-50-sourced"):
            group = "50" if "-50" in name else "1"
            yield from _compared(name, samples[name], {twin: samples[f"{twin} {group}"] for twin in twins})
        for suffix in ("", "-sourced"):
            single, grouped = samples[f"durable-1{suffix}"], samples[f"durable-50{suffix}"]
            yield Result(
                f"throughput-50{suffix}", 1e6 / grouped.wall_median, "orders/s", 1e6 / single.wall_median,
                single.wall_median / grouped.wall_median, "the same, one a commit",
            )  # fmt: skip
        for pinned, suffix in ((True, ""), (False, "-sourced")):
            for group in (1, 50):
                value = shop.statements(pinned=pinned, group=group)
                yield Result(f"statements-{group}{suffix}", value, "SQL statements/order")
        assert shop.check(), "the file is not what was written"


def flash(size: Size) -> Iterator[Result]:
    """A thousand units, ten times as many attempts: exactly the units are sold; the twin decrements a row by hand."""
    units = size.log // 10
    with TemporaryDirectory() as folder:
        kernel = stocked(Kernel.open(f"sqlite:///{folder}/flash.db"), 1, 1, units, floor=0)
        sold: list[bool] = []

        def sell() -> None:
            commands = [PlaceOrder("web", f"X{n}", "GBP", [Line(sku_name(0), 1, "9.99")]) for n in range(10 * units)]
            for result in kernel.handle_many(commands, group=50):
                assert isinstance(result, (Receipt, Insufficient))
                sold.append(isinstance(result, Receipt))

        file = sqlite3.connect(Path(folder, "twin.db"), isolation_level=None)
        file.executescript(
            "pragma journal_mode = wal; pragma synchronous = full; create table row(available integer);"
            f"insert into row values({units}); create table won(n integer primary key, at text)"
        )

        def by_hand() -> None:
            for start in range(0, 10 * units, 50):
                file.execute("begin immediate")
                for n in range(start, start + 50):
                    if file.execute("update row set available = available - 1 where available > 0").rowcount:
                        file.execute("insert into won values(?, ?)", (n, location_name(0)))
                file.execute("commit")

        def right() -> bool:
            left = kernel.stock(sku_name(0)).available
            return sum(sold) == units and left == 0 and len(sold) == 10 * units and kernel.verify() == ()

        cases = {
            "own": Case(sell, 10 * units, right),
            OWN: Case(by_hand, 10 * units, lambda: file.execute("select count(*) from won").fetchone() == (units,)),
        }
        samples = interleaved(cases, 1, warm=0)
        yield from _compared("flash", samples["own"], {"guarded row by hand": samples[OWN]}, "us CPU/attempt")


def replay(size: Size) -> Iterator[Result]:
    """All rows of stock rebuilt from the log of a file and compared; the twin parses the same JSON and sums."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "replay.db")
        shop = Durable(path, QUICK)
        while shop.done < size.log:
            shop.in_groups(50, pinned=False)
        with sqlite3.connect(path) as file:
            events = file.execute("select sum(count) from log").fetchone()[0]

        def rebuild() -> None:
            assert shop.kernel.store.verify() == ()

        def by_hand() -> None:
            reserved: dict[tuple[str, str], int] = {}
            with sqlite3.connect(path) as file:
                for (text,) in file.execute("select events from log where pos > 0 order by pos"):
                    for name, _, fields in json.loads(text):
                        for leg in fields["legs"] if name == "order.allocated" else ():
                            key = (leg[1], leg[2])
                            reserved[key] = reserved.get(key, 0) + leg[3]

        samples = interleaved({"own": Case(rebuild, events), OWN: Case(by_hand, events)}, 3 if size is FULL else 1)
        own, twin = samples["own"].low, samples[OWN].low
        yield Result(
            f"replay-{size.log // 1000}k", 1e6 / own, "events/CPU-s", 1e6 / twin, own / twin, "JSON and a dict"
        )


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


def growth(size: Size) -> Iterator[Result]:
    """The cost of an order in a shop with a hundred times the past and the SKUs of another: it must not grow with them."""
    skus = min(size.skus, 10_000)
    small, big = LifeShop(steps=False, skus=max(skus // 100, 10)), LifeShop(steps=False, skus=skus)
    big.live(baskets(5, skus, size.log // 2))
    cases = {
        "small": Case(partial(small.live, baskets(5, max(skus // 100, 10), size.orders)), size.orders),
        "big": Case(partial(big.live, baskets(5, skus, size.orders)), size.orders),
    }
    samples = interleaved(cases, size.rounds, warm=3)
    yield from _compared("growth-life", samples["big"], {"a hundredth of orders and SKUs": samples["small"]})
    with TemporaryDirectory(dir="build" if Path("build").is_dir() else None) as folder:
        few, many = Durable(Path(folder, "few.db"), QUICK), Durable(Path(folder, "many.db"), QUICK)
        while many.done < size.log:
            many.in_groups(50, pinned=False)
        cases = {
            name: Case(partial(shop.in_groups, 50, pinned=False), 50) for name, shop in (("few", few), ("many", many))
        }
        samples = interleaved(cases, size.rounds, warm=3)
        yield from _compared("growth-durable-50", samples["many"], {"a file without a past": samples["few"]})


WORKLOADS: Mapping[str, Callable[[Size], Iterator[Result]]] = {
    "mem": mem,  # first, while the process is small
    "life-5x10": life,
    "fsm-6": fsm_6,
    "source-100": source_100,
    "durable": durable,
    "flash": flash,
    "replay-n": replay,
    "test-kit": kit,
    "growth": growth,
}
