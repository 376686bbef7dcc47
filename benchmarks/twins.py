"""What the figures are compared with: the same facts by hand, without a library around them.

`Sketch` is the in-memory lifecycle as clean attrs code; `EqualFacts` makes durable in SQLite what ordercore must.
`given(name)` loads a twin of the same kind from the folder that ORDERCORE_TWINS names, as it is.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from random import Random
from types import ModuleType
from typing import NamedTuple

from attrs import frozen

SKUS, LOCATIONS, LINES = 10_000, 10, 5
Wish = tuple[int, list[tuple[int, int, int, int, int]]]
"""(number, [(line, sku, location, quantity, price)])."""


def given(name: str) -> ModuleType | None:
    """The twin `name`.py of ORDERCORE_TWINS; None, with a line on stderr, if there is none."""
    folder = os.environ.get("ORDERCORE_TWINS")
    path = Path(folder or ".") / f"{name}.py"
    if not folder or not path.is_file():
        print(f"skipped: no {name}.py (ORDERCORE_TWINS is {folder or 'not set'})", file=sys.stderr)
        return None
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module  # attrs looks its module up there
    spec.loader.exec_module(module)
    return module


def wishes(seed: int = 7) -> Iterator[Wish]:
    """Orders of five lines over 10,000 SKUs and ten locations, the same for every seed."""
    draw, number = Random(seed), 0
    while True:
        number += 1
        lines = [(n, draw.randrange(SKUS), draw.randrange(LOCATIONS), 1 + draw.randrange(3), 999) for n in range(LINES)]
        yield number, lines


# In memory


@frozen
class SketchLine:
    sku: int
    quantity: int
    price: int


@frozen
class SketchPick:
    sku: int
    location: int
    quantity: int


@frozen
class SketchPlaced:
    order: int
    lines: tuple[SketchLine, ...]


@frozen
class SketchAllocated:
    order: int
    picks: tuple[SketchPick, ...]


@frozen
class SketchShipped:
    order: int


@frozen
class SketchDelivered:
    order: int


@frozen
class SketchOrder:
    id: int
    status: str
    lines: tuple[SketchLine, ...]
    picks: tuple[SketchPick, ...] = ()
    version: int = 1


@frozen
class SketchEntry:
    """Double entry: units of a SKU at a location from one bucket to another, for an order."""

    sku: int
    location: int
    source: str
    target: str
    quantity: int
    order: int


def _place(order, event):
    return SketchOrder(event.order, "placed", event.lines, (), 1)


def _allocate(order, event):
    return SketchOrder(order.id, "allocated", order.lines, event.picks, order.version + 1)


def _ship(order, event):
    return SketchOrder(order.id, "shipped", order.lines, order.picks, order.version + 1)


def _deliver(order, event):
    return SketchOrder(order.id, "delivered", order.lines, order.picks, order.version + 1)


_FOLD = {SketchPlaced: _place, SketchAllocated: _allocate, SketchShipped: _ship, SketchDelivered: _deliver}


class Sketch:
    """Frozen events, pure decisions, a log, balances and a ledger: four steps, ten entries an order."""

    def __init__(self, skus: int, locations: int, units: int) -> None:
        self.locations = range(locations)
        self.available = {(sku, location): units for sku in range(skus) for location in self.locations}
        self.reserved = dict.fromkeys(self.available, 0)
        self.log: list[object] = []
        self.ledger: list[SketchEntry] = []
        self.orders: dict[int, SketchOrder] = {}

    def _write(self, id: int, event: object, entries: Sequence[SketchEntry] = ()) -> None:
        self.orders[id] = _FOLD[type(event)](self.orders.get(id), event)
        self.log.append(event)
        available, reserved = self.available, self.reserved
        for entry in entries:
            key = (entry.sku, entry.location)
            if entry.source == "available":
                available[key] -= entry.quantity
                reserved[key] += entry.quantity
            else:
                reserved[key] -= entry.quantity
            self.ledger.append(entry)

    def _at(self, id: int, status: str) -> SketchOrder:
        order = self.orders[id]
        if order.status != status:
            raise ValueError(order.status)
        return order

    def _source(self, line: SketchLine) -> SketchPick:
        for location in self.locations:
            if self.available[line.sku, location] >= line.quantity:
                return SketchPick(line.sku, location, line.quantity)
        raise ValueError(line.sku)

    def place(self, lines: Sequence[tuple[int, int]]) -> int:
        id = len(self.orders)
        self._write(id, SketchPlaced(id, tuple([SketchLine(sku, quantity, 999) for sku, quantity in lines])))
        return id

    def allocate(self, id: int) -> None:
        picks = tuple([self._source(line) for line in self._at(id, "placed").lines])
        entries = [SketchEntry(p.sku, p.location, "available", "reserved", p.quantity, id) for p in picks]
        self._write(id, SketchAllocated(id, picks), entries)

    def ship(self, id: int) -> None:
        picks = self._at(id, "allocated").picks
        entries = [SketchEntry(p.sku, p.location, "reserved", "out", p.quantity, id) for p in picks]
        self._write(id, SketchShipped(id), entries)

    def deliver(self, id: int) -> None:
        self._at(id, "shipped")
        self._write(id, SketchDelivered(id))

    def run(self, orders: Sequence[Sequence[tuple[int, int]]]) -> None:
        for lines in orders:
            id = self.place(lines)
            self.allocate(id)
            self.ship(id)
            self.deliver(id)


# What becomes durable of an order

AT = "2026-03-01T09:00:00+00:00"
ACTOR = "clerk"


class Facts(NamedTuple):
    """Command id and fingerprint, both events, the summary, the (balance, units) to move in their order."""

    command: str
    stream: str
    events: str
    digest: bytes
    body: str
    moves: list[tuple[int, int]]


def facts_of(wish: Wish) -> Facts:
    """One order, allocated to the locations it names."""
    number, lines = wish
    placed = {
        "channel": "web",
        "external_id": f"X{number}",
        "currency": "GBP",
        "lines": [
            {"line": line, "sku": f"S{sku:05d}", "quantity": quantity, "price": price}
            for line, sku, _, quantity, price in lines
        ],
    }
    allocated = [[line, f"L{location:02d}", quantity] for line, _, location, quantity, _ in lines]
    events = json.dumps([["placed", 1, placed], ["allocated", 1, allocated]])
    body = json.dumps({"status": "allocated", "total": 999 * len(lines), "customer": number % 1000})
    return Facts(
        f"place:web:X{number}", f"order/web:X{number}", events, blake2b(events.encode(), digest_size=16).digest(), body,
        sorted((sku * LOCATIONS + location, quantity) for _, sku, location, quantity, _ in lines),
    )  # fmt: skip


# On SQLite

_TABLES = """
create table journal(
    position integer primary key, command text not null unique, fingerprint blob not null, stream text not null,
    version integer not null, recorded text not null, actor text not null, events text not null,
    unique(stream, version)
) strict;
create table summary(
    order_id text primary key, revision integer not null, status text not null, placed text not null, body text not null
) strict, without rowid;
create index summary_status on summary(status, placed);
create table balance(
    id integer primary key, available integer not null, reserved integer not null default 0,
    released integer not null default 0, picked integer not null default 0, packed integer not null default 0
) strict;
"""
_JOURNAL = (
    "insert into journal(command, fingerprint, stream, version, recorded, actor, events) values(?, ?, ?, 1, ?, ?, ?)"
    " on conflict do nothing"
)
_SUMMARY = "insert into summary(order_id, revision, status, placed, body) values(?, 1, 'allocated', ?, ?)"
_MOVE = "update balance set available = available - ?2, reserved = reserved + ?2 where id = ?1 and available >= ?2"


class EqualFacts:
    """Command id and fingerprint, two events, guarded balances, the order's summary; sorted rows, written last."""

    def __init__(self, path: Path, units: int = 1_000_000) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None, cached_statements=128)
        for setting in ("journal_mode = wal", "synchronous = full", "cache_size = -65536"):
            self.connection.execute(f"pragma {setting}")
        self.connection.executescript(_TABLES)
        self.connection.execute("begin")
        self.connection.executemany(
            "insert into balance(id, available) values(?, ?)", ((n, units) for n in range(SKUS * LOCATIONS))
        )
        self.connection.execute("commit")

    def place(self, wish: Wish) -> None:
        """One order, allocated to the locations it names. The caller holds the transaction."""
        facts = facts_of(wish)
        execute = self.connection.execute
        if execute(_JOURNAL, (facts.command, facts.digest, facts.stream, AT, ACTOR, facts.events)).rowcount != 1:
            raise RuntimeError("repeated")
        execute(_SUMMARY, (facts.stream, AT, facts.body))
        if self.connection.executemany(_MOVE, facts.moves).rowcount != len(facts.moves):
            raise RuntimeError("insufficient")
