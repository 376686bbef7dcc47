import pytest

from ordercore import Line, PlaceOrder, ReceiveStock, Ship
from ordercore.errors import Conflict, Insufficient, InvalidCommand, Mismatch
from ordercore.order import AddHold, AllocateOrder, RecordPayment, RecordTracking
from ordercore.stock import AdjustStock, Received
from ordercore.testing import an_order, place


def same(first, again):
    assert (first.duplicate, again.duplicate) == (False, True)
    assert (again.command_id, again.result, again.appended, again.position, again.order_id) == (
        first.command_id,
        first.result,
        first.appended,
        first.position,
        first.order_id,
    )


def test_placing_twice_is_placing_once(stocked):
    command = an_order({"TEA": 2, "postage": 1})
    first = stocked.handle(command)
    length = stocked.length()
    same(first, stocked.handle(command))
    same(first, stocked.handle(command, key="another key that loses to the natural one"))
    assert (stocked.length(), stocked.units("TEA")) == (length, {"available": 3, "reserved": 2})


def test_a_repeat_answers_though_its_order_has_gone_on(stocked):
    command = an_order({"TEA": 2})
    first = stocked.handle(command)
    shipped = stocked.handle(Ship(first.result), key="ship-1")
    same(first, stocked.handle(command))
    same(shipped, stocked.handle(Ship(first.result), key="ship-1"))


def test_a_repeat_by_another_process_is_a_repeat(stocked):
    command = an_order({"TEA": 2})
    first = stocked.handle(command)
    same(first, stocked.rival().handle(command))


def test_the_same_external_id_with_other_content_is_a_mismatch(stocked):
    stocked.handle(an_order({"TEA": 2}))
    length = stocked.length()
    with pytest.raises(Mismatch):
        stocked.handle(an_order({"TEA": 3}))
    assert stocked.length() == length


def test_a_key_is_for_one_command(stocked):
    order = place(stocked, {"TEA": 2})
    stocked.handle(AddHold(order, "a", blocks=("ship",)), key="k1")
    with pytest.raises(Mismatch):
        stocked.handle(AddHold(order, "b", blocks=("ship",)), key="k1")
    with pytest.raises(Mismatch):
        stocked.handle(AdjustStock("WH1", "TEA", 1, "found"), key="k1")


def test_a_refused_command_leaves_its_key_free(stocked):
    with pytest.raises(Insufficient):
        stocked.handle(an_order({"TEA": 11}))
    assert not stocked.handle(an_order({"TEA": 10})).duplicate


def test_a_command_that_changes_nothing_has_an_empty_receipt(stocked):
    order = place(stocked, {"TEA": 2})
    receipt = stocked.handle(AllocateOrder(order))
    assert (receipt.duplicate, receipt.events, receipt.position, receipt.result) == (False, (), None, order)


def test_facts_from_outside_are_known_by_what_they_say(stocked, clock):
    order = place(stocked, {"TEA": 2})
    stocked.handle(Ship(order))
    for command in (
        RecordPayment(order, "r1", "charge", "2.00"),
        RecordTracking(order, "P1", "in_transit", clock.now()),
        ReceiveStock("WH1", [Received("TEA", 1)], "supplier", "ASN-1"),
    ):
        same(stocked.handle(command), stocked.handle(command))
    assert stocked.order(order).payments.charged == 200
    with pytest.raises(Mismatch):
        stocked.handle(RecordPayment(order, "r1", "charge", "3.00"))


def test_receipts_without_an_external_id_are_each_their_own(stocked):
    command = ReceiveStock("WH1", [Received("TEA", 1)])
    assert stocked.handle(command).result != stocked.handle(command).result
    assert stocked.units("TEA")["available"] == 7


@pytest.mark.parametrize("key", ["", "x" * 201, "a\nb", "\ud800", 7])
def test_a_key_is_a_line_of_text(stocked, key):
    with pytest.raises(InvalidCommand):
        stocked.handle(AdjustStock("WH1", "TEA", 1, "found"), key=key)


def test_a_stale_version_is_a_conflict_and_the_right_one_is_none(stocked):
    order = place(stocked, {"TEA": 2})
    version = stocked.order(order).version
    stocked.handle(AddHold(order, "a", blocks=("pick",)), expect=version)
    with pytest.raises(Conflict) as caught:
        stocked.handle(Ship(order), expect=version)
    assert (caught.value.expected, caught.value.actual) == (version, version + 1)
    stocked.handle(Ship(order), expect=version + 1)


def test_a_named_version_is_not_retried_and_another_is(stocked):
    order = place(stocked, {"TEA": 2})
    version = stocked.order(order).version
    rival = stocked.rival()
    stocked.store.before_commit = [lambda: rival.handle(AddHold(order, "a", blocks=("pick",))) and None]
    with pytest.raises(Conflict):
        stocked.handle(Ship(order), expect=version)
    stocked.store.before_commit = [lambda: rival.handle(AddHold(order, "b", blocks=("pick",))) and None]
    assert not stocked.handle(Ship(order)).duplicate


def test_two_orders_under_one_name_by_two_processes_are_one(stocked):
    rival = stocked.rival()
    command = an_order({"TEA": 2})
    stocked.store.before_commit = [lambda: rival.handle(command) and None]
    assert stocked.handle(command).duplicate
    other = PlaceOrder("shop", "2", "EUR", [Line("TEA", 1)])
    stocked.store.before_commit = [lambda: rival.handle(PlaceOrder("shop", "2", "EUR", [Line("TEA", 2)])) and None]
    with pytest.raises(Mismatch):
        stocked.handle(other)
