"""What shops of a seed come to, step by step: the same on every store and either kernel, or one of them is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from hashlib import sha256
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from ordercore.errors import Rejected
from ordercore.kernel import Kernel
from ordercore.message import Command, Event, Receipt
from ordercore.testing.books import Shelves
from ordercore.testing.machine import OrdercoreMachine

MakeKernel = Callable[..., Kernel]
"""Makes a kernel over an empty store from the arguments that `OrdercoreMachine.wiring` gives."""


def outcomes(make_kernel: MakeKernel, number: int, *, shops: int = 6, steps: int = 30) -> tuple[str, ...]:
    """A line for each answer to a command, each record of the log and each change of the shelves, in order.

    `number` is the seed. Chance decides which commands there are, what is there decides what can be asked next: so the
    lines are equal for every store that keeps the contract, with the same release of ordercore and of hypothesis, and the
    first that differs says where to look. The shops are those of `OrdercoreMachine`, its identities checked after
    each step; kernels are closed. `digest` makes one word of the lines.
    """
    lines: list[str] = []

    class Told(OrdercoreMachine):
        """Writes down what it is told."""

        def make_kernel(self) -> Kernel:
            return make_kernel(**self.wiring)

        def handle(self, command: Command[Any], key: str, effective: datetime | None) -> Receipt[Any] | Rejected:
            outcome = super().handle(command, key, effective)
            lines.append(f"{type(command).__name__} {key}: {self.told(outcome)}")
            return outcome

        def told(self, outcome: Receipt[Any] | Rejected) -> str:
            if isinstance(outcome, Rejected):
                return f"{outcome.code} {outcome.message} {sorted(outcome.fields.items())}"
            appended = ((stream, version, self.written(events)) for stream, version, events in outcome.appended)
            repeat = "again" if outcome.duplicate else "done"
            return f"{repeat} {outcome.command_id} {outcome.result} {outcome.order_id} {list(appended)}"

        def written(self, events: tuple[Event, ...]) -> str:
            return self.kernel.core.codec.dump_events(events)

        def look(self) -> None:
            before = getattr(self, "shelves", None)
            super().look()
            for record in self.books.news:
                about = record.stream, record.version, record.command_id, record.actor, record.cause
                times = record.recorded_at.isoformat(), record.effective_at.isoformat()
                lines.append(" ".join((*map(str, about), *times, self.written((record.event,)))))
            if self.shelves != before:
                lines.extend(_shelved(self.shelves))

        def teardown(self) -> None:
            try:
                super().teardown()
            finally:
                if hasattr(self, "kernel"):
                    self.kernel.close()

    quiet = settings(
        max_examples=shops, stateful_step_count=steps, phases=[Phase.generate], database=None, deadline=None,
        print_blob=False, verbosity=Verbosity.normal, suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    seed(number)(Told)
    run_state_machine_as_test(Told, settings=quiet)
    return tuple(lines)


def _shelved(shelves: Shelves) -> Iterator[str]:
    for account, units in sorted(shelves.balance.items()):
        yield f"{' '.join(account)}: {units}"
    for name, line in sorted(shelves.waiting.items()):
        yield f"{' '.join(name)} waits: {line}"


def digest(lines: tuple[str, ...]) -> str:
    """One word for all of them."""
    return sha256("\n".join(lines).encode()).hexdigest()
