"""A shop over SQLite and one over PostgreSQL, each with a way behind its back."""

import socket
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from ordercore.kernel import Kernel
from ordercore.store.sqlite import SQLiteStore
from ordercore.testing import CountedIds, ManualClock, given_stock


class Shop:
    """A store that can be opened again and again, and its database without the store."""

    def __init__(self, open_store, connect):
        self.open_store = open_store
        self.connect = connect
        self.clock = ManualClock()
        self.ids = CountedIds()
        self.opened = []

    def open(self, *arguments, **wiring):
        kernel = Kernel(self.open_store(*arguments), **{"clock": self.clock, "ids": self.ids} | wiring)
        self.opened.append(kernel)
        return kernel

    def close(self):
        for kernel in self.opened:
            kernel.close()

    def execute(self, statement, *parameters):
        with closing(self.connect()) as connection, connection:
            cursor = connection.execute(statement, *parameters)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture
def sqlite_shop(tmp_path):
    path = tmp_path / "shop.db"
    shop = Shop(lambda patience=30.0: SQLiteStore(path, busy_timeout_seconds=patience), lambda: sqlite3.connect(path))
    shop.path = path
    with closing(shop):
        given_stock(shop.open(), {"WH1": {"TEA": 100}})
        yield shop


@pytest.fixture
def postgres_shop(ordercore_postgres_schema):
    from ordercore_postgres import PostgresStore

    address = ordercore_postgres_schema

    def opened(more=""):
        return PostgresStore(f"{address}{more}", migrate=not more, retry_seconds=10)

    shop = Shop(opened, lambda: psycopg.connect(address))
    shop.address = address
    with closing(shop):
        given_stock(shop.open(), {"WH1": {"TEA": 100}})
        yield shop


class Wire:
    """A proxy in front of a server's socket, which cuts the connection around the message that carries a word."""

    def __init__(self, target):
        self.target = target
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.cut, self.word, self.cuts = None, b"", 0
        threading.Thread(target=self._accept, daemon=True).start()

    def arm(self, cut, word):
        """The next message with this word is cut off `before` it arrives, or `after` the server has answered it."""
        self.cut, self.word = cut, word

    def close(self):
        self.server.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            if self.refusing:
                client.close()
                continue
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.target)
            threading.Thread(target=self._pump, args=(client, server), daemon=True).start()

    def _pump(self, client, server):
        answers = threading.Thread(target=self._answers, args=(client, server), daemon=True)
        self.answered = threading.Event()
        answers.start()
        while sent := _received(client):
            cut, self.cut = (self.cut, None) if self.cut and self.word in sent else (None, self.cut)
            if cut == "before":
                break
            if cut == "after":
                self.muted = True
                self.answered.clear()
                server.sendall(sent)
                self.answered.wait(5)
                break
            server.sendall(sent)
        self.cuts += bool(sent)
        self.muted = False
        for end in (client, server):
            with closing(end):
                end.shutdown(socket.SHUT_RDWR)

    muted = refusing = False

    def _answers(self, client, server):
        while told := _received(server):
            if self.muted:
                self.answered.set()
            else:
                client.sendall(told)


def _received(end):
    try:
        return end.recv(1 << 16)
    except OSError:
        return b""


@pytest.fixture
def wire(postgres_shop):
    """A proxy to the server of the shop; `wire.address` leads through it."""
    parts = urlsplit(postgres_shop.address)
    asked = parse_qs(parts.query)
    proxy = Wire(str(Path(asked["host"][0]) / f".s.PGSQL.{asked['port'][0]}"))
    options = asked["options"][0].replace("=", "%3D")
    # What is sent is to be read here, so it is neither prepared nor hidden.
    plain = "prepare=0&sslmode=disable&gssencmode=disable"
    proxy.address = f"postgresql://postgres@127.0.0.1:{proxy.port}{parts.path}?options={options}&{plain}"
    yield proxy
    proxy.close()
