"""Asynchronous connections: a small pool of the store's own, or one that the host lends. See the synchronous twins."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from inspect import isawaitable
from typing import Any, Protocol, TypeVar

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from ordercore.errors import StoreError
from ordercore_postgres import schema
from ordercore_postgres.address import Address
from ordercore_postgres.connections import ABANDONED, has_news, own_settings
from ordercore_postgres.faults import outdated, translated, unstorable
from ordercore_postgres.lent import SHOWN, Terms, is_alone
from ordercore_postgres.steps import Ask, Asked, Operation, Pause, Rows

T = TypeVar("T")

Connection = psycopg.AsyncConnection[Any]
Lending = Connection | Callable[[], Connection | Awaitable[Connection]]
"""The host's connection, or what gives this task's; it may be awaited."""


class Lender(Protocol):
    """Who gives a connection for an operation."""

    @property
    def shown(self) -> str:
        """How the database is called in errors."""
        ...

    async def run(self, operation: Operation[T]) -> T:
        """Do what the operation asks for, to its end."""
        ...

    async def close(self) -> None:
        """Give back what was opened."""
        ...


async def execute(
    cursor: psycopg.AsyncCursor[Any], ask: Ask, shown: str, *, migrate: str = "", prepare: bool | None
) -> Rows:
    """One statement's rows. Raises the errors of `faults`."""
    try:
        await cursor.execute(ask.text, ask.parameters, prepare=prepare)
        return await cursor.fetchall() if cursor.description is not None else ()
    except psycopg.Error as error:
        if outdated(error):
            await cursor.connection.close()
        raise translated(error, shown, broken=cursor.connection.closed, sent=True, migrate=migrate) from error
    except UnicodeEncodeError as error:
        raise unstorable(error) from error


class Owned:
    """At most `pool` connections of an address, in the event loop of its first use; the tables are looked at then."""

    def __init__(self, address: Address, *, migrate: bool, retry_seconds: float) -> None:
        self._address = address
        self._settings = own_settings(retry_seconds)
        self._start = schema.migrate if migrate else schema.check
        self.shown = address.shown
        self._closed = False
        self._started = False
        self._idle: list[Connection] = []
        self._pid = os.getpid()
        self._free = asyncio.Semaphore(address.pool)
        self._starting = asyncio.Lock()

    async def run(self, operation: Operation[T]) -> T:
        """On one connection, which is replaced when it is lost."""
        if not self._started:
            await self._begin()
        return await self._run(operation)

    async def _begin(self) -> None:
        async with self._starting:
            if not self._started:
                await self._run(self._start(self.shown))
                self._started = True

    async def _run(self, operation: Operation[T]) -> T:
        held: Connection | None = None
        async with self._free:
            try:
                step = next(operation)
                while True:
                    try:
                        answer: object = None
                        if isinstance(step, Ask):
                            if held is None:
                                held = await self._take()
                            answer = await execute(
                                held.cursor(), step, self.shown, prepare=self._address.prepare or None
                            )
                        elif isinstance(step, Pause):
                            await asyncio.sleep(step.seconds)
                        elif isinstance(step, Asked):
                            answer = "own"
                    except StoreError as error:
                        if held is not None and held.closed:
                            held = None
                        step = operation.throw(error)
                    else:
                        step = operation.send(answer)
            except StopIteration as end:
                value: T = end.value
                return value
            finally:
                if held is not None:
                    await self._give_back(held)

    async def _take(self) -> Connection:
        if self._closed:
            raise StoreError(f"{self.shown}: this store is closed.", reason="closed", hint="Open it anew.")
        if self._pid != os.getpid():
            ABANDONED.extend(self._idle)
            self._idle, self._pid = [], os.getpid()
        while self._idle:
            connection = self._idle.pop()
            if not has_news(connection.fileno()):
                return connection
            await connection.close()
        return await self._connect()

    async def _connect(self) -> Connection:
        prepare = self._address.prepare
        try:
            connection = await psycopg.AsyncConnection.connect(
                self._address.conninfo, autocommit=True, prepare_threshold=0 if prepare else None
            )
        except psycopg.Error as error:
            raise translated(error, self.shown, broken=True, sent=False) from None
        if prepare:
            try:
                await execute(connection.cursor(), Ask(self._settings), self.shown, prepare=False)
            except BaseException:  # a task that is cancelled at this moment, too
                await connection.close()
                raise
        return connection

    async def _give_back(self, connection: Connection) -> None:
        # A task that was cancelled leaves a statement behind; an operation that failed, perhaps a transaction of its own.
        if self._closed or connection.info.transaction_status != TransactionStatus.IDLE:
            await connection.close()
        else:
            self._idle.append(connection)

    async def close(self) -> None:
        """Close every connection; a later use raises StoreError."""
        self._closed = True
        if self._pid == os.getpid():
            while self._idle:
                await self._idle.pop().close()


class Lent:
    """An asynchronous connection of the host's, asked for at every operation and never kept longer."""

    def __init__(self, lending: Lending, terms: Terms, migrate: str) -> None:
        self.shown = SHOWN
        self._lending = lending
        self._terms = terms
        self._migrate = migrate

    async def run(self, operation: Operation[T]) -> T:
        """On the connection that is lent to this task now."""
        connection = await self._connection()
        cursor = psycopg.AsyncCursor(connection, row_factory=tuple_row)
        wrote, alone = False, is_alone(connection)
        try:
            step = next(operation)
            while True:
                try:
                    answer: object = None
                    if isinstance(step, Ask):
                        answer = await execute(cursor, step, self.shown, migrate=self._migrate, prepare=False)
                    elif isinstance(step, Asked):
                        answer = self._terms.situation(connection)
                    elif isinstance(step, Pause):
                        await asyncio.sleep(step.seconds)
                    else:
                        wrote = True
                except StoreError as error:
                    step = operation.throw(error)
                else:
                    step = operation.send(answer)
        except StopIteration as end:
            if wrote:
                self._terms.tell()
            value: T = end.value
            return value
        finally:
            if alone and not is_alone(connection):
                # An operation failed, or was cancelled, in the middle of a transaction that the store had begun.
                with suppress(psycopg.Error):
                    await connection.rollback()

    async def in_transaction(self) -> bool:
        """Whether a transaction of the host decides what becomes of what is written now."""
        return self._terms.in_transaction(await self._connection())

    async def _connection(self) -> Connection:
        lending = self._lending
        found: object = lending if isinstance(lending, psycopg.AsyncConnection) else lending()
        if isawaitable(found):
            found = await found
        self._terms.checked(found, psycopg.AsyncConnection)
        assert isinstance(found, psycopg.AsyncConnection)  # noqa: S101  # checked
        return found

    async def close(self) -> None:
        """Nothing to close: the connection is the host's."""
        self._terms.closed = True
