"""Inside a Session: what becomes of an order is what becomes of the row beside it."""

import threading
from types import SimpleNamespace

import pytest
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, scoped_session, sessionmaker

from ordercore import Insufficient, Kernel, Line, PlaceOrder, PutItem, PutLocation, ReceiveStock, Ship
from ordercore.errors import ConfigurationError, InsideTransaction, RetryTransaction, SchemaVersion
from ordercore.stock import Received
from ordercore.wiring import discover
from ordercore_sqlalchemy import after_commit, create_tables, real_transactions, session_store


class Base(DeclarativeBase):
    pass


class Invoice(Base):
    __tablename__ = "invoice"

    number: Mapped[str] = mapped_column(primary_key=True)


@pytest.fixture(params=["sqlite", "sqlite, begun", pytest.param("postgresql", marks=pytest.mark.postgres)])
def engine(request):
    """Of SQLite as SQLAlchemy opens it, of SQLite with real transactions, of PostgreSQL."""
    dialect, _, begun = request.param.partition(", ")
    engine = create_engine(request.getfixturevalue(f"{dialect}_address"))
    if begun:
        real_transactions(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def shop(engine):
    """A database with a table of the host, those of ordercore, and ten packets of tea."""
    with engine.begin() as connection:
        Base.metadata.create_all(connection)
        create_tables(connection)
    with Session(engine) as session:
        kernel = Kernel(session_store(session))
        kernel.handle(PutItem("TEA"))
        kernel.handle(PutLocation("WH1"))
        kernel.handle(ReceiveStock("WH1", [Received("TEA", 10)], "supplier", "D-1"))
        session.commit()
    return engine


def order(number, quantity=2, **options):
    return PlaceOrder("web", number, "EUR", [Line("TEA", quantity, "9.90")], **options)


def found(engine):
    """(invoices, orders, tea that is free), as another session sees it."""
    with Session(engine) as session:
        kernel = Kernel(session_store(session))
        invoices = session.scalar(select(func.count()).select_from(Invoice))
        return invoices, len(kernel.orders()), kernel.available("TEA")


def test_an_order_and_a_row_of_the_host_are_there_after_the_commit_and_not_before(shop):
    with Session(shop) as session:
        session.add(Invoice(number="1"))
        receipt = Kernel(session_store(session)).handle(order("1"))
        assert (receipt.order_id, receipt.position) == ("web:1", None)
        if shop.dialect.name == "postgresql":
            assert found(shop) == (0, 0, 10)
        session.commit()
    assert found(shop) == (1, 1, 8)


@pytest.mark.parametrize("first", ["order", "row"])
def test_both_are_gone_after_a_rollback(shop, first):
    with Session(shop) as session:
        kernel = Kernel(session_store(session))
        if first == "row":
            session.add(Invoice(number="1"))
            session.flush()
        kernel.handle(order("1"))
        session.add(Invoice(number="2"))
        session.flush()
        assert kernel.available("TEA") == 8
        session.rollback()
        assert kernel.available("TEA") == 10
    assert found(shop) == (0, 0, 10)


def test_both_are_gone_when_the_host_fails_or_forgets_to_commit(shop):
    def fails():
        with Session(shop) as session, session.begin():
            Kernel(session_store(session)).handle(order("1"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    with Session(shop) as session:
        Kernel(session_store(session)).handle(order("2"))
    assert found(shop) == (0, 0, 10)


def test_a_refusal_undoes_only_itself_and_the_session_goes_on(shop):
    with Session(shop) as session, session.begin():
        kernel = Kernel(session_store(session))
        session.add(Invoice(number="1"))
        kernel.handle(order("1"))
        with pytest.raises(Insufficient):
            kernel.handle(order("2", 9))
        session.add(Invoice(number="2"))
        kernel.handle(order("3", 8))
    assert found(shop) == (2, 2, 0)


def test_what_is_done_twice_is_done_once_in_one_session_and_across_them(shop):
    with Session(shop) as session:
        kernel = Kernel(session_store(session))
        assert [kernel.handle(order("1")).duplicate for _ in range(2)] == [False, True]
        session.rollback()
        assert [kernel.handle(order("1")).duplicate for _ in range(2)] == [False, True]
        session.commit()
        assert kernel.handle(order("1")).duplicate
    assert found(shop) == (0, 1, 8)


def test_a_nested_block_that_is_rolled_back_takes_its_order_along_and_no_other(shop):
    real_transactions(shop)
    with Session(shop) as session, session.begin():
        kernel = Kernel(session_store(session))
        kernel.handle(order("1"))
        nested = session.begin_nested()
        session.add(Invoice(number="2"))
        kernel.handle(order("2"))
        nested.rollback()
        with session.begin_nested():
            session.add(Invoice(number="3"))
            kernel.handle(order("3"))
        assert kernel.available("TEA") == 6
    assert found(shop) == (1, 2, 6)


def test_a_nested_block_that_comes_first_is_still_undone_with_the_session(shop):
    real_transactions(shop)
    with Session(shop) as session:
        with session.begin_nested():
            Kernel(session_store(session)).handle(order("1"))
        session.rollback()
    assert found(shop) == (0, 0, 10)


def test_a_test_may_roll_everything_back_whatever_is_committed_in_it(shop):
    """The recipe of SQLAlchemy for test suites: sessions that join a transaction from outside."""
    real_transactions(shop)
    with shop.connect() as connection, connection.begin() as outside:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            kernel = Kernel(session_store(session))
            session.add(Invoice(number="1"))
            kernel.handle(order("1"))
            session.commit()
            kernel.handle(order("2"))
            session.rollback()
            assert [row.id for row in kernel.orders()] == ["web:1"]
        outside.rollback()
    assert found(shop) == (0, 0, 10)


def test_the_kernel_remembers_nothing_of_what_was_rolled_back(shop):
    sessions = scoped_session(sessionmaker(shop))
    kernel = Kernel(session_store(sessions))
    kernel.handle(PutItem("CUP"))
    kernel.handle(order("1"))
    kernel.handle(Ship("web:1"))
    sessions.rollback()
    sessions.remove()
    kernel.handle(order("1"))
    sessions.commit()
    assert kernel.order("web:1").fulfillment_status == "unfulfilled"
    with pytest.raises(Exception, match="CUP"):
        kernel.stock("CUP")
    sessions.remove()
    assert found(shop) == (0, 1, 8)


def test_one_kernel_serves_every_thread_with_the_session_of_that_thread(shop):
    real_transactions(shop)
    sessions = scoped_session(sessionmaker(shop))
    kernel = Kernel(session_store(sessions, bind=shop))
    placed = []

    def request(number):
        session = sessions()
        session.add(Invoice(number=str(number)))
        kernel.handle(order(str(number), 1))
        session.commit() if number % 2 else session.rollback()
        sessions.remove()
        placed.append(number)

    threads = [threading.Thread(target=request, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(placed) == list(range(8))
    assert found(shop) == (4, 4, 6)


def test_what_the_session_of_the_host_has_set_is_left_as_it_was(shop):
    setting = "pragma foreign_keys" if shop.dialect.name == "sqlite" else "show statement_timeout"
    with Session(shop) as session:
        session.execute(
            text("pragma foreign_keys = on" if shop.dialect.name == "sqlite" else "set statement_timeout = 99")
        )
        before = session.scalar(text(setting))
        Kernel(session_store(session)).handle(order("1"))
        assert session.scalar(text(setting)) == before
        session.rollback()


def test_a_worker_has_sessions_that_commit_by_themselves(shop):
    class Heard:
        name = "heard"

        def __init__(self):
            self.streams = []

        def apply(self, records):
            self.streams += [record.stream for record in records]

    heard = Heard()
    with Session(shop) as session:
        kernel = Kernel(session_store(session), followers=[heard])
        kernel.handle(order("1"))
        with pytest.raises(InsideTransaction):
            kernel.work()
        session.commit()
    with Session(shop.execution_options(isolation_level="AUTOCOMMIT")) as session:
        worker = Kernel(session_store(session), followers=[heard])
        assert not worker.work(until_idle=True).failures
        assert worker.verify() == ()
    assert "order/web:1" in heard.streams


def test_a_worker_may_open_the_database_by_its_address(shop):
    with Session(shop) as session:
        Kernel(session_store(session)).handle(order("1"))
        session.commit()
    address = shop.url.render_as_string(hide_password=False).replace("+psycopg", "")
    with Kernel.open(address, plugins=discover(["postgres"])) as worker:
        assert not worker.work(until_idle=True).failures
        worker.handle(Ship("web:1"))
        assert worker.verify() == ()
    assert found(shop) == (0, 1, 8)


def test_a_transaction_that_cannot_go_on_is_run_again_by_the_host_and_then_succeeds(shop):
    real_transactions(shop, immediate=False)
    with shop.connect() as connection:
        if shop.dialect.name == "sqlite":
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("pragma journal_mode = wal"))
    snapshots = shop.execution_options(isolation_level="REPEATABLE READ") if shop.dialect.name != "sqlite" else shop
    with Session(snapshots) as one, Session(snapshots) as other:
        first, second = Kernel(session_store(one)), Kernel(session_store(other))
        assert first.available("TEA") == 10
        second.handle(order("2", 9))
        other.commit()
        with pytest.raises(RetryTransaction):
            first.handle(order("1", 1))
        one.rollback()
        assert first.handle(order("1", 1)).order_id == "web:1"
        one.commit()
    assert found(shop) == (0, 2, 0)


def test_a_session_without_the_tables_says_how_they_are_made(engine):
    with Session(engine) as session, pytest.raises(SchemaVersion, match="alembic upgrade heads"):
        Kernel(session_store(session)).handle(PutItem("TEA"))


def test_a_database_without_a_store_is_refused_at_once():
    there_is_none = SimpleNamespace(dialect=SimpleNamespace(name="mysql"))
    with pytest.raises(ConfigurationError, match="no store for 'mysql'"):
        session_store(Session, bind=there_is_none)


# Savepoints of SQLite, where the driver begins transactions late.


def test_a_savepoint_that_might_commit_by_itself_is_refused_with_what_to_do(sqlite_address):
    engine = create_engine(sqlite_address)

    def refused(session):
        with pytest.raises(ConfigurationError, match="real_transactions"):
            Kernel(session_store(session)).handle(PutItem("TEA"))

    with Session(engine) as session, session.begin_nested():
        refused(session)
    with (
        engine.connect() as connection,
        connection.begin(),
        Session(connection, join_transaction_mode="create_savepoint") as session,
    ):
        refused(session)
    engine.dispose()


# Delivery.


def test_who_delivers_is_woken_once_after_the_commit_and_never_after_a_rollback(shop):
    woken = []
    with Session(shop) as session:
        wrote = after_commit(session, lambda: woken.append(found(shop)))
        kernel = Kernel(session_store(session, wrote=wrote))
        kernel.handle(order("1"))
        session.rollback()
        session.commit()
        assert woken == []
        kernel.handle(order("2"))
        kernel.handle(order("3"))
        assert woken == []
        session.commit()
        assert woken == [(0, 2, 6)]
        kernel.orders()
        kernel.handle(order("3"))
        session.commit()
        assert len(woken) == 1


def test_a_savepoint_that_is_released_wakes_nobody(shop):
    real_transactions(shop)
    woken = []
    with Session(shop) as session:
        kernel = Kernel(session_store(session, wrote=after_commit(session, lambda: woken.append(1))))
        with session.begin_nested():
            kernel.handle(order("1"))
        assert woken == []
        session.rollback()
        assert woken == []
        with session.begin_nested():
            kernel.handle(order("2"))
        session.commit()
    assert woken == [1]


def test_who_cannot_be_woken_is_logged_and_the_orders_are_committed(shop, caplog):
    def down():
        raise ConnectionError("no broker")

    woken = []
    with Session(shop) as session:
        wrotes = [after_commit(session, wake) for wake in (down, lambda: woken.append(1))]
        kernel = Kernel(session_store(session, wrote=lambda: [wrote() for wrote in wrotes]))
        kernel.handle(order("1"))
        session.commit()
    assert (woken, found(shop)) == ([1], (0, 1, 8))
    assert [record.name for record in caplog.records] == ["ordercore.sqlalchemy"]
