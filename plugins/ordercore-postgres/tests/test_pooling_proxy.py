"""The proxy that the tests use is as hard on sessions as the real ones."""

import gc
import itertools
import time
import warnings

import psycopg
import pytest

from ordercore_postgres.testing import PoolingProxy


@pytest.fixture
def proxy(ordercore_postgres_address):
    with PoolingProxy(ordercore_postgres_address) as running:
        yield running


@pytest.fixture
def connection(proxy):
    with psycopg.connect(proxy.address, prepare_threshold=None) as connected:
        yield connected


def backend(connection):
    return connection.execute("select pg_backend_pid()").fetchone()[0]


def test_each_transaction_runs_on_another_connection_and_each_one_on_a_single_one(connection):
    seen = []
    for _ in range(6):
        with connection.transaction():
            pids = {backend(connection) for _ in range(3)}
        assert len(pids) == 1
        seen += pids
    assert all(one != two for one, two in itertools.pairwise(seen))


def test_a_statement_prepared_by_name_is_gone_in_the_next_transaction(connection):
    connection.execute("prepare by_name as select 1")
    connection.commit()
    with pytest.raises(psycopg.errors.InvalidSqlStatementName):
        connection.execute("execute by_name")


def test_what_a_session_sets_is_gone_in_the_next_transaction_and_left_to_others(connection, proxy):
    connection.execute("set application_name = 'mine'")
    connection.commit()
    assert connection.execute("show application_name").fetchone() != ("mine",)
    connection.rollback()
    with psycopg.connect(proxy.address, autocommit=True) as other:
        named = {other.execute("show application_name").fetchone()[0] for _ in range(5)}
    assert "mine" in named


def test_pipelines_and_errors_pass(connection):
    with connection.pipeline():
        answers = [connection.execute("select %s::int", (number,)) for number in range(20)]
    assert [answer.fetchone()[0] for answer in answers] == list(range(20))
    connection.commit()
    with pytest.raises(psycopg.errors.DivisionByZero):
        connection.execute("select 1 / 0")
    connection.rollback()
    assert connection.execute("select 1").fetchone() == (1,)


def test_a_client_that_vanishes_within_a_transaction_takes_no_connection_along(proxy):
    for _ in range(2 * proxy.size):
        client = psycopg.connect(proxy.address, prepare_threshold=None)
        client.execute("create table half_done (id integer)")
        client.close()
    with psycopg.connect(proxy.address, prepare_threshold=None) as client:
        assert client.execute("select to_regclass('half_done')").fetchone() == (None,)


def test_several_clients_share_few_connections(proxy):
    clients = [psycopg.connect(proxy.address, autocommit=True, prepare_threshold=None) for _ in range(8)]
    pids = {backend(client) for _ in range(3) for client in clients}
    assert len(pids) == proxy.size
    for client in clients:
        client.close()


def test_it_may_end_at_any_moment_after_a_client_vanished_and_leaves_no_connection_open(ordercore_postgres_address):
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        for number in range(20):
            with PoolingProxy(ordercore_postgres_address) as proxy:
                client = psycopg.connect(proxy.address, prepare_threshold=None)
                client.execute("select 1")
                client.close()
                time.sleep(number / 4000)  # where opening another server connection has come to
        gc.collect()
    assert [str(one.message) for one in heard if one.category is ResourceWarning] == []
