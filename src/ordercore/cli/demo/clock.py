"""The clock of the demonstration: its days are the same whenever it runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Final

MONDAY: Final = datetime(2026, 3, 2, tzinfo=UTC)
DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri")


class DemoClock:
    """Stands still until it is moved, and never goes back."""

    def __init__(self) -> None:
        """Monday at midnight."""
        self._now = MONDAY

    def now(self) -> datetime:
        """The demonstration's present."""
        return self._now

    def to(self, when: str) -> None:
        """Move to `Mon 09:15`."""
        self._now = max(self._now, instant(when))

    def tick(self) -> None:
        """A second passes."""
        self._now += timedelta(seconds=1)


class DemoIds:
    """Counts: what the house itself sends is named alike whenever the demonstration runs, each time in a new file."""

    def __init__(self) -> None:
        """From one on."""
        self._given = count(1)

    def new(self, prefix: str) -> str:
        """The next one."""
        return f"{prefix}_demo_{next(self._given):06d}"


def instant(when: str) -> datetime:
    """The instant of `Mon 09:15`, in UTC."""
    day, _, time = when.partition(" ")
    hours, _, minutes = time.partition(":")
    return MONDAY + timedelta(days=DAYS.index(day), hours=int(hours), minutes=int(minutes))


def weekday(when: datetime) -> str:
    """`Mon 09:15`."""
    return f"{DAYS[(when - MONDAY).days]} {when:%H:%M}"
