"""The tables: made by one command, once, whoever runs it; and what a store says without them."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest

from ordercore import Kernel
from ordercore.cli import main
from ordercore.errors import SchemaVersion, StoreError
from ordercore.store.migrations import downgrading
from ordercore.testing.sample_events import delivery, receive, sample_codec
from ordercore_postgres import PostgresStore
from ordercore_postgres.schema import MIGRATIONS, VERSION


def opened(url):
    store = PostgresStore(url)
    store.use_codec(sample_codec())
    return closing(store)


def test_without_tables_the_error_says_what_to_type(ordercore_postgres_schema):
    with pytest.raises(SchemaVersion) as caught:
        PostgresStore(ordercore_postgres_schema)
    assert (caught.value.found, caught.value.known) == (0, VERSION)
    assert "ordercore migrate --store" in caught.value.hint


def test_the_command_makes_them_and_a_kernel_opens_by_the_address(ordercore_postgres_schema, capsys):
    assert main(["migrate", "--store", ordercore_postgres_schema]) == 0
    assert main(["migrate", "--store", ordercore_postgres_schema]) == 0
    assert capsys.readouterr().out == f"tables made: schema {VERSION}\nup to date: schema {VERSION}\n"
    with Kernel.open(ordercore_postgres_schema) as kernel:
        assert kernel.verify() == ()


def test_several_at_once_make_them_once(ordercore_postgres_schema):
    with ThreadPoolExecutor(4) as pool:
        versions = list(pool.map(lambda _: PostgresStore.migrate(ordercore_postgres_schema), range(4)))
    assert sorted(versions) == [(0, VERSION), *[(VERSION, VERSION)] * 3]


def test_every_migration_can_be_taken_back(ordercore_postgres_schema):
    PostgresStore.migrate(ordercore_postgres_schema)
    with psycopg.connect(ordercore_postgres_schema) as connection:
        for statement in downgrading(MIGRATIONS, VERSION):
            connection.execute(statement)
        left = connection.execute(
            "select relname from pg_class where relnamespace = current_schema()::regnamespace union all"
            " select proname from pg_proc where pronamespace = current_schema()::regnamespace"
        ).fetchall()
    assert left == []
    assert PostgresStore.migrate(ordercore_postgres_schema) == (0, VERSION)


def test_tables_of_a_newer_release_are_refused_where_they_are_not_compatible(ordercore_postgres_schema):
    PostgresStore.migrate(ordercore_postgres_schema)
    with psycopg.connect(ordercore_postgres_schema, autocommit=True) as connection:
        connection.execute("update ordercore_schema set version = 99")
        PostgresStore(ordercore_postgres_schema).close()
        connection.execute("update ordercore_schema set compatible = 99")
    with pytest.raises(SchemaVersion, match="99"):
        PostgresStore(ordercore_postgres_schema)
    with pytest.raises(SchemaVersion, match="99"):
        PostgresStore.migrate(ordercore_postgres_schema)


def test_a_log_of_another_server_is_recognized_and_goes_on_behind_what_was_restored(ordercore_postgres_schema, capsys):
    url = ordercore_postgres_schema
    PostgresStore.migrate(url)
    with opened(url) as store:
        store.commit(delivery("a", receive("TEA", 1)))
        read = store.read_all(None).cursor
        store.commit(delivery("b", receive("TEA", 1)))
    with psycopg.connect(url) as connection:  # as a dump is restored by a server that has begun fewer transactions
        connection.execute("update ordercore_log set xid = (xid::text::bigint + 1000000)::text::xid8")
        (moved,) = connection.execute("select min(xid::text::bigint) from ordercore_log").fetchone()
    with pytest.raises(StoreError) as caught:
        PostgresStore(url)
    assert caught.value.reason == "restored"
    assert main(["migrate", "--store", url, "--after-restore"]) == 0
    assert "goes on behind" in capsys.readouterr().out
    first = f"{read[:3]}{moved:012x}{read[15:]}"
    with opened(url) as store:
        store.commit(delivery("c", receive("TEA", 1)))
        assert [record.command_id for record in store.read_all(first).records] == ["b", "c"]
        assert store.verify() == ()
