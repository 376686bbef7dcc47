"""The rules of lent connections, and those of commits, stock and records outside of the host's transactions."""

from functools import partial

import psycopg
import pytest

from ordercore.testing.rules.borrowed import BorrowedRules
from ordercore.testing.rules.commits import CommitRules
from ordercore.testing.rules.records import RecordRules
from ordercore_postgres import PostgresStore
from ordercore_postgres.testing.host import PostgresHost, host_database


class TestOnLentConnections(BorrowedRules, CommitRules, RecordRules):
    durable = multi_process = global_order = group_commit = fencing = borrowed_transaction = True

    @pytest.fixture
    def store_factory(self, ordercore_postgres_schema):
        host_database(ordercore_postgres_schema)
        with psycopg.connect(ordercore_postgres_schema, autocommit=True) as connection:
            yield partial(PostgresStore.borrowing, connection)

    @pytest.fixture
    def host_factory(self, ordercore_postgres_schema):
        host_database(ordercore_postgres_schema)
        return partial(PostgresHost, ordercore_postgres_schema)
