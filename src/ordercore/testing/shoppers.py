"""What shoppers do: racers who place orders through a kernel of their own until everything is sold.

Started by `ordercore.testing.races`, as the racers are; what they got is compared with what the store holds afterwards.
"""

from __future__ import annotations

import itertools
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from attrs import frozen

from ordercore.errors import Insufficient, StoreError
from ordercore.kernel import Kernel
from ordercore.store import ReadHead, Store
from ordercore.testing.builders import an_order, given_stock
from ordercore.testing.races import race_processes
from ordercore.values import Stream

PLACE: Final = "WH1"
_LONGEST_SECONDS: Final = 300


@frozen
class Bought:
    """An order that a shopper was told of: its id, its SKUs, and from when to when that took."""

    order: str
    skus: tuple[str, ...]
    began: float
    ended: float


@frozen
class Trip:
    """What one shopper came home with, how many orders were refused, and how often the store failed and was asked again."""

    bought: tuple[Bought, ...]
    refused: int
    asked_again: int


@frozen
class Sale:
    """What a sale came to: sold is what there was, and every order that a shopper was told of is there, or it had failed."""

    orders: int
    units: int
    refused: int
    asked_again: int
    seconds: float
    slowest_ms: float
    """Of 99 in 100 orders."""
    longest_pause: float
    """Seconds in which nobody was told of any order."""

    def __str__(self) -> str:
        return (
            f"{self.orders} orders ({self.orders / self.seconds:.0f}/s, 99% within {self.slowest_ms:.0f} ms, longest pause "
            f"{self.longest_pause:.2f} s), sold {self.units} units of as many, oversold 0, lost 0, {self.refused} refused, "
            f"{self.asked_again} errors that were asked again"
        )


def shop_until_sold_out(store: Store, number: int, skus: Sequence[str], lines: int, patient: bool) -> Trip:
    """Place orders of `lines` SKUs in random order, one unit each, and leave out what was refused as short.

    The patient ask again when the store failed, with the same key; others fail.
    """
    chance = random.Random(number)  # noqa: S311  # chance by a seed
    kernel = Kernel(store)
    left, bought, refused, again = list(skus), list[Bought](), 0, 0
    until = time.time() + _LONGEST_SECONDS
    for attempt in itertools.count():
        if not left or time.time() > until:
            break
        chosen = chance.sample(left, min(lines, len(left)))
        began, name = time.time(), f"{number}-{attempt}"
        while True:
            try:
                placed = kernel.handle(an_order([(sku, 1) for sku in chosen], external_id=name), key=name)
            except Insufficient as short:
                # Nobody brings any more in, so what is short once is gone for good.
                left = [sku for sku in left if sku not in {found for _, found, _ in short.shortages}]
                refused += 1
            except StoreError:
                if not patient or time.time() > until:
                    raise
                again += 1
                time.sleep(0.02)
                continue
            else:
                bought.append(Bought(placed.result, tuple(chosen), began, time.time()))
            break
    return Trip(tuple(bought), refused, again)


def sell_out_to_shoppers(
    factory: Callable[[], Store],
    shoppers: int,
    skus: Sequence[str],
    stock: int,
    lines: int,
    *,
    meanwhile: Callable[[], object] | None = None,
) -> Sale:
    """Let so many processes buy `stock` units of each SKU until nothing is left.

    `meanwhile` runs beside them and may make the store fail: then they are patient. Raises AssertionError if one unit was
    sold once too often or too seldom, if an order that a shopper was told of is not there, if rows and log disagree, or
    if an order failed for any other reason than that too little was left, such as a deadlock.
    """
    store = factory()
    kernel = Kernel(store)
    given_stock(kernel, {PLACE: dict.fromkeys(skus, stock)})
    with ThreadPoolExecutor(1) as beside:
        other = beside.submit(meanwhile or (lambda: None))
        given = (list(skus), lines, meanwhile is not None)
        trips = race_processes(factory, shoppers, shop_until_sold_out, *given)
        other.result()
    bought = [each for trip in trips for each in trip.bought]
    _assert_sold(store, bought, skus, stock)
    kernel.close()
    told = sorted(each.ended for each in bought)
    took = sorted(each.ended - each.began for each in bought)
    return Sale(
        len(bought), stock * len(skus), sum(trip.refused for trip in trips), sum(trip.asked_again for trip in trips),
        told[-1] - min(each.began for each in bought), took[int(len(took) * 0.99)] * 1_000,
        max((late - early for early, late in itertools.pairwise(told)), default=0),
    )  # fmt: skip


def _assert_sold(store: Store, bought: Sequence[Bought], skus: Sequence[str], stock: int) -> None:
    from ordercore.testing.rules.subject import units  # racers have no use for pytest

    sold = Counter(sku for each in bought for sku in each.skus)
    assert sold == dict.fromkeys(skus, stock), f"sold {sold}, of {stock} each"
    asked = [ReadHead(Stream(f"order/{each.order}")) for each in bought]
    found = store.read(asked)
    lost = [query.stream for query in asked if not found.of(query)]
    assert lost == [], f"{len(lost)} of {len(asked)} orders that shoppers were told of are gone"
    held = {sku: units(store, sku) for sku in skus}
    assert held == {sku: {"reserved": stock} for sku in skus}, held
    assert store.verify() == ()
