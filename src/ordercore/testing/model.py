"""What positions ought to hold: a model of a dozen lines, and random batches to compare a store with it.

Written without `ordercore.store.rows_of`, so that a mistake there does not hide itself.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

from attrs import evolve

from ordercore.store import BUCKETS, Batch, CommitResult, Committed, Floor, Row, RowKey, Short, Shortage
from ordercore.testing.sample_events import (
    HERE,
    THERE,
    Move,
    Moved,
    append,
    batch,
    moved,
    narrow,
    receive,
    release,
    reserve,
    scrap,
    ship,
)
from ordercore.values import Place, Sku, Stream

Cell = tuple[Sku, Place, str, str, str]
"""(sku, place, lot, owner, bucket)."""


class Model:
    """Balances by cell, the versions of the orders, and a source of batches of which about a third is short."""

    def __init__(self, chance: random.Random, *, prefix: str = "") -> None:
        """`prefix` keeps the SKUs and streams of one history apart from another's in the same store."""
        self.chance = chance
        self.prefix = prefix
        self.skus = [f"{prefix}{name}" for name in ("TEA", "CUP", "BOX")]
        self.cells: Counter[Cell] = Counter()
        self.versions: Counter[Stream] = Counter()

    def next_batch(self, command_id: str) -> Batch:
        """One to four random moves on the stream of one of five orders, at its right version."""
        stream = Stream(f"{self.prefix}order/{self.chance.randrange(5)}")
        moves = [self._move() for _ in range(self.chance.randint(1, 4))]
        floors = [Floor(Sku(move.sku), Place(move.source), 5) for move in moves if self.chance.random() < 0.1]
        return batch(command_id, append(stream, self.versions[stream], moved(*moves)), floors=floors)

    def next_group(self, name: str, size: int) -> list[Batch]:
        """Batches to commit together, each on a stream of its own: whether one succeeds moves no other's version."""
        streams = [f"{self.prefix}group/{name}.{number}" for number in range(size)]
        return [
            batch(f"{self.prefix}{stream}", append(stream, 0, moved(*(self._move() for _ in range(3)))))
            for stream in streams
        ]

    def _move(self) -> Move:
        sku = self.chance.choice(self.skus)
        place = self.chance.choice((HERE, HERE, THERE))
        lot = self.chance.choice(("L1", "L2")) if sku == self.skus[0] else ""
        few, many = self.chance.randint(1, 4), self.chance.randint(1, 12)
        kind = self.chance.choice((receive, reserve, reserve, release, ship, scrap, narrow))
        if kind is receive:
            return receive(sku, many, place, lot=lot)
        if kind is scrap:
            return scrap(sku, few, place, lot=lot)
        if kind is narrow:
            return narrow(sku, few, "1", lot, place) if lot else reserve(sku, few, "1", place)
        if kind is reserve:
            return reserve(sku, few, "1", place)
        made = release(sku, few, "1", place) if kind is release else ship(sku, few, "1", place)
        return evolve(made, lot=lot)

    def shortages(self, asked: Batch) -> set[Shortage]:
        """Every cell that the batch would leave below zero or below its floor, and by how much."""
        change: Counter[Cell] = Counter()
        _add(change, asked)
        least = {(floor.sku, floor.place, "", "", "available"): floor.minimum for floor in asked.floors}
        found = {(cell, least.get(cell, 0) - self.cells[cell] - taken) for cell, taken in change.items() if taken < 0}
        return {Shortage(*cell, missing=missing) for cell, missing in found if missing > 0}

    def apply(self, accepted: Batch) -> None:
        """Take a committed batch into the balances."""
        _add(self.cells, accepted)
        for each in accepted.appends:
            self.versions[each.stream] += len(each.events)

    def expect(self, asked: Batch, result: CommitResult) -> None:
        """Hold a store's answer against what the model says, and go on from there."""
        expected = self.shortages(asked)
        if expected:
            assert isinstance(result, Short), (asked.command_id, result)
            assert set(result.shortages) == expected, asked.command_id
        else:
            assert isinstance(result, Committed), (asked.command_id, result)
            self.apply(asked)

    def rows(self) -> dict[RowKey, Row]:
        """The rows that hold something."""
        keys = {cell[:4] for cell, held in self.cells.items() if held}
        return {key: tuple(self.cells[*key, bucket] for bucket in BUCKETS) for key in keys}


def _add(cells: Counter[Cell], batch: Batch) -> None:
    for cell, change in _changes(batch):
        cells[cell] += change


def _changes(batch: Batch) -> Iterator[tuple[Cell, int]]:
    for each in batch.appends:
        for event in each.events:
            if isinstance(event, Moved):
                for move in event.moves:
                    yield from _change(move)


def _change(move: Move) -> Iterator[tuple[Cell, int]]:
    for place, bucket, change in (
        (move.source, move.source_bucket, -move.quantity),
        (move.target, move.target_bucket, move.quantity),
    ):
        lots = ([] if move.narrowing else [""]) + ([move.lot] if move.lot else [])
        if bucket:
            yield from (((Sku(move.sku), Place(place), lot, move.owner, bucket), change) for lot in lots)
