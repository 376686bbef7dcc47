import gc
import multiprocessing
import os
import sqlite3
import threading
from datetime import timedelta

import pytest

from ordercore.errors import (
    BrokenRule,
    ConfigurationError,
    Corrupted,
    OrdercoreError,
    SchemaVersion,
    StoreBusy,
    StoreError,
    UnknownEvent,
)
from ordercore.store import (
    Committed,
    Duplicate,
    PutDocument,
    ReadCounter,
    ReadDocuments,
    ReadHead,
    ReadLog,
    ReadOffers,
    ReadOutcome,
    ReadPositions,
    ReadStream,
    SetTimer,
    Short,
    Store,
    Unknown,
)
from ordercore.store.sqlite import SQLiteStore, faults, schema
from ordercore.store.sqlite.read import _AFTER, _listing
from ordercore.store.sqlite.rows import Cells
from ordercore.store.sqlite.session import Session
from ordercore.testing.sample_events import (
    HERE,
    NOW,
    Noted,
    Sample,
    Sheet,
    append,
    batch,
    delivery,
    narrow,
    order,
    receive,
    reserve,
    sample_codec,
    ship,
)

CODEC = sample_codec()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "shop.db"


@pytest.fixture
def store(path):
    with_codec = opened(path)
    yield with_codec
    with_codec.close()


def opened(path, **options):
    store = SQLiteStore(path, **options)
    store.use_codec(CODEC)
    return store


def behind(path, *statements):
    """Change the file as nobody but a broken disk or a careless person does."""
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def rows(store, *skus):
    query = ReadPositions(skus)
    return store.read([query]).of(query)


def identities(store):
    return [breach.identity for breach in store.verify()]


class TestOpening:
    @pytest.mark.parametrize("path", [":memory:", "", "file:shop.db?mode=memory"])
    def test_memory_is_refused_with_the_name_of_the_right_store(self, path):
        with pytest.raises(ConfigurationError, match=r"MemoryStore\(\)"):
            SQLiteStore(path)

    def test_a_url_is_relative_with_three_slashes_and_absolute_with_four(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        for url, expected in (
            ("sqlite:///one.db", "one.db"), (f"sqlite:///{tmp_path}/two.db", f"{tmp_path}/two.db"), ("three.db", "three.db"),
        ):  # fmt: skip
            store = SQLiteStore.open(url)
            assert store.path == expected
            store.close()
        assert {found.name for found in tmp_path.glob("*.db")} == {"one.db", "two.db", "three.db"}

    @pytest.mark.parametrize("url", ["postgresql://localhost/shop", "sqlite:shop.db", "sqlite://shop.db"])
    def test_another_address_is_refused(self, url):
        with pytest.raises(ConfigurationError, match=r"sqlite:///shop\.db"):
            SQLiteStore.open(url)

    def test_only_two_kinds_of_durability_are_offered(self, path):
        with pytest.raises(ConfigurationError, match="FULL or NORMAL"):
            SQLiteStore(path, synchronous="OFF")

    @pytest.mark.parametrize(("synchronous", "level"), [("FULL", 2), ("NORMAL", 1)])
    def test_the_file_is_a_strict_wal_database_as_durable_as_asked(self, path, synchronous, level):
        store = opened(path, synchronous=synchronous)
        with store._database.session() as session:
            assert session.execute("pragma journal_mode").fetchone() == ("wal",)
            assert session.execute("pragma synchronous").fetchone() == (level,)
            tables = session.execute("select name, strict from pragma_table_list where schema = 'main'").fetchall()
        store.close()
        assert [name for name, strict in tables if not strict] == ["sqlite_schema"]

    def test_a_file_of_a_newer_release_is_refused(self, path):
        opened(path).close()
        behind(path, f"update ordercore_schema set version = {schema.VERSION + 1}, compatible = {schema.VERSION + 1}")
        with pytest.raises(SchemaVersion) as refused:
            SQLiteStore(path)
        assert (refused.value.found, refused.value.known) == (schema.VERSION + 1, schema.VERSION)

    def test_the_database_of_another_application_is_left_alone(self, path):
        behind(path, "create table customer (id integer)")
        before = path.read_bytes()
        with pytest.raises(StoreError, match="another application") as refused:
            SQLiteStore(path)
        assert refused.value.reason == "foreign_file"
        assert path.read_bytes() == before

    def test_a_file_that_is_no_database_is_left_alone(self, path):
        path.write_text("id,sku,quantity\n" * 100)
        before = path.read_bytes()
        with pytest.raises(Corrupted, match="not an SQLite database"):
            SQLiteStore(path)
        assert path.read_bytes() == before

    def test_a_missing_folder_is_named(self, tmp_path):
        with pytest.raises(StoreError, match="Check that the folder exists") as refused:
            SQLiteStore(tmp_path / "no" / "shop.db")
        assert refused.value.reason == "cannot_open"

    def test_a_closed_store_says_so(self, path):
        store = opened(path)
        store.close()
        with pytest.raises(StoreError, match="closed"):
            store.next_due()

    def test_without_a_codec_nothing_is_written_or_read(self, path):
        store = SQLiteStore(path)
        for use in (
            lambda: store.commit(delivery("in", receive("TEA", 1))),
            lambda: store.read([ReadOffers(("TEA",))]),
        ):
            with pytest.raises(StoreError, match="use_codec"):
                use()
        store.close()


class TestFaults:
    def test_a_full_disk_refuses_the_batch_and_keeps_the_store(self, store):
        with store._database.session() as session:
            pages = session.execute("pragma page_count").fetchone()[0]
            session.execute(f"pragma max_page_count = {pages}")
        big = batch("big", append("order/1", 0, *(Noted("x" * 1000) for _ in range(50))))
        with pytest.raises(StoreError, match="disk is full") as refused:
            store.commit(big)
        assert refused.value.reason == "disk_full"
        with store._database.session() as session:
            session.execute("pragma max_page_count = 1000000")
        assert isinstance(store.commit(big), Committed)

    def test_a_file_that_cannot_be_written_is_an_error_of_the_store(self, path):
        opened(path).close()
        reader = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        with pytest.raises(sqlite3.OperationalError) as raised:
            reader.execute("delete from ordercore_log")
        reader.close()
        found = faults.translated(raised.value, str(path))
        assert type(found) is StoreError
        assert (found.reason, found.hint) == ("read_only", "Check the owner and mode of file and folder.")

    def test_every_error_of_sqlite_becomes_one_of_the_store(self):
        for error in (
            sqlite3.OperationalError("disk I/O error"),
            sqlite3.InterfaceError("x"),
            sqlite3.IntegrityError("y"),
        ):
            assert isinstance(faults.translated(error, "shop.db"), OrdercoreError)
        assert faults.translated(KeyError("x"), "shop.db") is None

    def test_a_value_that_cannot_be_stored_is_a_broken_rule_and_nothing_is_written(self, store):
        for wrong in (
            batch("a\ud800", append("order/1", 0, Noted("one"))),
            order("b", receive("TEA", 2**63)),
            batch("c", append("order/1", 0, Noted("one")), timers=[SetTimer("expire", "1", NOW.replace(tzinfo=None))]),
        ):
            with pytest.raises(BrokenRule):
                store.commit(wrong)
        assert store.read_all(None).records == ()
        assert isinstance(store.commit(batch("d", append("order/1", 0, Noted("one")))), Committed)

    def test_a_balance_does_not_leave_64_bits(self, store):
        store.commit(delivery("in", receive("TEA", 2**62 - 1)))
        for number in (2, 2**62, 2**63 - 1):
            with pytest.raises(BrokenRule):
                store.commit(delivery(f"{number} more", receive("TEA", number)))
        assert isinstance(store.commit(delivery("last", receive("TEA", 1))), Committed)
        assert rows(store, "TEA")["TEA", HERE, "", ""][0] == 2**62

    def test_who_waits_too_long_for_another_writer_is_told(self, path):
        store, other = opened(path, busy_timeout_seconds=0.05), sqlite3.connect(path, isolation_level=None)
        other.execute("begin immediate")
        with pytest.raises(StoreBusy, match=r"0\.05 seconds"):
            store.commit(delivery("in", receive("TEA", 1)))
        assert rows(store, "TEA") == {}
        other.execute("commit")
        assert isinstance(store.commit(delivery("in", receive("TEA", 1))), Committed)
        other.close()
        store.close()

    def test_a_short_wait_for_another_writer_is_nobodys_business(self, store, path):
        other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        other.execute("begin immediate")
        threading.Timer(0.05, other.execute, ("commit",)).start()
        assert isinstance(store.commit(delivery("in", receive("TEA", 1))), Committed)
        other.close()

    def test_a_disk_that_fails_during_a_commit_leaves_the_outcome_unknown(self, store, monkeypatch):
        session = store._database.session()
        execute = session.execute

        def fail(statement, *parameters):
            if statement == "commit":
                error = sqlite3.OperationalError("disk I/O error")
                error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
                raise error
            return execute(statement, *parameters)

        asked = delivery("in", receive("TEA", 1))
        with monkeypatch.context() as patched:
            patched.setattr(session, "execute", fail)
            assert isinstance(store.commit(asked), Unknown)
        assert store.outcome("in") is None
        assert isinstance(store.commit(asked), Committed)
        assert isinstance(store.commit(asked), Duplicate)

    def test_an_interrupt_within_a_commit_undoes_it_and_gives_back_the_locks(self, store, monkeypatch):
        def interrupt(*_):
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr("ordercore.store.sqlite.rows.Writing.apply", interrupt)
            with pytest.raises(KeyboardInterrupt):
                store.commit(delivery("in", receive("TEA", 1)))
        assert store.outcome("in") is None
        assert isinstance(store.commit(delivery("in", receive("TEA", 1))), Committed)


class TestDamage:
    def test_a_flipped_bit_in_an_event_is_found_and_its_position_named(self, store, path):
        store.commit(batch("a", append("order/1", 0, Noted("one"))))
        store.commit(batch("b", append("order/1", 1, Noted("two"))))
        behind(path, "update ordercore_log set events = replace(events, 'two', 'twp')")
        for use in (
            lambda: store.read([ReadStream("order/1")]), lambda: store.read_all(None), lambda: store.outcome("b"),
            lambda: store.read([ReadOutcome("b")]), lambda: store.read([ReadLog(stream="order/1")]),
        ):  # fmt: skip
            with pytest.raises(Corrupted) as found:
                use()
            assert found.value.position == "2"
        assert store.read([query := ReadStream("order/1", 2)]).of(query).version == 2
        assert [(breach.identity, breach.where) for breach in store.verify()] == [("checksum", "position 2")]

    def test_bytes_that_are_no_text_are_found_too(self, store, path):
        store.commit(batch("a", append("order/1", 0, Noted("one"))))
        behind(path, "update ordercore_log set events = cast(x'5b5bff' as text)")
        with pytest.raises(Corrupted) as found:
            store.read_all(None)
        assert found.value.position == "1"
        assert identities(store) == ["checksum"]

    def test_an_event_that_nobody_registered_is_listed_and_not_skipped(self, store):
        store.commit(batch("a", append("order/1", 0, Noted("one"))))
        store.use_codec(type(CODEC)())
        with pytest.raises(UnknownEvent, match="Position 1") as found:
            store.read_all(None)
        assert found.value.position == "1"
        assert identities(store) == ["unreadable"]
        store.use_codec(CODEC)

    def test_a_hole_in_a_stream_is_listed(self, store, path):
        for version in range(3):
            store.commit(batch(f"{version}", append("order/1", version, Noted("x"))))
        behind(path, "delete from ordercore_log where version = 2")
        (breach,) = store.verify()
        assert (breach.identity, breach.where, breach.expected, breach.actual) == ("version", "order/1", "2", "3")

    def test_lots_that_do_not_sum_to_their_pool_are_listed(self, store):
        store.commit(delivery("in", receive("TEA", 5, lot="L1"), receive("CUP", 5)))
        # A defect of the domain, not of the store: units come in without saying of which lot.
        store.commit(delivery("out", receive("TEA", 1)))
        (breach,) = store.verify()
        assert (breach.identity, breach.where) == ("lots", f"TEA at {HERE}")
        assert breach.actual == "6"

    def test_claims_narrowed_to_lots_still_sum_to_the_pool(self, store):
        store.commit(delivery("in", receive("TEA", 5, lot="L1"), receive("TEA", 5, lot="L2")))
        store.commit(order("a", reserve("TEA", 7, "1")))
        store.commit(order("b", narrow("TEA", 5, "1", "L1"), narrow("TEA", 2, "1", "L2"), stream="order/a", expected=1))
        store.commit(order("c", ship("TEA", 5, "1", lot="L1"), stream="order/a", expected=2))
        assert store.verify() == ()

    def test_a_row_without_a_key_is_listed(self, store, path):
        behind(path, "insert into ordercore_position (id, available) values (77, 3)")
        assert [(breach.identity, breach.where) for breach in store.verify()] == [("row", "position 77")]


class TestCaches:
    def test_ids_of_a_refused_batch_are_never_used_again(self, store):
        refused = order("a", receive("NEW", 5), reserve("TEA", 1, "1"))
        assert isinstance(store.commit(refused), Short)
        # SQLite gives the number of NEW to OTHER now.
        store.commit(delivery("other", receive("OTHER", 9)))
        store.commit(delivery("new", receive("NEW", 7)))
        assert {key[0]: row[0] for key, row in rows(store, "NEW", "OTHER").items()} == {"NEW": 7, "OTHER": 9}
        assert store.verify() == ()

    def test_a_read_during_a_commit_learns_nothing_of_it(self, store, monkeypatch):
        seen = []
        original = Session.commit

        def look(session):
            thread = threading.Thread(target=lambda: seen.append(rows(store, "TEA")))
            thread.start()
            thread.join()
            assert store._cells_of("").ids == {}
            original(session)

        monkeypatch.setattr(Session, "commit", look)
        store.commit(delivery("in", receive("TEA", 3)))
        assert seen == [{}]
        assert list(store._cells_of("").ids) == [("TEA", HERE, "", "")]

    def test_a_row_made_by_another_process_is_looked_up(self, store, path):
        store.commit(delivery("a", receive("TEA", 1)))
        other = opened(path)
        other.commit(delivery("b", receive("TEA", 2, "loc/WH9"), receive("TEA", 3, lot="L1")))
        other.close()
        offers = ReadOffers(("TEA",))
        assert store.read([offers]).of(offers) == {"TEA": {HERE: 4, "loc/WH9": 2}}
        assert len(rows(store, "TEA")) == 3

    def test_a_cache_that_is_full_begins_anew(self, store, monkeypatch):
        monkeypatch.setattr("ordercore.store.sqlite.rows.MOST_CACHED", 4)
        for number in range(12):
            store.commit(delivery(f"{number}", receive(f"SKU{number}", number + 1)))
        skus = tuple(f"SKU{number}" for number in range(12))
        offers = ReadOffers(skus)
        assert store.read([offers]).of(offers) == {sku: {HERE: n + 1} for n, sku in enumerate(skus)}
        assert len(store._cells_of("").ids) <= 5
        assert store.verify() == ()

    def test_learned_ids_answer_for_their_keys(self):
        cells = Cells()
        cells.learn({("TEA", HERE, "", ""): 5 << 24}, {"TEA": 5})
        assert cells.key_of(5 << 24, "TEA", None) == ("TEA", HERE, "", "")
        assert cells.number_of("", "TEA", None) == 5

    def test_hundreds_of_skus_are_read_at_once(self, store):
        skus = [f"SKU{number}" for number in range(130)]
        store.commit(delivery("in", *(receive(sku, 1) for sku in skus)))
        offers = ReadOffers((*skus, "NONE"))
        assert store.read([offers]).of(offers) == {sku: {HERE: 1} for sku in skus}


class TestThreadsAndForks:
    def test_the_connection_of_a_finished_thread_is_closed(self, store):
        for number in range(5):
            thread = threading.Thread(target=lambda n=number: store.commit(delivery(f"{n}", receive("TEA", 1))))
            thread.start()
            thread.join()
        gc.collect()
        alive = [session for session in store._database._sessions if session.connection is not None]
        assert len(alive) <= 2
        assert rows(store, "TEA")["TEA", HERE, "", ""][0] == 5

    def test_a_store_that_nobody_closed_closes_its_file(self, path):
        store = opened(path)
        store.commit(delivery("in", receive("TEA", 1)))
        assert path.with_name("shop.db-wal").exists()
        del store
        gc.collect()
        # SQLite removes it when the last connection is closed.
        assert not path.with_name("shop.db-wal").exists()

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
    def test_a_forked_child_has_connections_of_its_own(self, store, path):
        store.commit(delivery("parent", receive("TEA", 1)))
        context = multiprocessing.get_context("fork")
        children = [
            context.Process(target=lambda n=n: store.commit(delivery(f"child {n}", receive("TEA", 1))))
            for n in range(3)
        ]
        for child in children:
            child.start()
        for child in children:
            child.join()
        store.commit(delivery("parent again", receive("TEA", 1)))
        assert [child.exitcode for child in children] == [0, 0, 0]
        assert rows(store, "TEA")["TEA", HERE, "", ""][0] == 5
        assert store.verify() == ()

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
    def test_no_connection_is_open_while_a_process_forks(self, store):
        store.commit(delivery("parent", receive("TEA", 1)))
        held = store._database.session()
        assert held.connection is not None
        if (child := os.fork()) == 0:
            # In the child: locks of the parent's connections would be believed to be held, and are not.
            os._exit(0 if held.connection is None else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert held.connection is None
        assert store.next_due() is None


class TestScans:
    def test_a_large_read_answers_as_many_small_ones_do(self, store):
        for n in range(9):
            store.commit(delivery(f"in{n}", receive(f"SKU{n}", n + 1)))
            store.commit(batch(f"c{n}", append(f"order/{n}", 0, *[Noted("x")] * (n % 3)), bumps=[f"n{n % 4}"]))
        store.commit(batch("pair", append("order/1", 1, Noted("y")), append("order/2", 2, Noted("z"))))
        queries = [
            *(ReadOutcome(f"c{n}", Sample(f"c{n % 5}")) for n in range(12)), ReadOutcome("pair"),
            *(ReadStream(f"order/{n}", n % 2) for n in range(12)), *(ReadHead(f"order/{n}") for n in range(12)),
            *(ReadCounter(f"n{n}") for n in range(8)), *(ReadOffers((f"SKU{n}", f"SKU{n + 1}")) for n in range(10)),
            ReadPositions(("SKU1",)),
        ]  # fmt: skip
        together = store.read(queries)
        assert [together.of(query) for query in queries] == [store.read([query]).of(query) for query in queries]

    def test_a_listing_reads_the_index_and_not_every_body(self, store):
        put = [PutDocument("sheet", f"{n:03d}", Sheet("x" * 100), None, "open", f"{n % 7}") for n in range(50)]
        store.commit(batch("a", documents=put))
        for tag in (None, "open"):
            query = ReadDocuments("sheet", tag, ("3", ""), 5)
            statement, parameters = _listing("", query)
            with store._database.session() as session:
                plan = " ".join(row[3] for row in session.execute(f"explain query plan {statement}", parameters))
            assert "COVERING INDEX ordercore_document_tag" in plan
            assert [each.key for each in store.read([query]).of(query)] == ["003", "010", "017", "024", "031"]

    def test_a_page_is_found_by_position_and_not_by_tenant(self, store):
        with store._database.session() as session:
            plan = " ".join(row[3] for row in session.execute(f"explain query plan {_AFTER}", (5, "", 10)))
        assert plan == "SEARCH ordercore_log USING INTEGER PRIMARY KEY (rowid>?)"

    def test_a_follower_does_not_read_again_what_belongs_to_other_tenants(self, store):
        store.commit(batch("a", append("order/1", 0, Noted("mine"))))
        for number in range(5):
            store.commit(batch(f"{number}", append("order/1", number, Noted("theirs")), tenant="other"))
        page = store.read_all(None)
        assert (len(page.records), page.lag, page.cursor) == (1, 0, "6")
        assert store.read_all("1") == store.read_all("6")
        assert store.read_all(None, 2, tenant="other").lag == 3

    def test_leasing_when_nothing_is_due_needs_no_lock(self, store, path):
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("begin immediate")
        assert store.lease_due("me", NOW, timedelta(minutes=1)) == ()
        other.execute("rollback")
        other.close()


def test_the_sqlite_store_is_a_store(store):
    accepted: Store = store
    assert accepted.capabilities == {
        "durable",
        "multi_process",
        "global_order",
        "group_commit",
        "fencing",
        "transfer",
        "archive",
    }
