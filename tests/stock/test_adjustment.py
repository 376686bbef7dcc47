from datetime import UTC, datetime, timedelta

import pytest

from ordercore.errors import InvalidCommand, NotFound, StaleCount
from ordercore.message import Context
from ordercore.stock import AdjustStock, CountStock, MoveStock
from ordercore.stock.adjustment import LastCount, StockAdjusted, StockCounted, StockMoved, count_key
from ordercore.stock.decide import adjust, count, move
from ordercore.store import postings_of, rows_of

HERE = "loc/WH1"
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def at(effective):
    return Context("c1", NOW, effective)


def change_of(event, lot=""):
    """Net change per bucket of the event's row."""
    row = rows_of(postings_of(event)).get(("TEA", HERE, lot, ""), [0] * 10)
    return {"available": row[0], "damaged": row[8]}


@pytest.mark.parametrize(("change", "available"), [(3, 3), (-3, -3)])
def test_an_adjustment_moves_the_difference_between_the_bucket_and_the_count_account(items, change, available):
    event = adjust(AdjustStock("WH1", "TEA", change, "found behind the shelf"), items, HERE)
    assert event == StockAdjusted(HERE, "TEA", "available", change, "found behind the shelf")
    assert change_of(event)["available"] == available
    (posting,) = postings_of(event)
    assert "count" in (posting.source, posting.target)


@pytest.mark.parametrize("change", [0, True, 1.0, 10**9 + 1, -(10**9) - 1, "1"])
def test_a_change_is_an_int_other_than_zero(items, change):
    with pytest.raises(InvalidCommand) as caught:
        adjust(AdjustStock("WH1", "TEA", change, "why"), items, HERE)
    assert caught.value.path == "change"


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("reason", AdjustStock("WH1", "TEA", 1, "")),
        ("reason", AdjustStock("WH1", "TEA", 1, "two\nlines")),
        ("sku", AdjustStock("WH1", "POSTAGE", 1, "why")),
        ("sku", AdjustStock("WH1", "COFEE", 1, "why")),
        ("lot", AdjustStock("WH1", "MILK", 1, "why")),
        ("lot", AdjustStock("WH1", "TEA", 1, "why", "L1")),
        ("bucket", AdjustStock("WH1", "TEA", 1, "why", bucket="picked")),
    ],
)
def test_an_adjustment_that_cannot_be_is_refused_with_its_path(items, path, command):
    with pytest.raises((InvalidCommand, NotFound)) as caught:
        adjust(command, items, HERE)
    assert caught.value.path == path


@pytest.mark.parametrize(("counted", "expected", "available"), [(8, 10, -2), (12, 10, 2), (10, 10, 0), (0, 10, -10)])
def test_a_count_posts_the_difference_to_the_books(items, counted, expected, available):
    event = count(CountStock("WH1", "TEA", counted), items, HERE, expected, None, at(NOW))
    assert event == StockCounted(HERE, "TEA", "available", counted, expected)
    assert change_of(event)["available"] == available


@pytest.mark.parametrize("counted", [-1, True, 1.5, "3", 10**9 + 1])
def test_a_count_is_a_number_of_units(items, counted):
    with pytest.raises(InvalidCommand) as caught:
        count(CountStock("WH1", "TEA", counted), items, HERE, 0, None, at(NOW))
    assert caught.value.path == "counted"


def test_a_count_older_than_the_newest_is_refused_and_one_of_the_same_time_is_not(items):
    newest = LastCount(NOW, 8, 10)
    with pytest.raises(StaleCount) as caught:
        count(CountStock("WH1", "TEA", 7), items, HERE, 8, newest, at(NOW - timedelta(seconds=1)))
    assert caught.value.newest == NOW.isoformat()
    assert count(CountStock("WH1", "TEA", 7), items, HERE, 8, newest, at(NOW)).counted == 7


def test_nobody_counts_what_will_be(items):
    with pytest.raises(InvalidCommand) as caught:
        count(CountStock("WH1", "TEA", 7), items, HERE, 8, None, at(NOW + timedelta(seconds=1)))
    assert caught.value.path == "effective"


def test_each_bucket_of_each_lot_has_its_own_count():
    keys = {
        count_key(("MILK", HERE, lot, ""), bucket) for lot in ("", "L1", "L2") for bucket in ("available", "damaged")
    }
    assert len(keys) == 6


def test_a_move_changes_the_bucket(items):
    event = move(MoveStock("WH1", "TEA", 2, "available", "damaged", "fell"), items, HERE)
    assert event == StockMoved(HERE, "TEA", 2, "available", "damaged", "fell")
    assert change_of(event) == {"available": -2, "damaged": 2}


def test_scrapped_units_leave_the_location(items):
    event = move(MoveStock("WH1", "MILK", 2, "damaged", "scrap", "sour", "L1"), items, HERE)
    (posting,) = postings_of(event)
    assert (posting.target, posting.target_bucket, posting.lot) == ("scrap", "", "L1")


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("target", MoveStock("WH1", "TEA", 1, "damaged", "damaged", "why")),
        ("target", MoveStock("WH1", "TEA", 1, "damaged", "packed", "why")),
        ("source", MoveStock("WH1", "TEA", 1, "scrap", "available", "why")),
        ("source", MoveStock("WH1", "TEA", 1, "reserved", "available", "why")),
        ("quantity", MoveStock("WH1", "TEA", 0, "damaged", "available", "why")),
        ("reason", MoveStock("WH1", "TEA", 1, "damaged", "available", "")),
        ("lot", MoveStock("WH1", "MILK", 1, "damaged", "available", "why")),
    ],
)
def test_a_move_that_cannot_be_is_refused_with_its_path(items, path, command):
    with pytest.raises(InvalidCommand) as caught:
        move(command, items, HERE)
    assert caught.value.path == path
