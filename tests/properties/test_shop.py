"""Whole shops driven at random: 20,000 steps in `make test`, a million in the nightly profile.

A step is one command, or one step of the clock, handled by one kernel, with every identity checked after it. The
first machine drives one kernel, the second two of them side by side; the commands that wind a shop up do not count.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from ordercore.kernel import Kernel
from ordercore.store.sqlite import SQLiteStore
from ordercore.testing import DifferentialMachine, OrdercoreMachine

NIGHTLY = settings.default.max_examples > 1_000
FACTOR = 50 if NIGHTLY else 1
STEPS = {"one": 10_000, "two": 10_000}


class InMemory(OrdercoreMachine):
    """The identities on a kernel in memory."""


class SideBySide(DifferentialMachine):
    """SQLite and memory: the same receipts, refusals, stock and log."""

    def make_kernel(self):
        self.folder = TemporaryDirectory(prefix="ordercore-")
        store = SQLiteStore(Path(self.folder.name) / "shop.db", synchronous="NORMAL")
        return Kernel(store, **self.wiring)

    def teardown(self):
        super().teardown()
        if hasattr(self, "kernel"):
            self.kernel.close()
            self.folder.cleanup()


@pytest.mark.parametrize(("machine", "kernels", "examples"), [(InMemory, "one", 300), (SideBySide, "two", 150)])
def test_no_order_of_commands_breaks_an_identity(machine, kernels, examples):
    OrdercoreMachine.stepped[machine.__name__] = 0
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples * FACTOR, stateful_step_count=50, suppress_health_check=list(HealthCheck)
        ),
    )
    assert OrdercoreMachine.stepped[machine.__name__] >= STEPS[kernels] * FACTOR
