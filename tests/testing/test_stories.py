"""Stories of deciders: an order's, and one of a host's own."""

import pytest
from attrs import frozen

from ordercore import Ship
from ordercore.errors import ExceedsQuantity, Rejected
from ordercore.message import Command, Event
from ordercore.order.fulfillment import ParcelShipped
from ordercore.testing import OrderStory, Story


@frozen
class GiftWrapped(Event):
    paper: str


@frozen
class Wrap(Command[None]):
    paper: str


class NoPaper(Rejected):
    code = "no_paper"


def decide(papers, command, context):
    if command.paper in papers:
        raise NoPaper("That paper is used up.", paper=command.paper)
    return [GiftWrapped(command.paper)]


def evolve(papers, event):
    return (*(papers or ()), event.paper)


def wrapping():
    return Story(decide, evolve).given(GiftWrapped("red"))


def test_a_decider_of_a_hosts_own_has_a_story():
    story = wrapping()
    assert story.when(Wrap("blue")) == (GiftWrapped("blue"),)
    story.then(GiftWrapped("blue"))
    assert story.state == ("red", "blue")
    assert story.events == [GiftWrapped("red"), GiftWrapped("blue")]


def test_a_refusal_is_told_by_code_or_class_with_its_fields():
    story = wrapping()
    assert isinstance(story.refused("no_paper", Wrap("red"), paper="red"), NoPaper)
    story.refused(NoPaper, Wrap("red"))
    assert story.state == ("red",)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda story: story.refused("no_paper", Wrap("blue")), "not refused: Wrap came to"),
        (lambda story: story.refused("no_scissors", Wrap("red")), "refused with 'no_paper', not 'no_scissors'"),
        (lambda story: story.refused("no_paper", Wrap("red"), paper="blue"), "says {'paper': 'red'}"),
        (lambda story: story.when(Wrap("blue")) and story.then(GiftWrapped("red")), "it came to"),
        (lambda story: Story(decide, evolve).when(Wrap("red")), "begin with given"),
    ],
)
def test_a_story_that_does_not_hold_fails_and_says_why(ask, said):
    with pytest.raises(AssertionError) as failed:
        ask(wrapping())
    assert said in str(failed.value)


def test_a_refusal_that_nobody_expected_is_raised():
    with pytest.raises(NoPaper):
        wrapping().when(Wrap("red"))


def test_the_story_of_an_order_has_short_words():
    story = OrderStory().placed(("1", "TEA", 5), ("2", "postage", 1)).allocated("1", 3)
    (shipped, *_) = story.when(Ship("shop:1"))
    assert isinstance(shipped, ParcelShipped)
    assert story.line("1") == {"unallocated": 2, "shipped": 3}
    story.waits("1", 2)
    assert story.order.line("1").backordered == 2
    story.refused(ExceedsQuantity, Ship("shop:1"))
