"""What goes wrong with a server is a typed error that says what to do; nothing in it is a secret."""

import asyncio
import os
import threading
from contextlib import closing

import psycopg
import pytest

from ordercore.errors import BrokenRule, ConfigurationError, Corrupted, StoreBusy, StoreError
from ordercore.store import Committed, ReadHead, Unknown
from ordercore.testing.sample_events import delivery, order, receive, reserve, sample_codec
from ordercore_postgres import AsyncPostgresStore, PostgresStore
from ordercore_postgres.address import parsed
from ordercore_postgres.connections import Owned


@pytest.fixture
def url(ordercore_postgres_schema):
    PostgresStore.migrate(ordercore_postgres_schema)
    return ordercore_postgres_schema


@pytest.fixture
def admin(url):
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def opened(url, **more):
    store = PostgresStore(url, **more)
    store.use_codec(sample_codec())
    return store


@pytest.fixture
def store(url):
    with closing(opened(url, retry_seconds=1)) as store:
        store.commit(delivery("in", receive("TEA", 5)))
        yield store


def cut_off(admin):
    """The server ends every other connection of this database."""
    admin.execute(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'"
    )


def test_a_server_that_is_not_there_is_down():
    with pytest.raises(StoreError) as caught:
        PostgresStore("postgresql://shop:geheim@127.0.0.1:1/shop", retry_seconds=0.05)
    assert caught.value.reason == "down"
    assert "geheim" not in str(caught.value)
    assert "geheim" not in repr(caught.value.__cause__)


def test_an_address_that_cannot_be_read_does_not_tell_the_password():
    with pytest.raises(ConfigurationError) as caught:
        parsed("postgresql://shop:geheim@host/shop?nonsense=1")
    assert "geheim" not in str(caught.value)
    assert "geheim" not in repr(parsed("postgresql://shop:geheim@a:1,b:2/shop"))
    assert parsed("postgresql://shop:geheim@a:1,b:2/shop").shown == "postgresql://shop@a:1,b:2/shop"


def test_an_address_asks_for_the_server_that_writes_unless_it_says_otherwise():
    assert "target_session_attrs=read-write" in parsed("postgresql://a,b/shop").conninfo
    assert "target_session_attrs=any" in parsed("postgresql://a,b/shop?target_session_attrs=any").conninfo
    with pytest.raises(ConfigurationError):
        parsed("postgresql://a/shop?prepare=maybe")


def test_a_connection_that_was_lost_meanwhile_is_replaced_before_anything_is_sent(store, admin):
    cut_off(admin)
    assert isinstance(store.commit(order("a", reserve("TEA", 1, "1"))), Committed)
    cut_off(admin)
    assert store.read([ReadHead("order/a")]).answers


def test_a_connection_lost_at_a_commit_leaves_it_unknown_until_the_outcome_is_asked(store, admin):
    with admin.transaction():
        admin.execute("lock table ordercore_position in access exclusive mode")
        answers = []
        thread = threading.Thread(target=lambda: answers.append(store.commit(order("a", reserve("TEA", 1, "1")))))
        thread.start()
        while not admin.execute("select 1 from pg_locks where not granted").fetchall():
            pass
        cut_off(admin)
        thread.join()
    assert isinstance(answers[0], Unknown)
    assert store.outcome("a") is None
    assert isinstance(store.commit(order("a", reserve("TEA", 1, "1"))), Committed)


def test_a_statement_timeout_is_no_conflict_and_writes_nothing(url, store, admin):
    slow = f"{url}%20-cstatement_timeout%3D50" if "options=" in url else pytest.fail("the schema is an option")
    with closing(opened(slow)) as hasty, admin.transaction():
        admin.execute("select 1 from ordercore_position for update")
        with pytest.raises(StoreError) as caught:
            hasty.commit(order("a", reserve("TEA", 1, "1")))
    assert caught.value.reason == "statement_timeout"
    assert store.outcome("a") is None


def test_a_lock_timeout_is_tried_again_until_the_deadline(url, store, admin):
    with closing(opened(f"{url}%20-clock_timeout%3D20", retry_seconds=0.2)) as hasty, admin.transaction():
        admin.execute("select 1 from ordercore_position for update")
        with pytest.raises(StoreBusy):
            hasty.commit(order("a", reserve("TEA", 1, "1")))
    assert store.outcome("a") is None


def test_a_lock_that_somebody_keeps_is_waited_for_until_the_deadline_and_no_longer(url, store, admin):
    async def awaited():
        hasty = AsyncPostgresStore(url, retry_seconds=0.3)
        hasty.use_codec(sample_codec())
        try:
            with pytest.raises(StoreBusy):
                await asyncio.wait_for(hasty.commit(order("a", reserve("TEA", 1, "1"))), 20)
        finally:
            await hasty.close()

    with admin.transaction():
        admin.execute("set local idle_in_transaction_session_timeout = '30s'")  # or this test would hang without
        admin.execute("select 1 from ordercore_position for update")
        with closing(opened(url, retry_seconds=0.3)) as hasty, pytest.raises(StoreBusy):
            hasty.commit(order("a", reserve("TEA", 1, "1")))
        asyncio.run(awaited())
    assert store.outcome("a") is None


def test_a_role_that_only_reads_cannot_write(url, store):
    with closing(opened(f"{url}%20-cdefault_transaction_read_only%3Don&target_session_attrs=any")) as reader:
        assert reader.outcome("in") is not None
        with pytest.raises(StoreError) as caught:
            reader.commit(order("a", reserve("TEA", 1, "1")))
    assert caught.value.reason == "read_only"


def test_a_server_that_only_reads_is_not_taken_for_a_primary(url):
    with pytest.raises(StoreError) as caught:
        opened(f"{url}%20-cdefault_transaction_read_only%3Don", retry_seconds=0.05)
    assert caught.value.reason == "read_only"


def test_a_damaged_row_is_named_by_its_position(store, admin):
    position = store.outcome("in").position
    admin.execute("update ordercore_log set events = replace(events, 'TEA', 'TEB')")
    with pytest.raises(Corrupted) as caught:
        store.read_all(None)
    assert caught.value.position == position
    assert {breach.identity for breach in store.verify()} >= {"checksum"}


def test_text_that_nobody_can_store_is_a_broken_rule(store):
    for name in ("a\0b", "\ud800"):
        with pytest.raises(BrokenRule):
            store.outcome(name)
        with pytest.raises(BrokenRule):
            store.commit(order("x", reserve("TEA", 1, "1"), stream=f"order/{name}"))
    assert store.verify() == ()


def test_a_balance_beyond_what_is_kept_is_a_broken_rule(store):
    with pytest.raises(BrokenRule):
        store.commit(delivery("much", receive("TEA", 2**62)))
    assert store.outcome("much") is None


def test_an_error_of_the_server_tells_no_values(store, admin):
    admin.execute("alter table ordercore_document add constraint shy check (body not like '%secret%')")
    from ordercore.store import PutDocument
    from ordercore.testing.sample_events import Sheet, batch

    with pytest.raises(BrokenRule) as caught:
        store.commit(batch("x", documents=[PutDocument("sheet", "1", Sheet("secret"))]))
    assert "secret" not in str(caught.value)


def test_a_closed_store_says_so(store):
    store.close()
    with pytest.raises(StoreError) as caught:
        store.outcome("in")
    assert caught.value.reason == "closed"


def test_a_child_process_leaves_the_connections_of_its_parent_alone(url, store):
    child = os.fork()
    if child == 0:
        try:
            fine = store.outcome("in") is not None and isinstance(
                store.commit(delivery("kid", receive("TEA", 1))), Committed
            )
            os._exit(0 if fine else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert store.outcome("kid") is not None


def test_behind_a_proxy_nothing_is_prepared(url):
    with closing(Owned(parsed(f"{url}&prepare=0"))) as lender:
        store = PostgresStore(f"{url}&prepare=0")
        store.use_codec(sample_codec())
        for number in range(8):
            store.commit(delivery(f"d{number}", receive("TEA", 1)))
        connection = store._lender._idle[0].connection
        assert connection.execute("select count(*) from pg_prepared_statements").fetchone() == (0,)
        assert connection.execute("show enable_seqscan").fetchone() == ("on",)
        store.close()
        assert lender.shown == store.address


def test_a_deadlock_with_somebody_else_is_tried_again(url, store):
    store.commit(delivery("more", receive("CUP", 5)))
    take = "update ordercore_position set damaged = damaged where sku = '{}'"
    answers = []
    # (Only who waits longer than its own deadlock_timeout looks for a deadlock, and is the one that gives way.)
    with (
        closing(opened(f"{url}%20-cdeadlock_timeout%3D50")) as giving,
        psycopg.connect(f"{url}%20-cdeadlock_timeout%3D60s") as host,
    ):
        host.execute(take.format("TEA"))
        both = order("a", reserve("CUP", 1, "1"), reserve("TEA", 1, "2"))
        thread = threading.Thread(target=lambda: answers.append(giving.commit(both)))
        thread.start()
        while not host.execute("select 1 from pg_locks where not granted").fetchall():
            pass
        host.execute(take.format("CUP"))  # which the commit holds: it has to give way
        assert answers == []
        host.commit()
        thread.join()
    assert isinstance(answers[0], Committed)
    assert store.verify() == ()
