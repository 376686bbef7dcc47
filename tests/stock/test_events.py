from collections import Counter
from datetime import UTC, date, datetime
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from ordercore.codec import Codec
from ordercore.message import Context
from ordercore.plan import Leg
from ordercore.stock import CountStock
from ordercore.stock import events as e
from ordercore.stock.lines import BUCKETS_IN
from ordercore.store import BUCKETS, OUTSIDE, Append, Batch, has_row, postings_of, rows_of

codec = Codec()
NOW = datetime(2026, 3, 1, tzinfo=UTC)

skus = st.sampled_from(["TEA", "CUP", "MILK"])
places = st.sampled_from(["loc/WH1", "loc/WH2"])
lots = st.sampled_from(["", "L1", "L2"])
units = st.integers(1, 10**9)
buckets = st.sampled_from(BUCKETS_IN)
reasons = st.sampled_from(["", "fell"])
instants = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def rows(row, **fields):
    return st.lists(st.builds(row, **fields), max_size=5).map(tuple)


received = rows(
    e.ReceivedUnits, sku=skus, quantity=units, bucket=buckets, lot=lots, cost=st.integers(0, 2**62),
    digits=st.integers(0, 12), currency=st.sampled_from(["", "EUR"]),
)  # fmt: skip
moved = rows(e.TransferUnits, sku=skus, quantity=units, lot=lots)
contents = rows(
    Leg, line=st.sampled_from(["1", "2"]), sku=skus, place=places, quantity=units, lot=lots, owner=st.just("")
)

FIELDS = {
    e.StockReceived: (places, received, reasons, reasons),
    e.StockOpened: (places, st.just("day-1"), received),
    e.StockAdjusted: (places, skus, buckets, units.flatmap(lambda n: st.sampled_from([n, -n])), reasons, lots),
    e.StockCounted: (places, skus, buckets, units, units, lots),
    e.StockMoved: (places, skus, units, buckets, st.sampled_from([*BUCKETS_IN, "scrap"]), reasons, lots),
    e.TransferSent: (st.just("T1"), places, places, moved),
    e.TransferReceived: (st.just("T1"), places, moved, moved, reasons),
    e.ReservationMade: (contents, instants, st.just("nearest"), units, contents),
    e.ReservationExtended: (instants,),
    e.ReservationUpgraded: (st.just("shop:1"), contents),
    e.ReservationReleased: (contents,),
    e.ReservationExpired: (contents,),
}
stock_events = st.one_of(*(st.builds(kind, *fields) for kind, fields in FIELDS.items()))


def test_the_strategy_makes_every_event_of_stock():
    assert set(FIELDS) == {kind.cls for kind in e.EVENTS} == set(get_args(e.StockEvent))


@given(event=stock_events)
def test_every_event_conserves_units_and_names_accounts_that_are(event):
    change = Counter()
    for one in postings_of(event):
        assert one.quantity > 0
        for place, bucket, sign in ((one.source, one.source_bucket, -1), (one.target, one.target_bucket, 1)):
            assert (place in OUTSIDE and not bucket) or (has_row(place) and bucket in BUCKETS)
            change[one.sku] += sign * one.quantity
            change[one.sku, place, bucket] += sign * one.quantity
    assert all(not change[sku] for sku in ("TEA", "CUP", "MILK"))
    for (sku, place, lot, _), row in rows_of(postings_of(event)).items():
        if not lot:
            assert [change[sku, place, bucket] for bucket in BUCKETS] == row


@given(event=stock_events)
def test_lots_change_as_much_as_their_pool_where_all_units_have_lots(event):
    named = [one for one in postings_of(event) if one.lot]
    changed = rows_of(named)
    for (sku, place, lot, owner), row in changed.items():
        if not lot:
            below = [other for key, other in changed.items() if key[:2] == (sku, place) and key[2]]
            assert [sum(column) for column in zip(*below, strict=True)] == row, owner


@given(event=stock_events)
def test_every_event_may_ride_in_a_batch_that_saw_its_stream(event):
    own = Append("any/1", 1, (event,))
    batch = Batch("c1", CountStock("WH1", "TEA", 1), Context("c1", NOW, NOW), (own,))
    assert batch.rows == rows_of(postings_of(event))


@given(event=stock_events)
def test_every_event_is_stored_and_read_back_as_it_was(event):
    assert codec.load_events(codec.dump_events([event])) == (event,)


@given(received_at=instants, expires=st.none() | st.dates())
def test_documents_are_stored_and_read_back_as_they_were(received_at, expires):
    for body in (e.LotFacts("MILK", "L1", received_at, expires), e.LastCount(received_at, 3, 4)):
        assert codec.load_document(codec.dump_document(body)) == body


def test_nothing_expires_before_a_lot_that_never_does():
    assert e.LotFacts("MILK", "A", NOW, date(9999, 12, 30)).sort < e.LotFacts("MILK", "B", NOW).sort
