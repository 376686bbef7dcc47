import pytest

from ordercore import PutItem, ReceiveStock, Ship
from ordercore.errors import BrokenRule, Insufficient, Mismatch, NotFound, Rejected
from ordercore.message import Envelope, Receipt
from ordercore.order import AddHold, ConfirmDelivery
from ordercore.stock import Received
from ordercore.testing import an_order, place


def orders(count, units=1, **fields):
    return [an_order({"TEA": units}, external_id=str(n), **fields) for n in range(count)]


def codes(results):
    return [result.code if isinstance(result, Rejected) else "ok" for result in results]


@pytest.mark.parametrize("group", [1, 3, 200])
def test_results_come_in_the_order_of_the_commands(stocked, group):
    commands = orders(8)
    results = stocked.handle_many(commands, group=group)
    assert [result.result for result in results] == [f"shop:{n}" for n in range(8)]
    assert stocked.available("TEA") == 2


def test_what_does_not_fit_is_refused_alone(stocked):
    results = stocked.handle_many(orders(7, units=2))
    assert codes(results) == ["ok"] * 5 + ["insufficient"] * 2
    assert stocked.available("TEA") == 0


def test_one_bad_command_touches_no_other(stocked):
    commands = [an_order({"TEA": 1}), Ship("shop:none"), an_order({"TEA": True}, external_id="2"), an_order({"CUP": 1},
                external_id="3")]  # fmt: skip
    assert codes(stocked.handle_many(commands)) == ["ok", "not_found", "invalid_command", "ok"]


def test_commands_on_one_stream_see_each_other_in_their_order(stocked):
    commands = [an_order({"TEA": 2}), Ship("shop:1001"), ConfirmDelivery("shop:1001")]
    assert codes(stocked.handle_many(commands)) == ["ok"] * 3
    assert stocked.order("shop:1001").status == "completed"


def test_commands_of_one_group_on_other_streams_do_not(stocked):
    commands = [ReceiveStock("WH1", [Received("TEA", 5)], "dock", "1"), an_order({"TEA": 15})]
    assert codes(stocked.handle_many(commands)) == ["ok", "insufficient"]
    assert codes(stocked.handle_many(commands)) == ["ok", "ok"]


def test_a_repeat_within_a_group_is_a_repeat(stocked):
    command = an_order({"TEA": 2})
    first, second, third = stocked.handle_many([command, command, an_order({"TEA": 3})])
    assert (first.duplicate, second.duplicate, first.appended == second.appended) == (False, True, True)
    assert isinstance(third, Mismatch)


def test_what_collides_with_others_runs_again_by_itself(stocked):
    rival = stocked.rival()
    stocked.store.before_commit = [lambda: rival.handle(an_order({"TEA": 7}, external_id="rival"))]
    assert codes(stocked.handle_many(orders(4))) == ["ok"] * 3 + ["insufficient"]


def test_it_comes_to_the_same_as_one_by_one(make_shop):
    commands = [*orders(4, units=2), *[AddHold("shop:1", "a"), Ship("shop:0"), Ship("shop:1"), an_order({"CUP": 3})]]
    shop = make_shop()
    for sku, units in (("TEA", 10), ("CUP", 4)):
        shop.handle(ReceiveStock("WH1", [Received(sku, units)]))
    expected = ["ok"] * 6 + ["held", "ok"]
    assert codes(shop.handle_many(commands)) == expected
    assert [shop.order(f"shop:{n}").fulfillment_status for n in range(4)] == ["fulfilled", *["unfulfilled"] * 3]


def test_backorders_of_one_group_all_wait_and_one_receipt_fills_them(shop):
    results = shop.handle_many(orders(5, shortage="backorder"))
    assert codes(results) == ["ok"] * 5
    shop.handle(ReceiveStock("WH1", [Received("TEA", 5)]))
    assert shop.units("TEA") == {"reserved": 5}


def test_nobody_waits_beside_stock_that_comes_in_the_same_group(shop):
    commands = [*orders(2, shortage="backorder"), ReceiveStock("WH1", [Received("TEA", 1)]), *orders(0)]
    assert codes(shop.handle_many(commands)) == ["ok"] * 3
    assert shop.units("TEA") == {"reserved": 1}


def test_an_envelope_gives_a_command_its_own_key_and_time(stocked, clock):
    order = place(stocked, {"TEA": 2})
    yesterday = clock.now()
    clock.advance(days=1)
    envelope = Envelope(Ship(order), key="ship-1", effective=yesterday)
    (first,), (again,) = stocked.handle_many([envelope]), stocked.handle_many([envelope])
    assert isinstance(first, Receipt)
    assert (first.command_id, again.duplicate) == ("ship-1", True)
    assert stocked.timeline(order)[-1].effective_at == yesterday


def test_nothing_comes_of_nothing(stocked):
    assert stocked.handle_many([]) == []


def test_what_is_no_command_is_a_defect_of_the_caller(stocked):
    with pytest.raises(BrokenRule):
        stocked.handle_many([object()])
    with pytest.raises(BrokenRule):
        stocked.handle("PlaceOrder")


def test_master_data_of_a_group_serve_the_next_group(shop):
    results = shop.handle_many([PutItem("NEW"), an_order({"NEW": 1}, shortage="backorder")], group=1)
    assert codes(results) == ["ok", "ok"]
    assert isinstance(shop.handle_many([an_order({"NEVER": 1}, external_id="9")])[0], NotFound)
    assert isinstance(shop.handle_many([an_order({"NEW": 1}, external_id="8")])[0], Insufficient)
