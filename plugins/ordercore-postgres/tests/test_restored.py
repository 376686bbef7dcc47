"""A database that was restored from a dump of a server that was further: its log goes on in every way there is."""

from contextlib import closing

import psycopg
import pytest

from ordercore.errors import StoreError
from ordercore.store import Committed, Pending
from ordercore.store.archived import Cut
from ordercore.testing.sample_events import Noted, append, batch, sample_codec
from ordercore_postgres import PostgresStore


def noted(command_id, stream, expected):
    return batch(command_id, append(stream, expected, Noted("it")))


@pytest.fixture
def forgotten(ordercore_postgres_schema):
    """Where nobody has said yet that it was restored."""
    with closing(PostgresStore(ordercore_postgres_schema, migrate=True)) as store:
        store.use_codec(sample_codec())
        store.commit_many([noted("a", "order/1", 0), noted("b", "order/2", 0)])
    with psycopg.connect(ordercore_postgres_schema) as connection:
        connection.execute("update ordercore_log set xid = (xid::text::bigint + 1000000)::text::xid8")
    return ordercore_postgres_schema


@pytest.fixture
def url(forgotten):
    PostgresStore.after_restore(forgotten)
    return forgotten


@pytest.fixture
def store(url):
    with closing(PostgresStore(url, retry_seconds=2)) as store:
        store.use_codec(sample_codec())
        yield store


def test_in_a_transaction_of_the_hosts(url, store):
    with psycopg.connect(url) as host:
        host.execute("create table shop (id integer)")
        lent = PostgresStore.borrowing(host)
        lent.use_codec(sample_codec())
        assert isinstance(lent.commit(noted("c", "order/1", 1)), Pending)
    assert [record.command_id for record in store.read_all(None).records] == ["a", "b", "c"]


def test_in_a_group_that_goes_to_the_ends(store):
    results = store.commit_many([noted("c", "order/1", None), noted("d", "order/2", None)])
    assert [type(result) for result in results] == [Committed, Committed]


def test_what_was_before_may_leave_for_an_archive(store):
    store.commit(noted("c", "order/3", 0))
    assert isinstance(store.archive(Cut("s1", {"order/1": 1}, [], [], 0)), Committed)


@pytest.mark.parametrize("autocommit", [True, False])
def test_nothing_is_written_on_a_lent_connection_before_somebody_has_said_so(forgotten, autocommit):
    with psycopg.connect(forgotten, autocommit=autocommit) as host:
        lent = PostgresStore.borrowing(host)
        lent.use_codec(sample_codec())
        with pytest.raises(StoreError, match="--after-restore") as refused:
            lent.commit(noted("c", "order/3", 0))
        assert refused.value.fields["reason"] == "restored"


def test_what_the_hosts_transaction_wrote_itself_is_no_sign_of_that(ordercore_postgres_schema):
    PostgresStore.migrate(ordercore_postgres_schema)
    with psycopg.connect(ordercore_postgres_schema) as host:
        lent = PostgresStore.borrowing(host)
        lent.use_codec(sample_codec())
        for version in range(3):
            with host.transaction():
                assert isinstance(lent.commit(noted(f"c{version}", "order/1", version)), Pending)
