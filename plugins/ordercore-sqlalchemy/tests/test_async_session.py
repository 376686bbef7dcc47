"""Inside an AsyncSession: the same on the session's own asynchronous connection to PostgreSQL."""

import asyncio
from types import SimpleNamespace

import pytest
from sqlalchemy import Column, MetaData, String, Table, func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_scoped_session, async_sessionmaker, create_async_engine

from ordercore import AsyncKernel, Insufficient, Line, PlaceOrder, PutItem, PutLocation, ReceiveStock
from ordercore.errors import ConfigurationError
from ordercore.stock import Received
from ordercore_sqlalchemy import after_commit, async_session_store, create_tables

INVOICE = Table("invoice", MetaData(), Column("number", String, primary_key=True))


def order(number, quantity=2):
    return PlaceOrder("web", number, "EUR", [Line("TEA", quantity, "9.90")])


@pytest.fixture
def told(postgresql_address):
    """Run a story on an engine whose database has a table of the host, those of ordercore, and ten packets of tea."""

    async def run(story):
        engine = create_async_engine(postgresql_address)
        try:
            async with engine.begin() as connection:
                await connection.run_sync(INVOICE.metadata.create_all)
                await connection.run_sync(create_tables)
            async with AsyncSession(engine) as session, session.begin():
                kernel = AsyncKernel(async_session_store(session))
                await kernel.handle(PutItem("TEA"))
                await kernel.handle(PutLocation("WH1"))
                await kernel.handle(ReceiveStock("WH1", [Received("TEA", 10)], "supplier", "D-1"))
            await story(engine)
        finally:
            await engine.dispose()

    return lambda story: asyncio.run(run(story))


async def found(engine):
    async with AsyncSession(engine) as session:
        kernel = AsyncKernel(async_session_store(session))
        invoices = await session.scalar(select(func.count()).select_from(INVOICE))
        return invoices, len(await kernel.orders()), await kernel.available("TEA")


def test_an_order_and_a_row_of_the_host_come_and_go_together(told):
    async def story(engine):
        async with AsyncSession(engine) as session:
            kernel = AsyncKernel(async_session_store(session))
            await kernel.handle(order("1"))
            await session.execute(INVOICE.insert().values(number="1"))
            assert await found(engine) == (0, 0, 10)
            await session.rollback()
            assert await found(engine) == (0, 0, 10)
            await session.execute(INVOICE.insert().values(number="2"))
            await kernel.handle(order("2"))
            await session.commit()
            assert await found(engine) == (1, 1, 8)

    told(story)


def test_a_refusal_and_a_nested_block_undo_only_themselves(told):
    async def story(engine):
        async with AsyncSession(engine) as session, session.begin():
            kernel = AsyncKernel(async_session_store(session))
            await kernel.handle(order("1"))
            with pytest.raises(Insufficient):
                await kernel.handle(order("2", 9))
            nested = await session.begin_nested()
            await kernel.handle(order("3"))
            await nested.rollback()
            async with session.begin_nested():
                await kernel.handle(order("4"))
            await session.execute(INVOICE.insert().values(number="1"))
        assert await found(engine) == (1, 2, 6)

    told(story)


def test_one_kernel_serves_every_task_with_the_session_of_that_task(told):
    async def story(engine):
        sessions = async_scoped_session(async_sessionmaker(engine), scopefunc=asyncio.current_task)
        kernel = AsyncKernel(async_session_store(sessions, bind=engine))

        async def request(number):
            await kernel.handle(order(str(number), 1))
            await (sessions.commit() if number % 2 else sessions.rollback())
            await sessions.remove()

        await asyncio.gather(*(request(number) for number in range(8)))
        assert await found(engine) == (0, 4, 6)

    told(story)


def test_delivery_begins_after_the_commit(told):
    async def story(engine):
        woken = asyncio.Event()
        async with AsyncSession(engine) as session:
            kernel = AsyncKernel(async_session_store(session, wrote=after_commit(session, woken.set)))
            await kernel.handle(order("1"))
            await session.rollback()
            await kernel.handle(order("2"))
            assert not woken.is_set()
            await session.commit()
            assert woken.is_set()

    told(story)


@pytest.mark.parametrize(("dialect", "driver"), [("sqlite", "aiosqlite"), ("postgresql", "asyncpg")])
def test_another_driver_is_refused_with_what_to_use(dialect, driver):
    engine = SimpleNamespace(dialect=SimpleNamespace(name=dialect, driver=driver))
    with pytest.raises(ConfigurationError, match=r"postgresql\+psycopg"):
        async_session_store(AsyncSession, bind=engine)
