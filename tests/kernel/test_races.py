"""What happens between a command's read and its commit, and when the answer of the commit is lost."""

from functools import partial

import pytest

from ordercore import Line, PlaceOrder, ReceiveStock, Ship
from ordercore.engine import CONFLICTS_MAX
from ordercore.errors import Conflict, ExceedsQuantity, Held, Insufficient, OutcomeUnknown
from ordercore.order import AddHold, AllocateOrder, CancelLines, ReleaseHold, ReleaseOrder, ShortPick
from ordercore.policies import Policies
from ordercore.stock import AdjustStock, Received
from ordercore.store import Short, Unknown
from ordercore.testing import an_order, given_stock, place


def meanwhile(shop, *commands, at=0):
    """Another kernel handles these between the read and the commit of the next command."""
    rival = shop.rival()

    def act():
        for command in commands:
            rival.handle(command)

    shop.store.before_commit = [*[lambda: None] * at, act]


def more(sku, units, location="WH1"):
    return ReceiveStock(location, [Received(sku, units)])


def waits(shop, order, line="1"):
    return shop.order(order).line(line).backordered


# Stock that goes


def test_what_somebody_else_took_is_planned_elsewhere(stocked):
    meanwhile(stocked, an_order({"TEA": 4}, external_id="rival", strategy="priority"))
    order = place(stocked, {"TEA": 3}, strategy="priority")
    (claim,) = stocked.order(order).line("1").claims
    assert claim.place == "loc/WH2"
    assert stocked.store.commits >= 2


def test_the_last_unit_has_one_buyer(stocked):
    meanwhile(stocked, an_order({"TEA": 10}, external_id="rival"))
    with pytest.raises(Insufficient) as caught:
        place(stocked, {"TEA": 1})
    assert (caught.value.found_by, caught.value.shortages) == ("planning", (("1", "TEA", 1),))


def test_after_so_many_plans_the_commit_says_what_is_short(make_shop):
    shop = make_shop(policies=Policies(replans=2))
    given_stock(shop, {"WH1": {"TEA": 5}})
    tried = []
    # Stock is there whenever it is read, and gone whenever it is committed.
    shop.store.before_commit = [partial(_short, tried) for _ in range(5)]
    with pytest.raises(Insufficient) as caught:
        place(shop, {"TEA": 2})
    assert (caught.value.found_by, caught.value.skus, len(tried)) == ("commit", ("TEA",), 3)


def _short(tried):
    from ordercore.store import Shortage

    tried.append(1)
    return Short((Shortage("TEA", "loc/WH1", "", "", "available", 2),))


def test_pinned_lines_dare_to_reserve_unseen_and_are_then_read(stocked):
    line = Line("TEA", 6, location="WH1")
    with pytest.raises(Insufficient) as caught:
        stocked.handle(PlaceOrder("shop", "1", "EUR", [line]))
    assert caught.value.shortages == (("1", "TEA", 1),)
    result = stocked.handle(PlaceOrder("shop", "2", "EUR", [line], shortage="backorder")).result
    assert (waits(stocked, result), stocked.units("TEA")) == (1, {"reserved": 5})


def test_a_command_is_decided_again_after_a_conflict_but_not_for_ever(stocked):
    order = place(stocked, {"TEA": 2})
    rival = stocked.rival()

    def change(n):
        rival.handle(AddHold(order, f"h{n}", blocks=("pick",)))

    stocked.store.before_commit = [partial(change, n) for n in range(CONFLICTS_MAX)]
    assert not stocked.handle(Ship(order)).duplicate
    other = place(stocked, {"TEA": 1})
    stocked.store.before_commit = [
        lambda n=n: rival.handle(AddHold(other, f"h{n}", blocks=("pick",))) and None for n in range(CONFLICTS_MAX + 1)
    ]
    with pytest.raises(Conflict):
        stocked.handle(Ship(other))


def test_what_was_decided_on_an_old_state_is_refused_on_the_new_one(stocked):
    order = place(stocked, {"TEA": 2})
    meanwhile(stocked, AddHold(order, "stop", blocks=("ship",)))
    with pytest.raises(Held):
        stocked.handle(Ship(order))
    other = place(stocked, {"TEA": 2})
    meanwhile(stocked, CancelLines(other))
    with pytest.raises(Exception, match="cancelled"):
        stocked.handle(Ship(other))


def test_a_catalog_that_changes_is_read_again(stocked):
    from ordercore import PutItem

    meanwhile(stocked, PutItem("TEA", "Tea", safety_stock=4))
    order = place(stocked, {"TEA": 2})
    assert sum(claim.quantity for claim in stocked.order(order).line("1").claims) == 2
    assert stocked.available("TEA") == 8
    with pytest.raises(Insufficient):
        place(stocked, {"TEA": 1})


# Lines that wait, and stock that comes at the same moment


def test_an_order_does_not_go_to_wait_beside_stock_that_comes_in(shop):
    meanwhile(shop, more("TEA", 3))
    order = place(shop, {"TEA": 5}, shortage="backorder")
    assert (waits(shop, order), shop.units("TEA")) == (2, {"reserved": 3})


def test_stock_does_not_come_in_beside_an_order_that_goes_to_wait(shop):
    meanwhile(shop, an_order({"TEA": 5}, shortage="backorder"))
    shop.handle(more("TEA", 3))
    assert (waits(shop, "shop:1001"), shop.units("TEA")) == (2, {"reserved": 3})


@pytest.mark.parametrize("first", ["release", "receive"])
def test_a_hold_that_is_lifted_while_stock_comes_in_leaves_nobody_waiting(shop, first):
    order = place(shop, {"TEA": 2}, shortage="backorder")
    shop.handle(AddHold(order, "stop"))
    release, receive = ReleaseHold(order, "stop"), more("TEA", 3)
    inner, outer = (release, receive) if first == "release" else (receive, release)
    meanwhile(shop, inner)
    shop.handle(outer)
    assert (waits(shop, order), shop.units("TEA")) == (0, {"available": 1, "reserved": 2})


def test_a_hold_that_comes_while_stock_does_sends_it_to_the_next(shop):
    first, second = (place(shop, {"TEA": 2}, shortage="backorder") for _ in range(2))
    meanwhile(shop, AddHold(first, "stop"))
    shop.handle(more("TEA", 3))
    assert (waits(shop, first), waits(shop, second)) == (2, 0)


def test_units_given_up_at_the_same_moment_go_to_the_next(shop):
    first, second = (place(shop, {"TEA": 2}, shortage="backorder") for _ in range(2))
    meanwhile(shop, CancelLines(first, {"1": 1}))
    shop.handle(more("TEA", 3))
    assert (waits(shop, first), waits(shop, second)) == (0, 0)


def test_two_receipts_at_once_fill_two_orders(shop):
    first, second = (place(shop, {"TEA": 2}, shortage="backorder") for _ in range(2))
    meanwhile(shop, more("TEA", 2, "WH2"))
    shop.handle(more("TEA", 2))
    assert (waits(shop, first), waits(shop, second)) == (0, 0)


def test_orders_that_wait_for_the_same_goods_do_not_disturb_each_other(shop):
    meanwhile(shop, an_order({"TEA": 1}, external_id="rival", shortage="backorder"))
    before = shop.store.commits
    place(shop, {"TEA": 1}, shortage="backorder")
    assert shop.store.commits == before + 1


# Units that were not on the shelf


def test_missing_units_are_sourced_elsewhere_with_what_is_left_by_then(stocked):
    order = stocked.handle(
        PlaceOrder("shop", "1", "EUR", [Line("TEA", 3)], shortage="backorder", allocate="manual")
    ).result
    stocked.handle(AllocateOrder(order, pins={"1": "WH2"}))
    stocked.handle(ReleaseOrder(order))
    meanwhile(stocked, an_order({"TEA": 4}, external_id="rival", strategy="priority"))
    stocked.handle(ShortPick(order, "F1", "1", 2, "empty shelf"))
    line = stocked.order(order).line("1")
    assert (line.at("released"), line.at("reserved"), line.backordered) == (1, 1, 1)
    assert {claim.place for claim in line.claims if claim.bucket == "reserved"} == {"loc/WH1"}


def test_missing_units_are_not_sourced_from_the_shelf_that_did_not_have_them(stocked):
    order = stocked.handle(PlaceOrder("shop", "1", "EUR", [Line("TEA", 3, location="WH2")])).result
    stocked.handle(AdjustStock("WH1", "TEA", -5, "stolen"))
    stocked.handle(ReleaseOrder(order))
    stocked.handle(ShortPick(order, "F1", "1", 1))
    assert (stocked.order(order).line("1").unallocated, stocked.units("TEA", "WH2")["available"]) == (1, 2)
    with pytest.raises(ExceedsQuantity):
        stocked.handle(ShortPick(order, "F1", "1", 3))


# Answers that are lost


def test_an_answer_lost_after_the_commit_is_found_by_the_command_id(stocked):
    stocked.store.after_commit = [lambda result: Unknown("connection reset")]
    receipt = stocked.handle(an_order({"TEA": 2}))
    assert (receipt.duplicate, stocked.units("TEA")["reserved"]) == (True, 2)
    assert receipt.appended == stocked.handle(an_order({"TEA": 2})).appended


def test_a_connection_lost_before_the_commit_is_not_guessed_about(stocked):
    stocked.store.before_commit = [lambda: Unknown("connection reset")]
    length = stocked.length()
    with pytest.raises(OutcomeUnknown) as caught:
        stocked.handle(an_order({"TEA": 2}))
    assert (caught.value.command_id, stocked.length()) == ("place:shop:1001", length)
    assert not stocked.handle(an_order({"TEA": 2})).duplicate


def test_an_order_allocates_what_came_in_since_it_was_planned(stocked):
    order = place(stocked, {"TEA": 12}, shortage="backorder")
    assert waits(stocked, order) == 2
    stocked.handle(AdjustStock("WH1", "TEA", 1, "found"))
    assert waits(stocked, order) == 1
    stocked.handle(AllocateOrder(order, shortage="partial"))
    assert waits(stocked, order) == 1
