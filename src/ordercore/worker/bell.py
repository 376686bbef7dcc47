"""What ends a worker in good order: a signal rings, and whoever waits is awake at once."""

from __future__ import annotations

import os
import select
import signal
from types import FrameType, TracebackType
from typing import Any, Final, Self

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class Bell:
    """Rings at SIGTERM and SIGINT while the block lasts; a second one ends the process as usual.

    A pipe, not a lock: a handler runs between any two steps of the thread that it interrupts, which may hold the lock.
    """

    def __init__(self) -> None:
        """Nothing is caught before the block begins."""
        self.rung = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        """Catch the signals."""
        self._ear, self._clapper = os.pipe()
        for number in SIGNALS:
            self._before[number] = signal.signal(number, self._ring)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Let them do again what they did."""
        self._give_back()
        os.close(self._ear)
        os.close(self._clapper)

    def _ring(self, number: int, frame: FrameType | None) -> None:
        self.rung = True
        os.write(self._clapper, b".")
        self._give_back()

    def _give_back(self) -> None:
        while self._before:
            number, handler = self._before.popitem()
            signal.signal(number, handler)

    def wait(self, seconds: float) -> None:
        """Until it rings, and no longer than this."""
        select.select([self._ear], [], [], max(seconds, 0))
