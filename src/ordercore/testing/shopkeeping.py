"""What the rules of the stateful machine share: the shop, its books, and how a command is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, NamedTuple

from hypothesis.stateful import RuleBasedStateMachine

from ordercore.catalog import PutItem, PutLocation
from ordercore.catalog.events import ItemPut, LocationPut
from ordercore.errors import Mismatch, Rejected
from ordercore.kernel import Kernel
from ordercore.message import Command, Receipt
from ordercore.order import AddHold, Order
from ordercore.policies import EffectPolicy, Policies
from ordercore.stock import Received, ReceiveStock
from ordercore.testing.books import Books, Range, Shelves
from ordercore.testing.carriage import Carriage
from ordercore.testing.clock import ManualClock
from ordercore.testing.ids import CountedIds
from ordercore.testing.network import CARRIER, Kind, Mishap, Network
from ordercore.testing.transports import Killed
from ordercore.values import Address, OrderId

SKUS: Final = ("TEA", "CUP", "MILK", "COFFEE")
FREE: Final = ("POSTAGE", "VOUCHER")
LOCATIONS: Final = ("WH1", "WH2", "SHOP")
ELSEWHERE: Final = "courier"
"""A carrier that the shop has no account with: what it carries is told by hand."""
SOMEBODY: Final = Address("NL", "Jo Bloggs", ("High Street 1",), "Utrecht", postal_code="3511")
EFFECTS: Final = EffectPolicy(attempts=4)
"""Fewer attempts than usual, so that a shop of fifty steps sees one given up."""

FURNITURE: Final[tuple[Command[Any], ...]] = (
    PutItem("TEA", "Tea"),
    PutItem("CUP", "Cup", safety_stock=1),
    PutItem("MILK", "Milk", tracking="lot"),
    PutItem("COFFEE", "Coffee", unit="kg", scale=1),
    PutItem("POSTAGE", tracking="none", delivery="service"),
    PutItem("VOUCHER", tracking="none", delivery="ship"),
    PutLocation("WH1", "One"),
    PutLocation("WH2", "Two", steps=("pick", "pack", "ship"), rank=1),
    PutLocation("SHOP", "Shop", steps=("pick", "ship"), rank=2),
    ReceiveStock("WH1", [Received("TEA", 6), Received("CUP", 4), Received("MILK", 2, "L1")]),
    ReceiveStock("WH2", [Received("TEA", 3), Received("MILK", 2, "L1"), Received("MILK", 2, "L2")]),
    ReceiveStock("SHOP", [Received("CUP", 3), Received("COFFEE", 9)]),
)


class Sent(NamedTuple):
    """A command that was sent, with its key and what it came to."""

    command: Command[Any]
    key: str
    effective: datetime | None
    outcome: Receipt[Any] | Rejected


def stages_of(order: Order) -> frozenset[str]:
    """Where an order's units stand, and what holds it up: what may be asked of it next."""
    found: set[str] = set()
    for line in order.lines.values():
        found.update(claim.bucket for claim in line.claims)
        if line.shipped:
            found.add("shipped")
        if line.unallocated + line.backordered and line.facts.tracked:
            found.add("open")
    if order.holds:
        found.add("held")
    if not order.confirmed:
        found.add("placed")
    for parcel in order.parcels.values():
        found.add("parcel")
        free = parcel.booking is None or not parcel.booking.live
        found.add("unbooked" if free else parcel.booking.status)  # type: ignore[union-attr]  # not free: it has one
        if parcel.shipped and not parcel.delivered:
            found.add("under way")
    return frozenset(found)


def wired(network: Network, **given: Any) -> dict[str, Any]:
    """Arguments of a kernel that has this carrier, besides those `given`."""
    return {**given, "carriers": {network.carrier.instance: network.carrier}, "transport": network}


def ask(kernel: Kernel, command: Command[Any], key: str, effective: datetime | None) -> Receipt[Any] | Rejected:
    """Handle a command and let what follows from it happen; refusals are values.

    Where the process is killed over what follows, whoever asked does not know and asks again, under the same key.
    """
    try:
        receipt = kernel.handle(command, key=key, effective=effective, actor="machine")
        _work_if_due(kernel)
    except Rejected as error:
        return error
    except Killed:
        work(kernel)
        return ask(kernel, command, key, effective)
    return receipt


def work(kernel: Kernel) -> None:
    """Let everything due happen, in as many processes as are killed over it."""
    while True:
        with suppress(Killed):
            kernel.work(until_idle=True)
            return


def _work_if_due(kernel: Kernel) -> None:
    """What a kernel in memory does by itself."""
    core = kernel.core
    due = kernel.store.next_due(tenant=core.tenant)
    if due is not None and due <= core.clock.now():
        kernel.work(until_idle=True)


class Shopkeeping(RuleBasedStateMachine):
    """A kernel, a second account of it, and what was sent so far."""

    stepped: ClassVar[Counter[str]] = Counter()
    kernels: ClassVar[int] = 1
    """Kernels that each step drives."""
    verify_every: ClassVar[int] = 12

    kernel: Kernel
    range: Range
    shelves: Shelves

    def __init__(self) -> None:
        """Nothing is there yet."""
        super().__init__()
        self.clock = ManualClock()
        self.ids = CountedIds()
        self.policies = Policies(effects=EFFECTS)
        self.network = Network(CARRIER, "query")
        self.books = Books()
        self.sent: list[Sent] = []
        self.last: Sent | None = None
        self.repeated: tuple[Receipt[Any], Receipt[Any]] | None = None
        self.untouched: tuple[int, Shelves] | None = None
        self.backdated = False
        self.deaths: list[datetime] = []
        """When workers were killed."""
        self.number = 0
        self.winding_up = False
        self.stages: frozenset[str] = frozenset()
        self._stages: dict[OrderId, frozenset[str]] = {}

    def make_kernel(self) -> Kernel:
        """A kernel over an empty store, with `**self.wiring`. Override it."""
        return Kernel(**self.wiring)

    @property
    def wiring(self) -> dict[str, Any]:
        """Arguments of a kernel: `clock`, `ids`, `policies`, and `carriers` with the `transport` to their one carrier."""
        return wired(self.network, clock=self.clock, ids=self.ids, policies=self.policies)

    @property
    def carriage(self) -> Carriage:
        """What the log says of bookings, manifests and effects."""
        return self.books.carriage

    def connect(self, kind: Kind) -> None:
        """There is a carrier of this kind."""
        self.network = Network(CARRIER, kind)

    def expect(self, mishaps: Iterable[Mishap]) -> None:
        """These go wrong with the next requests."""
        self.network.expect(mishaps)

    def next_name(self, prefix: str) -> str:
        """A name that was not used before."""
        self.number += 1
        return f"{prefix}{self.number}"

    def orders_placed(self) -> list[OrderId]:
        """Ids of all orders, oldest first."""
        return list(self.books.orders)

    def order_at(self, number: int) -> Order:
        """One of the orders, as the log says it stands; there must be one."""
        ids = self.orders_placed()
        return self.books.orders[ids[number % len(ids)]]

    def send(self, command: Command[Any], *, late: int = 0, key: str = "") -> Receipt[Any] | Rejected:
        """Handle a command, `late` hours before now in the world, and take note of all that it changed."""
        key = key or self.next_name("c")
        effective = self.clock.now() - timedelta(hours=late) if late else None
        self.backdated |= bool(late)
        before = self.books.length, self.shelves
        outcome = self.handle(command, key, effective)
        self.look()
        self.last = Sent(command, key, effective, outcome)
        self.untouched = before if isinstance(outcome, Rejected) else None
        self.sent.append(self.last)
        return outcome

    def handle(self, command: Command[Any], key: str, effective: datetime | None) -> Receipt[Any] | Rejected:
        """Let the kernel handle it; refusals are values."""
        return ask(self.kernel, command, key, effective)

    def work(self) -> None:
        """Let everything due happen."""
        work(self.kernel)

    def look(self) -> None:
        """Read what is new in the log, and what stands on the shelves."""
        self.count_step()
        self.deaths += [self.clock.now()] * (self.network.kills - len(self.deaths))
        self.books.follow(self.kernel)
        if any(isinstance(record.event, ItemPut | LocationPut) for record in self.books.news):
            self.range = Range.read(self.kernel)
        self.shelves = Shelves.read(self.kernel, self.range.items)
        self.repeated = self.untouched = self.last = None
        for id in self.books.orders_touched:
            self._stages[id] = stages_of(self.books.orders[id])
        self.stages = frozenset().union(*self._stages.values())

    def count_step(self) -> None:
        """Note that a step was made on each kernel."""
        if not self.winding_up:
            Shopkeeping.stepped[type(self).__name__] += self.kernels

    def send_again(self, number: int, *, other: bool) -> None:
        """Repeat one of the earlier commands under its own key, as it was or (`other`) with other content."""
        done = [sent for sent in self.sent if isinstance(sent.outcome, Receipt)]
        if other:
            # A key of the caller's own: natural keys stand apart from those.
            done = [sent for sent in done if getattr(sent.outcome, "command_id", "") == sent.key]
        if not done:
            return
        earlier = done[number % len(done)]
        assert isinstance(earlier.outcome, Receipt)
        length, shelves = self.books.length, self.shelves
        command = AddHold(OrderId("shop:none"), "other") if other else earlier.command
        outcome = self.handle(command, earlier.key, earlier.effective)
        self.look()
        self.untouched = (length, shelves)
        if other:
            assert isinstance(outcome, Mismatch), outcome
        else:
            assert isinstance(outcome, Receipt), outcome
            self.repeated = (earlier.outcome, outcome)

    def suitable(self, number: int, fits: Callable[[Order], bool]) -> Order:
        """One of the orders that fit; every fourth time, or if none does, any: what must be refused is tried too."""
        found = [order for order in self.books.orders.values() if fits(order)] if number % 4 else []
        return found[number % len(found)] if found else self.order_at(number)
