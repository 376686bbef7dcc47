"""What several tests of this plugin start from."""

import pytest

from ordercore_postgres.store import PostgresStore


def _with_tables(address):
    PostgresStore(address, migrate=True).close()


@pytest.fixture(scope="session")
def shop_template(ordercore_postgres_databases):
    """The name of a database with the tables of a store and nothing in them, to be copied."""
    return ordercore_postgres_databases.template("ordercore_test_tables", _with_tables)


@pytest.fixture
def empty_shop(ordercore_postgres_databases, shop_template):
    """The address of a database of this test with the tables of a store and nothing in them."""
    with ordercore_postgres_databases.fresh(shop_template) as address:
        yield address
