"""Why a batch cannot be written: the order of the reasons and the figures in them, the same from every store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import add
from typing import Protocol

from ordercore.store.batch import Batch, PutDocument, RequireUnits
from ordercore.store.guards import shortages
from ordercore.store.posting import COLUMN, RowKey
from ordercore.store.query import Outcome
from ordercore.store.result import CommitResult, Conflicted, Duplicate, Mismatched, Short
from ordercore.store.verify import where


class Facts(Protocol):
    """What is there, as of one moment at which nothing of the batch is written."""

    def first(self) -> Outcome | None:
        """What was committed under the batch's id before, and whether the command was the same."""
        ...

    def head(self, stream: str) -> int:
        """How many events the stream has; less than 0 if it is archived."""
        ...

    def counter(self, name: str) -> int:
        """The counter's value; 0 if it was never bumped."""
        ...

    def revision(self, kind: str, key: str) -> int:
        """The document's revision; 0 if there is none."""
        ...

    def row(self, key: RowKey) -> Sequence[int]:
        """What the row holds; zeros if there is none."""
        ...


def refusal_of(batch: Batch, floors: Mapping[RowKey, int], facts: Facts) -> CommitResult | None:
    """Repeats first, then stale streams, requirements, documents, then every shortage; None if nothing is in the way."""
    first = facts.first()
    if first is not None:
        return Duplicate(first) if first.matches else Mismatched(batch.command_id)
    return (
        _stale_stream(batch, facts)
        or _stale_requirement(batch, facts)
        or _stale_document(batch, facts)
        or _short(batch, floors, facts)
    )


def _stale_stream(batch: Batch, facts: Facts) -> Conflicted | None:
    ahead: dict[str, int] = {}
    for append in batch.appends:
        stream = append.stream
        head = ahead[stream] if stream in ahead else facts.head(stream)
        if head < 0:
            return Conflicted(stream, append.expected or 0, -head)
        if append.expected is not None and append.expected != head:
            return Conflicted(stream, append.expected, head)
        ahead[stream] = head + len(append.events)
    return None


def _stale_requirement(batch: Batch, facts: Facts) -> Conflicted | None:
    for require in batch.requires:
        if isinstance(require, RequireUnits):
            units = facts.row(require.key)[COLUMN[require.bucket]]
            if units != require.units:
                return Conflicted(where(require.key, require.bucket), require.units, units)
            continue
        value = facts.counter(require.counter)
        if value != require.value:
            return Conflicted(require.counter, require.value, value)
    return None


def _stale_document(batch: Batch, facts: Facts) -> Conflicted | None:
    ahead: dict[tuple[str, str], int] = {}
    for change in batch.documents:
        name = (change.kind, change.key)
        if not isinstance(change, PutDocument):
            ahead[name] = 0
            continue
        revision = ahead[name] if name in ahead else facts.revision(*name)
        if change.expected is not None and change.expected != revision:
            return Conflicted(f"{change.kind}/{change.key}", change.expected, revision)
        ahead[name] = revision + 1
    return None


def _short(batch: Batch, floors: Mapping[RowKey, int], facts: Facts) -> Short | None:
    rows = ((key, change, list(map(add, facts.row(key), change))) for key, change in batch.rows.items())
    found = tuple(shortages(rows, floors))
    return Short(found) if found else None
