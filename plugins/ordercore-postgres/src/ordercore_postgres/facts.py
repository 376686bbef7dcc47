"""The facts that explain refusals: asked of PostgreSQL in one statement for a whole group, then as each batch finds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import add
from typing import Any, Final

from ordercore.store.batch import PutDocument, Require, RequireUnits
from ordercore.store.posting import WIDTH, RowKey
from ordercore.store.query import Outcome, Query, ReadCounter, ReadHead, ReadOutcome
from ordercore.store.refusal import refusal_of
from ordercore.store.result import CommitResult, Conflicted
from ordercore.values import Cursor
from ordercore_postgres.cursors import position_of
from ordercore_postgres.question import FIGURES, N1, N2, A, B, Question
from ordercore_postgres.reading import (
    CONSUMER,
    COUNTER,
    HEAD,
    OUTCOME,
    REVISION,
    REVISIONS,
    ROW,
    ROWS,
    STANDS,
    Line,
    Reading,
    ask,
    key_of,
)
from ordercore_postgres.work import Move, Work

_NOTHING: Final = (0,) * WIDTH


class Facts:
    """What is there, with what the batches before did. Implements `store.refusal.Facts` for one batch after the other."""

    __slots__ = ("_ahead", "_counters", "_firsts", "_heads", "_reading", "_revisions", "_rows", "_work", "cursor")

    def __init__(self, reading: Reading, rows: Mapping[int, list[Line]]) -> None:
        self._reading = reading
        self._firsts: dict[str, list[Line]] = {}
        for row in rows.get(OUTCOME, ()):
            self._firsts.setdefault(row[A], []).append(row)
        self._heads: dict[str, int] = {row[A]: row[N1] + row[N2] - 1 for row in rows.get(HEAD, ())}
        self._counters: dict[str, int] = {row[A]: row[N1] for row in rows.get(COUNTER, ())}
        self._revisions: dict[tuple[str, str], int] = {(row[A], row[B]): row[N1] for row in rows.get(REVISION, ())}
        self._rows: dict[RowKey, Sequence[int]] = {key_of(row): row[FIGURES] for row in rows.get(ROW, ())}
        self.cursor: Cursor | None = next((Cursor(row[A]) for row in rows.get(STANDS, ())), None)
        """Where the follower stands, if one was asked for."""

    def refusal(self, work: Work) -> CommitResult | None:
        """Why the batch cannot be written; None if nothing is in the way."""
        self._work = work
        return refusal_of(work.batch, work.floors, self)

    def sorted_out(self, works: Mapping[int, Work]) -> tuple[list[int], dict[int, CommitResult]]:
        """Those that nothing is in the way of, and why the others cannot be, if those are written."""
        chosen: list[int] = []
        refused: dict[int, CommitResult] = {}
        ids: set[str] = set()
        for number, work in works.items():
            command_id = work.batch.command_id
            if command_id and command_id in ids:
                break  # a repeat within the group: it is answered when what became of the first is known
            refusal = self.refusal(work)
            if refusal is None:
                chosen.append(number)
                ids.add(command_id)
                self.add(work)
            else:
                refused[number] = refusal
        return chosen, refused

    def add(self, work: Work) -> None:
        """The batch is written, as far as those behind it are concerned."""
        batch = work.batch
        for append in batch.appends:
            self._heads[append.stream] = self.head(append.stream) + len(append.events)
        for bump in batch.bumps:
            self._counters[bump.counter] = self.counter(bump.counter) + 1
        for change in batch.documents:
            name = (change.kind, change.key)
            self._revisions[name] = self.revision(*name) + 1 if isinstance(change, PutDocument) else 0
        for key, delta in batch.rows.items():
            self._rows[key] = list(map(add, self.row(key), delta))

    def first(self) -> Outcome | None:
        command_id = self._work.batch.command_id
        rows = self._firsts.get(command_id)
        return None if rows is None else self._reading.outcome(command_id, rows, self._work.fingerprint)

    def head(self, stream: str) -> int:
        return self._heads.get(stream, 0)

    def counter(self, name: str) -> int:
        return self._counters.get(name, 0)

    def revision(self, kind: str, key: str) -> int:
        return self._revisions.get((kind, key), 0)

    def row(self, key: RowKey) -> Sequence[int]:
        return self._rows.get(key, _NOTHING)


def ask_facts(question: Question, works: Sequence[Work], move: Move | None) -> None:
    """Put into the question what the batches are about."""
    batches = [work.batch for work in works]
    requires = [require for batch in batches for require in batch.requires]
    documents = {(change.kind, change.key): None for batch in batches for change in batch.documents}
    rows: dict[RowKey, None] = {key: None for batch in batches for key in batch.rows}
    rows.update({require.key: None for require in requires if isinstance(require, RequireUnits)})
    queries: list[Query[Any]] = [ReadOutcome(batch.command_id) for batch in batches if batch.command_id]
    queries += [ReadHead(append.stream) for batch in batches for append in batch.appends]
    queries += [ReadCounter(require.counter) for require in requires if isinstance(require, Require)]
    if queries:
        ask(question, queries)
    if documents:
        question.ask(REVISIONS, facts_kinds=[kind for kind, _ in documents], facts_keys=[key for _, key in documents])
    if rows:
        skus, places, lots, owners = map(list, zip(*rows, strict=True))
        question.ask(ROWS, row_skus=skus, row_owners=owners, row_lots=lots, row_places=places)
    if move is not None:
        question.ask(CONSUMER, consumer=move[0])


def moved(move: Move, stands: Cursor | None) -> Conflicted | None:
    """The refusal of a follower's step, if it does not stand where it believes."""
    consumer, expected, _ = move
    if stands == expected:
        return None
    return Conflicted(consumer, position_of(Cursor(expected) if expected else None).pos, position_of(stands).pos)
