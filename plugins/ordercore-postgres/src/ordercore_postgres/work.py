"""Batches made ready for PostgreSQL: encoded once, and merged into what `ordercore_commit` takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from json.encoder import JSONEncoder
from operator import itemgetter
from typing import Any, Final
from zlib import crc32

from ordercore.store.batch import Batch, PutDocument, Require, RequireUnits, SetTimer
from ordercore.store.contract import EventCodec
from ordercore.store.guards import floors_of
from ordercore.store.posting import COLUMN, WIDTH, RowKey
from ordercore.store.result import Committed
from ordercore.store.scalars import micros_of
from ordercore.values import Stream
from ordercore_postgres.cursors import cursor_of
from ordercore_postgres.faults import unstorable

Line = list[Any]
Merged = dict[str, list[Any]]
Move = tuple[str, str | None, str | None]
"""A follower's step: (consumer, expected cursor, new cursor)."""

VERSION: Final = 4
"""Where in a log row the version is."""

_NARROW: Final = 5 + 1 + max(COLUMN["available"], COLUMN["soft_reserved"], COLUMN["reserved"])
"""A row of changes is no longer than this if nothing moves but what is promised."""


def _encoder() -> Callable[[object], str]:
    try:
        from msgspec.json import Encoder
    except ImportError:
        return JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    encode = Encoder().encode

    def text_of(value: object) -> str:
        try:
            return encode(value).decode()
        except UnicodeEncodeError as error:
            raise unstorable(error) from error

    return text_of


as_json: Final = _encoder()
"""JSON of plain values, by msgspec where it is installed. Lone surrogates are refused here or by the driver."""


class Work:
    """What one batch writes, as rows."""

    __slots__ = ("batch", "count", "documents", "empty", "fingerprint", "floors", "logs", "timers", "versions")

    def __init__(self, batch: Batch, codec: EventCodec) -> None:
        self.batch = batch
        # Without an id nothing is kept to be compared with.
        self.fingerprint = codec.fingerprint(batch.command) if batch.command_id else b""
        self.floors: dict[RowKey, int] = floors_of(batch) if batch.floors else {}
        self.logs: list[Line] = []
        """One for each append: version None where it goes to the end, count 0 where the head is only compared."""
        self.count = 0
        """How many of them stay."""
        self.versions: list[int | None] = []
        """The version after each append, where it is known before."""
        self.empty: Line | None = None
        """The row of a batch without events; None as well if it leaves no id."""
        self.documents: list[tuple[str, Line]] = []
        """(wave kind, row); the row begins with kind and key."""
        self.timers: list[tuple[str, Line]] = []
        self._encode_log(batch, codec)
        for change in batch.documents:
            if not isinstance(change, PutDocument):
                self.documents.append(("x", [change.kind, change.key]))
                continue
            row: Line = [change.kind, change.key, change.tag, change.sort, codec.dump_document(change.body)]
            if change.expected:
                row.append(change.expected)
            self.documents.append(("s" if change.expected is None else "u" if change.expected else "n", row))
        for timer in batch.timers:
            if isinstance(timer, SetTimer):
                self.timers.append(("s", [timer.kind, timer.key, micros_of(timer.due)]))
            else:
                self.timers.append(("c", [timer.kind, timer.key]))

    def _encode_log(self, batch: Batch, codec: EventCodec) -> None:
        command_id, fingerprint, context = batch.command_id, self.fingerprint.hex(), batch.context
        at = micros_of(context.now)
        effective = at if context.effective is context.now else micros_of(context.effective)
        actor, cause, correlation = context.actor, context.cause, context.correlation
        for append in batch.appends:
            expected, count = append.expected, len(append.events)
            text = codec.dump_events(append.events) if count else ""
            version = None if expected is None else expected + 1
            self.versions.append(None if expected is None else expected + count)
            self.logs.append([
                command_id, self.count if count else -1, fingerprint, append.stream, version, count, at, effective,
                actor, cause, correlation, crc32(text.encode()), text,
            ])  # fmt: skip
            self.count += count > 0
        if not self.count and command_id:
            self.empty = [command_id, fingerprint, at, effective, actor, cause, correlation]

    def result(self, epoch: int, xid: int, pos: int, heads: Sequence[int] | None) -> Committed:
        """What the batch came to, its last log row being at that position; `heads` before each append, if some are not known."""
        versions: dict[Stream, int] = {}
        for number, (append, version) in enumerate(zip(self.batch.appends, self.versions, strict=True)):
            if version is None and heads is not None:
                versions[append.stream] = heads[number] + len(append.events)
            elif version is not None:
                versions[append.stream] = version
        return Committed(cursor_of(epoch, xid, pos) if self.count else None, versions)


def merged(works: Sequence[Work]) -> Merged | None:
    """All of them as one call; None if they cannot all be done, whatever the store holds."""
    ids = [work.batch.command_id for work in works if work.batch.command_id]
    if len(set(ids)) < len(ids):
        return None
    merged: Merged = {}
    if not _merge_logs(works, merged):
        return None
    _merge_counters(works, merged)
    _merge_documents(works, merged)
    _merge_timers(works, merged)
    _merge_rows(works, merged)
    return merged


def _merge_logs(works: Sequence[Work], merged: Merged) -> bool:
    logs: list[Line] = []
    checks: list[Line] = []
    ahead: dict[str, int | None] = {}
    sequential = False
    for work in works:
        if work.empty is not None:
            merged.setdefault("e", []).append(work.empty)
        for row, version in zip(work.logs, work.versions, strict=True):
            stream, first = row[3], row[VERSION]
            if first is None or not row[5]:
                sequential = True
            if (known := ahead.get(stream)) is not None:
                if first is not None and first != known + 1:
                    return False
            elif first is not None and first > 1:
                checks.append([stream, first - 1])
            ahead[stream] = version
            logs.append(row)
    if sequential:
        merged["x"] = logs
    elif logs:
        merged["l"] = logs
        if checks:
            merged["v"] = checks
    return True


def _merge_counters(works: Sequence[Work], merged: Merged) -> None:
    bumps: dict[str, int] = {}
    wanted: dict[tuple[str, int], None] = {}
    for work in works:
        batch = work.batch
        for require in batch.requires:
            if isinstance(require, Require):
                wanted[require.counter, require.value - bumps.get(require.counter, 0)] = None
        for bump in batch.bumps:
            bumps[bump.counter] = bumps.get(bump.counter, 0) + 1
    if wanted:
        merged["q"] = [[name, value] for name, value in wanted]
    if bumps:
        merged["b"] = [[name, times] for name, times in bumps.items()]


_by_name: Final = itemgetter(0, 1)
"""The order of locks: two groups that write the same in another order would wait for each other."""


def _merge_documents(works: Sequence[Work], merged: Merged) -> None:
    waves: list[dict[str, list[Line]]] = []
    written: dict[tuple[str, str], int] = {}
    for work in works:
        for how, row in work.documents:
            name = (row[0], row[1])
            number = written[name] = written.get(name, -1) + 1
            if number == len(waves):
                waves.append({})
            waves[number].setdefault(how, []).append(row)
    if waves:
        for wave in waves:
            for rows in wave.values():
                rows.sort(key=_by_name)
        merged["d"] = waves


def _merge_timers(works: Sequence[Work], merged: Merged) -> None:
    last: dict[tuple[str, str], tuple[str, Line]] = {}
    for work in works:
        for how, row in work.timers:
            last[row[0], row[1]] = (how, row)
    for _, (how, row) in sorted(last.items()):
        merged.setdefault(how, []).append(row)


def _merge_rows(works: Sequence[Work], merged: Merged) -> None:
    """Net changes, each row once, in the order of the database: of code points, as of their UTF-8."""
    guards: list[Line] = []
    if len(works) == 1 and not any(isinstance(one, RequireUnits) for one in works[0].batch.requires):
        rows = _of_one(works[0])
    else:
        rows, guards = _netted(works)
    if rows:
        rows.sort(key=itemgetter(0, 1, 2, 3))
        merged["p"] = rows
        if max(map(len, rows)) <= _NARROW:
            merged["a"] = []
    if guards:
        merged["g"] = guards


def _of_one(work: Work) -> list[Line]:
    """What falls below zero is refused anyway, so that only a floor is to be said."""
    floors = work.floors
    return [
        [sku, owner, lot, place, floors.get(key, 0) if change[0] < 0 else 0, *_figures(tuple(change))]
        for key, change in work.batch.rows.items()
        for sku, place, lot, owner in (key,)
    ]


def _netted(works: Sequence[Work]) -> tuple[list[Line], list[Line]]:
    """Rows and guards: beyond zero they are bound by floors, by what an earlier batch needed, by observations."""
    net: dict[RowKey, Sequence[int]] = {}
    needs: dict[tuple[RowKey, int], int] = {}
    exact: list[tuple[RowKey, int, int]] = []
    for work in works:
        for require in work.batch.requires:
            if isinstance(require, RequireUnits):
                column = COLUMN[require.bucket]
                exact.append((require.key, column, require.units - net.setdefault(require.key, _NOTHING)[column]))
        for key, change in work.batch.rows.items():
            after = net[key] = [a + b for a, b in zip(net.get(key, _NOTHING), change, strict=True)]
            _need(needs, key, change, after, work.floors.get(key, 0))
    guards: list[Line] = []
    least: dict[RowKey, int] = {}
    for (key, column), need in needs.items():
        units = need + net[key][column]
        if units > 0:
            if column:
                guards.append([*_named(key), column + 1, units, None])
            else:
                least[key] = units
    guards += [[*_named(key), column + 1, None, units + net[key][column]] for key, column, units in exact]
    return [[*_named(key), least.get(key, 0), *_figures(tuple(change))] for key, change in net.items()], guards


@lru_cache(maxsize=8192)
def _figures(change: tuple[int, ...]) -> tuple[int, ...]:
    """Up to the last that changes; most orders are of few units, so few changes differ."""
    end = WIDTH
    while end > 1 and not change[end - 1]:
        end -= 1
    return change[:end]


_NOTHING: Final = (0,) * WIDTH


def _need(
    needs: dict[tuple[RowKey, int], int], key: RowKey, change: Sequence[int], after: Sequence[int], floor: int
) -> None:
    """What each column that is taken from must hold before all of them, so that it suffices at this step."""
    for column, delta in enumerate(change):
        if delta < 0:
            need = (0 if column else floor) - after[column]
            if need > needs.get((key, column), 0):
                needs[key, column] = need


def _named(key: RowKey) -> tuple[str, str, str, str]:
    sku, place, lot, owner = key
    return sku, owner, lot, place
