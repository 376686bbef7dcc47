"""A clock that stands still until a test moves it, and lets what falls due on the way happen when it is due."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from ordercore.errors import InvalidCommand
from ordercore.values import instant_of

if TYPE_CHECKING:
    from ordercore.kernel import Kernel

START: Final = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
"""A Monday morning, far from any change of daylight saving time."""

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SPAN: Final = re.compile(r"(?:\s*\d{1,9}\s*[smhdw])+\s*\Z")
_PART: Final = re.compile(r"(\d+)\s*([smhdw])")


class ManualClock:
    """A `Clock` of the ports: the same aware time in UTC until `advance` or `set`."""

    def __init__(self, start: datetime = START) -> None:
        """Begin at `start`; raises InvalidCommand if it is naive."""
        self._now = instant_of(start, what="start")
        self._kernels: list[Kernel] = []

    def now(self) -> datetime:
        """The time, in UTC."""
        return self._now

    def drives(self, kernel: Kernel) -> Kernel:
        """From now on, let timers of this kernel fire while the clock advances past them; the kernel itself."""
        self._kernels.append(kernel)
        return kernel

    def advance(
        self, span: str | timedelta = "", *, seconds: int = 0, minutes: int = 0, hours: int = 0, days: int = 0
    ) -> datetime:
        """Move on by `span` ("3d", "1h 30m") and the other arguments in sum, and return the new time.

        Timers of the kernels that it drives fire in their order, each when it is due, as if a worker had been awake
        all the time: an event that they cause is recorded at that instant. A negative amount sets the clock back, and
        nothing fires. Raises InvalidCommand for a span that is none.
        """
        more = span if isinstance(span, timedelta) else _parsed(span)
        target = self._now + more + timedelta(seconds=seconds, minutes=minutes, hours=hours, days=days)
        if self._kernels and target >= self._now:
            while (due := self._next_due()) is not None and due <= target:
                self._now = max(self._now, due)
                self._work()
                if (later := self._next_due()) is not None and later <= due:
                    break  # what is due cannot be done now (a lease of somebody else, a guard): it is tried again below
        self._now = target
        self._work()
        return self._now

    def set(self, to: datetime) -> datetime:
        """Jump to an aware time and return it in UTC; nothing fires. Raises InvalidCommand if it is naive."""
        self._now = instant_of(to, what="to")
        return self._now

    def _next_due(self) -> datetime | None:
        found = (kernel.store.next_due(tenant=kernel.core.tenant) for kernel in self._kernels)
        return min((due for due in found if due is not None), default=None)

    def _work(self) -> None:
        for kernel in self._kernels:
            kernel.work(until_idle=True)


def _parsed(span: str) -> timedelta:
    if not span:
        return timedelta()
    if not _SPAN.match(span):
        raise InvalidCommand(
            f"{span[:32]!r} is no span of time.", what="span", hint="Such as 3d, 90s or 1h 30m: s, m, h, d, w."
        )
    return sum((timedelta(**{_UNITS[unit]: int(number)}) for number, unit in _PART.findall(span)), timedelta())
