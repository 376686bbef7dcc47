import pytest
from attrs import evolve

from ordercore.errors import ExceedsQuantity, InvalidCommand, NotFound, TransitionRefused
from ordercore.order import ReceiveReturn, ReturnedLine, Ship
from ordercore.order.events import ReturnReceived
from ordercore.store import postings_of

ID = "shop:1"


@pytest.fixture
def shipped(story):
    story.placed(("1", "TEA", 5), ("2", "postage", 1)).allocated("1", 5)
    story.when(Ship(ID))
    return story


def back(quantity, disposition="restock", line="1", id="R1", lot=""):
    return ReceiveReturn(ID, id, "WH1", (ReturnedLine(line, quantity, disposition, lot),))


@pytest.mark.parametrize(
    ("disposition", "bucket"),
    [
        ("restock", "available"),
        ("quarantine", "quarantine"),
        ("damaged", "damaged"),
        ("returns_inbound", "returns_inbound"),
        ("scrap", None),
        ("keep_by_customer", None),
    ],
)
def test_each_disposition_has_its_bucket(shipped, disposition, bucket):
    (event,) = shipped.when(back(2, disposition))
    assert isinstance(event, ReturnReceived)
    assert [p.target_bucket for p in postings_of(event)] == ([bucket] if bucket else [])
    assert shipped.line("1") == {"shipped": 5, "returned": 2}


def test_no_more_comes_back_than_was_shipped(shipped):
    shipped.when(back(3))
    shipped.refused(ExceedsQuantity, back(3, id="R2"), asked=3, there=2)
    two = (ReturnedLine("1", 1, "restock"), ReturnedLine("1", 2, "damaged"))
    shipped.refused(ExceedsQuantity, ReceiveReturn(ID, "R2", "WH1", two), asked=3, there=2)


def test_a_return_is_received_once(shipped):
    shipped.when(back(1))
    shipped.refused(TransitionRefused, back(1), machine="return")


def test_the_return_status_follows_the_units(shipped):
    assert shipped.order.return_status == "none"
    shipped.when(back(2))
    assert shipped.order.return_status == "partially_returned"
    shipped.when(back(3, id="R2"))
    shipped.when(back(1, line="2", id="R3"))
    assert shipped.order.return_status == "returned"


def test_untracked_lines_come_back_into_no_stock(shipped):
    (event,) = shipped.when(back(1, line="2"))
    assert list(postings_of(event)) == []


def test_goods_with_lots_come_back_by_lot(shipped):
    shipped.facts = evolve(shipped.facts, lot_skus=frozenset(["TEA"]))
    shipped.refused(InvalidCommand, back(1), path="lines[0].lot")
    shipped.when(back(1, lot="L1"))
    shipped.when(back(1, "keep_by_customer", id="R2"))


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (ReceiveReturn(ID, "R1", "WH1", ()), InvalidCommand),
        (back(0), InvalidCommand),
        (back(1, line="7"), NotFound),
        (back(1, id="R 1"), InvalidCommand),
    ],
)
def test_a_return_says_what_came_back(shipped, command, error):
    shipped.refused(error, command)
