"""The clock and the ids of a kernel that is given none."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from os import getpid
from threading import Lock
from time import time_ns
from typing import Final

if sys.version_info >= (3, 14):
    from uuid import uuid7
else:
    from uuid6 import uuid7


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        """The present instant."""
        return datetime.now(UTC)


class TimeOrderedIds:
    """UUID version 7 (RFC 9562) behind a prefix: unique everywhere, later ones sort after earlier ones.

    The random bits are drawn once per process, and the last 62 of them count (its section 6.2, method 1): to draw
    them for every id would be a twentieth of a command in memory.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._process = self._milliseconds = self._drawn = self._count = 0

    def new(self, prefix: str) -> str:
        """A fresh id."""
        now, process = time_ns() // 1_000_000, getpid()
        with self._lock:
            if process != self._process:  # a fork must not count on where its parent stands
                drawn = uuid7().int
                self._process, self._drawn, self._count = process, drawn & _DRAWN, drawn & _COUNT
            # A clock that was set back stands still here until it has caught up.
            self._milliseconds = now = max(now, self._milliseconds)
            self._count = count = (self._count + 1) & _COUNT
        return f"{prefix}_{now << 80 | self._drawn | count:032x}"


_COUNT: Final = (1 << 62) - 1
_DRAWN: Final = (1 << 80) - 1 - _COUNT
"""The bits between the time and the count: the version, 12 random ones, the variant."""
