"""Wake-ups that come close together are one: the first is sent, and begins when the others have been made."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable


class Gathering:
    """Says of each wake-up whether it has to be sent, and how long the worker should wait before it begins.

    What was committed before a worker begins is seen by it. So a wake-up that is sent to begin in `seconds` stands for
    every commit until then.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """With 0 seconds each is sent, and begins at once."""
        self.seconds, self._clock = seconds, clock
        self._lock = threading.Lock()
        self._until: dict[Hashable, float] = {}

    def needed(self, key: Hashable) -> bool:
        """Whether this one has to be sent."""
        if not self.seconds:
            return True
        now = self._clock()
        with self._lock:
            if now < self._until.get(key, now):
                return False
            self._until[key] = now + self.seconds
        return True

    def lost(self, key: Hashable) -> None:
        """It could not be sent: it stands for no other."""
        with self._lock:
            self._until.pop(key, None)
