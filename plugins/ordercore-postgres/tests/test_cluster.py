"""Three servers on this machine, of which the primary is killed in the middle of a sale."""

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import psycopg
import pytest

from ordercore.errors import StoreError
from ordercore.kernel import Kernel
from ordercore.testing import given_stock, place
from ordercore.testing.shoppers import sell_out_to_shoppers
from ordercore_postgres.store import PostgresStore
from ordercore_postgres.testing import PostgresCluster, found_binaries
from ordercore_postgres.testing.failover import NoFailover, fail_over

pytestmark = pytest.mark.slow

SKUS, STOCK = [f"SKU{number}" for number in range(50)], 150
KILLED_AT = 0.35


@pytest.fixture
def cluster(ordercore_postgres_major):
    chosen = next((each for each in found_binaries() if each.major == ordercore_postgres_major), None)
    with PostgresCluster(binaries=chosen) as running:
        yield running


@pytest.mark.every_postgres
@pytest.mark.parametrize("rebuild", ["rewind", "copy"])
def test_no_order_is_lost_when_the_primary_is_killed(cluster, rebuild, ordercore_postgres_major, record_property):
    with psycopg.connect(cluster.address(), autocommit=True) as connection:
        connection.execute("create database shop")
    factory = partial(PostgresStore, cluster.address("shop"), migrate=True)

    def lose_the_primary():
        orders = len(SKUS) * STOCK / 3
        with psycopg.connect(cluster.address("shop"), autocommit=True) as connection:
            count = "select count(distinct stream) from ordercore_log where stream like 'order/%'"
            while connection.execute(count).fetchone()[0] < KILLED_AT * orders:
                time.sleep(0.05)
        cluster.kill_primary()
        cluster.fail_over()

    sale = sell_out_to_shoppers(factory, 6, SKUS, STOCK, 3, meanwhile=lose_the_primary)
    assert cluster.primary != "s0"
    getattr(cluster, rebuild)("s0")
    cluster.wait_for_standbys([name for name in cluster.names if name != cluster.primary])
    held = cluster.digests("shop")
    assert held["s0"] == held["s1"] == held["s2"]
    assert any(table.endswith(".ordercore_log") for table in held["s0"])
    record_property(
        "figures",
        f"PostgreSQL {ordercore_postgres_major}, ANY 1 of 2 standbys, primary killed, {rebuild}: {sale}; nodes equal",
    )


def test_a_standby_answers_reads_and_takes_no_orders(cluster):
    with Kernel(PostgresStore(cluster.address(), migrate=True)) as kernel:
        given_stock(kernel, {"WH1": {"TEA": 5}})
        order = place(kernel, {"TEA": 2})
        seen = kernel.log().cursor
        cluster.digests("postgres")  # which waits until the standbys have it
    standby = f"{cluster.servers['s1'].address()}?target_session_attrs=any"
    with Kernel(PostgresStore(standby, retry_seconds=1)) as reader:
        assert reader.stock("TEA").available == 3
        assert reader.timeline(order)
        assert reader.log().cursor == seen
        assert reader.verify() == ()
        with pytest.raises(StoreError) as refused:
            place(reader, {"TEA": 1})
        assert refused.value.reason == "read_only"


class TestScript:
    def test_it_promotes_nobody_while_a_standby_is_silent(self, cluster):
        cluster.kill_primary()
        cluster.servers["s2"].kill()
        with pytest.raises(NoFailover, match="s2 does not answer") as refused:
            cluster.fail_over()
        assert "accept the loss" in refused.value.hint
        cluster.servers["s2"].start()
        assert cluster.fail_over() in {"s1", "s2"}

    def test_the_standby_that_received_more_is_chosen(self, cluster):
        with psycopg.connect(cluster.address(), autocommit=True) as connection:
            connection.execute("create table kept (id integer)")
            cluster.servers["s1"].stop()
            connection.execute("insert into kept values (1)")
        cluster.kill_primary()
        cluster.servers["s1"].start()
        assert cluster.fail_over() == "s2"
        with psycopg.connect(cluster.address(), autocommit=True) as connection:
            assert connection.execute("select id from kept").fetchone() == (1,)

    def test_a_primary_that_is_only_out_of_sight_acknowledges_nothing_any_more(self, cluster):
        old = cluster.servers["s0"]
        with psycopg.connect(old.address(), autocommit=True) as connection:
            connection.execute("create table kept (id integer)")
        assert cluster.fail_over() in {"s1", "s2"}
        answered = []

        def insert():
            with psycopg.connect(old.address(), autocommit=True) as connection:
                answered.append(connection.execute("insert into kept values (1)"))

        with ThreadPoolExecutor(1) as client:
            waiting = client.submit(insert)
            with psycopg.connect(old.address(), autocommit=True) as connection:
                asked = "select count(*) from pg_stat_activity where wait_event = 'SyncRep'"
                until = time.monotonic() + 20
                while not connection.execute(asked).fetchone()[0]:
                    assert time.monotonic() < until
                    time.sleep(0.02)
            time.sleep(0.5)
            assert answered == []
            old.kill()
            with pytest.raises(psycopg.OperationalError):
                waiting.result()

    def test_a_primary_is_no_standby(self, cluster):
        with pytest.raises(NoFailover, match="s0 is no standby"):
            fail_over({"s0": cluster.servers["s0"].address()})
