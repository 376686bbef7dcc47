"""One key, one command: whatever it came to, and whatever its parts are."""

import pytest

from ordercore import PlaceOrder, PutItem
from ordercore.errors import Mismatch
from ordercore.message import Envelope
from ordercore.order import AllocateOrder, Line


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
