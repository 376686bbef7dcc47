"""The engine: what the first attempt takes for granted is found out when it is not so."""

import pytest

from ordercore import Insufficient, Kernel, Line, PlaceOrder, PutItem, PutLocation, ReceiveStock, Rejected, Ship
from ordercore.engine import Memory
from ordercore.errors import Conflict, Mismatch, NotFound, TransitionRefused
from ordercore.hooks import hookimpl
from ordercore.order import AllocateOrder, CancelLines, ConfirmDelivery, ReleaseOrder
from ordercore.stock import AdjustStock, Received
from ordercore.store.memory import MemoryStore
from ordercore.store.sqlite import SQLiteStore
from ordercore.testing.clock import ManualClock


@pytest.fixture(params=["memory", "sqlite"])
def two(request, tmp_path):
    """Two kernels over one store, both with a warm memory of it."""
    store = MemoryStore() if request.param == "memory" else SQLiteStore(tmp_path / "shop.db")
    kernels = [Kernel(store, clock=ManualClock()) for _ in range(2)]
    one = kernels[0]
    one.handle(PutLocation("WH1"))
    one.handle(PutItem("TEA"))
    one.handle(ReceiveStock("WH1", [Received("TEA", 10)]))
    for n, kernel in enumerate(kernels):
        kernel.handle(place(f"warm{n}"))
    yield kernels
    assert one.verify() == ()
    store.close()


def place(name, quantity=1, sku="TEA", location="WH1"):
    return PlaceOrder("web", name, "GBP", [Line(sku, quantity, "2.50", location=location)])


def test_an_item_that_another_kernel_took_out_of_sale_is_refused(two):
    one, other = two
    other.handle(PutItem("TEA", active=False))
    with pytest.raises(NotFound):
        one.handle(place("late"))
    other.handle(PutItem("TEA", active=True))
    assert one.handle(place("later")).result == "web:later"


def test_an_item_that_another_kernel_just_made_is_found(two):
    one, other = two
    with pytest.raises(NotFound):
        one.handle(place("early", sku="CUP"))
    other.handle(PutItem("CUP", tracking="none"))
    assert one.handle(place("now", sku="CUP", location="")).result == "web:now"


def test_a_command_on_an_order_that_another_kernel_changed_is_decided_on_its_newest_state(two):
    one, other = two
    order = one.handle(place("X1", quantity=3)).result
    other.handle(CancelLines(order, {"1": 1}))
    one.handle(CancelLines(order, {"1": 1}))
    other.handle(Ship(order))
    with pytest.raises(Rejected):
        one.handle(CancelLines(order, {"1": 1}))
    one.handle(ConfirmDelivery(order))
    assert (one.order(order).status, other.order(order).lines["1"].cancelled) == ("completed", 2)


def test_a_state_that_is_out_of_date_refuses_nothing(two):
    one, other = two
    order = one.handle(place("X1")).result
    with pytest.raises(Rejected):
        one.handle(ConfirmDelivery(order))
    other.handle(Ship(order))
    assert one.handle(ConfirmDelivery(order)).events


def test_a_repeat_that_the_state_would_refuse_is_a_duplicate(two):
    one, other = two
    order = one.handle(place("X1")).result
    first = one.handle(Ship(order), key="ship-1")
    for kernel in two:
        again = kernel.handle(Ship(order), key="ship-1")
        assert again.duplicate
        assert again.events == first.events
    with pytest.raises(Mismatch):
        other.handle(ReleaseOrder(order), key="ship-1")
    assert [receipt.duplicate for receipt in one.handle_many([place("X1"), place("X2")])] == [True, False]


def test_an_expected_version_is_compared_with_the_newest(two):
    one, other = two
    order = one.handle(place("X1", quantity=2)).result
    version = one.order(order).version
    other.handle(CancelLines(order, {"1": 1}))
    with pytest.raises(Conflict):
        one.handle(Ship(order), expect=version)
    assert one.handle(Ship(order), expect=version + 1).events


def test_a_group_refuses_only_what_is_refused_after_a_look(two):
    one, other = two
    order = one.handle(place("X1")).result
    other.handle(Ship(order))
    results = one.handle_many(
        [ConfirmDelivery(order), place("X2", quantity=100), place("X3", sku="NONE"), place("X4"), Ship("web:warm0")]
    )
    assert [type(result) for result in results[1:3]] == [Insufficient, NotFound]
    assert [result.duplicate for result in (results[0], *results[3:])] == [False, False, False]


def test_a_stock_shortage_by_another_kernel_is_planned_again(two):
    one, other = two
    other.handle(place("all", quantity=8))
    with pytest.raises(Insufficient) as refused:
        one.handle(place("one more"))
    assert refused.value.found_by == "planning"


def test_a_guard_is_asked_once_for_a_command_that_passes():
    asked = []

    class Plugin:
        @hookimpl
        def ordercore_guard(self, command):
            asked.append(type(command).__name__)

    kernel = Kernel(plugins=[Plugin()])
    kernel.handle(PutLocation("WH1"))
    kernel.handle(PutItem("TEA", tracking="none"))
    order = kernel.handle(place("X1", location="")).result
    kernel.handle(CancelLines(order))
    with pytest.raises(TransitionRefused):
        kernel.handle(CancelLines(order))
    assert asked == ["PutLocation", "PutItem", "PlaceOrder", "CancelLines", "CancelLines", "CancelLines"]


def test_memory_keeps_what_was_used_last():
    memory = Memory(most=4)
    for n in range(3):
        memory.put(f"order/{n}", 1, n)
    assert memory.get("order/0") == (1, 0)
    for n in range(3, 6):
        memory.put(f"order/{n}", 1, n)
    assert memory.get("order/5") == (1, 5)
    assert sum(memory.get(f"order/{n}")[0] for n in range(6)) <= 5


class Racing:
    """A store beside which somebody else takes the last unit before each commit, and puts it back after it."""

    def __init__(self, store, rival):
        self.store = store
        self.rival = rival
        self.active = False
        self.commits = 0

    def __getattr__(self, name):
        return getattr(self.store, name)

    def commit(self, batch):
        if not self.active:
            return self.store.commit(batch)
        self.commits += 1
        self.rival.handle(AdjustStock("WH1", "CUP", -1, "taken"))
        result = self.store.commit(batch)
        self.rival.handle(AdjustStock("WH1", "CUP", 1, "given back"))
        return result


@pytest.fixture
def racing():
    store = MemoryStore()
    rival = Kernel(store, clock=ManualClock())
    rival.handle(PutLocation("WH1"))
    rival.handle(PutItem("CUP"))
    rival.handle(ReceiveStock("WH1", [Received("CUP", 1)]))
    kernel = Kernel(Racing(store, rival), clock=ManualClock())
    kernel.store.active = True
    return kernel


@pytest.mark.parametrize("shortage", ["backorder", "partial"])
def test_when_stock_is_taken_over_and_over_policy_decides(racing, shortage):
    order = racing.handle(PlaceOrder("web", "X1", "GBP", [Line("CUP", 1)], shortage=shortage)).result
    racing.store.active = False
    line = racing.order(order).line("1")
    # What is given back meets the line that waits for it.
    assert (line.at("reserved"), line.unallocated) == ((1, 0) if shortage == "backorder" else (0, 1))


def test_when_stock_is_taken_over_and_over_a_refusing_policy_refuses(racing):
    with pytest.raises(Insufficient) as caught:
        racing.handle(PlaceOrder("web", "X1", "GBP", [Line("CUP", 1)]))
    assert (caught.value.shortages, caught.value.found_by) == ((("1", "CUP", 1),), "commit")
    assert racing.store.commits == 4


def test_a_change_beside_the_stream_that_was_seen_is_no_conflict_of_its_caller(two):
    one, other = two
    order = one.handle(PlaceOrder("web", "X1", "GBP", [Line("TEA", 1)], allocate="manual")).result
    version = one.order(order).version
    store, names = one.store, iter(["Tea"])

    class Disturbed:
        def __getattr__(self, name):
            return getattr(store, name)

        def commit(self, batch):
            for name in names:
                other.handle(PutItem("TEA", name))
            return store.commit(batch)

    one.store = Disturbed()
    receipt = one.handle(AllocateOrder(order), expect=version)
    assert receipt.events
    assert list(names) == []


def test_an_expected_version_counts_when_there_is_nothing_to_do(two):
    one, _ = two
    order = one.handle(place("X1")).result
    version = one.order(order).version
    assert one.handle(AllocateOrder(order), expect=version).events == ()
    with pytest.raises(Conflict):
        one.handle(AllocateOrder(order), expect=version - 1)


def test_unknown_skus_are_not_remembered_without_end(two, monkeypatch):
    one, _ = two
    monkeypatch.setattr("ordercore.engine.memory.ABSENT_KEPT", 5)
    for n in range(20):
        with pytest.raises(NotFound):
            one.handle(place(f"X{n}", sku=f"NO{n}"))
    assert len(one.core.engine.memory.catalog.absent) == 5
