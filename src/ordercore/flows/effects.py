"""Outside effects beside what wants them: their events, timer and line in lists, in the batch of the flow."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from attrs import evolve, field

from ordercore.effects import Effect
from ordercore.effects.events import EffectEvent, EffectWanted
from ordercore.effects.state import EFFECTS, TIMER, effect_id, effect_stream, fold_effect
from ordercore.errors import NotFound
from ordercore.flow import Decision, Loaded, ReadState, read
from ordercore.flow import Effect as FlowEffect
from ordercore.internal import internal
from ordercore.message import Context
from ordercore.store import Append, CancelTimer, PutDocument, SetTimer
from ordercore.store.batch import TimerChange
from ordercore.values import Stream

EFFECT: Final = "effect"
"""The kind of document that lists effects, by status and the time they were wanted."""


@internal
class Written:
    """What a batch writes for one effect; `on(decision)` puts it behind what a flow has decided."""

    id: str
    append: Append
    document: PutDocument
    timer: TimerChange
    states: Mapping[Stream, object] = field(factory=dict)

    def on(self, decision: Decision[Any]) -> Decision[Any]:
        """The decision and this, in one batch."""
        return evolve(
            decision, appends=(*decision.appends, self.append), documents=(*decision.documents, self.document),
            timers=(*decision.timers, self.timer), states={**decision.states, **self.states},
        )  # fmt: skip


def want(
    context: Context, kind: str, instance: str, subject: Stream, *, part: str = "",
    options: Mapping[str, str] | None = None, at: datetime | None = None,
) -> Written:  # fmt: skip
    """An effect that the command of this context wants; a worker takes it up `at` a time, by default at once.

    Its id follows from the command, kind, instance and part, so that a repeat of the command wants the same one.
    """
    id = effect_id(context.command_id, kind, instance, part)
    event = EffectWanted(kind, instance, subject, at or context.now, part, options or {})
    return written(id, None, 0, (event,))


def written(id: str, before: Effect | None, version: int, events: Sequence[EffectEvent]) -> Written:
    """What a batch writes for these events; `before` is the effect at `version`."""
    stream = effect_stream(id)
    after = fold_effect(before, events, stream)
    assert after is not None  # noqa: S101  # events are not empty
    put = PutDocument(EFFECT, id, after.summary, None, after.status, after.wanted_at.isoformat())
    timer = CancelTimer(TIMER, id) if after.due is None else SetTimer(TIMER, id, after.due)
    return Written(id, Append(stream, version, tuple(events)), put, timer, {stream: after})


def load_effect(id: str) -> Generator[FlowEffect, Any, tuple[Effect, int]]:
    """An effect and its version. Raises NotFound."""
    asked: ReadState[Effect] = ReadState(effect_stream(id), EFFECTS)
    loaded: Loaded[Effect] = (yield from read(asked)).of(asked)
    if loaded.state is None:
        raise NotFound.named("effect", id)
    return loaded.state, loaded.version
