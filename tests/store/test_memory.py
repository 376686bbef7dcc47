import threading
from datetime import timedelta

import pytest

from ordercore.errors import BrokenRule, InvalidCommand
from ordercore.store import (
    CancelTimer,
    Committed,
    DeleteDocument,
    PutDocument,
    ReadDocument,
    ReadDocuments,
    ReadOffers,
    ReadPositions,
    ReadStream,
    SetTimer,
    Store,
)
from ordercore.store.memory import MemoryStore
from ordercore.testing.sample_events import (
    HERE,
    NOW,
    Noted,
    Sheet,
    append,
    batch,
    context,
    delivery,
    moved,
    order,
    receive,
    reserve,
)


@pytest.fixture
def store():
    return MemoryStore()


def test_the_memory_store_is_a_store(store):
    accepted: Store = store
    assert accepted.capabilities == {"global_order", "group_commit", "fencing", "transfer", "archive"}


def test_what_was_committed_comes_back_as_the_same_objects(store):
    event, body = Noted("one"), Sheet("one")
    store.commit(batch("a", append("order/1", 0, event), documents=[PutDocument("sheet", "1", body)]))
    stream, document = ReadStream("order/1"), ReadDocument("sheet", "1")
    snapshot = store.read([stream, document])
    assert snapshot.of(stream).events[0] is event
    assert snapshot.of(document).body is body


def test_a_reader_never_gets_hold_of_a_live_row(store):
    store.commit(delivery("in", receive("TEA", 5)))
    positions, offers = ReadPositions(("TEA",)), ReadOffers(("TEA",))
    before = store.read([positions, offers])
    store.commit(order("a", reserve("TEA", 2, "1")))
    assert before.of(positions)["TEA", HERE, "", ""][0] == 5
    assert before.of(offers) == {"TEA": {HERE: 5}}


@pytest.mark.parametrize("unzoned", ["now", "effective", "due"])
def test_a_time_without_a_zone_is_refused_before_anything_is_written(store, unzoned):
    naive = NOW.replace(tzinfo=None)
    at = {"now": context("a", now=naive), "effective": context("a", effective=naive)}.get(unzoned)
    timers = [SetTimer("expire", "1", naive)] if unzoned == "due" else []
    with pytest.raises(BrokenRule, match="without a zone"):
        store.commit(batch("a", append("order/1", 0, Noted("one")), timers=timers, at=at))
    assert store.outcome("a") is None
    assert store.read_all(None).records == ()


def test_a_balance_beyond_two_to_the_62_is_refused(store):
    store.commit(delivery("in", receive("TEA", 2**62)))
    with pytest.raises(BrokenRule, match="TEA"):
        store.commit(delivery("more", receive("TEA", 1)))
    assert store.outcome("more") is None


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "\u0661", "1" * 30])
def test_a_cursor_of_another_store_is_refused(store, cursor):
    with pytest.raises(InvalidCommand, match="not a cursor"):
        store.read_all(cursor)


def test_a_document_leaves_its_old_shelf_when_its_tag_changes_or_it_is_deleted(store):
    for number, tag in enumerate(("open", "done", "done")):
        put = [PutDocument("sheet", key, Sheet(key), None, tag, str(number)) for key in "abc"]
        store.commit(batch(f"{number}", documents=put))
    store.commit(batch("gone", documents=[DeleteDocument("sheet", "b")]))
    open_, done, every = ReadDocuments("sheet", "open"), ReadDocuments("sheet", "done"), ReadDocuments("sheet")
    snapshot = store.read([open_, done, every])
    assert snapshot.of(open_) == ()
    assert [each.key for each in snapshot.of(done)] == [each.key for each in snapshot.of(every)] == ["a", "c"]


def test_timers_set_moved_and_cancelled_leave_nothing_behind(store):
    for number in range(4):
        store.commit(batch(f"{number}", timers=[SetTimer("expire", "1", NOW + timedelta(minutes=number))]))
    assert store.next_due() == NOW + timedelta(minutes=3)
    store.commit(batch("cancel", timers=[CancelTimer("expire", "1"), CancelTimer("expire", "never")]))
    assert store.next_due() is None
    assert store.lease_due("me", NOW + timedelta(days=1), timedelta(minutes=1)) == ()


def test_damage_done_behind_its_back_is_found(store):
    store.commit(delivery("in", receive("TEA", 5)))
    kept = store._of("")
    kept.rows["TEA", HERE, "", ""][0] = -2
    entry = kept.log[0]
    entry.first = 4
    found = {(breach.identity, breach.expected, breach.actual) for breach in store.verify()}
    assert found == {("version", "1", "4"), ("row", "5", "-2"), ("negative", ">= 0", "-2")}


def test_threads_share_it_without_losing_a_unit(store):
    store.commit(delivery("in", receive("TEA", 100)))
    won = []

    def sell(worker):
        results = [store.commit(order(f"{worker}/{n}", reserve("TEA", 1, "1"))) for n in range(40)]
        won.append(sum(isinstance(result, Committed) for result in results))

    threads = [threading.Thread(target=sell, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    positions = ReadPositions(("TEA",))
    assert sum(won) == 100
    assert store.read([positions]).of(positions)["TEA", HERE, "", ""][:3] == (0, 0, 100)
    assert store.verify() == ()


def test_events_that_only_check_a_head_write_no_row(store):
    store.commit(batch("a", append("order/1", 0, Noted("one"))))
    result = store.commit(batch("b", append("order/1", 1), append("order/2", None, moved())))
    assert isinstance(result, Committed)
    assert dict(result.versions) == {"order/1": 1, "order/2": 1}
    assert len(store.read_all(None).records) == 2
