"""How the cost of an order grows with what is there already.

    python benchmarks/growth.py [--past 1000000]

places orders in an empty store and in one with so many orders behind it, on SQLite and PostgreSQL, one and fifty a
commit, and says what an order costs in each. `make bench` does the same with a smaller past.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import evolve
from in_postgres import postgres_shop, shop_server_cpu
from in_sqlite import durable_shop
from measure import Case, interleaved
from results import FULL, QUICK, SERVER_CPU, Result, Size, compared
from server import drop, shop_database
from shops import DurableShop, baskets
from shops import Life as LifeShop

GROUP = 50


def in_memory(size: Size) -> Iterator[Result]:
    """A life in a shop with a hundred times the past and the SKUs of another."""
    skus = min(size.skus, 10_000)
    small, big = LifeShop(steps=False, skus=max(skus // 100, 10)), LifeShop(steps=False, skus=skus)
    big.live(baskets(5, skus, size.log // 2))
    cases = {
        "small": Case(partial(small.live, baskets(5, max(skus // 100, 10), size.orders)), size.orders),
        "big": Case(partial(big.live, baskets(5, skus, size.orders)), size.orders),
    }
    samples = interleaved(cases, size.rounds, warm=3)
    yield from compared("growth-life", samples["big"], {"a hundredth of orders and SKUs": samples["small"]})


def _aged(shop: DurableShop, past: int) -> DurableShop:
    while shop.done < past:
        shop.in_groups(GROUP, pinned=False)
    return shop


def in_stores(size: Size, past: int) -> Iterator[Result]:
    """Orders sourced over ten places, in a store without a past and in one with `past` orders."""
    with ExitStack() as opened:
        folder = opened.enter_context(TemporaryDirectory(dir="build" if Path("build").is_dir() else None))
        addresses = [shop_database(), shop_database()]
        few, many = (opened.enter_context(postgres_shop(address, size)) for address in addresses)
        shops = {
            "": (durable_shop(Path(folder, "few.db"), size), durable_shop(Path(folder, "many.db"), size)),
            "-postgres": (few, many),
        }
        cases: dict[tuple[str, int, str], Case] = {}
        for store, (new, old) in shops.items():
            _aged(new, GROUP)  # what is prepared once is prepared
            for age, shop in (("new", new), ("old", _aged(old, past))):
                beside = shop_server_cpu(shop) if store else float
                cases[store, 1, age] = Case(
                    partial(shop.one_by_one, size.orders, pinned=False), size.orders, beside=beside
                )
                cases[store, GROUP, age] = Case(partial(shop.in_groups, GROUP, pinned=False), GROUP, beside=beside)
        samples = interleaved(cases, size.rounds, warm=3)
        for store, pair in shops.items():
            for group in (1, GROUP):
                name = f"growth-durable-{group}{store}"
                old, new = samples[store, group, "old"], {f"no past, it has {past:,}": samples[store, group, "new"]}
                yield from compared(name, old, new)
                if store:
                    yield from compared(f"{name}-server", old, new, "us server CPU/order", SERVER_CPU)
            assert all(shop.check() for shop in pair)
    drop(*addresses)


def growth(size: Size) -> Iterator[Result]:
    """The cost of an order must not grow with the orders that were."""
    yield from in_memory(size)
    yield from in_stores(evolve(size, skus=QUICK.skus), size.log)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--past", type=int, default=1_000_000)
    asked = parser.parse_args()
    for result in in_stores(FULL, asked.past):
        print(
            f"{result.workload:32} {result.value:8.1f} {result.unit:20} {result.ratio:6.2f} x {result.against}",
            flush=True,
        )


if __name__ == "__main__":
    main()
