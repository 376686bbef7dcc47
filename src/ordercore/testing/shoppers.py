"""What shoppers do: racers who place orders through a kernel of their own until everything is sold.

Started by `ordercore.testing.races`, as the racers are; what they got is compared with what the store holds afterwards.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from attrs import frozen

from ordercore.errors import Insufficient
from ordercore.kernel import Kernel
from ordercore.store import Store
from ordercore.testing.builders import an_order, given_stock
from ordercore.testing.races import race_processes

PLACE: Final = "WH1"
_LONGEST_SECONDS: Final = 300


@frozen
class Bought:
    """What one shopper got: units by SKU, the seconds that each order took, how many were refused; from when to when."""

    units: Counter[str]
    seconds: tuple[float, ...]
    refused: int
    began: float
    ended: float


@frozen
class Sale:
    """What a sale came to: sold is what there was, or it had failed."""

    orders: int
    units: int
    refused: int
    seconds: float
    slowest_ms: float
    """Of 99 in 100 orders."""

    def __str__(self) -> str:
        return (
            f"{self.orders} orders ({self.orders / self.seconds:.0f}/s, 99% within {self.slowest_ms:.0f} ms), "
            f"{self.units} units sold of as many, oversold 0, errors 0, {self.refused} refused"
        )


def shop_until_sold_out(store: Store, number: int, skus: Sequence[str], lines: int) -> Bought:
    """Place orders of `lines` SKUs in random order, one unit each, and leave out what was refused as short."""
    chance = random.Random(number)  # noqa: S311  # chance by a seed
    kernel = Kernel(store)
    left, units, seconds, refused, attempt = list(skus), Counter[str](), list[float](), 0, 0
    started = time.time()
    while left and time.time() < started + _LONGEST_SECONDS:
        chosen = chance.sample(left, min(lines, len(left)))
        attempt += 1
        began = time.perf_counter()
        try:
            kernel.handle(an_order([(sku, 1) for sku in chosen], external_id=f"{number}-{attempt}"))
        except Insufficient as short:
            # Nobody brings any more in, so what is short once is gone for good.
            left = [sku for sku in left if sku not in {found for _, found, _ in short.shortages}]
            refused += 1
        else:
            seconds.append(time.perf_counter() - began)
            units.update(chosen)
    return Bought(units, tuple(seconds), refused, started, time.time())


def sell_out_to_shoppers(
    factory: Callable[[], Store], shoppers: int, skus: Sequence[str], stock: int, lines: int
) -> Sale:
    """Let so many processes buy `stock` units of each SKU until nothing is left.

    Raises AssertionError if one SKU was sold once too often or too seldom, if rows and log disagree, or if an order failed
    for any other reason than that too little was left, such as a deadlock.
    """
    from ordercore.testing.rules.subject import units  # racers have no use for pytest

    store = factory()
    kernel = Kernel(store)
    given_stock(kernel, {PLACE: dict.fromkeys(skus, stock)})
    bought = race_processes(factory, shoppers, shop_until_sold_out, list(skus), lines)
    sold = sum((each.units for each in bought), Counter[str]())
    assert sold == dict.fromkeys(skus, stock), f"sold {sold}, of {stock} each"
    held = {sku: units(store, sku) for sku in skus}
    assert held == {sku: {"reserved": stock} for sku in skus}, held
    assert store.verify() == ()
    kernel.close()
    seconds = sorted(second for each in bought for second in each.seconds)
    slowest = seconds[int(len(seconds) * 0.99)] * 1_000
    took = max(each.ended for each in bought) - min(each.began for each in bought)
    return Sale(len(seconds), sold.total(), sum(each.refused for each in bought), took, slowest)
