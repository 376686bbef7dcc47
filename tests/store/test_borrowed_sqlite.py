"""What only SQLite does with a connection that is lent; the rules that hold for every store are S19."""

import sqlite3
import threading
from contextlib import closing

import pytest

from ordercore.errors import ConfigurationError, RetryTransaction, SchemaVersion, StoreBusy, StoreError
from ordercore.store import Committed, Pending, Short
from ordercore.store.sqlite import SQLiteStore, migrate, schema
from ordercore.testing.sample_events import delivery, order, receive, reserve, sample_codec
from ordercore.testing.sqlite_host import SQLiteHost, host_database


@pytest.fixture
def path(tmp_path):
    host_database(tmp_path / "host.db")
    return tmp_path / "host.db"


@pytest.fixture
def host(path):
    opened = SQLiteHost(path)
    yield opened
    opened.close()


@pytest.fixture
def other(path):
    opened = SQLiteHost(path)
    yield opened
    opened.close()


def lent(lending, **options):
    store = SQLiteStore.borrowing(lending, busy_timeout_seconds=0.1, **options)
    store.use_codec(sample_codec())
    return store


def fill(store):
    for n in range(1000):
        store.commit(delivery(f"a{n}", *(receive(f"SKU{n}-{m}", 1) for m in range(50))))


def test_missing_tables_are_named_with_what_to_do_and_the_host_goes_on(tmp_path):
    with closing(SQLiteHost(tmp_path / "empty.db")) as host:
        host.connection.execute("create table shop_order (id integer primary key, text text not null)")
        store = lent(host.connection, migrate="Run python manage.py migrate.")
        host.begin()
        host.write("mine")
        with pytest.raises(SchemaVersion) as refused:
            store.commit(delivery("a", receive("TEA", 1)))
        assert (refused.value.found, refused.value.hint) == (0, "Run python manage.py migrate.")
        migrate(host.connection)
        assert isinstance(store.commit(delivery("a", receive("TEA", 1))), Pending)
        host.rollback()
        with pytest.raises(SchemaVersion, match=r"ordercore\.store\.sqlite\.migrate"):
            lent(host.connection).read_all(None)


@pytest.mark.parametrize(("version", "compatible"), [(0, 0), (99, 98)])
def test_tables_of_another_release_are_refused(host, version, compatible):
    host.connection.execute("update ordercore_schema set version = ?, compatible = ?", (version, compatible))
    with pytest.raises(SchemaVersion) as refused:
        lent(host.connection).next_due()
    assert refused.value.found == version


def test_a_migration_follows_the_hosts_transaction(tmp_path):
    with closing(SQLiteHost(tmp_path / "new.db")) as host:
        host.begin()
        migrate(host.connection)
        host.rollback()
        migrate(host.connection)
        migrate(host.connection)
        assert not host.is_open()
        assert host.connection.execute("pragma application_id").fetchone()[0] == 0


def test_a_transaction_that_read_before_others_wrote_must_be_run_again(host, other):
    store, beside = lent(host.connection), lent(other.connection)
    host.begin()
    assert host.written() == []
    assert isinstance(beside.commit(delivery("b", receive("TEA", 1))), Committed)
    with pytest.raises(RetryTransaction) as refused:
        store.commit(delivery("a", receive("TEA", 1)))
    assert refused.value.reason == "busy"
    assert host.is_open()
    host.rollback()
    assert isinstance(store.commit(delivery("a", receive("TEA", 1))), Committed)


def test_another_writer_makes_a_transaction_retry_and_an_own_commit_wait_until_its_deadline(host, other):
    store, beside = lent(host.connection), lent(other.connection)
    host.begin()
    host.write("mine")
    with pytest.raises(StoreBusy):
        beside.commit(delivery("b", receive("TEA", 1)))
    assert not other.is_open()
    other.begin()
    with pytest.raises(RetryTransaction):
        beside.commit(delivery("b", receive("TEA", 1)))
    other.rollback()
    assert isinstance(store.commit(delivery("a", receive("TEA", 1))), Pending)
    host.commit()


def test_a_connection_that_begins_by_itself_is_the_hosts_to_commit(path, other):
    with closing(sqlite3.connect(path)) as connection:
        store = lent(connection)
        assert store.in_transaction()
        assert isinstance(store.commit(delivery("a", receive("TEA", 1))), Pending)
        assert connection.in_transaction
        connection.rollback()
        refused = store.commit(order("b", reserve("TEA", 1, "1")))
        assert isinstance(refused, Short)
        assert not connection.in_transaction
        connection.execute("insert into shop_order (text) values ('mine')")
        assert isinstance(store.commit(delivery("c", receive("TEA", 1))), Pending)
        connection.commit()
        assert not connection.in_transaction
    assert [record.stream for record in lent(other.connection).read_all(None).records] == ["receipt/c"]


def test_the_host_is_told_of_what_was_written_into_its_transaction(host):
    told = []
    store = lent(host.connection, wrote=lambda: told.append(host.is_open()))
    store.commit(delivery("a", receive("TEA", 1)))
    host.begin()
    store.read_all(None)
    store.commit(order("b", reserve("TEA", 9, "1")))
    assert told == []
    store.commit_many([delivery(name, receive("TEA", 1)) for name in "cd"])
    assert told == [True]
    store.commit(delivery("e", receive("TEA", 1)))
    assert told == [True, True]
    host.commit()


def test_a_host_may_read_its_rows_as_it_likes(host):
    store = lent(host.connection)
    host.connection.row_factory = lambda cursor, row: {"row": row}
    assert isinstance(store.commit(delivery("a", receive("TEA", 1))), Committed)
    assert len(store.read_all(None).records) == 1
    assert store.verify() == ()


def test_what_cannot_be_lent_is_refused_with_what_to_do(host):
    with pytest.raises(ConfigurationError, match=r"connection\.connection"):
        lent(lambda: "sqlite:///shop.db").read_all(None)
    host.connection.text_factory = bytes
    with pytest.raises(ConfigurationError, match="text_factory"):
        lent(host.connection).read_all(None)


def test_a_connection_of_another_thread_is_refused_and_a_callable_gives_each_its_own(path, host):
    found = []

    def use(store):
        try:
            found.append(store.commit(delivery("a", receive("TEA", 1))))
        except StoreError as error:
            found.append(error.reason)

    def use_own():
        with closing(SQLiteHost(path)) as own:
            use(lent(lambda: own.connection))

    for target, arguments in ((use, (lent(host.connection),)), (use_own, ())):
        thread = threading.Thread(target=target, args=arguments)
        thread.start()
        thread.join()
    assert found[0] == "other_thread"
    assert isinstance(found[1], Committed)


def test_threads_that_share_a_connection_take_turns(path):
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as connection:
        store = lent(connection)
        store.commit(delivery("stock", receive("TEA", 100)))
        connection.execute("begin")
        threads = [
            threading.Thread(
                target=lambda first=first: [
                    store.commit(order(f"{first}-{n}", reserve("TEA", 1, "1"))) for n in range(20)
                ]
            )
            for first in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        connection.execute("commit")
        assert len(store.read_all(None).records) == 81
        assert store.verify() == ()


def test_a_closed_connection_is_an_error_of_the_store(path):
    connection = sqlite3.connect(path)
    store = lent(connection)
    connection.close()
    with pytest.raises(StoreError):
        store.read_all(None)


def test_a_full_disk_inside_the_hosts_transaction_leaves_nothing(host):
    store = lent(host.connection)
    pages = host.connection.execute("pragma page_count").fetchone()[0]
    host.connection.execute(f"pragma max_page_count = {pages}")
    host.begin()
    with pytest.raises(StoreError) as refused:
        fill(store)
    assert refused.value.reason == "disk_full"
    if host.is_open():
        host.rollback()
    assert store.read_all(None).records == ()
    assert store.verify() == ()


def test_at_the_start_of_a_transaction_the_log_that_was_seen_before_can_be_read(host):
    store = lent(host.connection)
    store.commit(delivery("a", receive("TEA", 1)))
    page = store.read_all(None)
    store.commit(delivery("b", receive("TEA", 1)))
    host.begin()
    assert store.read_all(None).records == page.records
    assert store.read_all(page.cursor) == page.__class__((), page.cursor, 0)
    store.commit(delivery("c", receive("TEA", 1)))
    assert store.read_all(None).records == page.records
    host.commit()
    assert len(store.read_all(page.cursor).records) == 2


def test_on_a_connection_on_which_nothing_was_written_a_transaction_reads_what_is_committed(path, host):
    lent(host.connection).commit(delivery("a", receive("TEA", 1)))
    with closing(SQLiteHost(path)) as fresh:
        store = lent(fresh.connection)
        fresh.begin()
        assert len(store.read_all(None).records) == 1
        store.commit(delivery("b", receive("TEA", 1)))
        assert len(store.read_all(None).records) == 1
        fresh.commit()


# The host's file by its address: for workers, the command line, a shell.


@pytest.fixture
def plain(path):
    """A host that writes its file as SQLite does without being told: a reader may have to wait for it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma journal_mode = delete")
    opened = SQLiteHost(path)
    yield opened
    opened.close()


def by_address(path, **options):
    store = SQLiteStore(path, **options)
    store.use_codec(sample_codec())
    return store


def settings(path):
    with closing(sqlite3.connect(path)) as connection:
        return [connection.execute(f"pragma {name}").fetchone()[0] for name in ("application_id", "journal_mode")]


def test_a_worker_opens_the_file_by_its_address_and_changes_nothing_but_rows(path, plain):
    before = settings(path)
    store = lent(plain.connection)
    plain.begin()
    store.commit(delivery("a", receive("TEA", 1)))
    with closing(by_address(path)) as worker:
        assert worker.read_all(None).records == ()
        plain.commit()
        assert len(worker.read_all(None).records) == 1
        assert isinstance(worker.commit(delivery("b", receive("TEA", 2))), Committed)
    assert len(store.read_all(None).records) == 2
    assert settings(path) == before == [0, "delete"]


def test_who_opens_it_by_its_address_waits_for_a_host_that_locks_out_readers(path, plain):
    with closing(by_address(path)) as worker, closing(by_address(path, busy_timeout_seconds=0.05)) as hasty:
        plain.connection.execute("begin exclusive")
        with pytest.raises(StoreBusy):
            hasty.read_all(None)
        read = threading.Thread(target=worker.read_all, args=[None])
        read.start()
        read.join(0.2)
        assert read.is_alive()
        plain.connection.execute("commit")
        read.join(10)
        assert not read.is_alive()


def test_by_its_address_tables_that_are_too_old_are_named_and_not_upgraded(path, monkeypatch):
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    with pytest.raises(SchemaVersion, match="Run your migrations"):
        by_address(path)
