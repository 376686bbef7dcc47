"""What is done outside, as a list: what waits, and what only a person can tell."""

from __future__ import annotations

from attrs import frozen

from ordercore import lifecycle
from ordercore.effects import EffectSummary
from ordercore.flows.effects import EFFECT
from ordercore.store import ReadDocuments
from ordercore.views.reading import Reading, ask, known_status


@frozen
class EffectRow:
    """An outside effect in a list."""

    id: str
    summary: EffectSummary


def effects(status: str | None = "uncertain", *, limit: int = 100) -> Reading[tuple[EffectRow, ...]]:
    """Effects by the time they were wanted; with `status` only those. Raises NotFound for one there is not."""
    known_status(status, lifecycle.EFFECT.states, "an effect")
    asked = ReadDocuments(EFFECT, status, None, limit)
    found = (yield from ask(asked)).of(asked)
    return tuple(EffectRow(one.key, one.body) for one in found if isinstance(one.body, EffectSummary))
