"""What several tests of this plugin start from."""

import pytest

from ordercore_postgres.store import PostgresStore


def _with_tables(address):
    PostgresStore(address, migrate=True).close()


@pytest.fixture
def empty_shop(ordercore_postgres_databases):
    """The address of a database of this test with the tables of a store and nothing in them."""
    template = ordercore_postgres_databases.template("ordercore_test_tables", _with_tables)
    with ordercore_postgres_databases.fresh(template) as address:
        yield address
