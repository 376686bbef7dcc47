"""Kernels with a catalog and stock, and the commands of the workloads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count, islice
from random import Random

from results import Size
from twins import wishes

from ordercore import Kernel, Line, PlaceOrder, PutItem, PutLocation, ReceiveStock, Ship
from ordercore.flow import read
from ordercore.flows.catalog import ReadCatalog
from ordercore.hooks import hookimpl
from ordercore.message import Receipt
from ordercore.order import AllocateOrder, ConfirmDelivery, PackParcel, PickLines, ReleaseOrder
from ordercore.stock import Received
from ordercore.views import OrderRow

PLENTY = 100_000_000


class WatchfulPlugin:
    """One guard, asked at every command, that lets everything pass."""

    def __init__(self) -> None:
        self.asked = 0

    @hookimpl
    def ordercore_guard(self, command, state):
        self.asked += 1


def sku_name(number: int) -> str:
    return f"S{number:05d}"


def location_name(number: int) -> str:
    return f"L{number:02d}"


def stocked(kernel: Kernel, skus: int, locations: int, units: int, steps: Sequence[str] = ("ship",), floor: int = 1):
    """The kernel with items (safety stock `floor`), locations and as many units of each at each."""
    for n in range(locations):
        kernel.handle(PutLocation(location_name(n), rank=n, steps=tuple(steps)))
    refused = [
        one
        for one in kernel.handle_many([PutItem(sku_name(n), safety_stock=floor) for n in range(skus)], group=1000)
        if isinstance(one, Exception)
    ]
    assert not refused, refused[:1]
    for n in range(locations):
        for start in range(0, skus, 500):
            lines = [Received(sku_name(sku), units) for sku in range(start, min(start + 500, skus))]
            kernel.handle(ReceiveStock(location_name(n), lines, source="bench", external_id=f"{n}-{start}"))
    return kernel


def _looking(skus: Sequence[str]):
    yield from read(ReadCatalog(tuple(skus)))


def remembered(kernel: Kernel, skus: int) -> None:
    """Let the kernel see every item once, as one that has been at work for a while has."""
    for start in range(0, skus, 1000):
        looking = _looking([sku_name(n) for n in range(start, min(start + 1000, skus))])
        kernel._drive(kernel.core.look(looking))


def baskets(lines: int, skus: int, orders: int, seed: int = 3) -> list[list[tuple[int, int]]]:
    """(sku, quantity) for each line of each order."""
    draw = Random(seed)
    return [[(draw.randrange(skus), 1 + draw.randrange(3)) for _ in range(lines)] for _ in range(orders)]


class Life:
    """Orders of five lines from placing to delivery; each run takes the next orders."""

    def __init__(self, *, steps: bool, skus: int = 1000, locations: int = 10) -> None:
        self.plugin = WatchfulPlugin()
        self.kernel = Kernel(strategy="priority", plugins=[self.plugin])
        stocked(self.kernel, skus, locations, PLENTY, ("pick", "pack", "ship") if steps else ("ship",))
        self.before = self.plugin.asked
        self.numbers = count(1)
        self.commands = 7 if steps else 4
        self.done = 0
        self.live = self.live_stepwise if steps else self.live_directly

    def place(self, basket: Sequence[tuple[int, int]], allocate: str = "") -> str:
        number = next(self.numbers)
        lines = [Line(f"S{sku:05d}", quantity, "9.99") for sku, quantity in basket]
        return self.kernel.handle(PlaceOrder("web", f"X{number}", "GBP", lines, allocate=allocate)).result

    def live_directly(self, orders: Sequence[Sequence[tuple[int, int]]]) -> None:
        """Place (sourced and reserved in the same commit), release, ship, deliver."""
        handle = self.kernel.handle
        for basket in orders:
            order = self.place(basket)
            handle(ReleaseOrder(order))
            handle(Ship(order))
            handle(ConfirmDelivery(order))
        self.done += len(orders)

    def live_stepwise(self, orders: Sequence[Sequence[tuple[int, int]]]) -> None:
        """Place, allocate, release, pick, pack, ship, deliver."""
        handle = self.kernel.handle
        for basket in orders:
            order = self.place(basket, allocate="manual")
            handle(AllocateOrder(order))
            handle(ReleaseOrder(order))
            handle(PickLines(order, "F1"))
            handle(PackParcel(order, "F1", "P1"))
            handle(Ship(order, parcel="P1"))
            handle(ConfirmDelivery(order))
        self.done += len(orders)

    def check(self) -> bool:
        """Every order delivered, every command guarded, and the books right."""
        delivered = sum(row.summary.fulfillment == "delivered" for row in self.rows())
        guarded = self.plugin.asked - self.before
        return delivered == self.done and guarded == self.commands * self.done and self.kernel.verify() == ()

    def rows(self) -> Iterator[OrderRow]:
        after = None
        while page := self.kernel.orders(after=after, limit=1000):
            yield from page
            after = page[-1].after


def durable_command(wish, *, pinned: bool) -> PlaceOrder:
    """The order that the twins place by hand; pinned to the location it names, or sourced."""
    number, lines = wish
    return PlaceOrder(
        "web", f"X{number}", "GBP",
        [
            Line(f"S{sku:05d}", quantity, "9.99", location=f"L{location:02d}" if pinned else "")
            for _, sku, location, quantity, _ in lines
        ],
        customer=str(number % 1000),
    )  # fmt: skip


COUNTS = (
    "select (select count(*) from ordercore_document where kind = 'order'),"
    " (select count(*) from ordercore_log where stream like 'order/%'),"
    " (select sum(count) from ordercore_log where stream like 'order/%'),"
    " (select sum(reserved) from ordercore_position)"
)
"""Documents of orders, rows of the log about orders, the events in them, units reserved: one query, for every store."""


class DurableShop:
    """A kernel over a store that keeps, and the next orders; `counted()` is the store's answer to COUNTS."""

    def __init__(self, kernel: Kernel, size: Size, counted: Callable[[], Sequence[int]], seed: int = 7) -> None:
        self.kernel = kernel
        self.counted = counted
        self.skus = size.skus
        stocked(kernel, size.skus, 10, 1_000_000)
        remembered(kernel, size.skus)
        self.source = wishes(seed)
        self.done = self.units = 0

    def next_commands(self, number: int, *, pinned: bool) -> list[PlaceOrder]:
        self.done += number
        made = []
        for order, lines in islice(self.source, number):
            self.units += sum(line[3] for line in lines)
            within = [(line, sku % self.skus, *rest) for line, sku, *rest in lines]
            made.append(durable_command((order, within), pinned=pinned))
        return made

    def one_by_one(self, number: int, *, pinned: bool) -> None:
        for command in self.next_commands(number, pinned=pinned):
            self.kernel.handle(command)

    def in_groups(self, number: int, *, pinned: bool) -> None:
        for _ in range(number // 50):
            receipts = self.kernel.handle_many(self.next_commands(50, pinned=pinned), group=50)
            assert all(type(receipt) is Receipt for receipt in receipts)

    def check(self) -> bool:
        """As many rows as there were orders and units, and the books right."""
        return tuple(self.counted()) == (self.done, self.done, 2 * self.done, self.units) and self.kernel.verify() == ()
