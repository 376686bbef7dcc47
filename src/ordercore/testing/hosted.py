"""Random transactions of a host, with nested parts and rollbacks: what a kernel remembers is never what was taken back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

from attrs import frozen
from hypothesis import strategies as st

from ordercore.catalog import PutItem, PutLocation
from ordercore.errors import InsideTransaction, NotFound, OrdercoreError, Rejected, RetryTransaction, StoreError
from ordercore.kernel import Kernel
from ordercore.message import Command, Envelope, Receipt
from ordercore.order import AddHold, CancelLines, Line, PlaceOrder, Ship
from ordercore.policies import Policies
from ordercore.stock import Received, ReceiveStock
from ordercore.testing.clock import ManualClock
from ordercore.testing.rules.borrowed import BorrowedHost

SKUS: Final = ("TEA", "CUP")
ORDERS: Final = ("1", "2")
"""Few, so that what was taken back soon comes again with other content."""


@frozen
class Handle:
    """Commands to the kernel, several as a group; `again` under the key of the last ones; `expect` what it shows now."""

    commands: tuple[Command[Any], ...]
    again: bool = False
    expect: bool = False


@frozen
class Beside:
    """A command of another host, where the database lets it write now."""

    command: Command[Any]


@frozen
class Part:
    """A transaction of the host, or a savepoint in one: kept, or taken back."""

    steps: tuple[Step, ...]
    kept: bool


Step = Handle | Beside | Part


def _placing(number: str, skus: Sequence[str], quantity: int, shortage: Any) -> PlaceOrder:
    return PlaceOrder("web", number, "EUR", [Line(sku, quantity, "2.50") for sku in skus], shortage=shortage)


_skus = st.sampled_from(SKUS)
_orders = st.sampled_from(ORDERS).map("web:{}".format)
_placings = st.builds(
    _placing, st.sampled_from(ORDERS), st.lists(_skus, min_size=1, max_size=2, unique=True), st.integers(1, 3),
    st.sampled_from(["refuse", "backorder", "backorder"]),
)  # fmt: skip
_items = st.builds(
    lambda sku, name, active: PutItem(sku, name, active=active),
    _skus, st.sampled_from("abc"), st.sampled_from([True, True, True, False]),
)  # fmt: skip
_receipts = st.builds(lambda sku, units: ReceiveStock("WH1", [Received(sku, units)]), _skus, st.integers(1, 3))
_of_orders = st.one_of(
    st.builds(CancelLines, _orders),
    st.builds(Ship, _orders),
    st.builds(AddHold, _orders, st.sampled_from(["fraud", "address"])),
)
_locations = st.builds(PutLocation, st.sampled_from(["WH1", "WH2"]), rank=st.integers(0, 1))
COMMANDS: Final[st.SearchStrategy[Command[Any]]] = st.one_of(
    _placings, _placings, _items, _receipts, _of_orders, _locations
)

_rarely = st.sampled_from([False, False, False, True])
_handles = st.one_of(
    st.builds(lambda command, again, expect: Handle((command,), again, expect), COMMANDS, _rarely, st.booleans()),
    st.builds(Handle, st.lists(COMMANDS, min_size=2, max_size=4).map(tuple)),
)
_plain = st.one_of(_handles, _handles, _handles, st.builds(Beside, COMMANDS))


def _parts(steps: st.SearchStrategy[Step]) -> st.SearchStrategy[Part]:
    return st.builds(Part, st.lists(steps, min_size=1, max_size=4).map(tuple), st.booleans())


SCENARIOS: Final[st.SearchStrategy[list[Step]]] = st.lists(
    st.one_of(_plain, _parts(_plain), _parts(st.one_of(_plain, _parts(st.one_of(_plain, _parts(_plain)))))),
    min_size=3, max_size=10,
)  # fmt: skip


class _RunAgainError(Exception):
    """The host must run its transaction again: this one gives it up."""


class Hosted:
    """Two hosts on one empty database, and a kernel that lives through all that happens on the first.

    Every command goes to a kernel that was made for it alone, and is taken back; then to the one that lives through
    everything. Both must say the same; and what that one shows is after every step what a new one shows.
    """

    def __init__(self, host: BorrowedHost, other: BorrowedHost) -> None:
        """Furnish the shop."""
        self._clock = ManualClock()
        self._host = host
        self._kernel, self._beside = self._kernel_on(host), self._kernel_on(other)
        self._depth = self._keys = 0
        for sku in SKUS:
            self._kernel.handle(PutItem(sku))
        self._kernel.handle(PutLocation("WH1"))
        self._kernel.handle(ReceiveStock("WH1", [Received("TEA", 5)]))

    def run(self, steps: Sequence[Step]) -> None:
        """Live through it; in the end, outside of every transaction, the books add up and everybody sees the same."""
        for step in steps:
            with suppress(_RunAgainError):
                self._step(step)
            self._compare()
        assert not self._host.is_open()
        assert self._kernel.work().failures == ()
        assert self._kernel.verify() == ()
        assert _picture(self._kernel) == _picture(self._beside)

    def _step(self, step: Step) -> None:
        match step:
            case Handle():
                self._handle(step)
            case Beside(command):
                with suppress(StoreError, Rejected):
                    self._beside.handle(command)
            case Part():
                self._part(step)
        self._compare()

    def _part(self, part: Part) -> None:
        """A savepoint inside of a transaction, a transaction outside."""
        self._depth += 1
        name = f"part{self._depth}"
        outermost = not self._host.is_open()
        if outermost:
            self._host.begin()
        else:
            self._host.savepoint(name)
        try:
            for step in part.steps:
                self._step(step)
            self._waits_for_the_commit()
            if outermost:
                self._host.commit() if part.kept else self._host.rollback()
            elif not part.kept:
                self._host.rollback_to(name)
        finally:
            self._depth -= 1

    def _waits_for_the_commit(self) -> None:
        for asked in (self._kernel.work, self._kernel.verify):
            try:
                asked()
            except InsideTransaction:
                continue
            raise AssertionError("inside the host's transaction it must refuse")

    def _handle(self, step: Handle) -> None:
        self._keys += not step.again
        expect, order = None, getattr(step.commands[0], "order", None)
        if step.expect and order is not None:
            with suppress(NotFound):
                expect = self._kernel.order(order).version
        say = [Envelope(command, f"key{self._keys}-{n}") for n, command in enumerate(step.commands)]
        if len(say) > 1:
            # What dared too much in a group is decided again after the others, so that who knew less comes to another end.
            self._said(self._kernel, say, expect)
            return
        wanted = self._taken_back(lambda: self._said(self._kernel_on(self._host), say, expect))
        assert self._said(self._kernel, say, expect) == wanted

    def _taken_back(self, ask: Callable[[], object]) -> object:
        own = not self._host.is_open()
        if own:
            self._host.begin()
        self._host.savepoint("taken_back")
        answer = ask()
        self._host.rollback_to("taken_back")
        if own:
            self._host.rollback()
        return answer

    def _said(self, kernel: Kernel, commands: Sequence[Envelope[Any]], expect: int | None) -> object:
        """What came of them, without what no two kernels agree on."""
        try:
            if len(commands) > 1:
                return [_told(result) for result in kernel.handle_many(commands)]
            return _told(kernel.handle(commands[0].command, key=commands[0].key, expect=expect))
        except Rejected as error:
            return _told(error)
        except RetryTransaction:
            self._host.rollback()
            raise _RunAgainError from None

    def _compare(self) -> None:
        assert _picture(self._kernel) == _picture(self._kernel_on(self._host))

    def _kernel_on(self, host: BorrowedHost) -> Kernel:
        """One that knows nothing yet."""
        return Kernel(host.store(), clock=self._clock, policies=Policies(replenish="off"))


def _picture(kernel: Kernel) -> object:
    """Orders and stock as it shows them."""
    orders = [_shown(kernel.order, f"web:{order}") for order in ORDERS]
    return orders, [_shown(lambda sku: kernel.stock(sku).rows, sku) for sku in SKUS]


def _shown(ask: Callable[[str], object], name: str) -> object:
    try:
        return ask(name)
    except NotFound:
        return None


def _told(result: Receipt[Any] | OrdercoreError) -> object:
    if isinstance(result, Receipt):
        return result.duplicate, [
            (version, [type(event) for event in events]) for _, version, events in result.appended
        ]
    return type(result), result.code
