"""What `verify` compares, shared by every store that keeps rows: rows with the log, lots with pools, the past."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from ordercore.store.archived import Carried
from ordercore.store.posting import BUCKETS, WIDTH, Posting, Row, RowKey, rows_of
from ordercore.store.result import Breach
from ordercore.store.scalars import moment_of

Movements = tuple[int, Sequence[Posting]]
"""One batch: effective time in microseconds, and its postings."""


class Rebuild:
    """The rows as the log says they must be; built batch by batch, in the order of the log.

    `late` are the rows that a batch took units from at an effective time before another one already recorded.
    Only they can have been negative in the past: a late increase helps all that follows, and as long as no
    decrease is late, each one had at least the units that were there when it was committed.
    """

    __slots__ = ("_latest", "late", "rows")

    def __init__(self) -> None:
        self.rows: dict[RowKey, list[int]] = {}
        self.late: set[RowKey] = set()
        self._latest: dict[RowKey, int] = {}

    def add(self, effective: int, postings: Sequence[Posting]) -> None:
        """Apply one batch, net, as the commit did."""
        for key, change in rows_of(postings).items():
            self._change(effective, key, change)

    def carry(self, carried: Carried) -> None:
        """What rows that left for an archive had moved. Before the log."""
        for effective, key, change in _moved(carried):
            self._change(effective, key, change)

    def _change(self, effective: int, key: RowKey, change: list[int]) -> None:
        rows, latest = self.rows, self._latest
        row = rows.get(key)
        if row is None:
            rows[key], latest[key] = change, effective
            return
        for column, delta in enumerate(change):
            row[column] += delta
        if effective >= latest[key]:
            latest[key] = effective
        elif min(change) < 0:
            self.late.add(key)


class Differences:
    """The rows that are there, one by one, against those of a rebuild, which it empties."""

    __slots__ = ("_rebuilt", "_totals")

    def __init__(self, rebuilt: dict[RowKey, list[int]]) -> None:
        self._rebuilt = rebuilt
        self._totals = {(sku, place, owner): [0, 0] for sku, place, lot, owner in rebuilt if lot}

    def of(self, key: RowKey, row: Row) -> Iterator[Breach]:
        """Every column of a row that differs or is negative."""
        sku, place, lot, owner = key
        expected = self._rebuilt.pop(key, _NOTHING)
        if tuple(expected) != row:
            yield from _columns(key, expected, row)
        if (total := self._totals.get((sku, place, owner))) is not None:
            total[bool(lot)] += sum(row)

    def missing(self) -> Iterator[Breach]:
        """When all were seen: rows that are not there, and pools that their lots do not sum to."""
        for key, expected in self._rebuilt.items():
            yield from _columns(key, expected, _NOTHING)
        for (sku, place, owner), (pool, lots) in self._totals.items():
            if pool != lots:
                yield Breach("lots", where((sku, place, "", owner)), f"pool of {lots}, the sum of its lots", str(pool))


_NOTHING: Final = (0,) * WIDTH


def differences(rebuilt: dict[RowKey, list[int]], stored: Iterable[tuple[RowKey, Row]]) -> Iterator[Breach]:
    """Every column that differs, is negative, or whose lots do not sum to the pool. Empties `rebuilt`."""
    found = Differences(rebuilt)
    for key, row in stored:
        yield from found.of(key, row)
    yield from found.missing()


def _moved(carried: Carried) -> Iterator[tuple[int, RowKey, list[int]]]:
    """(effective, row, change): all that came in before all that went out, so that no dip is found that never was."""
    for row in carried.rows:
        key = (carried.sku, row.place, row.lot, row.owner)
        yield carried.earliest, key, list(row.gained)
        yield carried.latest, key, [-units for units in row.lost]


class Past:
    """The changes of some rows, to be put in the order of their effective times. Sixteen bytes for a change.

    Of what is archived only that it came in at first and went out at last: its own past was judged before it left.
    """

    __slots__ = ("_changes",)

    def __init__(self, late: AbstractSet[RowKey], carried: Iterable[Carried] = ()) -> None:
        # (microseconds, column) in one integer, and the delta.
        self._changes: dict[RowKey, array[int]] = {key: array("q") for key in late}
        for one in carried:
            for effective, key, change in _moved(one):
                self._note(effective, key, change)

    def add(self, effective: int, postings: Sequence[Posting]) -> None:
        """One batch, net."""
        for key, change in rows_of(postings).items():
            self._note(effective, key, change)

    def _note(self, effective: int, key: RowKey, change: Sequence[int]) -> None:
        if (found := self._changes.get(key)) is not None:
            for column, delta in enumerate(change):
                if delta:
                    found.append(effective << 4 | column)
                    found.append(delta)

    def negatives(self) -> Iterator[Breach]:
        """Rows that were below zero at some moment."""
        for key, found in self._changes.items():
            yield from _dips(key, found)


def past_negatives(
    batches: Iterable[Movements], late: AbstractSet[RowKey], carried: Iterable[Carried] = ()
) -> Iterator[Breach]:
    """Rows of `late` that were below zero at some moment when batches are ordered by their effective time."""
    past = Past(late, carried)
    for effective, postings in batches:
        past.add(effective, postings)
    yield from past.negatives()


def _dips(key: RowKey, found: array[int]) -> Iterator[Breach]:
    row = [0] * WIDTH
    lowest: dict[int, tuple[int, int]] = {}
    # The sort is stable: what was effective at the same moment stays in the order of the log.
    for stamp, delta in sorted(zip(found[::2], found[1::2], strict=True), key=lambda change: change[0] >> 4):
        column = stamp & 15
        row[column] += delta
        if row[column] < min(0, lowest.get(column, (0, 0))[0]):
            lowest[column] = (row[column], stamp >> 4)
    for column, (units, micros) in sorted(lowest.items()):
        yield Breach(
            "past_negative", where(key, BUCKETS[column]), ">= 0", f"{units} at {moment_of(micros).isoformat()}"
        )


def _columns(key: RowKey, expected: Sequence[int], row: Sequence[int]) -> Iterator[Breach]:
    for bucket, wanted, there in zip(BUCKETS, expected, row, strict=True):
        if wanted != there:
            yield Breach("row", where(key, bucket), str(wanted), str(there))
        if there < 0:
            yield Breach("negative", where(key, bucket), ">= 0", str(there))


def where(key: RowKey, bucket: str = "") -> str:
    """How a breach names a row: `TEA at loc/WH1 lot L1 owner ACME: available`, without what is empty."""
    sku, place, lot, owner = key
    named = f"{sku} at {place}" + (f" lot {lot}" if lot else "") + (f" owner {owner}" if owner else "")
    return f"{named}: {bucket}" if bucket else named


def gaps(heads: Mapping[str, int], stream: str, first: int) -> Iterator[Breach]:
    """A breach if a log row of `stream` does not begin right behind the version its earlier rows reach."""
    expected = heads.get(stream, 0) + 1
    if first != expected:
        yield Breach("version", stream, str(expected), str(first))
