"""A notifier as its events have made it, and the ids of news."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from attrs import frozen

from ordercore.errors import BrokenRule
from ordercore.flow import Folder
from ordercore.message import Event
from ordercore.notices.events import NotifierPaused, NotifierResumed
from ordercore.values import Stream

KIND: Final = "notify"
"""The kind of outside effect that tells a notifier something."""

GONE: Final = "gone"
"""With this code a receiver says that it wants to be told nothing more."""


@frozen
class NotifierState:
    """Whether it is told anything: `active`, or `paused` for a `reason`."""

    status: str = "active"
    reason: str = ""


def notifier_stream(instance: str) -> Stream:
    """The stream of a notifier."""
    return Stream(f"notifier/{instance}")


def fold_notifier(state: NotifierState | None, new: Iterable[Event], stream: Stream) -> NotifierState | None:
    """The notifier after these events."""
    for event in new:
        match event:
            case NotifierPaused(reason):
                state = NotifierState("paused", reason)
            case NotifierResumed():
                state = NotifierState()
            case _:
                raise BrokenRule(f"{type(event).__name__} is no event of a notifier.")
    return state


NOTIFIERS: Final = Folder("notifier", fold_notifier)


def notice_id(tenant: str, stream: str, version: int) -> str:
    """The id of the news that an event is: the same for every notifier, at every attempt, for good."""
    return "evt_" + sha256(f"{tenant}\x1f{stream}\x1f{version}".encode()).hexdigest()[:32]
