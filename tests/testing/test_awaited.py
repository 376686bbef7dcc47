import asyncio
import inspect
import pickle
import threading
from functools import partial

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from ordercore.aio import AsyncKernel
from ordercore.errors import Insufficient, StoreError
from ordercore.kernel import Kernel
from ordercore.store import AsyncStore, Store
from ordercore.store.memory import MemoryStore
from ordercore.store.posting import COLUMN
from ordercore.testing import (
    AwaitedStore,
    DifferentialMachine,
    StoreSuite,
    awaited_kernel,
    given_stock,
    place,
)
from ordercore.testing.awaited import LoopThread
from ordercore.testing.sample_events import Noted, append, batch
from ordercore.testing.transports import Killed


class AwaitableMemory:
    """The memory store as if it had to be waited for: others run before and after each call."""

    def __init__(self):
        self.store = MemoryStore()
        self.capabilities = self.store.capabilities - {"transfer", "archive"}
        self.use_codec = self.store.use_codec
        self.made_in = asyncio.get_running_loop()  # as drivers bind their connections
        self.called_in = set()


def awaitable(name):
    async def call(self, *args, **kwargs):
        self.called_in.add(asyncio.get_running_loop())
        await asyncio.sleep(0)
        answer = getattr(self.store, name)(*args, **kwargs)
        await asyncio.sleep(0)
        return answer

    return call


AWAITED = {name for name, _ in inspect.getmembers(AsyncStore, inspect.iscoroutinefunction)}
for each in AWAITED:
    setattr(AwaitableMemory, each, awaitable(each))


async def opened_later():
    await asyncio.sleep(0)
    return AwaitableMemory()


class TestAwaitedMemoryStore(StoreSuite):
    """The suite as it is over a store that must be awaited."""

    global_order = group_commit = fencing = True
    attempts = 1_000

    @pytest.fixture
    def store_factory(self):
        return partial(AwaitedStore, AwaitableMemory)

    def damage(self, store, key, bucket, change):
        store.awaited.store._tenants[""].rows[key][COLUMN[bucket]] += change


@pytest.fixture
def store():
    store = AwaitedStore(opened_later)
    yield store
    store.close()


def ours():
    return [thread for thread in threading.enumerate() if thread.name == "ordercore-loop"]


def test_an_awaited_store_has_the_whole_contract_with_the_same_parameters():
    for name, member in inspect.getmembers(Store, inspect.isfunction):
        if not name.startswith("_"):
            assert inspect.signature(getattr(AwaitedStore, name)) == inspect.signature(member), name
            assert (name in AWAITED) or name == "use_codec"


def test_everything_runs_in_the_loop_that_the_store_was_opened_in(store):
    store.commit(batch("a", append("order/1", 0, Noted("one"))))
    store.read([])
    assert store.awaited.called_in == {store.awaited.made_in}


def test_closing_ends_the_loop_and_may_be_done_twice():
    before = len(ours())
    store = AwaitedStore(AwaitableMemory)
    assert len(ours()) == before + 1
    store.close()
    store.close()
    assert len(ours()) == before
    with pytest.raises(StoreError) as error:
        store.read([])
    assert error.value.reason == "closed"


def test_a_store_that_does_not_open_leaves_no_loop_behind():
    def broken():
        raise StoreError("no database", reason="cannot_open")

    before = len(ours())
    with pytest.raises(StoreError, match="no database"):
        AwaitedStore(broken)
    assert len(ours()) == before


def test_a_factory_of_it_can_be_pickled():
    store = pickle.loads(pickle.dumps(partial(AwaitedStore, opened_later)))()
    assert store.next_due() is None
    store.close()


def test_stores_can_share_a_loop():
    loop = LoopThread()
    one, two = AwaitedStore(AwaitableMemory, loop=loop), AwaitedStore(AwaitableMemory, loop=loop)
    one.close()
    assert two.next_due() is None
    loop.stop()


def test_an_awaited_kernel_does_what_a_kernel_does():
    with awaited_kernel(lambda: AsyncKernel(MemoryStore())) as kernel:
        given_stock(kernel, {"WH1": {"TEA": 2}})
        order = place(kernel, {"TEA": 2})
        assert kernel.order(order).status == "confirmed"
        with pytest.raises(Insufficient):
            place(kernel, {"TEA": 1})
        assert kernel.verify() == ()
        assert isinstance(kernel.store, MemoryStore)


def test_an_awaited_kernel_over_an_awaited_store_lets_it_be_read():
    async def make():
        return AsyncKernel(await opened_later())

    with awaited_kernel(make) as kernel:
        given_stock(kernel, {"WH1": {"TEA": 2}})
        assert kernel.available("TEA") == 2
        assert kernel.store.next_due() is None
        assert len(kernel.store.read_all(None).records) == len(kernel.log().records)


def test_a_kill_goes_through_the_loop_as_it_is():
    async def killed():
        raise Killed

    loop = LoopThread()
    with pytest.raises(Killed):
        loop.run(killed())
    assert loop.running
    loop.stop()


class Awaited(DifferentialMachine):
    """The asynchronous kernel over an asynchronous store, and the other kernel beside it."""

    def make_kernel(self):
        return awaited_kernel(lambda: AsyncKernel(AwaitableMemory(), **self.wiring))

    def make_other(self):
        return Kernel(**self.other_wiring)

    def teardown(self):
        super().teardown()
        if hasattr(self, "kernel"):
            self.kernel.close()


def test_the_machine_drives_an_asynchronous_kernel_unchanged():
    run_state_machine_as_test(
        Awaited, settings=settings(max_examples=3, stateful_step_count=30, suppress_health_check=list(HealthCheck))
    )
