"""One key, one command: whatever it came to, and whatever its parts are."""

from datetime import UTC, datetime

import pytest

from ordercore import PlaceOrder, PutItem
from ordercore.errors import Mismatch
from ordercore.message import Envelope
from ordercore.order import AllocateOrder, Line, RecordPayment, RecordTracking, Ship
from ordercore.stock import Received, ReceiveStock


def place(kernel, channel="shop", name="1", **more):
    return kernel.handle(PlaceOrder(channel, name, "EUR", [Line("TEA", 1, "1.00")], shortage="backorder"), **more)


def test_a_command_that_changed_nothing_is_not_done_by_its_retry(shop):
    shop.handle(PutItem("TEA", "Tea"), key="k")
    length = shop.length()
    shop.handle(PutItem("TEA", "Black tea"), key="b")
    again = shop.handle(PutItem("TEA", "Tea"), key="k")
    assert (again.duplicate, again.result) == (True, "TEA")
    assert shop.length() == length + 1
    with pytest.raises(Mismatch):
        shop.handle(PutItem("TEA", "Green tea"), key="k")


def test_a_repeat_of_nothing_names_its_order(shop):
    order = place(shop).order_id
    first = shop.handle(AllocateOrder(order, shortage="backorder"), key="k")
    again = shop.handle(AllocateOrder(order, shortage="backorder"), key="k")
    assert (first.order_id, first.duplicate) == (order, False)
    assert (again.order_id, again.result, again.duplicate) == (order, order, True)


def test_a_group_keeps_the_keys_of_what_changed_nothing(shop):
    (first,) = shop.handle_many([Envelope(PutItem("TEA", "Tea"), "k")])
    (again,) = shop.handle_many([Envelope(PutItem("TEA", "Tea"), "k")])
    assert (first.duplicate, again.duplicate) == (False, True)


def test_natural_keys_of_different_facts_differ(shop):
    one, other = (place(shop, "web", name).order_id for name in ("a", "a:b"))
    first = shop.handle(RecordPayment(one, "b:c", "charge", "1.00"))
    second = shop.handle(RecordPayment(other, "c", "charge", "2.00"))
    assert (first.duplicate, second.duplicate) == (False, False)


def test_what_carriers_say_in_other_words_is_another_fact(shop):
    shop.handle(ReceiveStock("WH1", [Received("TEA", 1)]))
    order, at = place(shop).order_id, datetime(2026, 3, 1, tzinfo=UTC)
    shop.handle(Ship(order))
    shop.handle(RecordTracking(order, "P1", "in_transit", at, "a:b", "c"))
    assert not shop.handle(RecordTracking(order, "P1", "in_transit", at, "a", "b:c")).duplicate
    assert not shop.handle(RecordTracking(order, "P1", "in_transit", at, "a%3Ab", "c")).duplicate


@pytest.mark.parametrize("key", ["place:web:777", "key:place:web:777", "payment:web:777:r"])
def test_a_callers_key_is_no_natural_key(shop, key):
    shop.handle(PutItem("NEW", "New"), key=key)
    assert shop.handle(PutItem("NEW", "New"), key=key).duplicate
    assert not place(shop, "web", "777").duplicate
    assert not shop.handle(RecordPayment("web:777", "r", "charge", "1.00")).duplicate
    assert not shop.handle(PutItem("NEW", "Newer"), key="key:" + key).duplicate
