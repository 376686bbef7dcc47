"""The store contract over PostgreSQL, on each major version there is."""

from functools import partial

import psycopg
import pytest

from ordercore.testing import StoreSuite
from ordercore_postgres.store import PostgresStore


@pytest.mark.every_postgres
class TestPostgresStore(StoreSuite):
    durable = multi_process = global_order = group_commit = fencing = transfer = archive = True
    attempts = 2_000
    crash_rounds = 2

    @pytest.fixture
    def store_factory(self, ordercore_postgres_schema):
        self.url = ordercore_postgres_schema
        return partial(PostgresStore, ordercore_postgres_schema, migrate=True)

    def damage(self, store, key, bucket, change):
        sku, place, lot, owner = key
        with psycopg.connect(self.url) as connection:
            changed = connection.execute(
                f"update ordercore_position set {bucket} = {bucket} + %s"
                " where sku = %s and place = %s and lot = %s and owner = %s",
                (change, sku, place, lot, owner),
            )
            assert changed.rowcount == 1
