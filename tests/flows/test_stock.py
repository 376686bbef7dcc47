from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordercore.errors import Insufficient, InvalidCommand, NotFound, StaleCount, TransitionRefused
from ordercore.flows.record import waiting_key
from ordercore.order import Line, PlaceOrder
from ordercore.stock import AdjustStock, CountStock, MoveStock, OpenBalance, Opening, Received, ReceiveStock
from ordercore.stock.lots import LotFacts
from ordercore.values import Quantity


def receive(sku, quantity, location="WH1", lot="", **more):
    return ReceiveStock(location, [Received(sku, quantity, lot, **more)])


def wait_for(bench, sku, quantity, name="1001", **more):
    """An order that waits, for there is no stock."""
    bench(PlaceOrder("shop", name, "EUR", [Line(sku, quantity, "1.00")], shortage="backorder", **more))


def waits(bench, name="1001"):
    return bench.document("waiting", waiting_key(f"shop:{name}", "1"))


def test_what_comes_in_is_available(bench):
    result, events = bench(receive("TEA", Quantity.of("2", "case")), id="r1")
    assert (result, len(events)) == ("r1", 1)
    assert bench.units("TEA") == {"available": 24}


def test_lots_sum_to_their_pool_and_are_known(bench):
    lines = [Received("MILK", 3, "L1", date(2026, 5, 1)), Received("MILK", 4, "L2"), Received("MILK", 1, "L1")]
    bench(ReceiveStock("WH1", lines))
    assert [bench.units("MILK", lot=lot) for lot in ("", "L1", "L2")] == [{"available": n} for n in (8, 4, 4)]
    assert bench.document("lot", "MILK/L1") == LotFacts("MILK", "L1", bench.now, date(2026, 5, 1))
    first = bench.now
    bench.later(days=1)
    bench(receive("MILK", 1, lot="L2", expires=date(2026, 6, 1)))
    assert bench.document("lot", "MILK/L2") == LotFacts("MILK", "L2", first, date(2026, 6, 1))


def test_a_lot_has_one_expiry_date(bench):
    bench(receive("MILK", 3, lot="L1", expires=date(2026, 5, 1)))
    with pytest.raises(InvalidCommand) as caught:
        bench(receive("MILK", 3, lot="L1", expires=date(2026, 5, 2)))
    assert caught.value.path == "lines[0].expires"
    assert bench.units("MILK") == {"available": 3}


def test_a_receipt_of_one_source_and_id_is_taken_once(bench):
    command = ReceiveStock("WH1", [Received("TEA", 5)], "supplier", "DN/7 of 9")
    assert bench(command)[0] == "supplier:DN/7 of 9"
    with pytest.raises(TransitionRefused):
        bench(command)
    assert bench.units("TEA") == {"available": 5}


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("location", receive("TEA", 1, "WH9")),
        ("lines[0].sku", receive("COFEE", 1)),
        ("lines[0].sku", receive("TE\ud800A", 1)),
        ("lines[0].lot", receive("MILK", 1, lot="\ud800")),
        ("lines[0].quantity", receive("TEA", 0)),
        ("lines", ReceiveStock("WH1", [])),
        ("lines", ReceiveStock("WH1", [Received("TEA", 1)] * 10_001)),
        ("source", ReceiveStock("WH1", [Received("TEA", 1)], "a/b", "1")),
        ("external_id", ReceiveStock("WH1", [Received("TEA", 1)], "a", "\ud800")),
        ("location", OpenBalance("\ud800", "day-1", [Opening("TEA", 1)])),
        ("reference", OpenBalance("WH1", "", [Opening("TEA", 1)])),
        ("sku", AdjustStock("WH1", "\ud800", 1, "why")),
        ("lot", AdjustStock("WH1", "MILK", 1, "why", "\ud800")),
        ("lot", CountStock("WH1", "MILK", 1, "\ud800")),
        ("bucket", CountStock("WH1", "TEA", 1, bucket="\ud800")),
        ("location", CountStock("WH9", "TEA", 1)),
        ("location", CountStock("\ud800", "TEA", 1)),
        ("location", MoveStock("WH9", "TEA", 1, "available", "damaged", "why")),
    ],
)
def test_what_cannot_be_is_refused_with_its_path_and_changes_nothing(bench, path, command):
    with pytest.raises((InvalidCommand, NotFound)) as caught:
        bench(command)
    assert caught.value.path == path
    assert bench.units("TEA") == {}


def test_an_opening_balance_is_taken_over_once_per_location_and_reference(bench):
    bench(OpenBalance("WH1", "day-1", [Opening("TEA", 5), Opening("CUP", 2, bucket="damaged")]))
    with pytest.raises(TransitionRefused):
        bench(OpenBalance("WH1", "day-1", [Opening("TEA", 5)]))
    bench(OpenBalance("WH2", "day-1", [Opening("TEA", 7)]))
    assert (bench.units("TEA"), bench.units("TEA", "loc/WH2")) == ({"available": 5}, {"available": 7})
    assert bench.units("CUP") == {"damaged": 2}


def test_an_adjustment_takes_from_its_bucket_and_never_below_it(bench):
    bench(receive("TEA", 5))
    bench(AdjustStock("WH1", "TEA", -2, "stolen"))
    assert bench.units("TEA") == {"available": 3}
    for command in (AdjustStock("WH1", "TEA", -4, "stolen"), AdjustStock("WH1", "TEA", -1, "x", bucket="damaged")):
        with pytest.raises(Insufficient):
            bench(command)
    assert bench.units("TEA") == {"available": 3}


def test_what_orders_hold_is_not_adjusted_away(bench):
    bench(receive("TEA", 5))
    bench(PlaceOrder("shop", "1001", "EUR", [Line("TEA", 4, "1.00")]))
    with pytest.raises(Insufficient):
        bench(AdjustStock("WH1", "TEA", -2, "stolen"))
    assert bench.units("TEA") == {"available": 1, "reserved": 4}


def test_a_lot_that_turns_up_is_known_from_then_on(bench):
    bench(AdjustStock("WH1", "MILK", 2, "found", "L9"))
    assert bench.document("lot", "MILK/L9") == LotFacts("MILK", "L9", bench.now)
    bench(CountStock("WH1", "MILK", 3, "L8"))
    assert bench.document("lot", "MILK/L8") is not None
    assert bench.units("MILK") == {"available": 5}


def test_a_move_changes_the_bucket_and_scrap_leaves(bench):
    bench(receive("MILK", 5, lot="L1"))
    bench(MoveStock("WH1", "MILK", 3, "available", "damaged", "fell", "L1"))
    bench(MoveStock("WH1", "MILK", 2, "damaged", "scrap", "sour", "L1"))
    for lot in ("", "L1"):
        assert bench.units("MILK", lot=lot) == {"available": 2, "damaged": 1}
    with pytest.raises(Insufficient):
        bench(MoveStock("WH1", "MILK", 2, "damaged", "available", "repaired", "L1"))


# Counts


def test_a_count_makes_the_books_what_was_seen(bench):
    bench(receive("TEA", 10))
    (event,) = bench(CountStock("WH1", "TEA", 8))[1]
    assert (event.counted, event.expected) == (8, 10)
    assert bench.units("TEA") == {"available": 8}
    bench(CountStock("WH1", "TEA", 8))
    bench(CountStock("WH1", "TEA", 1, bucket="damaged"))
    assert bench.units("TEA") == {"available": 8, "damaged": 1}


def test_a_count_of_a_lot_leaves_other_lots_alone(bench):
    bench(ReceiveStock("WH1", [Received("MILK", 3, "L1"), Received("MILK", 4, "L2")]))
    bench(CountStock("WH1", "MILK", 2, "L1"))
    assert [bench.units("MILK", lot=lot) for lot in ("", "L1", "L2")] == [{"available": n} for n in (6, 2, 4)]


def test_a_count_of_the_past_keeps_what_happened_since(bench):
    bench(receive("TEA", 10))
    bench.later(hours=1)
    counted_at = bench.now
    bench.later(hours=1)
    bench(AdjustStock("WH1", "TEA", -3, "stolen"))
    (event,) = bench(CountStock("WH1", "TEA", 8), effective=counted_at)[1]
    assert (event.counted, event.expected) == (8, 10)
    assert bench.units("TEA") == {"available": 5}


def test_a_movement_at_the_moment_of_the_count_came_before_it(bench):
    bench(receive("TEA", 10))
    bench(CountStock("WH1", "TEA", 8))
    assert bench.units("TEA") == {"available": 8}


def test_a_count_older_than_the_newest_of_its_row_is_refused(bench):
    early = bench.now
    bench.later(hours=1)
    bench(CountStock("WH1", "TEA", 8))
    with pytest.raises(StaleCount):
        bench(CountStock("WH1", "TEA", 3), effective=early)
    bench(CountStock("WH2", "TEA", 3), effective=early)
    bench(CountStock("WH1", "TEA", 2, bucket="damaged"), effective=early)
    assert bench.units("TEA") == {"available": 8, "damaged": 2}


@pytest.mark.parametrize(("effective", "left"), [(-60, 8), (60, 5)])
def test_a_count_is_worked_out_again_when_its_row_changes_before_the_commit(bench, effective, left):
    bench(receive("TEA", 10))
    bench.later(hours=1)
    moved = bench.now + timedelta(seconds=effective)
    bench.before_commit.append(lambda: bench(AdjustStock("WH1", "TEA", -3, "sold"), effective=moved))
    bench(CountStock("WH1", "TEA", 8))
    assert bench.units("TEA") == {"available": left}


def test_a_count_cannot_take_what_is_claimed(bench):
    bench(receive("MILK", 5, lot="L1"))
    bench(PlaceOrder("shop", "1001", "EUR", [Line("MILK", 4, "1.00")]))
    with pytest.raises(Insufficient):
        bench(CountStock("WH1", "MILK", 0, "L1"))
    assert bench.units("MILK") == {"available": 1, "reserved": 4}


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    moves=st.lists(st.tuples(st.integers(1, 9), st.integers(-3, 9)), max_size=6),
    counted=st.integers(0, 50),
    minute=st.integers(0, 10),
)
def test_a_count_makes_the_past_what_was_seen_then(bench, moves, counted, minute):
    """Whatever the order in which movements and the count are recorded and effective."""
    sku = "CUP"
    bench(CountStock("WH1", sku, 0))
    bench.later(days=2)
    start, since = bench.now, 0
    bench(receive(sku, 40), effective=start - timedelta(seconds=1))
    bench.later(minutes=30)
    for at, change in moves:
        if change:
            bench(AdjustStock("WH1", sku, change, "why"), effective=start + timedelta(minutes=at))
            since += change if at > minute else 0
    bench(CountStock("WH1", sku, counted + 20), effective=start + timedelta(minutes=minute))
    assert bench.units(sku).get("available", 0) == counted + 20 + since


# Lines that wait


@pytest.mark.parametrize(
    "command",
    [
        receive("TEA", 3),
        OpenBalance("WH1", "day-1", [Opening("TEA", 3)]),
        AdjustStock("WH1", "TEA", 3, "found"),
        CountStock("WH1", "TEA", 3),
    ],
)
def test_new_supply_fills_waiting_lines_in_the_same_commit(bench, command):
    wait_for(bench, "TEA", 5)
    _, events = bench(command)
    assert [type(event).__name__ for event in events][1:] == ["OrderAllocated"]
    assert bench.units("TEA") == {"reserved": 3}
    assert waits(bench).quantity == 2


def test_units_passed_by_quality_control_fill_waiting_lines(bench):
    bench(receive("TEA", 5, bucket="quality_control"))
    wait_for(bench, "TEA", 2)
    assert waits(bench).quantity == 2
    bench(MoveStock("WH1", "TEA", 5, "quality_control", "available", "passed"))
    assert bench.units("TEA") == {"available": 3, "reserved": 2}
    assert waits(bench) is None


def test_units_that_are_not_available_fill_nothing(bench):
    wait_for(bench, "TEA", 5)
    assert len(bench(receive("TEA", 5, bucket="damaged"))[1]) == 1
    assert waits(bench).quantity == 5


def test_waiting_lines_are_filled_by_priority_then_by_time(bench):
    for name, priority in (("1001", 0), ("1002", 0), ("1003", 5)):
        wait_for(bench, "TEA", 2, name, priority=priority)
        bench.later(minutes=1)
    bench(receive("TEA", 3))
    assert [waits(bench, name) and waits(bench, name).quantity for name in ("1001", "1002", "1003")] == [1, 2, None]
