"""A reader beside writers who are slow, and who roll back, in transactions of their host."""

from functools import partial

import pytest

from ordercore.testing.tailing import EVENTS, follow_slow_writers
from ordercore_postgres.store import PostgresStore
from ordercore_postgres.testing import PostgresHost


def followed(address, writers, transactions):
    PostgresStore(address, migrate=True).close()
    opened = partial(PostgresHost, address)
    return follow_slow_writers(partial(PostgresStore, address), opened, writers=writers, transactions=transactions)


def test_a_reader_misses_nothing_of_slow_writers(ordercore_postgres_address, record_property):
    tailed = followed(ordercore_postgres_address, 5, 60)
    assert tailed.rolled_back > 0
    record_property("figures", f"PostgreSQL: {tailed}")


@pytest.mark.slow
@pytest.mark.every_postgres
def test_a_reader_misses_nothing_of_a_hundred_thousand_events(
    ordercore_postgres_launch, ordercore_postgres_major, record_property
):
    address = ordercore_postgres_launch(durable=True).databases.create()
    tailed = followed(address, 8, 100_000 // EVENTS // 8 * 11 // 10)
    assert tailed.events >= 100_000
    record_property("figures", f"PostgreSQL {ordercore_postgres_major} (durable), 8 writers: {tailed}")
