"""Events of notifiers, and the names they are stored under. None moves stock."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from ordercore.message import Event, EventType
from ordercore.store import without_postings


@frozen
class NotifierPaused(Event):
    """It is told nothing more: a person wanted so, or its receiver did (`gone`)."""

    reason: str


@frozen
class NotifierResumed(Event):
    """It is told again."""


without_postings(NotifierPaused, NotifierResumed)

EVENTS: Final[tuple[EventType, ...]] = (
    EventType("notifier.paused", 1, NotifierPaused),
    EventType("notifier.resumed", 1, NotifierResumed),
)
