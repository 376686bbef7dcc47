"""Rows travel between SQLite and PostgreSQL, and what leaves for an archive is safe from who appends meanwhile."""

import threading
from contextlib import closing

import psycopg
import pytest

from ordercore import Kernel, Line, PlaceOrder, PutItem, PutLocation, ReceiveStock
from ordercore.cli import main
from ordercore.errors import StoreError
from ordercore.stock import Received
from ordercore.store import Committed, Conflicted, Pending
from ordercore.store.archived import Cut
from ordercore.store.copying import copy
from ordercore.store.sqlite import SQLiteStore
from ordercore.testing.sample_events import Noted, append, batch, delivery, receive, sample_codec
from ordercore_postgres import PostgresStore, archive


@pytest.fixture
def url(ordercore_postgres_schema):
    PostgresStore.migrate(ordercore_postgres_schema)
    return ordercore_postgres_schema


def test_a_shop_moves_from_sqlite_to_postgresql_and_back(url, tmp_path, capsys):
    source, again = f"sqlite:///{tmp_path / 'shop.db'}", f"sqlite:///{tmp_path / 'again.db'}"
    with Kernel.open(source) as kernel:
        kernel.handle(PutItem("TEA", "Tea"))
        kernel.handle(PutLocation("WH1"))
        kernel.handle(ReceiveStock("WH1", (Received("TEA", 10),), "supplier", "GR-1"))
        kernel.handle(PlaceOrder("web", "1", "EUR", [Line("TEA", 2, "3.50")]))
        orders, stock = kernel.orders(), kernel.stock("TEA")
    for there, here in ((source, url), (url, again)):
        assert main(["copy", there, here]) == 0
        assert capsys.readouterr().out.splitlines()[-1] == "equal, and the books of the target are right"
    for copied in (url, again):
        with Kernel.open(copied) as kernel:
            assert kernel.orders() == orders
            assert kernel.stock("TEA") == stock
            assert kernel.handle(PlaceOrder("web", "1", "EUR", [Line("TEA", 2, "3.50")])).duplicate
            assert kernel.handle(PlaceOrder("web", "2", "EUR", [Line("TEA", 2, "3.50")])).order_id
            assert kernel.verify() == ()


def test_a_copy_goes_on_with_what_was_still_open_at_the_call_before(url, tmp_path):
    with (
        closing(PostgresStore(url)) as store, closing(SQLiteStore(tmp_path / "copy.db")) as target,
        psycopg.connect(url) as host,
    ):  # fmt: skip
        slow = PostgresStore.borrowing(host)
        for one in (store, target, slow):
            one.use_codec(sample_codec())
        assert isinstance(store.commit(batch("first", append("order/1", 0, Noted("first")))), Committed)
        assert isinstance(slow.commit(batch("slow", append("order/2", 0, Noted("slow")))), Pending)
        assert isinstance(store.commit(batch("quick", append("order/3", 0, Noted("quick")))), Committed)
        copied = copy(store, target, sample_codec())
        assert (copied.new_rows, [one.where for one in copied.differences]) == (1, ["log"])
        host.commit()
        copied = copy(store, target, sample_codec())
        assert (copied.new_rows, copied.differences) == (2, ())
        assert [one.command_id for one in target.read_all(None).records] == ["first", "slow", "quick"]


@pytest.fixture
def closed(url):
    with closing(PostgresStore(url)) as store:
        store.use_codec(sample_codec())
        for made in (batch("a", append("order/a", 0, Noted("a"))), delivery("end", receive("TEA", 1))):
            assert isinstance(store.commit(made), Committed)
        yield store


def leave_beside_a_writer(store, url, results):
    """A thread that archives, a writer that keeps it waiting, and a thread that comes after both."""
    holding = psycopg.connect(url)
    holding.execute(
        "insert into ordercore_log select tenant, 'x', 0, epoch, xid, 0, fingerprint, null, 0, 0, at, effective,"
        " actor, cause, correlation, crc, events from ordercore_log limit 1"
    )
    leaving = threading.Thread(target=lambda: results.update(cut=store.archive(Cut("s1", {"order/a": 1}, [], [], 0))))
    leaving.start()
    with psycopg.connect(url, autocommit=True) as watching:
        while not watching.execute("select 1 from pg_locks where not granted").fetchall():
            pass
    late = threading.Thread(
        target=lambda: results.update(late=store.commit(batch("late", append("order/a", 1, Noted("late")))))
    )
    late.start()
    return holding, leaving, late


def test_an_archive_that_waits_for_a_long_transaction_keeps_no_writer_waiting(closed, url):
    results = {}
    holding, leaving, late = leave_beside_a_writer(closed, url, results)
    with closing(holding):
        late.join(10)
        assert isinstance(results["late"], Committed)
        assert "cut" not in results
    leaving.join()
    assert isinstance(results["cut"], Conflicted)


def test_who_appends_while_a_stream_leaves_is_refused(closed, url, monkeypatch):
    monkeypatch.setattr(archive, "_PATIENCE", "set local lock_timeout = '10s'")
    results = {}
    holding, leaving, late = leave_beside_a_writer(closed, url, results)
    with closing(holding):
        late.join(0.2)
        assert results == {}
    leaving.join()
    late.join()
    assert isinstance(results["cut"], Committed) is isinstance(results["late"], Conflicted)
    assert {type(result) for result in results.values()} == {Committed, Conflicted}
    assert closed.verify() == ()


def test_a_lent_connection_is_not_copied_into(url):
    with psycopg.connect(url) as host, pytest.raises(StoreError, match="transactions of its own"):
        PostgresStore.borrowing(host).clear()
