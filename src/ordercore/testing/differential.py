"""Two kernels side by side: whatever is asked of both must come to the same."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from ordercore.errors import Rejected
from ordercore.kernel import Kernel
from ordercore.message import Command, Receipt, Recorded
from ordercore.testing.books import Shelves
from ordercore.testing.ids import CountedIds
from ordercore.testing.machine import OrdercoreMachine
from ordercore.values import Cursor


class DifferentialMachine(OrdercoreMachine):
    """An `OrdercoreMachine` whose steps go to a second kernel too, by default one in memory.

    Override `make_kernel` (the one under test) and, if need be, `make_other`. Both have the same clock and count
    their ids alike. Receipts, refusals with their fields, stock, waiting lines and the whole log must be equal.
    """

    kernels: ClassVar[int] = 2

    def __init__(self) -> None:
        """Nothing is there yet."""
        super().__init__()
        self.other_ids = CountedIds()
        self.other: Kernel | None = None
        self.other_cursor: Cursor | None = None

    def make_other(self) -> Kernel:
        """The kernel to compare with; over an empty store, with `self.clock`, `self.other_ids`, `self.policies`."""
        return Kernel(clock=self.clock, ids=self.other_ids, policies=self.policies)

    @property
    def second(self) -> Kernel:
        """The other kernel, made when it is first asked for."""
        if self.other is None:
            self.other = self.make_other()
        return self.other

    def handle(self, command: Command[Any], key: str, effective: datetime | None) -> Receipt[Any] | Rejected:
        """Both handle it, and say the same."""
        outcome = super().handle(command, key, effective)
        try:
            other: Receipt[Any] | Rejected = self.second.handle(command, key=key, effective=effective, actor="machine")
        except Rejected as error:
            other = error
        assert told(outcome) == told(other), command
        return outcome

    def work(self) -> None:
        """Let everything due happen on both."""
        super().work()
        self.second.work(until_idle=True)

    def look(self) -> None:
        """Besides the identities: both logs and both shelves are the same."""
        super().look()
        page = self.second.log(self.other_cursor)
        self.other_cursor = page.cursor
        assert [_entry(record) for record in page.records] == [_entry(record) for record in self.books.news]
        assert Shelves.read(self.second, self.range.items) == self.shelves


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
