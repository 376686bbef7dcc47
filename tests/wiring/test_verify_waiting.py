"""`verify` finds queues that do not agree with the orders, and nothing where orders come in while it reads."""

import pytest
from attrs import evolve

from ordercore import Kernel, Line, PlaceOrder
from ordercore.flows.record import waiting_key
from ordercore.message import Context
from ordercore.stock import AdjustStock, CartLine, ReserveCart
from ordercore.store import Batch, DeleteDocument, PutDocument, ReadDocument
from ordercore.store.memory import MemoryStore
from ordercore.testing import ManualClock, given_stock, place


@pytest.fixture
def shop():
    kernel = Kernel(MemoryStore(), clock=ManualClock())
    given_stock(kernel, {"WH1": {"TEA": 1}})
    place(kernel, {"TEA": 4}, external_id="1", shortage="backorder")
    place(kernel, {"TEA": 2}, external_id="2", shortage="backorder")
    assert kernel.verify() == ()
    return kernel


def document(shop, order):
    asked = ReadDocument("waiting", waiting_key(order, "1"))
    return shop.store.read([asked]).of(asked)


def plant(shop, change):
    now = shop.core.clock.now()
    id = shop.core.ids.new("plant")
    shop.store.commit(Batch(id, AdjustStock("WH1", "TEA", 1, "planted"), Context(id, now, now), (), (change,)))


def stale(shop, order, quantity):
    found = document(shop, order)
    plant(shop, PutDocument("waiting", found.key, evolve(found.body, quantity=quantity), None, found.tag, found.sort))


def found(shop):
    return [(breach.identity, breach.where, breach.expected, breach.actual) for breach in shop.verify()]


def test_a_waiting_line_without_its_document_is_found(shop):
    plant(shop, DeleteDocument("waiting", waiting_key("shop:1", "1")))
    assert found(shop) == [("waiting", "shop:1 line 1", "3 units of TEA", "none")]


def test_a_waiting_document_that_says_something_else_is_found(shop):
    stale(shop, "shop:1", 5)
    assert found(shop) == [("waiting", "shop:1 line 1", "3 units of TEA", "5 units of TEA")]


def test_a_waiting_document_of_a_line_that_does_not_wait_is_found(shop):
    kept = document(shop, "shop:1")
    given_stock(shop, {"WH1": {"TEA": 3}})
    assert document(shop, "shop:1") is None
    plant(shop, PutDocument("waiting", kept.key, kept.body, None, kept.tag, kept.sort))
    assert found(shop) == [("waiting", "shop:1 line 1", "none", "3 units of TEA")]


class Busy:
    """A store beside which orders are placed between any two reads."""

    def __init__(self, store, rival):
        self.store = store
        self.rival = rival
        self.reads = 0

    def __getattr__(self, name):
        return getattr(self.store, name)

    def read(self, queries, **more):
        self.reads += 1
        if self.reads <= 12:
            id = f"busy{self.reads}"
            self.rival.handle(PlaceOrder("shop", id, "EUR", [Line("TEA", 2, "1.00")], shortage="backorder"))
            self.rival.handle(ReserveCart(id, [CartLine("1", "CUP", 1)]))
        return self.store.read(queries, **more)


def test_orders_that_come_in_meanwhile_are_no_breach(shop):
    given_stock(shop, {"WH1": {"TEA": 9, "CUP": 20}})
    busy = Busy(shop.store, Kernel(shop.store, clock=shop.core.clock))
    assert Kernel(busy, clock=shop.core.clock).verify() == ()
    assert busy.reads > 12


def test_a_breach_is_found_though_orders_come_in_meanwhile(shop):
    stale(shop, "shop:1", 5)
    busy = Busy(shop.store, Kernel(shop.store, clock=shop.core.clock))
    given_stock(shop, {"WH1": {"CUP": 20}})
    assert found(Kernel(busy, clock=shop.core.clock)) == [
        ("waiting", "shop:1 line 1", "3 units of TEA", "5 units of TEA")
    ]


def test_a_receipt_puts_a_stale_waiting_document_right(shop):
    stale(shop, "shop:1", 5)
    given_stock(shop, {"WH1": {"TEA": 4}})
    assert [shop.order(f"shop:{n}").line("1").backordered for n in (1, 2)] == [0, 1]
    assert shop.verify() == ()


def test_a_receipt_takes_a_line_that_does_not_wait_out_of_the_queue(shop):
    kept = document(shop, "shop:1")
    given_stock(shop, {"WH1": {"TEA": 3}})
    plant(shop, PutDocument("waiting", kept.key, kept.body, None, kept.tag, kept.sort))
    given_stock(shop, {"WH1": {"TEA": 2}})
    assert shop.order("shop:2").line("1").backordered == 0
    assert shop.verify() == ()
