import sqlite3
from contextlib import closing
from functools import partial

import pytest

from ordercore.store.sqlite import SQLiteStore
from ordercore.testing import StoreSuite


class TestSQLiteStore(StoreSuite):
    durable = multi_process = global_order = group_commit = fencing = True

    @pytest.fixture
    def store_factory(self, tmp_path):
        return partial(SQLiteStore, tmp_path / "shop.db")

    def damage(self, store, key, bucket, change):
        with closing(sqlite3.connect(store.path)) as connection, connection:
            changed = connection.execute(
                f"update position set {bucket} = {bucket} + ? where id = ("
                "select cell.id from cell join sku on cell.sku = sku.n"
                " where sku.sku = ? and place = ? and lot = ? and owner = ?)",
                (change, *key),
            )
            assert changed.rowcount == 1
