"""`verify` finds what was planted: rows, log and claims that do not agree."""

import pytest

from ordercore import Kernel, Ship
from ordercore.message import Context
from ordercore.order import OrderSummary
from ordercore.order.events import OrderAllocated
from ordercore.plan import Leg
from ordercore.stock import AdjustStock, CartLine, ReserveCart
from ordercore.store import Append, Batch, PutDocument, ReadDocument
from ordercore.store.memory import MemoryStore
from ordercore.store.sqlite import SQLiteStore
from ordercore.testing import CountedIds, ManualClock, given_stock, place


@pytest.fixture(params=["memory", "sqlite"])
def shop(request, tmp_path):
    store = MemoryStore() if request.param == "memory" else SQLiteStore(tmp_path / "shop.db", synchronous="NORMAL")
    with Kernel(store, clock=ManualClock(), ids=CountedIds()) as kernel:
        given_stock(kernel, {"WH1": {"TEA": 9, "MILK": {"L1": 4}}})
        place(kernel, {"TEA": 2}, external_id="1")
        kernel.handle(ReserveCart("C1", [CartLine("1", "TEA", 1)]))
        kernel.handle(Ship(place(kernel, {"MILK": 1})))
        yield kernel


def plant(kernel, *appends, documents=()):
    now = kernel.core.clock.now()
    command = AdjustStock("WH1", "TEA", 1, "planted")
    id = kernel.core.ids.new("plant")
    kernel.store.commit(Batch(id, command, Context(id, now, now), appends, documents))


def found(kernel):
    return {(breach.identity, breach.where, breach.expected, breach.actual) for breach in kernel.verify()}


def test_clean_books_have_no_breach(shop):
    assert shop.verify() == ()


def test_units_that_nobody_claims_are_found(shop):
    legs = (Leg("1", "TEA", "loc/WH1", 2),)
    plant(shop, Append("ghost/1", 0, (OrderAllocated(legs, "none", 1),)))
    assert found(shop) == {("claims", "TEA at loc/WH1: reserved", "2", "4")}


def test_units_of_an_order_that_is_said_to_be_done_are_found(shop):
    asked = ReadDocument("order", "shop:1")
    summary = shop.store.read([asked]).of(asked).body
    assert isinstance(summary, OrderSummary)
    from attrs import evolve

    plant(shop, documents=(PutDocument("order", "shop:1", evolve(summary, fulfillment="delivered")),))
    assert found(shop) == {("claims", "TEA at loc/WH1: reserved", "0", "2")}


def test_a_row_that_was_written_beside_the_log_is_found(shop):
    store = shop.store
    if isinstance(store, MemoryStore):
        store._of("").rows[("TEA", "loc/WH1", "", "")][0] += 1
    else:
        import sqlite3

        with sqlite3.connect(store.path) as raw:
            changed = raw.execute("UPDATE ordercore_position SET available = available + 1 WHERE reserved = 2").rowcount
        assert changed == 1
    assert found(shop) == {("row", "TEA at loc/WH1: available", "6", "7")}


def test_a_past_that_a_backdated_movement_made_negative_is_listed_not_hidden(shop):
    clock = shop.core.clock
    before = clock.now()
    clock.advance(days=2)
    given_stock(shop, {"WH1": {"TEA": 5}})
    shop.handle(AdjustStock("WH1", "TEA", -8, "stolen then"), effective=before)
    (breach,) = shop.verify()
    assert (breach.identity, breach.expected) == ("past_negative", ">= 0")
    assert breach.where.startswith("TEA at loc/WH1")
