"""Rules of the store contract through a proxy that gives each transaction another server connection."""

from functools import partial

import psycopg
import pytest

from ordercore.kernel import Kernel
from ordercore.testing import given_stock, place
from ordercore.testing.racers import empty_the_shelves, sell_out
from ordercore.testing.races import race_processes, race_threads
from ordercore.testing.rules.commits import CommitRules
from ordercore.testing.rules.records import RecordRules
from ordercore.testing.rules.sharing import SharingRules
from ordercore.testing.rules.subject import commit_all, units
from ordercore.testing.rules.timers import TimerRules
from ordercore.testing.sample_events import delivery, receive
from ordercore_postgres.store import PostgresStore
from ordercore_postgres.testing import PoolingProxy

TABLES = "select string_agg(oid::regclass::text, ', ') from pg_class where relkind = 'r' and relname ~ '^ordercore_(?!schema|epoch)'"


@pytest.fixture(scope="module")
def pooling(ordercore_postgres_databases, shop_template):
    """The proxy before a database, for all tests in turn, as a pool is there for all that come."""
    with ordercore_postgres_databases.fresh(shop_template) as address, PoolingProxy(address) as running:
        yield running


@pytest.fixture
def proxy(pooling):
    yield pooling
    with psycopg.connect(pooling.target, autocommit=True, options="-c lock_timeout=5s") as connection:
        (tables,) = connection.execute(TABLES).fetchone()
        connection.execute(f"truncate {tables}")


class TestThroughAProxy(CommitRules, RecordRules, TimerRules, SharingRules):
    durable = multi_process = global_order = group_commit = fencing = transfer = archive = True

    @pytest.fixture
    def store_factory(self, proxy):
        return partial(PostgresStore, f"{proxy.address}?prepare=0")

    def test_threads_share_few_connections(self, store, proxy):
        before = proxy.transactions
        commit_all(store, delivery("in", receive("TEA", 100)))
        assert sum(race_threads(store, 6, sell_out, 40, 10)) == 100
        assert units(store, "TEA") == {"reserved": 100}
        assert store.verify() == ()
        assert proxy.transactions > before + 100

    def test_processes_share_few_connections(self, store, store_factory):
        skus = [f"SKU{number}" for number in range(5)]
        commit_all(store, delivery("in", *(receive(sku, 20) for sku in skus)))
        got = race_processes(store_factory, 6, empty_the_shelves, skus, 20)
        assert {sku: sum(each[sku] for each in got) for sku in skus} == dict.fromkeys(skus, 20)
        assert store.verify() == ()


def test_prepared_statements_do_break_behind_it(proxy):
    """What `prepare=0` is for: or else the tests above would prove nothing."""
    refused = pytest.raises(psycopg.errors.InvalidSqlStatementName)
    with psycopg.connect(proxy.address, autocommit=True, prepare_threshold=0) as connection, refused:
        connection.execute("select %s::int", (1,))


def test_a_kernel_works_behind_it(proxy):
    with Kernel(PostgresStore(f"{proxy.address}?prepare=0")) as kernel:
        given_stock(kernel, {"WH1": {"TEA": 5}})
        for _ in range(5):
            place(kernel, {"TEA": 1})
        assert kernel.stock("TEA").available == 0
        assert kernel.verify() == ()
