"""On a connection of the host's: its transaction decides, and its session is left as it was."""

import asyncio
from contextlib import closing

import psycopg
import pytest

from ordercore.errors import ConfigurationError, RetryTransaction, SchemaVersion, StoreError
from ordercore.store import Committed, Duplicate, Pending, ReadHead, Short
from ordercore.testing.sample_events import delivery, order, receive, reserve, sample_codec
from ordercore_postgres import AsyncPostgresStore, PostgresStore


@pytest.fixture
def url(ordercore_postgres_schema):
    with closing(PostgresStore(ordercore_postgres_schema, migrate=True)) as store:
        store.use_codec(sample_codec())
        assert isinstance(store.commit(delivery("in", receive("TEA", 5))), Committed)
    return ordercore_postgres_schema


@pytest.fixture
def host(url):
    with psycopg.connect(url) as connection:
        yield connection


@pytest.fixture
def other(url):
    with closing(PostgresStore(url)) as store:
        store.use_codec(sample_codec())
        yield store


def lent(connection, **said):
    store = PostgresStore.borrowing(connection, **said)
    store.use_codec(sample_codec())
    return store


def test_what_the_host_rolls_back_was_never_there(host, other):
    store = lent(host)
    assert isinstance(store.commit(order("a", reserve("TEA", 2, "1"))), Pending)
    assert store.outcome("a").position is None
    assert other.outcome("a") is None
    host.rollback()
    assert store.outcome("a") is None


def test_what_the_host_commits_is_there_and_followers_wait_for_it(host, other):
    store = lent(host)
    store.commit(order("a", reserve("TEA", 2, "1")))
    before = other.read_all(None)
    assert [record.command_id for record in before.records] == ["in"]
    assert [record.command_id for record in store.read_all(None).records] == ["in"]
    host.commit()
    assert [record.command_id for record in other.read_all(before.cursor).records] == ["a"]


def test_a_refused_batch_leaves_the_transaction_of_the_host_as_it_was(host, other):
    store = lent(host)
    host.execute("create table shop (n integer)")
    host.execute("insert into shop values (1)")
    assert isinstance(store.commit(order("a", reserve("TEA", 9, "1"))), Short)
    assert isinstance(store.commit(order("b", reserve("TEA", 3, "1"))), Pending)
    assert isinstance(store.commit(order("b", reserve("TEA", 3, "1"))), Duplicate)
    assert host.execute("select n from shop").fetchall() == [(1,)]
    host.commit()
    assert other.outcome("b").position is not None
    assert other.verify() == ()


def test_a_savepoint_of_the_host_takes_back_what_came_after_it(host, other):
    store = lent(host)
    store.commit(order("a", reserve("TEA", 1, "1")))
    with host.transaction(force_rollback=True):
        store.commit(order("b", reserve("TEA", 1, "1")))
    assert store.outcome("b") is None
    host.commit()
    assert other.outcome("a") is not None
    assert other.verify() == ()


def test_without_a_transaction_of_the_host_a_commit_is_its_own(url, other):
    with psycopg.connect(url, autocommit=True) as host:
        store = lent(host)
        assert isinstance(store.commit(order("a", reserve("TEA", 1, "1"))), Committed)
        assert host.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        assert other.outcome("a") is not None
        assert store.verify() == ()


def test_what_may_still_be_undone_is_not_settled(host):
    store = lent(host)
    assert store.read([ReadHead("order/a")]).settled
    store.commit(order("a", reserve("TEA", 1, "1")))
    assert not store.read([ReadHead("order/a")]).settled
    host.commit()
    assert store.read([ReadHead("order/a")]).settled


def test_a_test_case_of_the_host_counts_as_committed(host):
    told = []
    store = lent(host, in_transaction=lambda: False, wrote=lambda: told.append(1))
    result = store.commit(order("a", reserve("TEA", 1, "1")))
    assert isinstance(result, Committed)
    assert not result.settled
    assert [record.command_id for record in store.read_all(None).records] == ["in", "a"]
    assert store.read_all(result.position).records == ()
    assert store.outcome("a").position == result.position
    assert not store.in_transaction()
    assert told == []


def test_who_delivers_after_the_commit_is_told_of_what_was_written_only(host):
    told = []
    store = lent(host, wrote=lambda: told.append(1))
    store.read([ReadHead("order/a")])
    store.commit(order("a", reserve("TEA", 9, "1")))
    assert told == []
    store.commit(order("a", reserve("TEA", 1, "1")))
    assert told == [1]
    store.commit(order("a", reserve("TEA", 1, "1")))
    assert told == [1]


def test_nothing_is_prepared_and_nothing_set(host):
    store = lent(host)
    # (plpgsql brings settings of its own when it loads.)
    settings = "select name, setting from pg_settings where name not like 'plpgsql.%' order by name"
    before = host.execute(settings).fetchall()
    for number in range(12):
        store.commit(order(f"a{number}", reserve("TEA", 1, "1")))
        store.read([ReadHead("order/a")])
    assert host.execute("select name from pg_prepared_statements where statement like '%ordercore%'").fetchall() == []
    assert host.execute(settings).fetchall() == before


def test_a_serializable_host_that_meets_another_writer_must_run_its_transaction_again(host, other):
    host.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
    store = lent(host)
    store.read([ReadHead("order/b")])
    assert isinstance(other.commit(order("a", reserve("TEA", 1, "1"))), Committed)
    with pytest.raises(RetryTransaction) as caught:
        store.commit(order("b", reserve("TEA", 1, "1")))
    assert caught.value.reason == "serialization"
    host.rollback()
    assert isinstance(store.commit(order("b", reserve("TEA", 1, "1"))), Pending)


def test_a_lock_timeout_of_the_host_says_that_its_transaction_must_be_run_again(host, url):
    with psycopg.connect(url) as another:
        another.execute("select 1 from ordercore_position for update")
        host.execute("set local lock_timeout = '20ms'")
        with pytest.raises(RetryTransaction) as caught:
            lent(host).commit(order("a", reserve("TEA", 1, "1")))
        assert caught.value.reason == "lock_timeout"


def test_an_older_transaction_that_follows_a_newer_event_must_be_run_again(host, other):
    host.execute("select pg_current_xact_id()")
    assert isinstance(other.commit(order("a", reserve("TEA", 1, "1"), expected=0)), Committed)
    with pytest.raises(RetryTransaction):
        lent(host).commit(order("b", reserve("TEA", 1, "1"), stream="order/a", expected=1))


def test_what_is_lent_is_a_connection_of_psycopg():
    with pytest.raises(ConfigurationError, match="psycopg"):
        lent(object).outcome("a")


def test_missing_tables_are_named_with_what_makes_them(ordercore_postgres_schema):
    with psycopg.connect(ordercore_postgres_schema) as host, pytest.raises(SchemaVersion) as caught:
        lent(host, migrate="Type: python manage.py migrate").outcome("a")
    assert caught.value.hint == "Type: python manage.py migrate"


def test_a_transaction_that_has_failed_says_so(host):
    with pytest.raises(psycopg.Error):
        host.execute("select 1/0")
    with pytest.raises(StoreError) as caught:
        lent(host).outcome("a")
    assert caught.value.reason == "failed_transaction"


def test_an_asynchronous_host_lends_too(url):
    async def story():
        async with await psycopg.AsyncConnection.connect(url) as host:

            async def lender():
                return host

            store = AsyncPostgresStore.borrowing(lender)
            store.use_codec(sample_codec())
            assert isinstance(await store.commit(order("a", reserve("TEA", 1, "1"))), Pending)
            assert await store.in_transaction()
            await host.rollback()
            assert await store.outcome("a") is None

    asyncio.run(story())


def test_a_verify_that_fails_leaves_no_transaction_open_on_the_hosts_connection(url):
    unreadable = "insert into ordercore_document values ('', 'carried', 'TEA', 1, '', '', 'no JSON')"
    with psycopg.connect(url, autocommit=True) as host:
        host.execute(unreadable)
        with pytest.raises(StoreError, match="not JSON"):
            lent(host).verify()
        assert host.info.transaction_status == psycopg.pq.TransactionStatus.IDLE

    async def awaited():
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as host:
            store = AsyncPostgresStore.borrowing(host)
            store.use_codec(sample_codec())
            with pytest.raises(StoreError, match="not JSON"):
                await store.verify()
            assert host.info.transaction_status == psycopg.pq.TransactionStatus.IDLE

    asyncio.run(awaited())
