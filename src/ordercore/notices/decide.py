"""Decisions on notices: who is told, and what is still news."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from ordercore.lifecycle import NOTIFIER
from ordercore.message import Event
from ordercore.notices.commands import PauseNotifier, ResumeNotifier, SendNotice
from ordercore.notices.events import NotifierPaused, NotifierResumed
from ordercore.notices.state import NotifierState
from ordercore.values import text_of


def is_news(command: SendNotice, seconds: int, now: datetime) -> bool:
    """Whether it happened, and was recorded, within the last `seconds`: a past that is brought in is no news."""
    return min(command.occurred_at, command.recorded_at) >= now - timedelta(seconds=seconds)


def decide(state: NotifierState, command: PauseNotifier | ResumeNotifier) -> Sequence[Event]:
    """Pause or resume; nothing where it is so already."""
    wanted = "paused" if isinstance(command, PauseNotifier) else "active"
    if state.status == wanted:
        return ()
    NOTIFIER.require(state.status, type(command).__name__)
    if isinstance(command, PauseNotifier):
        return (NotifierPaused(text_of(command.reason, what="reason", empty=False)),)
    return (NotifierResumed(),)
