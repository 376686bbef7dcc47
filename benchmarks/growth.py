"""How the cost of an order grows with what is there already."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from in_sqlite import durable_shop
from measure import Case, interleaved
from results import QUICK, Result, Size, compared
from shops import Life as LifeShop
from shops import baskets


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
    yield from compared("growth-life", samples["big"], {"a hundredth of orders and SKUs": samples["small"]})
    with TemporaryDirectory(dir="build" if Path("build").is_dir() else None) as folder:
        few, many = durable_shop(Path(folder, "few.db"), QUICK), durable_shop(Path(folder, "many.db"), QUICK)
        while many.done < size.log:
            many.in_groups(50, pinned=False)
        cases = {
            name: Case(partial(shop.in_groups, 50, pinned=False), 50) for name, shop in (("few", few), ("many", many))
        }
        samples = interleaved(cases, size.rounds, warm=3)
        yield from compared("growth-durable-50", samples["many"], {"a file without a past": samples["few"]})
