"""Orders made durable in a SQLite file, one and fifty a commit; a thousand units and too many buyers; a log replayed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from measure import Case, interleaved
from results import FULL, GIVEN, OWN, QUICK, Result, Size, compared
from shops import COUNTS, DurableShop, WatchfulPlugin, location_name, sku_name, stocked
from twins import EqualFacts, given, wishes

from ordercore import Insufficient, Kernel, Line, PlaceOrder
from ordercore.message import Receipt


def durable_shop(path: Path, size: Size) -> DurableShop:
    """A shop in a new file, its kernel with one guard."""
    kernel = Kernel.open(f"sqlite:///{path}", strategy="priority", plugins=[WatchfulPlugin()])
    file = sqlite3.connect(path)
    return DurableShop(kernel, size, lambda: file.execute(COUNTS).fetchone())


def _statements(shop: DurableShop, *, pinned: bool, group: int) -> float:
    """SQL statements per order, begin and commit included."""
    seen: list[str] = []
    with shop.kernel.store._database.session() as session:
        session.connection.set_trace_callback(seen.append)
        (shop.in_groups if group > 1 else shop.one_by_one)(group, pinned=pinned)
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
        shop = durable_shop(Path(folder, "shop.db"), size)
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
            yield from compared(name, samples[name], {twin: samples[f"{twin} {group}"] for twin in twins})
        for suffix in ("", "-sourced"):
            single, grouped = samples[f"durable-1{suffix}"], samples[f"durable-50{suffix}"]
            yield Result(
                f"throughput-50{suffix}", 1e6 / grouped.wall_median, "orders/s", 1e6 / single.wall_median,
                single.wall_median / grouped.wall_median, "the same, one a commit",
            )  # fmt: skip
        for pinned, suffix in ((True, ""), (False, "-sourced")):
            for group in (1, 50):
                value = _statements(shop, pinned=pinned, group=group)
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
        yield from compared("flash", samples["own"], {"guarded row by hand": samples[OWN]}, "us CPU/attempt")


def replay(size: Size) -> Iterator[Result]:
    """All rows of stock rebuilt from the log of a file and compared; the twin parses the same JSON and sums."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "replay.db")
        shop = durable_shop(path, QUICK)
        while shop.done < size.log:
            shop.in_groups(50, pinned=False)
        with sqlite3.connect(path) as file:
            events = file.execute("select sum(count) from ordercore_log").fetchone()[0]

        def rebuild() -> None:
            assert shop.kernel.store.verify() == ()

        def by_hand() -> None:
            reserved: dict[tuple[str, str], int] = {}
            with sqlite3.connect(path) as file:
                for (text,) in file.execute("select events from ordercore_log where pos > 0 order by pos"):
                    for name, _, fields in json.loads(text):
                        for leg in fields["legs"] if name == "order.allocated" else ():
                            key = (leg[1], leg[2])
                            reserved[key] = reserved.get(key, 0) + leg[3]

        samples = interleaved({"own": Case(rebuild, events), OWN: Case(by_hand, events)}, 3 if size is FULL else 1)
        own, twin = samples["own"].low, samples[OWN].low
        yield Result(
            f"replay-{size.log // 1000}k", 1e6 / own, "events/CPU-s", 1e6 / twin, own / twin, "JSON and a dict"
        )
