import sqlite3
from contextlib import closing, suppress
from functools import partial
from unittest.mock import patch

import pytest

from ordercore.store.sqlite import SQLiteStore, schema
from ordercore.store.sqlite.session import Database
from ordercore.testing import StoreSuite
from ordercore.testing.sample_events import sample_codec
from ordercore.testing.sqlite_host import SQLiteHost, host_database, store_on_lent_connections


class TestSQLiteStore(StoreSuite):
    durable = multi_process = global_order = group_commit = fencing = transfer = archive = True

    @pytest.fixture
    def store_factory(self, tmp_path):
        return partial(SQLiteStore, tmp_path / "shop.db")

    def damage(self, store, key, bucket, change):
        damage(store.path, key, bucket, change)


class TestBorrowedSQLiteStore(StoreSuite):
    """The whole contract on connections that a host lends, outside of its transactions; and inside of them."""

    durable = multi_process = global_order = group_commit = fencing = borrowed_transaction = True

    @pytest.fixture
    def path(self, tmp_path):
        return tmp_path / "host.db"

    @pytest.fixture
    def store_factory(self, path):
        return partial(store_on_lent_connections, path)

    @pytest.fixture
    def host_factory(self, path):
        host_database(path)
        return partial(SQLiteHost, path)

    @pytest.fixture(autouse=True)
    def _know_the_file(self, path):
        self.path = path

    def damage(self, store, key, bucket, change):
        damage(self.path, key, bucket, change)


def damage(path, key, bucket, change):
    with closing(sqlite3.connect(path)) as connection, connection:
        changed = connection.execute(
            f"update ordercore_position set {bucket} = {bucket} + ? where id = ("
            "select cell.id from ordercore_cell cell join ordercore_sku sku on cell.sku = sku.n"
            " where sku.sku = ? and place = ? and lot = ? and owner = ?)",
            (change, *key),
        )
        assert changed.rowcount == 1


def test_a_file_that_another_process_makes_meanwhile_is_not_a_strangers(tmp_path):
    path = tmp_path / "shop.db"
    made = []

    def make_it_in_between(statement):
        if "sqlite_master" in statement and not made:
            made.append(statement)
            with suppress(sqlite3.OperationalError), closing(sqlite3.connect(path, timeout=0)) as other:
                other.execute("begin immediate")
                schema.upgrade(other, str(path))
                other.commit()

    class Watched(Database):
        def _prepare(self, connection):
            connection.set_trace_callback(make_it_in_between)
            super()._prepare(connection)

    with patch("ordercore.store.sqlite.store.Database", Watched):
        store = SQLiteStore(path)
    assert made
    store.use_codec(sample_codec())
    assert store.verify() == ()
    store.close()
