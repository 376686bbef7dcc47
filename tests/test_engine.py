"""The engine: what the first attempt takes for granted is found out when it is not so."""

import pytest

from ordercore import Insufficient, Kernel, Line, PlaceOrder, PutItem, PutLocation, ReceiveStock, Rejected, Ship
from ordercore.engine import Memory
from ordercore.errors import Conflict, Mismatch, NotFound, TransitionRefused
from ordercore.hooks import hookimpl
from ordercore.order import CancelLines, ConfirmDelivery, ReleaseOrder
from ordercore.stock import Received
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
    memory.forget("order/5")
    assert memory.get("order/5") == (0, None)
