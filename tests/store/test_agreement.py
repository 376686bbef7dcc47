"""The same batches, in the same groups, come to the same results and contents in both stores."""

import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ordercore.store import (
    CancelTimer,
    Committed,
    DeleteDocument,
    Duplicate,
    Floor,
    PutDocument,
    ReadCounter,
    ReadDocuments,
    ReadHead,
    ReadOffers,
    ReadOutcome,
    ReadPositions,
    ReadStream,
    Require,
    SetTimer,
)
from ordercore.store.memory import MemoryStore
from ordercore.store.sqlite import SQLiteStore
from ordercore.testing.sample_events import (
    HERE,
    NOW,
    THERE,
    Noted,
    Sample,
    Sheet,
    append,
    batch,
    moved,
    narrow,
    receive,
    release,
    reserve,
    sample_codec,
    scrap,
    ship,
)

SKUS = ("TEA", "CUP")
STREAMS = ("order/1", "order/2", "receipt/1")
KEYS = ("k1", "k2")

few = st.integers(1, 3)
places = st.sampled_from((HERE, HERE, THERE))
lots = st.sampled_from(("", "", "L1", "L2"))
skus = st.sampled_from(SKUS)
moves = st.one_of(
    st.builds(
        lambda sku, units, place, lot: receive(sku, units, place, lot=lot), skus, st.integers(1, 6), places, lots
    ),
    st.builds(lambda sku, units, place, lot: scrap(sku, units, place, lot=lot), skus, few, places, lots),
    st.builds(lambda sku, units, place: reserve(sku, units, "1", place), skus, few, places),
    st.builds(lambda sku, units, place, lot: release(sku, units, "1", place, lot=lot), skus, few, places, lots),
    st.builds(lambda sku, units, place, lot: ship(sku, units, "1", place, lot=lot), skus, few, places, lots),
    st.builds(lambda sku, units, place: narrow(sku, units, "1", "L1", place), skus, few, places),
)
events = st.one_of(
    st.builds(Noted, st.sampled_from("xyz")), st.lists(moves, min_size=1, max_size=3).map(lambda m: moved(*m))
)
expected = st.integers(0, 3)
appends = st.one_of(
    st.builds(lambda s, v, e: append(s, v, *e), st.sampled_from(STREAMS), expected, st.lists(events, max_size=2)),
    st.builds(lambda s, e: append(s, None, Noted(e)), st.sampled_from(STREAMS), st.sampled_from("xyz")),
)
revision = st.sampled_from((None, None, 0, 1, 2))
documents = st.one_of(
    st.builds(
        lambda k, n, r, t, s: PutDocument("sheet", k, Sheet(k, n), r, t, s),
        st.sampled_from(KEYS), few, revision, st.sampled_from(("", "t")), st.sampled_from("ab"),
    ),
    st.builds(lambda k: DeleteDocument("sheet", k), st.sampled_from(KEYS)),
)  # fmt: skip
timers = st.one_of(
    st.builds(lambda k, n: SetTimer("expire", k, NOW + timedelta(minutes=n)), st.sampled_from(KEYS), few),
    st.builds(lambda k: CancelTimer("expire", k), st.sampled_from(KEYS)),
)
batches = st.builds(
    lambda number, appended, docs, needs, bumps, floors, set_, note: batch(
        f"c{number}", *appended, documents=docs, requires=[Require("seen", n) for n in needs], bumps=bumps,
        floors=[Floor("TEA", HERE, n) for n in floors], timers=set_, command=Sample(f"c{number}", note),
    ),
    st.integers(1, 12),
    st.lists(appends, max_size=3),
    st.lists(documents, max_size=2),
    st.lists(st.integers(0, 1), max_size=1),
    st.lists(st.just("seen"), max_size=2),
    st.lists(st.integers(0, 2), max_size=1),
    st.lists(timers, max_size=2),
    st.sampled_from(("", "", "", "other")),
)  # fmt: skip
groups = st.lists(st.lists(batches, min_size=1, max_size=5), min_size=1, max_size=6)


def contents(store):
    queries = [
        *(ReadStream(stream, after) for stream in STREAMS for after in (0, 1)), *(ReadHead(stream) for stream in STREAMS),
        ReadPositions(SKUS), ReadPositions(SKUS, THERE), ReadOffers(SKUS), ReadCounter("seen"),
        ReadDocuments("sheet"), ReadDocuments("sheet", "t", newest_first=True),
        *(ReadOutcome(f"c{number}", Sample(f"c{number}")) for number in range(1, 13)),
    ]  # fmt: skip
    snapshot = store.read(queries)
    leases = store.lease_due("me", NOW + timedelta(minutes=2), timedelta(0))
    return [snapshot.of(query) for query in queries], store.read_all(None), store.next_due(), leases, store.verify()


@settings(max_examples=80)
@given(groups)
def test_memory_and_sqlite_come_to_the_same(groups):
    memory = MemoryStore()
    with tempfile.TemporaryDirectory() as folder:
        sqlite = SQLiteStore(Path(folder) / "shop.db", synchronous="NORMAL")
        sqlite.use_codec(sample_codec())
        try:
            for group in groups:
                if len(group) == 1:
                    assert sqlite.commit(group[0]) == memory.commit(group[0])
                else:
                    assert sqlite.commit_many(group) == memory.commit_many(group)
            assert contents(sqlite) == contents(memory)
        finally:
            sqlite.close()


def test_most_of_these_batches_say_something():
    # The property above would be empty if everything it makes were refused.
    memory, kinds = MemoryStore(), set()
    for number in range(4):
        kinds.add(type(memory.commit(batch(f"c{number % 3}", append("receipt/1", None, moved(receive("TEA", 2)))))))
    assert kinds == {Committed, Duplicate}
