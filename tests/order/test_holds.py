import pytest

from ordercore.errors import AlreadyExists, Held, NotFound
from ordercore.order import AddHold, CancelLines, ConfirmOrder, ReleaseHold, ReleaseOrder, Ship
from ordercore.order.decide import require
from ordercore.order.events import HoldAdded, HoldReleased

ID = "shop:1"


@pytest.fixture
def held(story):
    story.placed(("1", "TEA", 2)).allocated("1", 2)
    (event,) = story.when(AddHold(ID, "fraud-1", "fraud", ("release", "ship"), "card from far away"))
    assert isinstance(event, HoldAdded)
    return story


def test_a_hold_blocks_the_steps_it_names_and_no_others(held):
    held.refused(Held, Ship(ID), hold="fraud-1", kind="fraud", step="ship")
    held.refused(Held, ReleaseOrder(ID), step="release")
    held.when(CancelLines(ID, {"1": 1}))


def test_a_hold_blocks_until_the_last_one_is_released(held):
    held.when(AddHold(ID, "stock-1", "stock", ("ship",)))
    (event,) = held.when(ReleaseHold(ID, "fraud-1"))
    assert isinstance(event, HoldReleased)
    held.refused(Held, Ship(ID), hold="stock-1")
    held.when(ReleaseHold(ID, "stock-1"))
    held.when(Ship(ID))


def test_a_name_is_used_once_at_a_time(held):
    held.refused(AlreadyExists, AddHold(ID, "fraud-1"), kind="hold", name="fraud-1")
    held.when(ReleaseHold(ID, "fraud-1"))
    held.when(AddHold(ID, "fraud-1"))


def test_an_unknown_hold_is_named_with_the_nearest(held):
    assert "fraud-1" in held.refused(NotFound, ReleaseHold(ID, "fraud-2"), name="fraud-2").hint


def test_a_hold_can_keep_an_order_from_being_confirmed_or_cancelled(story):
    story.placed(("1", "TEA", 2), confirmed=False)
    story.when(AddHold(ID, "ask", "approval", ("confirm", "cancel")))
    story.refused(Held, ConfirmOrder(ID), step="confirm")
    story.refused(Held, CancelLines(ID), step="cancel")


def test_a_hold_that_blocks_allocation_is_asked_before_sourcing(story):
    story.placed(("1", "TEA", 2))
    story.when(AddHold(ID, "a", blocks=("allocate",)))
    with pytest.raises(Held):
        require(story.order, "AllocateOrder")
