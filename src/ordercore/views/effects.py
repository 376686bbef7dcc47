"""What is done outside, as a list: what waits, and what only a person can tell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from attrs import frozen

from ordercore import lifecycle
from ordercore.effects import EffectSummary
from ordercore.flows.effects import EFFECT
from ordercore.readable import Table, columns
from ordercore.readable.statuses import status as toned
from ordercore.readable.words import moment
from ordercore.store import ReadDocuments
from ordercore.views.reading import Reading, ask, known_status

SHORT: Final = 8
"""Letters of an id that a list shows."""


@frozen
class EffectRow:
    """An outside effect in a list; `after` is what the next page begins after."""

    id: str
    summary: EffectSummary
    after: tuple[str, str]


def effects(
    status: str | None = "uncertain", *, after: tuple[str, str] | None = None, limit: int = 100
) -> Reading[tuple[EffectRow, ...]]:
    """Effects by the time they were wanted; with `status` only those. Raises NotFound for one there is not."""
    known_status(status, lifecycle.EFFECT.states, "an effect")
    asked = ReadDocuments(EFFECT, status, after, limit)
    found = (yield from ask(asked)).of(asked)
    return tuple(
        EffectRow(one.key, one.body, (one.sort, one.key)) for one in found if isinstance(one.body, EffectSummary)
    )


def effects_table(rows: Iterable[EffectRow]) -> Table:
    """A row for each effect: what it is, with whom, for what, and what becomes of it next."""
    return Table(
        columns=columns("=effect", "kind", "with", "for", "status", ">attempts", "why", "=next (UTC)"),
        rows=tuple(
            (
                row.id[:SHORT], one.kind, one.instance, f"{one.subject} {one.part}".rstrip(), toned(one.status),
                str(one.attempts), one.code, moment(one.due),
            )
            for row in rows
            for one in (row.summary,)
        ),
    )  # fmt: skip
