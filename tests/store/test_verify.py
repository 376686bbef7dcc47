from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercore.store import Posting
from ordercore.store.scalars import micros_of, moment_of
from ordercore.store.verify import Rebuild, differences, past_negatives, where
from ordercore.testing.sample_events import HERE, NOW, THERE

DAY = 86_400_000_000
START = micros_of(NOW)


def goods_in(quantity, *, sku="TEA", place=HERE, lot=""):
    return Posting(sku, quantity, "supplier", "", place, "available", lot)


def goods_out(quantity, *, sku="TEA", place=HERE, lot=""):
    return Posting(sku, quantity, place, "available", "scrap", "", lot)


def rebuilt(*batches):
    rebuild = Rebuild()
    for day, *postings in batches:
        rebuild.add(START + day * DAY, postings)
    return rebuild


def past(*batches):
    rebuild = rebuilt(*batches)
    movements = [(START + day * DAY, postings) for day, *postings in batches]
    return [(breach.where, breach.actual) for breach in past_negatives(movements, rebuild.late)]


def test_a_sale_dated_before_the_receipt_it_lived_on_was_negative_in_the_past():
    day = moment_of(START - DAY).isoformat()
    assert past((0, goods_in(5)), (-1, goods_out(3))) == [(f"TEA at {HERE}: available", f"-3 at {day}")]


def test_a_receipt_dated_back_makes_nothing_negative_and_needs_no_second_look():
    rebuild = rebuilt((0, goods_in(5)), (1, goods_out(5)), (-9, goods_in(5)))
    assert rebuild.late == set()


def test_a_late_sale_that_was_covered_is_not_listed():
    assert past((-5, goods_in(9)), (0, goods_in(1)), (-1, goods_out(3))) == []


def test_what_one_batch_takes_and_brings_counts_as_one_change():
    assert past((-3, goods_in(1)), (0, goods_in(5)), (-1, goods_out(3), goods_in(2))) == []


def test_only_the_row_that_was_negative_is_named_with_its_lowest_moment():
    found = past(
        (0, goods_in(9), goods_in(9, place=THERE)), (5, goods_out(1)),
        (-3, goods_out(2)), (-2, goods_out(3)), (1, goods_out(1, place=THERE)),
    )  # fmt: skip
    assert found == [(f"TEA at {HERE}: available", f"-5 at {moment_of(START - 2 * DAY).isoformat()}")]


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(-4, 6).filter(bool)), max_size=12))
def test_past_negatives_agree_with_a_replay_by_effective_time(history):
    batches = [(day, goods_in(units) if units > 0 else goods_out(-units)) for day, units in history]
    level, levels = 0, []
    accepted = []
    for day, posting in batches:
        signed = posting.quantity if posting.source == "supplier" else -posting.quantity
        if level + signed >= 0:  # the guard of the commit
            level += signed
            accepted.append((day, posting))
    total = 0
    for _, posting in sorted(accepted, key=lambda batch: batch[0]):
        total += posting.quantity if posting.source == "supplier" else -posting.quantity
        levels.append(total)
    lowest = min([0, *levels])
    assert [actual.split(" at ")[0] for _, actual in past(*accepted)] == ([str(lowest)] if lowest < 0 else [])


def test_rows_that_are_missing_or_differ_or_should_not_be_are_listed():
    rows = rebuilt((0, goods_in(5), goods_in(2, sku="CUP"))).rows
    stored = [
        (("TEA", HERE, "", ""), (4, 0, 1, *[0] * 7)),
        (("BOX", HERE, "", ""), (3, *[0] * 9)),
        (("JAR", HERE, "", ""), (0,) * 10),
    ]
    found = {(breach.identity, breach.where, breach.expected, breach.actual) for breach in differences(rows, stored)}
    assert found == {
        ("row", f"TEA at {HERE}: available", "5", "4"),
        ("row", f"TEA at {HERE}: reserved", "0", "1"),
        ("row", f"CUP at {HERE}: available", "2", "0"),
        ("row", f"BOX at {HERE}: available", "0", "3"),
    }


def test_lots_are_summed_over_all_buckets_against_their_own_pool():
    rows = rebuilt((0, goods_in(5, lot="L1"), goods_in(1, lot="L2", place=THERE))).rows
    stored = [(key, tuple(row)) for key, row in rows.items()]
    assert list(differences(dict(rows), stored)) == []
    short = [(key, row if not key[2] or key[1] == THERE else (3, 0, 1, *[0] * 7)) for key, row in stored]
    assert [(b.where, b.expected, b.actual) for b in differences(dict(rows), short) if b.identity == "lots"] == [
        (f"TEA at {HERE}", "pool of 4, the sum of its lots", "5")
    ]


def test_a_row_is_named_without_what_is_empty():
    assert where(("TEA", HERE, "", "")) == f"TEA at {HERE}"
    assert where(("TEA", HERE, "L1", "ACME"), "picked") == f"TEA at {HERE} lot L1 owner ACME: picked"


@given(st.datetimes(timezones=st.just(NOW.tzinfo)))
def test_times_keep_their_microseconds_both_ways(moment):
    assert moment_of(micros_of(moment)) == moment


@pytest.mark.parametrize("hours", [-12, 0, 14])
def test_a_time_in_another_zone_is_the_same_moment(hours):
    from datetime import timezone

    assert micros_of(NOW.astimezone(timezone(timedelta(hours=hours)))) == START
