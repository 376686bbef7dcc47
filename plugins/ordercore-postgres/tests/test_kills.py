"""Kill -9: of the writers, and of the server with all its processes. A process that is killed is not a power cut."""

from functools import partial

import pytest

from ordercore.testing.crash import survive_kills
from ordercore_postgres.store import PostgresStore

MANY = 50_000
"""Acknowledged orders of the long runs."""


@pytest.fixture
def server(ordercore_postgres_launch):
    return ordercore_postgres_launch(durable=True)


@pytest.fixture
def factory(server):
    return partial(PostgresStore, server.databases.create(), migrate=True)


def test_three_kills_of_a_writer_lose_nothing(factory, record_property):
    toll = survive_kills(factory, rounds=3)
    assert toll.acknowledged >= 3
    record_property("figures", f"PostgreSQL, writer killed: {toll}")


@pytest.mark.every_postgres
def test_three_kills_of_the_whole_server_lose_nothing(server, factory, record_property, ordercore_postgres_major):
    toll = survive_kills(factory, rounds=3, writers=2, strike=server.kill, revive=server.start)
    assert toll.acknowledged >= 3
    record_property("figures", f"PostgreSQL {ordercore_postgres_major}, server killed: {toll}")


@pytest.mark.slow
def test_many_kills_of_writers_lose_nothing(factory, record_property):
    toll = survive_kills(factory, orders=MANY, writers=4, longest=5)
    record_property("figures", f"PostgreSQL, 4 writers killed: {toll}")


@pytest.mark.slow
def test_many_kills_of_the_whole_server_lose_nothing(server, factory, record_property):
    toll = survive_kills(factory, orders=MANY, writers=4, longest=5, strike=server.kill, revive=server.start)
    record_property("figures", f"PostgreSQL, server killed under 4 writers: {toll}")
