"""A task that is cancelled leaves nothing half done: no transaction, no connection, no place in the pool."""

import asyncio
import random

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from ordercore.store import ReadPositions
from ordercore.testing.sample_events import delivery, order, receive, reserve, sample_codec
from ordercore_postgres import AsyncPostgresStore, PostgresStore


@pytest.fixture
def url(ordercore_postgres_schema):
    PostgresStore.migrate(ordercore_postgres_schema)
    return ordercore_postgres_schema


async def cancelled(calls, moments):
    """Begin them, cancel about half of them after a moment, and wait for all."""
    tasks = [asyncio.create_task(call) for call in calls]
    await asyncio.sleep(moments.random() * 0.01)
    for task in tasks:
        if moments.random() < 0.5:
            task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
            raise result


def test_in_a_pool_of_the_stores_own(url):
    async def main():
        store, moments = AsyncPostgresStore(f"{url}&pool=3"), random.Random(1)
        store.use_codec(sample_codec())
        await store.commit(delivery("in", receive("TEA", 1000)))
        for number in range(60):
            orders = [order(f"{number}-{nth}", reserve("TEA", 1, "1")) for nth in range(4)]
            await cancelled([*(store.commit(one) for one in orders), store.verify()], moments)
        # Whatever had become of each: it is there with all it wrote, or it is not there.
        taken = [record for record in (await store.read_all(None, 10_000)).records if record.command_id != "in"]
        query = ReadPositions(("TEA",))
        (row,) = (await store.read([query])).of(query).values()
        assert (row[0], await store.verify()) == (1000 - len(taken), ())
        await asyncio.wait_for(asyncio.gather(*(store.outcome("in") for _ in range(10))), 20)
        await store.close()
        async with await psycopg.AsyncConnection.connect(url) as watching:
            left = "select count(*) from pg_stat_activity where application_name = 'ordercore' and datname = current_database()"
            for _ in range(100):
                if (await (await watching.execute(left)).fetchone()) == (0,):
                    return
                await watching.rollback()
                await asyncio.sleep(0.05)
            pytest.fail("connections were left open")

    asyncio.run(main())


def test_on_a_connection_of_the_hosts(url):
    async def main():
        moments = random.Random(2)
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as host:
            store = AsyncPostgresStore.borrowing(host)
            store.use_codec(sample_codec())
            for number in range(60):
                await cancelled([store.commit(delivery(f"in {number}", receive("TEA", 1)))], moments)
                await cancelled([store.verify()], moments)
                assert host.info.transaction_status == TransactionStatus.IDLE
            assert await store.verify() == ()

    asyncio.run(main())
