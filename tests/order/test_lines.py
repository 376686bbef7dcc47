import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercore.errors import BrokenRule, ExceedsQuantity, InvalidCommand, NotFound
from ordercore.order import CancelLines, Ship
from ordercore.order.events import LinesCancelled, LinesFulfilled
from ordercore.order.lines import Claim, LineQuantity, LineState, Moved, OrderLine, checked
from ordercore.store import postings_of

ID = "shop:1"


def test_a_placed_line_is_unallocated(story):
    assert story.placed(("1", "TEA", 5)).line("1") == {"unallocated": 5}


def test_allocated_units_are_reserved_at_their_place(story):
    story.placed(("1", "TEA", 5)).allocated("1", 3).allocated("1", 2, "WH2")
    assert story.line("1") == {"reserved": 5}
    assert {claim.place: claim.quantity for claim in story.order.line("1").claims} == {"loc/WH1": 3, "loc/WH2": 2}


def test_waiting_units_are_allocated_from_where_they_wait(story):
    story.placed(("1", "TEA", 5)).waits("1", 4).allocated("1", 3, waiting="backordered")
    assert story.line("1") == {"unallocated": 1, "backordered": 1, "reserved": 3}


@pytest.mark.parametrize("waiting", ["unallocated", "backordered"])
def test_no_more_is_allocated_than_waits(story, waiting):
    story.placed(("1", "TEA", 5)).waits("1", 2)
    with pytest.raises(BrokenRule) as caught:
        story.allocated("1", 4, waiting=waiting)
    assert caught.value.identity == "line_quantity"


def test_untracked_lines_are_done_without_stock(story):
    story.placed(("1", "fee", 1)).given(LinesFulfilled((LineQuantity("1", 1),)))
    assert story.line("1") == {"shipped": 1, "delivered": 1}
    assert story.order.status == "completed"


def test_cancelling_takes_what_waits_first_then_reserved_units(story):
    story.placed(("1", "TEA", 6)).waits("1", 2).allocated("1", 3)
    (event,) = story.when(CancelLines(ID, {"1": 4}))
    assert (event.unallocated, event.backordered) == ((LineQuantity("1", 1),), (LineQuantity("1", 2),))
    assert story.line("1") == {"cancelled": 4, "reserved": 2}


def test_what_a_cancelled_claim_held_is_available_again(story):
    story.placed(("1", "TEA", 2)).allocated("1", 2)
    (event,) = story.when(CancelLines(ID))
    (posting,) = postings_of(event)
    assert (posting.source_bucket, posting.target_bucket, posting.quantity) == ("reserved", "available", 2)


def test_cancelling_everything_makes_the_order_cancelled(story):
    story.placed(("1", "TEA", 2), ("2", "fee", 1)).allocated("1", 2)
    story.when(CancelLines(ID, reason="changed mind"))
    assert story.order.status == "cancelled"
    assert story.order.fulfillment_status == "cancelled"


def test_no_more_is_cancelled_than_is_open(story):
    story.placed(("1", "TEA", 3)).allocated("1", 3)
    story.when(Ship(ID, contents=None))
    story.refused(ExceedsQuantity, CancelLines(ID), step="open and not packed")


def test_cancelling_more_than_open_names_both_figures(story):
    story.placed(("1", "TEA", 3))
    story.refused(ExceedsQuantity, CancelLines(ID, {"1": 4}), line="1", asked=4, there=3)


@pytest.mark.parametrize(
    ("quantities", "error"),
    [({}, InvalidCommand), ({"1": 0}, InvalidCommand), ({"1": True}, InvalidCommand), ({"9": 1}, NotFound)],
)
def test_a_cancellation_names_lines_and_units(story, quantities, error):
    story.placed(("1", "TEA", 3)).refused(error, CancelLines(ID, quantities))


def test_a_claim_gives_no_more_than_it_holds(story):
    story.placed(("1", "TEA", 3)).allocated("1", 2)
    moved = Moved("1", "TEA", "loc/WH1", "reserved", 3)
    with pytest.raises(ExceedsQuantity):
        story.given(LinesCancelled(contents=(moved,)))


counters = st.integers(-2, 6)


@given(counters, counters, counters, counters, counters, counters, counters, st.integers(0, 4), st.integers(1, 12))
def test_a_line_whose_units_do_not_add_up_is_never_made(
    unallocated, backordered, cancelled, shipped, delivered, lost, returned, claimed, quantity
):
    claims = (Claim("loc/WH1", "reserved", claimed),) if claimed else ()
    facts = OrderLine("1", "TEA", quantity, 100, 2, 100 * quantity)
    line = LineState(facts, unallocated, backordered, cancelled, 0, shipped, delivered, lost, returned, claims)
    adds_up = unallocated + backordered + cancelled + shipped + claimed == quantity
    possible = min(unallocated, backordered) >= 0 and delivered + lost <= shipped and returned <= shipped - lost
    if adds_up and possible:
        assert checked(line) is line
    else:
        with pytest.raises(BrokenRule):
            checked(line)
