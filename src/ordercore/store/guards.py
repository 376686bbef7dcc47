"""What a store says when rows would fall below zero or a floor, the same from every store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ordercore.store.batch import Batch
from ordercore.store.posting import BUCKETS, RowKey
from ordercore.store.result import Shortage


def shortages(
    changes: Iterable[tuple[RowKey, Sequence[int], Sequence[int]]], floors: Mapping[RowKey, int]
) -> Iterator[Shortage]:
    """Every bucket below zero or its floor, sorted by row, from (key, change, figures after it)."""
    for key, change, after in sorted(changes, key=lambda row: row[0]):
        for column, (delta, units) in enumerate(zip(change, after, strict=True)):
            least = floors.get(key, 0) if column == 0 else 0
            if delta < 0 and units < least:
                yield Shortage(*key, BUCKETS[column], least - units)


def floors_of(batch: Batch) -> dict[RowKey, int]:
    """The highest floor of each own pool row; a floor below zero says nothing."""
    floors: dict[RowKey, int] = {}
    for floor in batch.floors:
        key = (floor.sku, floor.place, "", "")
        floors[key] = max(floor.minimum, floors.get(key, 0))
    return floors
