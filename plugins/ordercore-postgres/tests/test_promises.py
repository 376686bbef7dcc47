"""What the store promises beyond the contract: round trips, indexes, and a cursor that waits for older transactions."""

import threading
from contextlib import closing
from datetime import timedelta

import psycopg
import pytest

from ordercore.errors import InvalidCommand
from ordercore.store import (
    Bump,
    CancelTimer,
    Committed,
    DeleteDocument,
    Duplicate,
    PutDocument,
    ReadChange,
    ReadCounter,
    ReadDocument,
    ReadDocuments,
    ReadHead,
    ReadLog,
    ReadOffers,
    ReadOutcome,
    ReadPositions,
    ReadStream,
    Require,
    SetTimer,
    Short,
)
from ordercore.testing.sample_events import (
    HERE,
    NOW,
    Noted,
    Sheet,
    append,
    batch,
    delivery,
    order,
    receive,
    reserve,
    sample_codec,
)
from ordercore_postgres import PostgresStore, connections
from ordercore_postgres.cursors import position_of
from ordercore_postgres.question import Question
from ordercore_postgres.reading import ask
from ordercore_postgres.steps import Ask
from ordercore_postgres.work import Work, merged


@pytest.fixture
def url(ordercore_postgres_schema):
    PostgresStore.migrate(ordercore_postgres_schema)
    return ordercore_postgres_schema


@pytest.fixture
def store(url):
    with closing(PostgresStore(url)) as store:
        store.use_codec(sample_codec())
        yield store


@pytest.fixture
def trips(monkeypatch):
    """Every statement that is sent."""
    sent = []
    execute = connections.execute

    def counted(cursor, ask, shown, **more):
        sent.append(ask.text)
        return execute(cursor, ask, shown, **more)

    monkeypatch.setattr(connections, "execute", counted)
    return sent


def whole(name):
    return batch(
        name, *order(name, reserve("TEA", 1, "1")).appends, documents=[PutDocument("sheet", name, Sheet("x"), expected=0)],
        requires=[Require("seen", 0)], bumps=["kept"], timers=[SetTimer("expire", name, NOW)],
    )  # fmt: skip


QUERIES = [
    ReadOutcome("a"), ReadStream("order/a"), ReadHead("order/b"), ReadCounter("kept"), ReadDocument("sheet", "a"),
    ReadDocuments("sheet", limit=2), ReadDocuments("sheet", tag="t", after=("a", "b")),
    ReadDocuments("sheet", newest_first=True, after=("a", "b")), ReadOffers(("TEA", "MILK")), ReadPositions(("TEA",)),
    ReadPositions(("TEA",), HERE), ReadChange(("TEA", HERE, "", ""), NOW), ReadLog("order/a"),
]  # fmt: skip


def test_a_commit_is_one_round_trip_whatever_is_in_it_and_so_is_a_group(store, trips):
    store.commit(delivery("in", receive("TEA", 100)))
    assert len(trips) == 1
    assert isinstance(store.commit(whole("a")), Committed)
    assert len(trips) == 2
    assert all(isinstance(result, Committed) for result in store.commit_many([whole(f"b{n}") for n in range(20)]))
    assert len(trips) == 3


def test_a_read_is_one_round_trip_whatever_is_asked(store, trips):
    store.read(QUERIES)
    store.read_all(None)
    store.next_due()
    store.lease_due("me", NOW, timedelta(minutes=1))
    assert len(trips) == 4


def test_a_refusal_costs_one_more_and_a_group_with_refusals_two(store, trips):
    store.commit(delivery("in", receive("TEA", 5)))
    trips.clear()
    assert isinstance(store.commit(order("much", reserve("TEA", 9, "1"))), Short)
    assert len(trips) == 2
    trips.clear()
    group = [order(f"g{n}", reserve("TEA", 2, "1")) for n in range(4)]
    results = store.commit_many([*group, group[0]])
    assert [type(result) for result in results] == [Committed, Committed, Short, Short, Duplicate]
    assert store.verify() == ()


def test_an_open_transaction_holds_back_what_came_after_it_and_no_more(store, url):
    store.commit(delivery("a", receive("TEA", 1)))
    with psycopg.connect(url) as slow:
        slow.execute("select pg_current_xact_id()")
        before = store.read_all(None)
        store.commit(delivery("b", receive("TEA", 1)))
        page = store.read_all(before.cursor)
        assert (page.records, page.cursor, page.lag) == ((), before.cursor, 1)
    assert [record.command_id for record in store.read_all(before.cursor).records] == ["b"]


def test_an_empty_page_waits_a_moment_for_what_is_about_to_be_committed(store, url):
    with psycopg.connect(url) as slow:
        slow.execute("select pg_current_xact_id()")
        store.commit(delivery("a", receive("TEA", 1)))
        threading.Timer(0.01, slow.commit).start()
        assert [record.command_id for record in store.read_all(None).records] == ["a"]


def test_cursors_sort_as_the_log_does_and_those_of_others_are_refused(store):
    store.commit_many([delivery(f"d{n}", receive("TEA", 1)) for n in range(20)])
    positions = [record.position for record in store.read_all(None).records]
    assert positions == sorted(positions)
    assert [position_of(position).text() for position in positions] == positions
    for wrong in ("7", "x", "01-1-1", "01-0000000002e7-00000000000C"):
        with pytest.raises(InvalidCommand):
            store.read_all(wrong)


def test_far_behind_the_lag_is_a_distance(store):
    for start in range(0, 1200, 100):
        store.commit_many([delivery(f"d{start + n}", receive("TEA", 1)) for n in range(100)])
    assert store.read_all(None, 1).lag >= 1199
    page = store.read_all(None, 300)
    assert page.lag == 900


def plans(store, ask):
    """The plan of a statement as the store's own connection makes it."""
    rows = store._lender.run(_explained(ask))
    return "\n".join(row[0] for row in rows)


def _explained(ask):
    return (yield Ask("explain (costs off) " + ask.text, ask.parameters))


def test_set_queries_and_pages_go_by_indexes(store, url):
    for start in range(0, 600, 100):
        store.commit_many(
            [whole(f"o{start + n}") for n in range(100)] if start else [delivery("in", receive("TEA", 10**6))]
        )
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("analyze")
    question = Question("")
    ask(question, QUERIES)
    plan = plans(store, Ask(question.text, question.parameters))
    assert "Seq Scan" not in plan, plan
    assert "ordercore_document_tag" in plan
    assert "ordercore_document_sort" in plan
    assert "Sort Key: o.sort" not in plan, plan
    from ordercore_postgres.page import PAGE, page_parameters

    page = plans(store, Ask(PAGE, page_parameters(store.read_all(None, 5).cursor, 100, "", own=False)))
    assert "Index Scan using ordercore_log_order" in page, page
    assert "ROW(epoch, xid, pos) > ROW(" in page.split("Filter")[0] or "Index Cond" in page, page


def test_a_plan_serves_whatever_is_asked(store):
    """To make one for each read took as long as the read."""
    commits = [delivery("in", receive("TEA", 10**6)), *(whole(f"o{number}") for number in range(20))]
    store.commit_many(commits)
    one, all_kinds = [ReadStream(commits[1].appends[0].stream)], QUERIES
    for queries in (one, all_kinds):
        for _ in range(16):
            store.read(queries)
    ask = Ask("select generic_plans, custom_plans from pg_prepared_statements where statement like '(select %'")
    made = store._lender.run(_asked(ask))
    assert len(made) == 2
    for generic, custom in made:
        assert custom <= 5
        assert generic >= 10


def _asked(ask):
    return (yield ask)


def test_changes_of_rows_touch_no_index(store, url):
    store.commit(delivery("in", receive("TEA", 10**6)))
    for number in range(200):
        store.commit(order(f"o{number}", reserve("TEA", 1, "1")))
    with psycopg.connect(url) as connection:
        connection.execute("select pg_stat_force_next_flush()")
    store.close()
    with psycopg.connect(url, autocommit=True) as connection:
        updates, hot = connection.execute(
            "select n_tup_upd, n_tup_hot_upd from pg_stat_user_tables where relname = 'ordercore_position'"
            " and schemaname = current_schema()"
        ).fetchone()
    assert updates >= 200
    assert hot / updates > 0.95


def test_a_counter_that_is_required_is_locked_against_who_bumps_it(store, url):
    store.commit(batch("first", bumps=["kept"]))
    assert Bump("kept")
    with psycopg.connect(url) as slow:
        slow.execute("update ordercore_counter set value = value + 1 where name = 'kept'")
        answers = []
        thread = threading.Thread(
            target=lambda: answers.append(store.commit(batch("second", requires=[Require("kept", 1)])))
        )
        thread.start()
        thread.join(0.2)
        assert answers == []
    thread.join()
    assert (answers[0].what, answers[0].expected, answers[0].actual) == ("kept", 1, 2)


def test_ten_thousand_of_each_kind_of_query_are_one_round_trip(store, trips):
    store.commit(delivery("in", receive("TEA", 5)))
    position = store.commit(whole("a")).position
    trips.clear()
    many = [
        query for n in range(10_000) for query in (
            ReadOutcome(f"x{n}"), ReadStream(f"order/x{n}"), ReadHead(f"order/x{n}"), ReadCounter(f"c{n}"),
            ReadDocument("sheet", f"x{n}"), ReadDocuments("sheet", f"t{n}"), ReadOffers((f"S{n}",)), ReadPositions((f"S{n}",)),
            ReadPositions((f"S{n}",), HERE), ReadChange((f"S{n}", HERE, "", ""), NOW), ReadLog(f"order/x{n}"),
        )
    ]  # fmt: skip
    there = [
        ReadDocuments("sheet", "", after=None), ReadDocuments("sheet", ""), ReadPositions(("TEA",)), ReadLog("order/a"),
        ReadChange(("TEA", HERE, "", ""), NOW - timedelta(days=1)), ReadLog(positions=(position,)), ReadLog(),
    ]  # fmt: skip
    snapshot = store.read([*many, *there])
    assert len(trips) == 1
    assert [document.key for document in snapshot.of(there[0])] == ["a"] == [one.key for one in snapshot.of(there[1])]
    assert snapshot.of(there[2])["TEA", HERE, "", ""][0] == 4
    assert len(snapshot.of(there[3])) == 1 == len(snapshot.of(there[5]))
    assert snapshot.of(there[4])[0] == 4
    assert snapshot.of(there[6]) == ()


def test_a_counter_that_was_never_bumped_may_be_required_again_and_again(store):
    for name in "abc":
        assert isinstance(store.commit(batch(name, requires=[Require("never", 0)])), Committed)
    assert isinstance(store.commit_many([batch("d", requires=[Require("never", 0), Require("seen", 0)])])[0], Committed)


def test_a_plan_that_was_made_for_small_tables_goes_by_keys_in_large_ones(store):
    store.commit(delivery("in", *(receive(f"S{n}", 10**6) for n in range(50))))
    lines = [reserve(f"S{n}", 1, str(n)) for n in range(5)]
    grows = (QUERIES[7], QUERIES[11])  # a page that gets full, and what goes back through the log
    asked = [query for query in QUERIES if query not in grows]
    for number in range(20):  # so often that PostgreSQL keeps its plans
        store.commit(order(f"a{number}", *lines))
        store.read(asked)
        store.lease_due("me", NOW, timedelta(minutes=1))
    before = _blocks(store, lambda: store.commit(order("b", *lines))), _blocks(store, lambda: store.read(asked))
    for start in range(0, 4000, 500):
        store.commit(delivery(f"more{start}", *(receive(f"M{n}", 1) for n in range(start, start + 500))))
    for start in range(0, 1000, 100):
        store.commit_many([batch(
            f"more{n}", append(f"note/{n}", 0, Noted("x")), bumps=[f"c{n}"], documents=[PutDocument("sheet", f"k{n}", Sheet("x"))],
            timers=[SetTimer("later", str(n), NOW + timedelta(days=1))],
        ) for n in range(start, start + 100)])  # fmt: skip
    assert _blocks(store, lambda: store.commit(order("c", *lines))) < before[0] + 60
    assert _blocks(store, lambda: store.read(asked)) < before[1] + 60
    assert _blocks(store, lambda: store.lease_due("me", NOW, timedelta(minutes=1))) < 60


def _blocks(store, work):
    """How many blocks of the tables and their indexes it looks at."""
    count = (
        "select sum(heap_blks_hit + heap_blks_read + idx_blks_hit + idx_blks_read)::bigint from pg_statio_user_tables"
    )
    flush = "select pg_stat_force_next_flush()"

    def counted():
        yield Ask(flush)
        return (yield Ask(count + " where schemaname = current_schema()"))[0][0]

    before = store._lender.run(counted())
    work()
    return store._lender.run(counted()) - before


def test_groups_lock_documents_and_timers_in_one_order():
    """Whichever order their batches come in, so that no two groups wait for each other."""
    made = [
        batch(
            name, documents=[PutDocument("sheet", f"new {name}", Sheet(name), 0), DeleteDocument("sheet", f"old {name}")],
            timers=[SetTimer("late", name, NOW), CancelTimer("soon", name)],
        )
        for name in "acb"
    ]  # fmt: skip
    work = merged([Work(one, sample_codec()) for one in made])
    (wave,) = work["d"]
    assert [row[1] for row in wave["n"]] == ["new a", "new b", "new c"]
    assert [row[1] for row in wave["x"]] == ["old a", "old b", "old c"]
    assert [row[1] for row in work["c"]] == [row[1] for row in work["s"]] == ["a", "b", "c"]
