"""Events of outside effects, and the names they are stored under. None moves stock, none holds personal data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from attrs import field, frozen

from ordercore.message import DocumentType, Event, EventType
from ordercore.store import without_postings
from ordercore.values import Stream


@frozen
class EffectWanted(Event):
    """Something is to be done outside: `kind` says what, `instance` through which adapter, `subject` for which stream.

    What is sent is made from the subject when it is sent, so neither content nor people stand here: `part` names the
    thing within the subject, `options` what the caller chose.
    """

    kind: str
    instance: str
    subject: Stream
    at: datetime
    part: str = ""
    options: Mapping[str, str] = field(factory=dict)


@frozen
class EffectStarted(Event):
    """A worker is about to send it, and is the only one until `until`. What is not settled by then may have arrived."""

    attempt: int
    until: datetime


@frozen
class EffectDone(Event):
    """It took effect; `reference` is the other side's name for it."""

    attempt: int
    reference: str = ""
    facts: Mapping[str, str] = field(factory=dict)


@frozen
class EffectRefused(Event):
    """The other side said no, or it was given up (`gave_up`): it did not take effect. `problems` say why."""

    attempt: int
    code: str
    problems: tuple[str, ...] = ()


@frozen
class EffectFailed(Event):
    """It certainly was not taken, and is sent again at `retry_at`."""

    attempt: int
    code: str
    retry_at: datetime


@frozen
class EffectUncertain(Event):
    """It may have arrived. It is looked into at `check_at`; without that only a person can tell."""

    attempt: int
    code: str
    check_at: datetime | None = None


@frozen
class EffectResolved(Event):
    """A person said what became of it: `done`, `not_done` (it is begun again) or `refused`."""

    outcome: str
    reason: str
    at: datetime
    reference: str = ""
    facts: Mapping[str, str] = field(factory=dict)


@frozen
class EffectSummary:
    """What a list of effects shows; rewritten in the same commit as the events it sums up."""

    kind: str
    instance: str
    subject: Stream
    status: str
    wanted_at: datetime
    part: str = ""
    attempts: int = 0
    code: str = ""
    reference: str = ""
    due: datetime | None = None
    """When it is taken up next by itself; None: never, or a person must."""


EffectEvent = (
    EffectWanted | EffectStarted | EffectDone | EffectRefused | EffectFailed | EffectUncertain | EffectResolved
)

without_postings(
    EffectWanted, EffectStarted, EffectDone, EffectRefused, EffectFailed, EffectUncertain, EffectResolved
)  # fmt: skip

EVENTS: Final[tuple[EventType, ...]] = (
    EventType("effect.wanted", 1, EffectWanted),
    EventType("effect.started", 1, EffectStarted),
    EventType("effect.done", 1, EffectDone),
    EventType("effect.refused", 1, EffectRefused),
    EventType("effect.failed", 1, EffectFailed),
    EventType("effect.uncertain", 1, EffectUncertain),
    EventType("effect.resolved", 1, EffectResolved),
)
DOCUMENTS: Final[tuple[DocumentType, ...]] = (DocumentType("effect", EffectSummary),)
