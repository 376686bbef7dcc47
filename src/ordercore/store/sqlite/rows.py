"""Positions: ids, guarded changes, and what the rows hold.

An id is (number of the SKU << 24) + k; own pool rows have k below 2**23 and all others (lots, other owners) above, so
that the offers of a SKU are one narrow range of rowids and all its rows another. 24 bits, because a SKU tracked by
serial number has a row per unit, and not more, because a wider id is a byte in every row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final

from ordercore.store.posting import BUCKETS, WIDTH, RowKey
from ordercore.store.sqlite.lent import AnySession
from ordercore.store.sqlite.work import Work
from ordercore.values import Place, Sku

SHIFT: Final = 24
OTHERS: Final = 1 << 23
MOST_CACHED: Final = 200_000
NOTHING: Final = (0,) * WIDTH

_COLUMNS: Final = ", ".join(BUCKETS)
ROW: Final = f"select {_COLUMNS} from ordercore_position where id = ?"
ROWS: Final = f"select id, {_COLUMNS} from ordercore_position where id between ? and ?"
OFFERS: Final = "select id, available from ordercore_position where id between ? and ? and available > 0"
_NEW_ROW: Final = f"insert into ordercore_position (id, {_COLUMNS}) values (?{', ?' * WIDTH})"
_SET_ROW: Final = f"update ordercore_position set {', '.join(f'{name} = ?' for name in BUCKETS)} where id = ?"
_SKU: Final = "select n from ordercore_sku where tenant = ? and sku = ?"
_NEW_SKU: Final = "insert into ordercore_sku (tenant, sku) values (?, ?)"
_CELL: Final = "select id from ordercore_cell where sku = ? and place = ? and lot = ? and owner = ?"
_CELLS: Final = "select id, place, lot, owner from ordercore_cell where id between ? and ?"
_NEW_CELL: Final = "insert into ordercore_cell (id, sku, place, lot, owner) values (?, ?, ?, ?, ?)"
_LAST_CELL: Final = "select max(id) from ordercore_cell where id between ? and ?"

Execute = Callable[..., Any]


class Cells:
    """Ids of one tenant's rows that are known to be committed; ids are never given to another row, so they keep."""

    __slots__ = ("_beside", "ids", "keys", "skus")

    def __init__(self) -> None:
        self.ids: dict[RowKey, int] = {}
        self.keys: dict[int, RowKey] = {}
        self.skus: dict[Sku, int] = {}
        self._beside: dict[int, RowKey] | None = None

    def aside(self) -> Cells:
        """The same ids, for reading rows of which some may still be undone: nothing found there is taken in."""
        cells = Cells()
        cells.ids, cells.keys, cells.skus, cells._beside = self.ids, self.keys, self.skus, {}
        return cells

    def learn(self, ids: Mapping[RowKey, int], skus: Mapping[Sku, int]) -> None:
        """Take in what a commit made or a read of committed rows found."""
        if len(self.ids) + len(ids) > MOST_CACHED:
            self.ids.clear()
            self.keys.clear()
        if len(self.skus) + len(skus) > MOST_CACHED:
            self.skus.clear()
        self.ids.update(ids)
        self.skus.update(skus)
        for key, number in ids.items():
            self.keys[number] = key

    def key_of(self, number: int, sku: Sku, execute: Execute) -> RowKey:
        """The key of a row found by a scan; another process may have made it."""
        beside = self._beside
        key = self.keys.get(number) or (beside.get(number) if beside is not None else None)
        if key is None:
            base = number >> SHIFT << SHIFT
            found = {
                (sku, Place(place), lot, owner): cell
                for cell, place, lot, owner in execute(_CELLS, (base, base + 2 * OTHERS - 1)).fetchall()
            }
            keys = {cell: key for key, cell in found.items()}
            if beside is None:
                self.learn(found, {})
            else:
                beside.update(keys)
            key = keys[number]
        return key

    def number_of(self, tenant: str, sku: Sku, execute: Execute) -> int | None:
        """The number of a SKU, if it has any row."""
        number = self.skus.get(sku)
        if number is None:
            found = execute(_SKU, (tenant, sku)).fetchone()
            if found is not None:
                number = found[0]
                if self._beside is None:
                    self.skus[sku] = found[0]
        return number


class Writing:
    """Rows as one write transaction sees them: what it looks up or makes is known to others only after its commit.

    (SQLite gives the rowids of a refused batch to the next one: with a shared cache, units went to another SKU.)
    """

    __slots__ = ("cells", "ids", "session", "skus", "tenant")

    def __init__(self, session: AnySession, cells: Cells, tenant: str) -> None:
        self.session = session
        self.cells = cells
        self.tenant = tenant
        self.ids: dict[RowKey, int] = {}
        self.skus: dict[Sku, int] = {}

    def committed(self) -> None:
        """Now others may know."""
        if self.ids or self.skus:
            self.cells.learn(self.ids, self.skus)

    def id_of(self, key: RowKey) -> int | None:
        """The id of a row, if it was ever made."""
        found: int | None = self.cells.ids.get(key) or self.ids.get(key)
        if found is None and (sku := self._number(key[0])) is not None:
            row = self.session.execute(_CELL, (sku, *key[1:])).fetchone()
            if row is not None:
                found = self.ids[key] = row[0]
        return found

    def row(self, key: RowKey) -> Sequence[int]:
        """What the row holds."""
        found = self.id_of(key)
        if found is None:
            return NOTHING
        return self.session.execute(ROW, (found,)).fetchone() or NOTHING

    def _number(self, sku: Sku) -> int | None:
        number = self.cells.skus.get(sku) or self.skus.get(sku)
        if number is None:
            row = self.session.execute(_SKU, (self.tenant, sku)).fetchone()
            if row is not None:
                number = self.skus[sku] = row[0]
        return number

    def put(self, key: RowKey, figures: Sequence[int]) -> None:
        """Let the row hold these figures, whatever it held."""
        found = self.id_of(key)
        if found is None:
            self._make(key, figures)
        else:
            self.session.execute(_SET_ROW, (*figures, found))

    def _make(self, key: RowKey, figures: Sequence[int]) -> None:
        execute = self.session.execute
        sku, place, lot, owner = key
        number = self._number(sku)
        if number is None:
            execute(_NEW_SKU, (self.tenant, sku))
            number = self.skus[sku] = self.session.last_position()
        base = (number << SHIFT) + (OTHERS if lot or owner else 0)
        last = execute(_LAST_CELL, (base, base + OTHERS - 1)).fetchone()[0]
        cell = self.ids[key] = base if last is None else last + 1
        execute(_NEW_CELL, (cell, number, place, lot, owner))
        execute(_NEW_ROW, (cell, *figures))

    def apply(self, works: Sequence[Work]) -> bool:
        """Change the rows of all batches, last in the transaction and in the order of ids; False if any falls short.

        A shape is the columns that change, those that must have enough marked by `~`. Batches of one group are
        netted per row; the guard is then the most that any of them needed at its turn.
        """
        ids = self.cells.ids
        shapes: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
        for key, shape, deltas, needs in _one(works[0]) if len(works) == 1 else _netted(works):
            row = ids.get(key) or self.id_of(key)
            if row is None:
                if any(need > 0 for need in needs):
                    return False
                self._make(key, _figures(shape, deltas))
                continue
            shapes.setdefault(shape, []).append((*deltas, row, *needs))
        for shape, changes in shapes.items():
            changes.sort(key=itemgetter(len(shape)))
            self.session.executemany(_update(shape), changes)
            if self.session.cursor.rowcount != len(changes):
                return False
        return True


Change = tuple[RowKey, tuple[int, ...], Sequence[int], Sequence[int]]
"""(key, shape, delta of each column, units that each marked column must have before)."""
Step = tuple[Sequence[int], Mapping[RowKey, int]]
"""(change of each column, floors) of one batch."""


def _one(work: Work) -> Iterator[Change]:
    for key, change in work.batch.rows.items():
        yield _change(key, change, work.floors)


def _change(key: RowKey, change: Sequence[int], floors: Mapping[RowKey, int]) -> Change:
    shape, deltas, needs = _parts(tuple(change))
    if floors and shape[0] == _LESS_AVAILABLE and (floor := floors.get(key, 0)):
        needs = (needs[0] + floor, *needs[1:])
    return key, shape, deltas, needs


_LESS_AVAILABLE: Final = ~0


@lru_cache(maxsize=8192)
def _parts(change: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """(shape, deltas, needs) of a change without floors; most orders are of few units, so few changes differ."""
    columns = [column for column, delta in enumerate(change) if delta]
    return (
        tuple([column if change[column] > 0 else ~column for column in columns]),
        tuple([change[column] for column in columns]),
        tuple([-change[column] for column in columns if change[column] < 0]),
    )


def _netted(works: Sequence[Work]) -> Iterator[Change]:
    first: dict[RowKey, Step] = {}
    several: dict[RowKey, list[Step]] = {}
    for work in works:
        floors = work.floors
        for key, row in work.batch.rows.items():
            if (before := first.setdefault(key, each := (row, floors))) is not each:
                several.setdefault(key, [before]).append(each)
    for key, step in first.items():
        yield _net(key, several[key]) if key in several else _change(key, *step)


def _net(key: RowKey, steps: Sequence[Step]) -> Change:
    """All changes of a row as one: before them each column must have the most that any step needs at its turn."""
    net = [0] * WIDTH
    needs: list[int | None] = [None] * WIDTH
    for change, floors in steps:
        for column, delta in enumerate(change):
            net[column] += delta
            if delta < 0:
                need = (floors.get(key, 0) if not column else 0) - net[column]
                most = needs[column]
                needs[column] = need if most is None else max(most, need)
    columns = [column for column in range(WIDTH) if net[column] or needs[column] is not None]
    return (
        key,
        tuple(column if needs[column] is None else ~column for column in columns),
        [net[column] for column in columns],
        [needed for column in columns if (needed := needs[column]) is not None],
    )


def _figures(shape: Sequence[int], deltas: Sequence[int]) -> list[int]:
    figures = [0] * WIDTH
    for column, delta in zip(shape, deltas, strict=True):
        figures[column if column >= 0 else ~column] = delta
    return figures


@lru_cache(maxsize=1024)
def _update(shape: tuple[int, ...]) -> str:
    columns = [BUCKETS[column if column >= 0 else ~column] for column in shape]
    sets = ", ".join(f"{name} = {name} + ?" for name in columns)
    guards = "".join(f" and {name} >= ?" for name, column in zip(columns, shape, strict=True) if column < 0)
    return f"update ordercore_position set {sets} where id = ?{guards}"
