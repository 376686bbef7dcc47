"""Over which period a report speaks, and in whose days."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from attrs import frozen

from ordercore.errors import ConfigurationError

_DAYS: Final = 400
_WEEKS: Final = 7 * 400
"""Days in a period up to which a chart has a point per day, and per week."""


@frozen
class Period:
    """Whole days of a time zone, both ends included; `as_of` is the last moment that anything is known of (UTC)."""

    since: date
    until: date
    zone: str
    as_of: datetime

    @property
    def start(self) -> datetime:
        """Its first moment, in UTC without a zone."""
        return _midnight(self.since, self.zone)

    @property
    def end(self) -> datetime:
        """The first moment after it, in UTC without a zone."""
        return _midnight(self.until + timedelta(days=1), self.zone)

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.until - self.since).days + 1

    @property
    def grain(self) -> str:
        """What a point of a chart over time stands for, so that a chart never has more points than can be seen."""
        return "day" if self.days <= _DAYS else "week" if self.days <= _WEEKS else "month"

    def __str__(self) -> str:
        """`1 December 2010 to 9 December 2011`."""
        if self.since == self.until:
            return in_words(self.since)
        return f"{in_words(self.since)} to {in_words(self.until)}"


def in_words(day: date) -> str:
    """`1 December 2010`, whatever the locale of the machine."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def local_day(at: datetime, zone: str) -> date:
    """The day of a moment (UTC without a zone) in a time zone."""
    return at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()


def checked_zone(zone: str) -> str:
    """The same name. Raises ConfigurationError for one that is no IANA time zone."""
    try:
        return ZoneInfo(zone).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigurationError(
            f"{zone!r} is not an IANA time zone.", zone=zone, hint="Such as Europe/London, or UTC."
        ) from None


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None)
