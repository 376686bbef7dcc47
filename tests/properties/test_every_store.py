"""Done-when of every store: the same seeds come to the same receipts, refusals, stock and log on all of them.

The shops are those of the stateful machine, with its identities after every step: over memory, SQLite and each
PostgreSQL that there is, with the kernel and with the asynchronous one.
"""

from contextlib import ExitStack
from functools import cache
from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from ordercore.aio import AsyncKernel
from ordercore.kernel import Kernel
from ordercore.store.memory import MemoryStore
from ordercore.store.sqlite import SQLiteStore
from ordercore.testing import DifferentialMachine, awaited_kernel
from ordercore.testing.outcomes import digest, outcomes

SMALL = {"shops": 6, "steps": 40}
LARGE = {"shops": 80, "steps": 50}


@cache
def expected(seed, shops, steps):
    return outcomes(Kernel, seed, shops=shops, steps=steps)


def same(make_kernel, seed, size):
    """Equal as a whole; if not, the first line that differs says more than thousands of them."""
    found, wanted = outcomes(make_kernel, seed, **size), expected(seed, **size)
    differs = next((pair for pair in zip(found, wanted, strict=False) if pair[0] != pair[1]), None)
    assert differs is None
    assert digest(found) == digest(wanted)


def waits(open_store):
    return lambda **wiring: Kernel(open_store(), **wiring)


def awaits(open_store):
    """Its store is called in an executor, or is one that can be awaited."""
    return lambda **wiring: awaited_kernel(lambda: AsyncKernel(open_store(), **wiring))


@pytest.fixture(params=[waits, awaits], ids=["Kernel", "AsyncKernel"])
def over(request):
    """Makes a kernel, of either kind, over a store that `open_store` opens."""
    return request.param


@pytest.fixture
def files(tmp_path):
    numbers = count()
    return lambda: SQLiteStore(tmp_path / f"{next(numbers)}.db", synchronous="NORMAL")


@pytest.fixture
def databases(ordercore_postgres_databases):
    """Addresses of empty schemas of one database."""
    from ordercore_postgres.testing import Databases

    with ExitStack() as stack:
        place = Databases(stack.enter_context(ordercore_postgres_databases.fresh()))
        yield lambda: stack.enter_context(place.fresh_schema())


@pytest.fixture(params=["Kernel", "AsyncKernel", "AsyncKernel over AsyncPostgresStore"])
def over_postgres(request, databases):
    """Makes kernels of each kind over each kind of store."""
    from ordercore_postgres import AsyncPostgresStore, PostgresStore

    if request.param == "Kernel":
        return waits(lambda: PostgresStore(databases(), migrate=True))
    store = AsyncPostgresStore if "over" in request.param else PostgresStore
    return awaits(lambda: store(databases(), migrate=True))


def test_a_seed_comes_to_the_same_again_and_others_to_something_else():
    assert outcomes(Kernel, 1, **SMALL) == expected(1, **SMALL)
    assert digest(expected(1, **SMALL)) != digest(expected(2, **SMALL))
    kinds = {line.split()[0] for line in expected(1, **SMALL)}
    assert len(kinds & {"PlaceOrder", "PutItem", "ReceiveStock", "Ship", "CancelLines", "RecordPayment"}) > 3
    assert sum(": insufficient " in line for line in expected(1, **SMALL)) > 0


def test_memory_is_the_same_for_both_kernels(over):
    same(over(MemoryStore), 1, SMALL)


def test_sqlite_is_the_same(over, files):
    same(over(files), 1, SMALL)


@pytest.mark.every_postgres
def test_postgresql_is_the_same(over_postgres):
    same(over_postgres, 1, SMALL)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_sqlite_is_the_same_for_many_shops(over, files, seed):
    same(over(files), seed, LARGE)


@pytest.mark.slow
@pytest.mark.every_postgres
@pytest.mark.parametrize("seed", range(3))
def test_postgresql_is_the_same_for_many_shops(over_postgres, seed):
    same(over_postgres, seed, LARGE)


@pytest.mark.slow
@pytest.mark.every_postgres
def test_postgresql_and_memory_side_by_side_come_to_the_same_by_chance(over_postgres):
    class SideBySide(DifferentialMachine):
        """Whatever hypothesis thinks of, made as small as can be where the two differ."""

        def make_kernel(self):
            return over_postgres(**self.wiring)

        def teardown(self):
            super().teardown()
            if hasattr(self, "kernel"):
                self.kernel.close()

    run_state_machine_as_test(
        SideBySide, settings=settings(max_examples=60, stateful_step_count=50, suppress_health_check=list(HealthCheck))
    )
