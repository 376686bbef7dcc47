"""Why a batch cannot be written, found by reading: nothing of it is there while this looks."""

from __future__ import annotations

from operator import add
from typing import Final

from ordercore.store.batch import PutDocument, RequireUnits
from ordercore.store.guards import shortages
from ordercore.store.result import CommitResult, Conflicted, Duplicate, Mismatched, Short
from ordercore.store.sqlite.read import Reading
from ordercore.store.sqlite.rows import Writing
from ordercore.store.sqlite.work import Work
from ordercore.store.sqlite.write import counter_of, head_of, units_of
from ordercore.store.verify import where

_REVISION: Final = "select revision from document where tenant = ? and kind = ? and key = ?"


def refusal_of(reading: Reading, rows: Writing, work: Work) -> CommitResult | None:
    """Repeats first, then stale streams, counters, documents, then every shortage; None if nothing is in the way."""
    batch = work.batch
    first = reading.outcome(batch.command_id, work.fingerprint)
    if first is not None:
        return Duplicate(first) if first.matches else Mismatched(batch.command_id)
    return (
        _stale_stream(reading, work)
        or _stale_requirement(reading, rows, work)
        or _stale_document(reading, work)
        or _short(rows, work)
    )


def _stale_stream(reading: Reading, work: Work) -> Conflicted | None:
    ahead: dict[str, int] = {}
    for append in work.batch.appends:
        stream = append.stream
        head = ahead.get(stream, -1)
        if head < 0:
            head = head_of(reading.session, reading.tenant, stream)
        if append.expected is not None and append.expected != head:
            return Conflicted(stream, append.expected, head)
        ahead[stream] = head + len(append.events)
    return None


def _stale_requirement(reading: Reading, rows: Writing, work: Work) -> Conflicted | None:
    for require in work.batch.requires:
        if isinstance(require, RequireUnits):
            units = units_of(rows, require)
            if units != require.units:
                return Conflicted(where(require.key, require.bucket), require.units, units)
            continue
        value = counter_of(reading.session, reading.tenant, require.counter)
        if value != require.value:
            return Conflicted(require.counter, require.value, value)
    return None


def _stale_document(reading: Reading, work: Work) -> Conflicted | None:
    ahead: dict[tuple[str, str], int] = {}
    for change in work.batch.documents:
        name = (change.kind, change.key)
        if not isinstance(change, PutDocument):
            ahead[name] = 0
            continue
        revision = ahead.get(name, -1)
        if revision < 0:
            row = reading.execute(_REVISION, (reading.tenant, *name)).fetchone()
            revision = row[0] if row is not None else 0
        if change.expected is not None and change.expected != revision:
            return Conflicted(f"{change.kind}/{change.key}", change.expected, revision)
        ahead[name] = revision + 1
    return None


def _short(rows: Writing, work: Work) -> Short | None:
    found = tuple(
        shortages(
            ((key, change, list(map(add, rows.row(key), change))) for key, change in work.batch.rows.items()),
            work.floors,
        )
    )
    return Short(found) if found else None
