"""`es-4`: an order is created and three more things happen to it; its four events are saved at once, and loaded again.

Beside ordercore stands an aggregate of the eventsourcing library with the same facts, on the same three kinds of store,
and the same four rows by hand. Neither side looks anything up while it saves, and neither remembers what it loads.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import psycopg
from attrs import frozen
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from measure import Case, interleaved
from psycopg.conninfo import conninfo_to_dict
from results import Result, Size, compared
from server import empty_database, shop_database

from ordercore import Kernel, Line, PlaceOrder
from ordercore.message import Context
from ordercore.order import AddHold, ConfirmOrder, RecordPayment, WorkFacts, decide
from ordercore.order.events import OrderPlaced
from ordercore.order.lines import OrderLine
from ordercore.order.state import Order, evolve_order
from ordercore.store import Append, Batch, Committed, ReadStream, Store
from ordercore.testing.clock import START
from ordercore.values import CommandId, Destination, Stream

LIBRARY = "eventsourcing"
HAND = "four rows by hand"
WARM = 1_500
"""Commits after which the log of every side's file in SQLite has its full length: 4,000 pages, 3.3 a commit."""


class Pair:
    """What saves one new aggregate and what loads one that was saved, in rounds; `check` looks at what came back."""

    def __init__(self, save: Callable[[int], Any], load: Callable[[Any], Any], whole: Callable[[Any], bool]) -> None:
        self._save, self._load, self._whole = save, load, whole
        self._numbers = count(1)
        self._saved: list[Any] = []
        self._loads = 0

    def save(self, number: int) -> None:
        for _ in range(number):
            self._saved.append(self._save(next(self._numbers)))

    def load(self, number: int) -> None:
        if not self._saved:
            self.save(number)
        for _ in range(number):
            self._loads += 1
            self._load(self._saved[self._loads % len(self._saved)])

    def check(self) -> bool:
        return all(self._whole(self._load(saved)) for saved in self._saved)


# ordercore

_CONTEXT = Context("bench", START, START)
_FACTS = WorkFacts({})


def _own_save(store: Store, number: int) -> str:
    """One order: the events by the rules of the library, one commit."""
    id = f"web:{number}"
    line = OrderLine("1", "SKU-1", 3, 999, 2, 2997)
    placed = OrderPlaced("web", str(number), "GBP", (line,), 2997, START, f"c{number}", Destination(), confirmed=False)
    order, events = evolve_order(None, placed, id), [placed]
    for command in (ConfirmOrder(id), AddHold(id, "fraud", "fraud"), RecordPayment(id, "ch1", "charge", "29.97")):
        for happened in decide(order, command, _CONTEXT, _FACTS):
            order = evolve_order(order, happened, id)
            events.append(happened)
    asked = PlaceOrder("web", str(number), "GBP", [Line("SKU-1", 3, "9.99")], customer=f"c{number}")
    append = Append(Stream("order/" + id), 0, tuple(events))
    done = store.commit(Batch(CommandId(f"place:{id}"), asked, _CONTEXT, (append,)))
    assert type(done) is Committed
    return id


def _own_load(store: Store, id: str) -> Order | None:
    query = ReadStream(Stream("order/" + id))
    order = None
    for happened in store.read((query,)).of(query).events:
        order = evolve_order(order, happened, id)
    return order


def _own(store: Store) -> Pair:
    return Pair(
        partial(_own_save, store), partial(_own_load, store),
        lambda order: (len(order.lines), len(order.holds), order.confirmed, order.payment_status) == (1, 1, True, "paid"),
    )  # fmt: skip


# The eventsourcing library


@frozen
class Bought:
    line: str
    sku: str
    quantity: int
    price: int


class Bill(Aggregate):
    """The same facts."""

    @event("Placed")
    def __init__(self, channel: str, external_id: str, currency: str, lines: list[dict[str, Any]], total: int,
                 placed_at: datetime, customer: str) -> None:  # fmt: skip
        self.channel, self.external_id, self.currency, self.total = channel, external_id, currency, total
        self.lines = [Bought(**line) for line in lines]
        self.placed_at, self.customer = placed_at, customer
        self.confirmed, self.holds, self.paid = False, [], 0

    @event("Confirmed")
    def confirm(self) -> None:
        self.confirmed = True

    @event("HoldAdded")
    def hold(self, hold: str, kind: str, blocks: list[str]) -> None:
        self.holds.append((hold, kind, blocks))

    @event("PaymentRecorded")
    def pay(self, reference: str, kind: str, amount: int) -> None:
        self.paid += amount


def _library(environment: Mapping[str, str]) -> Pair:
    application = Application(env=environment)

    def save(number: int):
        lines = [{"line": "1", "sku": "SKU-1", "quantity": 3, "price": 999}]
        bill = Bill("web", str(number), "GBP", lines, 2997, START, f"c{number}")
        bill.confirm()
        bill.hold("fraud", "fraud", ["allocate", "release", "pick", "pack", "ship"])
        bill.pay("ch1", "charge", 2997)
        application.save(bill)
        return bill.id

    return Pair(
        save, application.repository.get,
        lambda bill: (len(bill.lines), len(bill.holds), bill.confirmed, bill.paid) == (1, 1, True, 2997),
    )  # fmt: skip


# By hand

_TABLE = (
    "create table stored (position {}, stream text, version integer, name text, fields {}, unique (stream, version))"
)


def _rows(number: int) -> tuple[str, list[tuple[str, int, str, str]]]:
    stream, at = uuid4().hex, START.isoformat()
    line = {"line": "1", "sku": "SKU-1", "quantity": 3, "price": 999}
    fields = (
        ("placed", {"channel": "web", "external_id": str(number), "currency": "GBP", "lines": [line], "total": 2997,
                    "placed_at": at, "customer": f"c{number}"}),
        ("confirmed", {}),
        ("hold_added", {"hold": "fraud", "kind": "fraud", "blocks": ["allocate", "release", "pick", "pack", "ship"]}),
        ("payment_recorded", {"reference": "ch1", "kind": "charge", "amount": 2997}),
    )  # fmt: skip
    return stream, [(stream, version, name, json.dumps(one)) for version, (name, one) in enumerate(fields, 1)]


def _folded(rows: Sequence[tuple[str, str | bytes]]) -> dict[str, Any]:
    state: dict[str, Any] = {}
    for name, fields in rows:
        state |= json.loads(fields)
        state[name] = True
    return state


def _by_hand(insert: Callable[[list[tuple[str, int, str, str]]], object], select: Callable[[str], Any]) -> Pair:
    def save(number: int) -> str:
        stream, rows = _rows(number)
        insert(rows)
        return stream

    return Pair(save, lambda stream: _folded(select(stream)), lambda state: (len(state), state["amount"]) == (16, 2997))


def _hand_sqlite(path: Path) -> Pair:
    file = sqlite3.connect(path, isolation_level=None)
    file.executescript("pragma journal_mode = wal; pragma synchronous = full;")
    file.execute(_TABLE.format("integer primary key", "text"))

    def insert(rows: list[tuple[str, int, str, str]]) -> None:
        file.execute("begin immediate")
        file.executemany("insert into stored (stream, version, name, fields) values (?, ?, ?, ?)", rows)
        file.execute("commit")

    select = "select name, fields from stored where stream = ? order by version"
    return _by_hand(insert, lambda stream: file.execute(select, (stream,)).fetchall())


def _hand_postgres(address: str) -> Pair:
    connection = psycopg.connect(address, autocommit=True)
    connection.execute(_TABLE.format("bigserial primary key", "bytea"))
    into = (
        "insert into stored (stream, version, name, fields)"
        " select * from unnest(%s::text[], %s::integer[], %s::text[], %s::bytea[])"
    )

    def insert(rows: list[tuple[str, int, str, str]]) -> None:
        streams, versions, names, fields = zip(*rows, strict=True)
        connection.execute(into, (list(streams), list(versions), list(names), [one.encode() for one in fields]))

    select = "select name, fields from stored where stream = %s order by version"
    return _by_hand(insert, lambda stream: connection.execute(select, (stream,)).fetchall())


def _postgres_environment(address: str) -> dict[str, str]:
    given = conninfo_to_dict(address)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres", "POSTGRES_DBNAME": str(given["dbname"]),
        "POSTGRES_HOST": str(given["host"]), "POSTGRES_PORT": str(given.get("port", 5432)),
        "POSTGRES_USER": str(given["user"]), "POSTGRES_PASSWORD": "none",
    }  # fmt: skip


def es_4(size: Size) -> Iterator[Result]:
    """Create + 3 events, save, load: memory, SQLite and PostgreSQL, each against the library and by hand."""
    with TemporaryDirectory(dir="build" if Path("build").is_dir() else None) as folder, ExitStack() as opened:
        address, own = empty_database(), shop_database()
        urls = {"memory": "memory://", "sqlite": f"sqlite:///{folder}/own.db", "postgres": own}
        kernels = {name: Kernel.open(url) for name, url in urls.items()}
        for kernel in kernels.values():
            opened.callback(kernel.store.close)
        library = {
            "memory": {},
            "sqlite": {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": f"{folder}/library.db"},
            "postgres": _postgres_environment(address),
        }
        pairs = {name: {"own": _own(kernels[name].store), LIBRARY: _library(library[name])} for name in urls}
        pairs["sqlite"][HAND] = _hand_sqlite(Path(folder, "hand.db"))
        pairs["postgres"][HAND] = _hand_postgres(address)
        cases = {}
        for store, sides in pairs.items():
            for side, pair in sides.items():
                cases[store, "save", side] = Case(partial(pair.save, size.orders), size.orders, pair.check)
                cases[store, "load", side] = Case(partial(pair.load, size.orders), size.orders)
        if size.rounds > 10:
            # Until then every commit makes the log longer, which is dearer, and for longer where it may become longer.
            for pair in pairs["sqlite"].values():
                pair.save(WARM)
        samples = interleaved(cases, size.rounds)
        for store, sides in pairs.items():
            for step in ("save", "load"):
                twins = {side: samples[store, step, side] for side in sides if side != "own"}
                yield from compared(f"es-4-{step}-{store}", samples[store, step, "own"], twins)
        assert all(kernel.verify() == () for kernel in kernels.values())
