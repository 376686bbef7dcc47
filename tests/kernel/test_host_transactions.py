"""A kernel that lives through the transactions of a host, with their rollbacks, is as good as a new one."""

from contextlib import closing

import psycopg
from hypothesis import HealthCheck, given, settings

from ordercore import Kernel
from ordercore.catalog import PutStockLevels
from ordercore.policies import Policies
from ordercore.stock import AdjustStock
from ordercore.testing import ManualClock, given_stock
from ordercore.testing.hosted import SCENARIOS, Hosted
from ordercore.testing.sqlite_host import SQLiteHost, host_database
from ordercore_postgres import PostgresStore


class PostgresHost:
    """As much of a host as these scenarios need; it waits for others' locks no longer than a tenth of a second."""

    def __init__(self, address):
        self.connection = psycopg.connect(address, autocommit=True, options="-c lock_timeout=100")

    def store(self):
        return PostgresStore.borrowing(self.connection, retry_seconds=0.1)

    def is_open(self):
        return self.connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE

    def begin(self):
        self.connection.execute("begin")

    def commit(self):
        self.connection.execute("commit")

    def rollback(self):
        self.connection.execute("rollback")

    def savepoint(self, name):
        self.connection.execute(f"savepoint {name}")

    def rollback_to(self, name):
        self.connection.execute(f"rollback to {name}")

    def close(self):
        self.connection.close()


@settings(max_examples=25)
@given(SCENARIOS)
def test_what_the_host_took_back_is_forgotten_on_sqlite(tmp_path_factory, scenario):
    path = tmp_path_factory.mktemp("host") / "host.db"
    host_database(path)
    with closing(SQLiteHost(path)) as host, closing(SQLiteHost(path)) as other:
        Hosted(host, other).run(scenario)


@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(SCENARIOS)
def test_what_the_host_took_back_is_forgotten_on_postgresql(ordercore_postgres_databases, scenario):
    databases = ordercore_postgres_databases
    databases.template("hosted", lambda address: PostgresStore.open(address, migrate=True).close())
    address = databases.create("hosted")
    with closing(PostgresHost(address)) as host, closing(PostgresHost(address)) as other:
        Hosted(host, other).run(scenario)
    databases.drop(address)


def test_the_watch_forgets_levels_of_a_test_case_that_was_rolled_back(tmp_path):
    host_database(tmp_path / "host.db")
    with closing(SQLiteHost(tmp_path / "host.db")) as host:
        kernel = Kernel(host.store(lambda: False), clock=ManualClock(), policies=Policies(replenish="alert"))
        given_stock(kernel, {"WH1": {"TEA": 20, "CUP": 20}})
        alerts = []
        for sku in ("CUP", "TEA", "CUP"):
            host.begin()
            kernel.handle(PutStockLevels(sku, "WH1", 15, 40))
            kernel.work(until_idle=True)
            kernel.handle(AdjustStock("WH1", "TEA", -10, "sold over the counter"))
            kernel.work(until_idle=True)
            alerts.append(len(kernel.alerts()))
            host.rollback()
        assert alerts == [0, 1, 0]
