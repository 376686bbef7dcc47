"""A stateful test of a whole shop: every command in any order, every identity after each."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from ordercore.catalog import PutItem, PutLocation
from ordercore.errors import Mismatch, Rejected
from ordercore.kernel import Kernel
from ordercore.message import Command, Receipt
from ordercore.order import AddHold, Order
from ordercore.policies import Policies
from ordercore.stock import Received, ReceiveStock
from ordercore.store import location_place
from ordercore.testing import identities
from ordercore.testing.books import Books, Range, Shelves
from ordercore.testing.clock import ManualClock
from ordercore.testing.ids import CountedIds
from ordercore.testing.rules_of_orders import OrderRules
from ordercore.testing.rules_of_stock import StockRules
from ordercore.values import OrderId

SKUS: Final = ("TEA", "CUP", "MILK", "COFFEE")
FREE: Final = ("POSTAGE", "VOUCHER")
LOCATIONS: Final = ("WH1", "WH2", "SHOP")

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


class OrdercoreMachine(OrderRules, StockRules, RuleBasedStateMachine):
    """Subclass it, make a kernel, and let pytest find `Test... = YourMachine.TestCase`::

        class Shop(OrdercoreMachine):
            def make_kernel(self):
                return Kernel(MyStore(), clock=self.clock, ids=self.ids, policies=self.policies)


        TestShop = Shop.TestCase

    Rules send commands of orders, stock, carts and time, repeats and backdated ones among them; the methods marked
    `invariant` are the identities. Widen it with rules of your own that call `self.send(command)`. `stepped` counts
    the steps that were made, per class.
    """

    stepped: ClassVar[Counter[str]] = Counter()
    kernels: ClassVar[int] = 1
    """Kernels that each step drives."""
    verify_every: ClassVar[int] = 12

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.ids = CountedIds()
        self.policies = Policies()
        self.books = Books()
        self.sent: list[Sent] = []
        self.last: Sent | None = None
        self.repeated: tuple[Receipt[Any], Receipt[Any]] | None = None
        self.untouched: tuple[int, Shelves] | None = None
        self.backdated = False
        self.number = 0

    def make_kernel(self) -> Kernel:
        """A kernel over an empty store, with `self.clock`, `self.ids` and `self.policies`. Override it."""
        return Kernel(clock=self.clock, ids=self.ids, policies=self.policies)

    @initialize(
        confirm=st.sampled_from(["on_place", "on_place", "manual"]),
        shortage=st.sampled_from(["refuse", "backorder", "partial"]),
    )
    def open_shop(self, confirm: Any, shortage: Any) -> None:
        """Three locations with different steps, items with lots, with a scale, with safety stock, and without stock."""
        self.policies = Policies(confirm=confirm, shortage=shortage)
        self.kernel = self.make_kernel()
        for command in FURNITURE:
            self.kernel.handle(command, key=self.next_name("setup"))
        self.range = Range.read(self.kernel)
        self.books.follow(self.kernel)
        self.shelves = Shelves.read(self.kernel, self.range.items)

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
        try:
            return self.kernel.handle(command, key=key, effective=effective, actor="machine")
        except Rejected as error:
            return error

    def work(self) -> None:
        """Let everything due happen."""
        self.kernel.work(until_idle=True)

    def look(self) -> None:
        """Read what is new in the log, and what stands on the shelves."""
        self.count_step()
        self.books.follow(self.kernel)
        self.shelves = Shelves.read(self.kernel, self.range.items)
        self.repeated = self.untouched = self.last = None

    def count_step(self) -> None:
        """Note that a step was made on each kernel."""
        OrdercoreMachine.stepped[type(self).__name__] += self.kernels

    def send_again(self, number: int, *, other: bool) -> None:
        """Repeat one of the earlier commands under its own key, as it was or (`other`) with other content."""
        done = [sent for sent in self.sent if isinstance(sent.outcome, Receipt) and sent.outcome.appended]
        if not done:
            return
        earlier = done[number % len(done)]
        assert isinstance(earlier.outcome, Receipt)
        length, shelves = self.books.length, self.shelves
        command = AddHold(OrderId("shop:none"), "other") if other else earlier.command
        outcome = self.handle(command, earlier.outcome.command_id, earlier.effective)
        self.look()
        self.untouched = (length, shelves)
        if other:
            assert isinstance(outcome, Mismatch), outcome
        else:
            assert isinstance(outcome, Receipt), outcome
            self.repeated = (earlier.outcome, outcome)

    def teardown(self) -> None:
        """Every order can be brought to an end from wherever it stands; then nothing is claimed any more (R19)."""
        if hasattr(self, "range"):
            self.wind_up()
            self.everything_is_consistent()

    def everything_is_consistent(self) -> None:
        """The identities that read the whole log."""
        identities.verify_finds_nothing(self.kernel, backdated=self.backdated)
        identities.orders_are_folds_of_their_events(self.books, self.kernel, self.books.orders)
        identities.timelines_are_complete(self.books, self.kernel, self.books.orders)
        identities.lists_agree_with_orders(self.books, self.kernel)
        for sku in SKUS:
            for code in LOCATIONS:
                identities.journals_end_in_balances(self.shelves, self.kernel, sku, location_place(code))

    def touched(self) -> list[Order]:
        """Orders that the last step changed."""
        return [self.books.orders[id] for id in self.books.orders_touched]

    @invariant()
    def every_unit_of_a_line_stands_in_one_place(self) -> None:
        """See `identities`."""
        identities.every_unit_of_a_line_stands_in_one_place(self.touched())

    @invariant()
    def amounts_add_up(self) -> None:
        """See `identities`."""
        identities.amounts_add_up(self.touched())

    @invariant()
    def rows_are_never_negative(self) -> None:
        """See `identities`."""
        identities.rows_are_never_negative(self.shelves)

    @invariant()
    def rows_are_what_the_log_says(self) -> None:
        """See `identities`."""
        identities.rows_are_what_the_log_says(self.books, self.shelves)

    @invariant()
    def no_unit_is_made_or_lost(self) -> None:
        """See `identities`."""
        identities.no_unit_is_made_or_lost(self.books)

    @invariant()
    def claims_are_what_orders_and_carts_hold(self) -> None:
        """See `identities`."""
        identities.claims_are_what_orders_and_carts_hold(self.books, self.shelves)

    @invariant()
    def waiting_lines_are_written_down(self) -> None:
        """See `identities`."""
        identities.waiting_lines_are_written_down(self.books, self.shelves)

    @invariant()
    def nobody_waits_beside_usable_stock(self) -> None:
        """See `identities`."""
        identities.nobody_waits_beside_usable_stock(self.books, self.shelves, self.range)

    @invariant()
    def statuses_follow_their_lifecycles(self) -> None:
        """See `identities`."""
        if self.last is not None:
            identities.statuses_follow_their_lifecycles(self.books.steps(type(self.last.command).__name__))

    @invariant()
    def versions_are_dense(self) -> None:
        """See `identities`."""
        identities.versions_are_dense(self.books)

    @invariant()
    def orders_are_folds_of_their_events(self) -> None:
        """See `identities`."""
        identities.orders_are_folds_of_their_events(self.books, self.kernel, self.books.orders_touched)

    @invariant()
    def what_is_refused_changes_nothing(self) -> None:
        """A refused command, and one that is a repeat, leave log and rows as they were."""
        if self.untouched is not None:
            assert self.untouched == (self.books.length, self.shelves)

    @invariant()
    def a_repeat_gives_the_same_receipt(self) -> None:
        """Events, result, position and order of a repeat are those of the first time."""
        if self.repeated is not None:
            first, again = self.repeated
            assert again.duplicate
            assert (again.result, again.events, again.appended, again.position, again.order_id) == (
                first.result,
                first.events,
                first.appended,
                first.position,
                first.order_id,
            )

    @invariant()
    def timelines_lists_and_journals_agree(self) -> None:
        """Every few steps, for orders just touched and one SKU at one place: timelines, lists, journals, `verify`."""
        turn, rest = divmod(self.number, self.verify_every)
        if rest:
            return
        identities.timelines_are_complete(self.books, self.kernel, self.books.orders_touched)
        identities.lists_agree_with_orders(self.books, self.kernel)
        sku, code = SKUS[turn % len(SKUS)], LOCATIONS[turn % len(LOCATIONS)]
        identities.journals_end_in_balances(self.shelves, self.kernel, sku, location_place(code))
        identities.verify_finds_nothing(self.kernel, backdated=self.backdated)
