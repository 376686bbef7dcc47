"""A clock that stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from ordercore.values import instant_of

START: Final = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
"""A Monday morning, far from any change of daylight saving time."""


class ManualClock:
    """A `Clock` of the ports: the same aware time in UTC until `advance` or `set`."""

    def __init__(self, start: datetime = START) -> None:
        """Begin at `start`; raises InvalidCommand if it is naive."""
        self._now = instant_of(start, what="start")

    def now(self) -> datetime:
        """The time, in UTC."""
        return self._now

    def advance(self, *, seconds: int = 0, minutes: int = 0, hours: int = 0, days: int = 0) -> datetime:
        """Move on by the sum of the arguments and return the new time; negative amounts set it back."""
        self._now += timedelta(seconds=seconds, minutes=minutes, hours=hours, days=days)
        return self._now

    def set(self, to: datetime) -> datetime:
        """Jump to an aware time and return it in UTC; raises InvalidCommand if it is naive."""
        self._now = instant_of(to, what="to")
        return self._now
