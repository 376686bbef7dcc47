"""Two kernels side by side: whatever is asked of both must come to the same."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar

from ordercore.errors import Rejected
from ordercore.kernel import Kernel
from ordercore.message import Command, Receipt, Recorded
from ordercore.testing.books import Shelves
from ordercore.testing.ids import CountedIds
from ordercore.testing.machine import OrdercoreMachine
from ordercore.testing.network import CARRIER, Kind, Mishap, Network
from ordercore.testing.shopkeeping import ask, wired, work
from ordercore.values import Cursor


class DifferentialMachine(OrdercoreMachine):
    """An `OrdercoreMachine` whose steps go to a second kernel too, by default one in memory.

    Override `make_kernel` (the one under test) and, if need be, `make_other`. Both have the same clock and count
    their ids alike; each has a carrier to itself. Receipts, refusals with their fields, stock, waiting lines, the whole
    log and what the carriers were asked to do must be equal.
    """

    kernels: ClassVar[int] = 2

    def __init__(self) -> None:
        """Nothing is there yet."""
        super().__init__()
        self.other_ids = CountedIds()
        self.other: Kernel | None = None
        self.other_cursor: Cursor | None = None
        self.other_network = Network(CARRIER, "query")

    def make_other(self) -> Kernel:
        """The kernel to compare with; over an empty store, with `**self.other_wiring`."""
        return Kernel(**self.other_wiring)

    @property
    def other_wiring(self) -> dict[str, Any]:
        """As `wiring`, with ids and a carrier of its own."""
        return wired(self.other_network, clock=self.clock, ids=self.other_ids, policies=self.policies)

    @property
    def second(self) -> Kernel:
        """The other kernel, made when it is first asked for."""
        if self.other is None:
            self.other = self.make_other()
        return self.other

    def handle(self, command: Command[Any], key: str, effective: datetime | None) -> Receipt[Any] | Rejected:
        """Both handle it, and say the same."""
        outcome = super().handle(command, key, effective)
        other = ask(self.second, command, key, effective)
        assert told(outcome) == told(other), command
        return outcome

    def work(self) -> None:
        """Let everything due happen on both."""
        super().work()
        work(self.second)

    def connect(self, kind: Kind) -> None:
        """Each has a carrier of this kind to itself."""
        super().connect(kind)
        self.other_network = Network(CARRIER, kind)

    def expect(self, mishaps: Iterable[Mishap]) -> None:
        """The same goes wrong for both."""
        mishaps = tuple(mishaps)
        super().expect(mishaps)
        self.other_network.expect(mishaps)

    def look(self) -> None:
        """Besides the identities: both logs, both shelves and the ledgers of both carriers are the same."""
        super().look()
        page = self.second.log(self.other_cursor)
        self.other_cursor = page.cursor
        assert [_entry(record) for record in page.records] == [_entry(record) for record in self.books.news]
        assert Shelves.read(self.second, self.range.items) == self.shelves
        assert self.other_network.desk.ledger.entries() == self.network.desk.ledger.entries()


def told(outcome: Receipt[Any] | Rejected) -> tuple[object, ...]:
    """What a caller is told, without positions in the log, which are each store's own."""
    if isinstance(outcome, Rejected):
        return (outcome.code, outcome.message, dict(outcome.fields))
    return (outcome.command_id, outcome.duplicate, outcome.result, outcome.appended, outcome.order_id)


def _entry(record: Recorded) -> tuple[object, ...]:
    return (
        record.event, record.stream, record.version, record.command_id, record.recorded_at, record.effective_at,
        record.actor, record.cause,
    )  # fmt: skip
