"""A proxy that pools by transaction, as PgBouncer and its kin do: each transaction runs on another server connection.

What a session keeps (prepared statements by name, settings, temporary tables, advisory locks, LISTEN) is therefore not
there in the next transaction of the same client, or is there in one of another. A few server connections serve all
clients in turn; a connection is given back as soon as it is idle, and nothing of it is reset.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
import threading
from collections import deque
from collections.abc import Coroutine, Iterable, Mapping
from typing import Any, Final, Self
from urllib.parse import urlsplit

from psycopg.conninfo import conninfo_to_dict

_SSL, _GSS, _CANCEL = 80877103, 80877104, 80877102
_PROTOCOL: Final = 196608
_ASKS_FOR_READY: Final = b"QFS"
"""A simple query, a function call, and Sync: each is answered by one ReadyForQuery."""
_READY, _ERROR, _GOODBYE = b"Z", b"E", b"X"
_SECONDS: Final = 30

Message = tuple[bytes, bytes]


async def _read(reader: asyncio.StreamReader) -> Message:
    kind = await reader.readexactly(1)
    (length,) = struct.unpack("!i", await reader.readexactly(4))
    return kind, await reader.readexactly(length - 4)


def _reading(reader: asyncio.StreamReader) -> asyncio.Future[Message]:
    """The next message, to come; if the line ends instead and nobody waits any more, that is nobody's business."""
    message = asyncio.ensure_future(_read(reader))
    message.add_done_callback(lambda done: done.cancelled() or done.exception())
    return message


def _packed(message: Message) -> bytes:
    kind, body = message
    return kind + struct.pack("!i", len(body) + 4) + body


async def _ended(tasks: Iterable[asyncio.Task[Any] | None]) -> None:
    running = [task for task in tasks if task is not None]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


class _Session:
    """One session of the server; `greeting` is what it said until it was ready."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.greeting: list[Message] = []

    @classmethod
    async def open(cls, address: str) -> _Session:
        """As the user and in the database of the address, which trusts this machine."""
        parts = conninfo_to_dict(address)
        host, port = str(parts["host"]), int(parts.get("port") or 5432)
        streams = (
            asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
            if host.startswith("/")
            else asyncio.open_connection(host, port)
        )
        self = cls(*await streams)
        try:
            await self._greet(parts)
        except BaseException:  # not least that the proxy ends meanwhile
            self.writer.transport.abort()
            raise
        return self

    async def _greet(self, parts: Mapping[str, Any]) -> None:
        named = b"".join(
            name + b"\0" + str(value).encode() + b"\0"
            for name, value in ((b"user", parts["user"]), (b"database", parts["dbname"]))
        )
        body = struct.pack("!i", _PROTOCOL) + named + b"\0"
        self.writer.write(struct.pack("!i", len(body) + 4) + body)
        while not self.greeting or self.greeting[-1][0] != _READY:
            self.greeting.append(await _read(self.reader))
            assert self.greeting[-1][0] != _ERROR, self.greeting[-1][1]


class PoolingProxy:
    """Between clients and one database, for a `with` block: a test that a program needs no session.

    `address` is where clients find it, `size` how many server connections it has, `transactions` how many ran through.
    """

    def __init__(self, address: str, size: int = 3) -> None:
        self.target, self.size = address, size
        self.transactions = 0
        self._free: deque[_Session] = deque()
        self._freed = asyncio.Condition()
        self._clients: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(_SECONDS)

    @property
    def address(self) -> str:
        path = urlsplit(self.target).path
        return f"postgresql://postgres@127.0.0.1:{self.port}{path}"

    async def _open(self) -> None:
        self._free.extend([await _Session.open(self.target) for _ in range(self.size)])
        self._greeting = b"".join(map(_packed, self._free[0].greeting))
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        await _ended(self._clients)
        for server in self._free:
            server.writer.write(_packed((_GOODBYE, b"")))
            server.writer.close()
            with contextlib.suppress(OSError):
                await server.writer.wait_closed()
        await _ended(asyncio.all_tasks() - {asyncio.current_task()})

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                await self._serve(reader, writer)
        finally:
            self._clients.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not await self._greeted(reader, writer):
            return
        last: _Session | None = None
        said: asyncio.Future[Message] = _reading(reader)
        try:
            while (await asyncio.shield(said))[0] != _GOODBYE:
                last = await self._take(last)
                try:
                    said = await self._transaction(last, said, reader, writer)
                except BaseException:
                    # Of a client that is gone in the middle of it: the server undoes what it began.
                    last.writer.transport.abort()
                    await self._give(await _Session.open(self.target))
                    raise
                await self._give(last)
                self.transactions += 1
        finally:
            said.cancel()

    async def _greeted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        while True:
            (length,) = struct.unpack("!i", await reader.readexactly(4))
            code = struct.unpack("!i", (await reader.readexactly(length - 4))[:4])[0]
            if code == _CANCEL:
                return False
            if code not in {_SSL, _GSS}:
                break
            writer.write(b"N")
        writer.write(self._greeting)
        return True

    async def _take(self, last: _Session | None) -> _Session:
        """Any that is free, but never the one of the client's last transaction."""
        async with self._freed:
            while True:
                for server in self._free:
                    if server is not last:
                        self._free.remove(server)
                        return server
                await self._freed.wait()

    async def _give(self, server: _Session) -> None:
        self._free.append(server)  # before anything that can be cancelled: what is free is closed at the end
        async with self._freed:
            self._freed.notify_all()

    async def _transaction(
        self, server: _Session, said: asyncio.Future[Message], reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> asyncio.Future[Message]:  # fmt: skip
        """Carry messages to and fro until all is answered and no transaction is open; what the client says next."""
        unanswered, begun = 0, False
        answer = _reading(server.reader)
        while True:
            done, _ = await asyncio.wait((said, answer), return_when=asyncio.FIRST_COMPLETED)
            if said in done and said.result()[0] != _GOODBYE:
                kind = said.result()[0]
                unanswered += kind in _ASKS_FOR_READY
                begun = kind not in _ASKS_FOR_READY  # of an extended query, whose Sync is still to come
                server.writer.write(_packed(said.result()))
                said = _reading(reader)
                continue
            if answer not in done:  # the client says goodbye in the middle of it: the server must not keep it open
                raise ConnectionResetError
            kind, body = answer.result()
            writer.write(_packed((kind, body)))
            unanswered -= kind == _READY
            if kind == _READY and body == b"I" and not unanswered and not begun:
                await writer.drain()
                return said
            answer = _reading(server.reader)
