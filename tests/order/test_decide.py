"""What a command may not say, whatever the order's state; each refusal names the field."""

from datetime import UTC, datetime

import pytest
from attrs import evolve

from ordercore.errors import InvalidCommand
from ordercore.order import (
    AddHold,
    ConfirmDelivery,
    Content,
    PackParcel,
    PickLines,
    ReceiveReturn,
    RecordPayment,
    RecordTracking,
    ReleaseOrder,
    ReturnedLine,
    Ship,
)

ID = "shop:1"
AT = datetime(2026, 3, 3, tzinfo=UTC)


@pytest.fixture
def shipped(story):
    story.placed(("1", "TEA", 2)).allocated("1", 2)
    story.when(Ship(ID))
    return story


@pytest.mark.parametrize(
    ("command", "path", "meant"),
    [
        (AddHold(ID, "h", "frod"), "kind", "fraud"),
        (AddHold(ID, "h", blocks=("pick", "shipp")), "blocks[1]", "ship"),
        (AddHold(ID, "h", blocks="ship"), "blocks", ""),
        (RecordTracking(ID, "P1", "deliverd", AT), "status", "delivered"),
        (RecordPayment(ID, "r", "chrge", "1.00"), "kind", "charge"),
        (ReceiveReturn(ID, "R1", "WH1", (ReturnedLine("1", 1, "restok"),)), "lines[0].disposition", "restock"),
    ],
)
def test_words_of_a_closed_set_are_known_words(shipped, command, path, meant):
    refused = shipped.refused(InvalidCommand, command, path=path)
    assert meant in refused.hint


@pytest.mark.parametrize("kind", [["charge"], None, 5])
def test_what_is_not_text_is_no_word_of_a_closed_set(shipped, kind):
    shipped.refused(InvalidCommand, RecordPayment(ID, "r", kind, "1.00"), path="kind")


def test_a_lot_comes_back_only_on_an_item_with_lots(shipped):
    line = ReturnedLine("1", 1, "restock", "L1")
    shipped.refused(InvalidCommand, ReceiveReturn(ID, "R1", "WH1", (line,)), path="lines[0].lot")


@pytest.mark.parametrize("lot", ["a b", "x" * 65, "a/b", 5])
def test_a_lot_that_comes_back_is_a_code(story, lot):
    story.placed(("1", "MILK", 2)).allocated("1", 2)
    story.when(Ship(ID))
    story.facts = evolve(story.facts, lot_skus=frozenset({"MILK"}))
    line = ReturnedLine("1", 1, "restock", lot)
    story.refused(InvalidCommand, ReceiveReturn(ID, "R1", "WH1", (line,)), path="lines[0].lot")


@pytest.mark.parametrize("many", [0, -1, pytest.param(10**5000, id="giant"), True])
def test_contents_are_checked_before_anything_else(shipped, many):
    contents = (Content("1", many),)
    shipped.refused(InvalidCommand, Ship(ID, contents=contents), path="contents[0].quantity")


def test_no_contents_are_not_the_same_as_all(story):
    story.placed(("1", "TEA", 2)).allocated("1", 2, "WH2")
    story.refused(InvalidCommand, Ship(ID, contents=()), path="contents")
    story.when(ReleaseOrder(ID))
    story.refused(InvalidCommand, PickLines(ID, "F1", ()), path="contents")
    story.when(PickLines(ID, "F1"))
    story.refused(InvalidCommand, PackParcel(ID, "F1", "B1", ()), path="contents")


def test_what_a_carrier_said_of_a_packed_parcel_stays_known(story):
    story.placed(("1", "TEA", 2)).allocated("1", 2, "WH2")
    story.when(ReleaseOrder(ID))
    story.when(PickLines(ID, "F1"))
    story.when(PackParcel(ID, "F1", "B1"))
    story.when(RecordTracking(ID, "B1", "picked_up", AT))
    story.when(Ship(ID, "B1"))
    assert [fact.status for fact in story.order.parcel("B1").facts] == ["picked_up"]
    assert story.when(RecordTracking(ID, "B1", "picked_up", AT)) == ()
    story.when(ConfirmDelivery(ID, "B1"))
    assert story.order.status == "completed"


def test_a_parcel_that_arrived_before_it_was_shipped_is_delivered_with_the_shipment(story):
    story.placed(("1", "TEA", 2)).allocated("1", 2, "WH2")
    story.when(ReleaseOrder(ID))
    story.when(PickLines(ID, "F1"))
    story.when(PackParcel(ID, "F1", "B1"))
    story.when(RecordTracking(ID, "B1", "delivered", AT))
    story.when(Ship(ID, "B1"))
    assert story.order.fulfillment_status == "delivered"
    assert story.order.parcel("B1").delivered
