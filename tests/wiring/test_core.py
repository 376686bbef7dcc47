"""Several commands at once, each by itself; followers that see everything and may send commands."""

import asyncio
import time

import pytest

from ordercore import Kernel, Line, PlaceOrder, PutItem
from ordercore.aio import AsyncKernel
from ordercore.errors import BrokenRule, Insufficient, StoreBusy
from ordercore.message import Envelope, Receipt
from ordercore.order.events import OrderPlaced
from ordercore.stock import AdjustStock
from ordercore.store.memory import MemoryStore
from ordercore.testing import ManualClock
from ordercore.wiring.core import _rounds

from .conftest import Between, Lines, Raises, document, furnished


def order(id, sku="POST", **more):
    return PlaceOrder("web", id, "EUR", [Line(sku, 1, "1.00")], **more)


@pytest.fixture
def broken():
    kernel = furnished(Between(MemoryStore()), plugins=[Raises()], strategy="raises")
    kernel.handle(PutItem("BAD"))
    kernel.handle(PutItem("POST", tracking="none"))
    return kernel


@pytest.mark.parametrize("group", [1, 10])
def test_a_defect_that_one_command_meets_is_its_result_alone(broken, group):
    results = broken.handle_many([order("1"), order("2", "BAD"), order("3"), order("4", "TEA")], group=group)
    assert [type(result) for result in results] == [Receipt, BrokenRule, Receipt, Insufficient]
    assert isinstance(results[1].__cause__, RuntimeError)
    assert "jane" not in str(results[1].as_problem())
    assert broken.verify() == ()


def test_a_defect_met_when_a_command_runs_again_is_its_result_alone(monkeypatch):
    strategy = Raises()
    monkeypatch.setattr(strategy, "broken", False)
    shop = furnished(Between(MemoryStore()), plugins=[strategy], strategy="raises")
    shop.handle(PutItem("BAD"))
    rival = Kernel(shop.store.store, clock=shop.core.clock)
    commit_many = shop.store.store.commit_many

    def disturbed(batches):
        rival.handle(PutItem("CUP", "Cup"))
        strategy.broken = True
        return commit_many(batches)

    shop.store.commit_many = disturbed
    results = shop.handle_many([order(str(n), sku, shortage="backorder") for n, sku in enumerate(("BAD", "TEA"))])
    assert [type(result) for result in results] == [BrokenRule, Receipt]


def test_a_store_that_fails_ends_all(broken):
    def fails(batches):
        raise StoreBusy("No.")

    broken.store.commit_many = fails
    with pytest.raises(StoreBusy):
        broken.handle_many([order("1")])


def test_an_envelope_that_cannot_be_is_refused_alone(broken):
    results = broken.handle_many([Envelope(AdjustStock("WH1", "TEA", 1, "found"), key=""), order("1")])
    assert [type(result).__name__ for result in results] == ["InvalidCommand", "Receipt"]


def reference_rounds(tasks, group):
    turn, rounds = {}, []
    for at, task in enumerate(tasks):
        first = turn.get(task.command.sku, 0)
        while first < len(rounds) and len(rounds[first]) >= group:
            first += 1
        if first == len(rounds):
            rounds.append([])
        rounds[first].append(at)
        turn[task.command.sku] = first + 1
    return rounds


@pytest.mark.parametrize("group", [1, 2, 3, 7])
def test_rounds_are_filled_from_the_first_that_has_room(group):
    core = Kernel().core
    tasks = [core.task(PutItem(f"S{n * n % 11}")) for n in range(60)]
    assert _rounds(tasks, group) == reference_rounds(tasks, group)


def test_small_groups_of_many_commands_are_made_quickly():
    core = Kernel().core
    tasks = [core.task(PutItem(f"S{n}")) for n in range(5000)]
    begun = time.process_time()
    assert len(_rounds(tasks, 1)) == 5000
    assert time.process_time() - begun < 0.5


class Follower:
    """Writes down what it sees, and sends a command for each order."""

    name = "gifts"

    def __init__(self):
        self.seen = []
        self.kernel = None

    def apply(self, records):
        for record in records:
            self.seen.append(record.position)
            if self.kernel is not None and isinstance(record.event, OrderPlaced):
                self.kernel.handle(AdjustStock("WH1", "CUP", 1, "gift"), key=f"gift {record.stream}")
                self.kernel.work()


def test_a_follower_that_sends_commands_sees_every_record_once():
    follower = Follower()
    shop = furnished(followers=[follower])
    follower.kernel = shop
    shop.handle(order("1", "TEA"))
    assert follower.seen == [record.position for record in shop.log().records]
    assert shop.available("CUP") == 1


def test_followers_see_what_intake_brings_at_once():
    follower = Follower()
    shop = furnished(followers=[follower])
    report = shop.receive("web", document("place 1 TEA 9"))
    shop.handle(AdjustStock("WH1", "TEA", 9, "found"))
    for bring in (lambda: shop.receive("web", document("place 2 TEA 1")), lambda: shop.replay(report.quarantined)):
        before = len(follower.seen)
        assert bring().accepted
        assert len(follower.seen) > before


def test_followers_of_an_awaited_kernel_see_what_intake_brings_at_once():
    follower = Follower()
    store = MemoryStore()
    furnished(store)

    async def run():
        shop = AsyncKernel(store, channels={"web": Lines()}, clock=ManualClock(), followers=[follower])
        await shop.receive("web", document("place 1 TEA 1"))

    asyncio.run(run())
    assert any(str(position) for position in follower.seen)
