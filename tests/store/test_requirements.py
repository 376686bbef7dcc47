"""Rows required as they were read, and the past of a row: what counts need, on both stores."""

from datetime import UTC, datetime, timedelta

import pytest

from ordercore.message import Context
from ordercore.store import BUCKETS, Append, Batch, Committed, Conflicted, ReadChange, RequireUnits
from ordercore.store.memory import MemoryStore
from ordercore.store.sqlite import SQLiteStore
from ordercore.testing.sample_events import HERE, THERE, Sample, moved, receive, reserve, sample_codec

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path):
    made = MemoryStore() if request.param == "memory" else SQLiteStore(tmp_path / "shop.db", synchronous="NORMAL")
    made.use_codec(sample_codec())
    yield made
    made.close()


def batch(id, *moves, requires=(), effective=NOW, now=NOW, tenant=""):
    own = Append(f"any/{id}", 0, (moved(*moves),))
    return Batch(id, Sample(id), Context(id, now, effective), (own,), requires=requires, tenant=tenant)


def required(units, **more):
    return (RequireUnits("TEA", HERE, "available", units, **more),)


def test_a_row_that_changed_since_it_was_read_is_a_conflict(store):
    store.commit(batch("1", receive("TEA", 5)))
    result = store.commit(batch("2", receive("TEA", 1), requires=required(4)))
    assert result == Conflicted(f"TEA at {HERE}: available", 4, 5)
    assert isinstance(store.commit(batch("3", receive("TEA", 1), requires=required(5))), Committed)


def test_a_row_that_was_never_there_holds_nothing(store):
    assert isinstance(store.commit(batch("1", receive("TEA", 1), requires=required(0))), Committed)
    assert isinstance(store.commit(batch("2", receive("TEA", 1), requires=required(0))), Conflicted)
    assert isinstance(store.commit(batch("3", receive("TEA", 1), requires=required(0, lot="L1"))), Committed)


def test_in_a_group_a_requirement_is_checked_at_its_turn(store):
    results = store.commit_many(
        [
            batch("1", receive("TEA", 5)),
            batch("2", receive("TEA", 1), requires=required(0)),
            batch("3", receive("TEA", 1), requires=required(5)),
            batch("4", receive("TEA", 1)),
        ]
    )
    assert [type(result) for result in results] == [Committed, Conflicted, Committed, Committed]


def change(store, after, lot="", tenant=""):
    query = ReadChange(("TEA", HERE, lot, ""), after)
    row = store.read([query], tenant=tenant).of(query)
    return {bucket: units for bucket, units in zip(BUCKETS, row, strict=True) if units}


def test_the_past_of_a_row_is_what_it_holds_less_what_changed_it_since(store):
    at = [NOW + timedelta(minutes=n) for n in range(4)]
    late = at[3]
    store.commit(batch("1", receive("TEA", 5, lot="L1"), effective=at[0], now=at[0]))
    store.commit(batch("2", receive("TEA", 3), receive("TEA", 4, THERE), effective=at[2], now=at[2]))
    store.commit(batch("3", reserve("TEA", 2, "1"), effective=at[1], now=late))
    assert change(store, at[0] - timedelta(seconds=1)) == {"available": 6, "reserved": 2}
    assert change(store, at[0]) == {"available": 1, "reserved": 2}
    assert change(store, at[1]) == {"available": 3}
    assert change(store, at[2]) == {}
    assert change(store, at[0], "L1") == {}
    assert change(store, at[0] - timedelta(days=4000), "L1") == {"available": 5}
    assert change(store, at[0], tenant="other") == {}


def test_what_other_tenants_recorded_is_not_looked_through(store):
    for n in range(3):
        store.commit(batch(f"t{n}", receive("TEA", 1), tenant="other", now=NOW - timedelta(days=n * 3)))
    store.commit(batch("1", receive("TEA", 5)))
    assert change(store, NOW - timedelta(days=2)) == {"available": 5}
