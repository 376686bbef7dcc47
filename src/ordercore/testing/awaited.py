"""Asynchronous stores and kernels behind the synchronous names, so that one suite and one machine test both.

An event loop runs in a thread of its own; each call is handed to it and waited for. Calls of several threads are
several tasks of that loop, which is how an asynchronous host uses a store: so races find what is wrong between awaits.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from inspect import isawaitable, iscoroutinefunction
from typing import Any, Final, Self, TypeVar, cast

from ordercore.aio import AsyncKernel
from ordercore.errors import StoreError
from ordercore.kernel import Kernel
from ordercore.store import (
    AsyncStore,
    Batch,
    Breach,
    Capability,
    CommitResult,
    EventCodec,
    Lease,
    Outcome,
    Page,
    Query,
    Snapshot,
    Store,
)
from ordercore.values import CommandId, Cursor

T = TypeVar("T")

STOP_SECONDS: Final = 10


class LoopThread:
    """An event loop in a thread, until `stop`; a daemon, so that one which was forgotten keeps no process alive."""

    def __init__(self) -> None:
        """Start it; it runs when this returns."""
        self._loop: asyncio.AbstractEventLoop
        self._stopping: asyncio.Event
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), name="ordercore-loop", daemon=True)
        self._thread.start()
        started.wait()

    def _run(self, started: threading.Event) -> None:
        async def until_stopped() -> None:
            self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
            started.set()
            await self._stopping.wait()

        asyncio.run(until_stopped())

    @property
    def running(self) -> bool:
        """Whether calls can be handed to it."""
        return self._thread.is_alive()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Let the loop run it, and wait for what it returns or raises. Raises StoreError if the loop was stopped."""
        if not self.running:
            coroutine.close()
            raise StoreError("The event loop of this store was stopped.", reason="closed", hint="Open it anew.")
        assert threading.current_thread() is not self._thread, "the loop cannot wait for itself"
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def stop(self) -> None:
        """End the loop and its thread; once more is nothing."""
        if self.running:
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(STOP_SECONDS)


async def _opened(open_store: Callable[[], AsyncStore | Awaitable[AsyncStore]]) -> AsyncStore:
    """What the function gives, called where the loop runs: drivers bind their connections to it."""
    made = open_store()
    if isawaitable(made):
        return await made
    return made


class AwaitedStore:
    """A `Store` over the `AsyncStore` that `open_store` gives: what `StoreSuite`, a `Kernel` or a racer asks, awaited.

    ::

        functools.partial(AwaitedStore, functools.partial(AsyncMyStore.open, "my://..."))

    is a factory for `StoreSuite`; it can be pickled if `open_store` can. `open_store` may itself be a coroutine
    function, and is called in the loop. Without `loop` the store has one of its own and ends it at `close`.
    """

    def __init__(
        self, open_store: Callable[[], AsyncStore | Awaitable[AsyncStore]], *, loop: LoopThread | None = None
    ) -> None:
        """Open it. Raises whatever `open_store` raises."""
        self._own = loop is None
        self._loop = loop if loop is not None else LoopThread()
        try:
            self.awaited = self._loop.run(_opened(open_store))
        except BaseException:
            self._end()
            raise

    def _end(self) -> None:
        if self._own:
            self._loop.stop()

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Those of the store."""
        return self.awaited.capabilities

    def use_codec(self, codec: EventCodec) -> None:
        """Pass it on."""
        self.awaited.use_codec(codec)

    def read(self, queries: Sequence[Query[Any]], *, tenant: str = "") -> Snapshot:
        """Await it."""
        return self._loop.run(self.awaited.read(queries, tenant=tenant))

    def commit(self, batch: Batch) -> CommitResult:
        """Await it."""
        return self._loop.run(self.awaited.commit(batch))

    def commit_many(self, batches: Sequence[Batch]) -> list[CommitResult]:
        """Await it."""
        return self._loop.run(self.awaited.commit_many(batches))

    def outcome(self, command_id: CommandId, *, tenant: str = "") -> Outcome | None:
        """Await it."""
        return self._loop.run(self.awaited.outcome(command_id, tenant=tenant))

    def read_all(self, after: Cursor | None, limit: int = 1000, *, tenant: str = "", hot: bool = False) -> Page:
        """Await it."""
        return self._loop.run(self.awaited.read_all(after, limit, tenant=tenant, hot=hot))

    def lease_due(
        self, owner: str, now: datetime, ttl: timedelta, limit: int = 100, *, kind: str | None = None, tenant: str = ""
    ) -> tuple[Lease, ...]:
        """Await it."""
        return self._loop.run(self.awaited.lease_due(owner, now, ttl, limit, kind=kind, tenant=tenant))

    def ack(self, lease: Lease, *, tenant: str = "") -> bool:
        """Await it."""
        return self._loop.run(self.awaited.ack(lease, tenant=tenant))

    def nack(self, lease: Lease, due: datetime, *, tenant: str = "") -> bool:
        """Await it."""
        return self._loop.run(self.awaited.nack(lease, due, tenant=tenant))

    def next_due(self, *, tenant: str = "") -> datetime | None:
        """Await it."""
        return self._loop.run(self.awaited.next_due(tenant=tenant))

    def cursor_of(self, consumer: str, *, tenant: str = "") -> Cursor | None:
        """Await it."""
        return self._loop.run(self.awaited.cursor_of(consumer, tenant=tenant))

    def checkpoint(
        self,
        consumer: str,
        expected: Cursor | None,
        cursor: Cursor | None,
        batch: Batch | None = None,
        *,
        tenant: str = "",
    ) -> CommitResult:
        """Await it."""
        return self._loop.run(self.awaited.checkpoint(consumer, expected, cursor, batch, tenant=tenant))

    def verify(self, *, tenant: str = "") -> tuple[Breach, ...]:
        """Await it."""
        return self._loop.run(self.awaited.verify(tenant=tenant))

    def close(self) -> None:
        """Await it, and end the loop that is this store's own; once more is nothing."""
        if self._loop.running:
            try:
                self._loop.run(self.awaited.close())
            finally:
                self._end()

    def __getattr__(self, name: str) -> Any:
        """What a store has beyond the contract."""
        if name == "awaited":  # not opened, or about to be unpickled
            raise AttributeError(name)
        return getattr(self.awaited, name)


class _AwaitedKernel:
    """See `awaited_kernel`."""

    def __init__(self, make: Callable[[], AsyncKernel | Awaitable[AsyncKernel]]) -> None:
        self.loop = LoopThread()
        try:
            self.awaited = self.loop.run(self._made(make))
        except BaseException:
            self.loop.stop()
            raise
        store = self.awaited.store
        awaits = iscoroutinefunction(store.commit)
        self.store: Store = (
            AwaitedStore(lambda: cast(AsyncStore, store), loop=self.loop) if awaits else cast(Store, store)
        )

    async def _made(self, make: Callable[[], AsyncKernel | Awaitable[AsyncKernel]]) -> AsyncKernel:
        made = make()
        return await made if isawaitable(made) else made

    def __getattr__(self, name: str) -> Any:
        """An awaited method is waited for; all else is the kernel's own."""
        if name == "awaited":
            raise AttributeError(name)
        found = getattr(self.awaited, name)
        if not iscoroutinefunction(found):
            return found

        def waited_for(*args: object, **kwargs: object) -> object:
            return self.loop.run(found(*args, **kwargs))

        return waited_for

    def close(self) -> None:
        """Close the kernel and end the loop; once more is nothing."""
        if self.loop.running:
            try:
                self.loop.run(self.awaited.close())
            finally:
                self.loop.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def awaited_kernel(make: Callable[[], AsyncKernel | Awaitable[AsyncKernel]]) -> Kernel:
    """What a `Kernel` does, done by the `AsyncKernel` that `make` gives: for `OrdercoreMachine` and any test of a kernel.

    ::

        class Shop(OrdercoreMachine):
            def make_kernel(self):
                return awaited_kernel(lambda: AsyncKernel(MyAsyncStore(), **self.wiring))

    `make` is called in an event loop that runs in a thread until `close`, and may be a coroutine function. `store` is
    the kernel's store, as an `AwaitedStore` where it is asynchronous.
    """
    return cast(Kernel, _AwaitedKernel(make))
