"""The loop of a worker: do what is due, wait longer while there is nothing, say now and then that all is well."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Collection
from typing import Final, Protocol

from attrs import Factory, define, field

from ordercore.errors import StoreError
from ordercore.kernel import Kernel
from ordercore.wiring import WorkReport
from ordercore.wiring.core import PARTS, Part

LOG: Final = logging.getLogger("ordercore.work")

LIMIT: Final = 100
"""Timers, effects and records of a follower in a round: a worker that is to end does so after it."""

POLL_SECONDS: Final = 0.1
"""The first wait when there is nothing to do; it doubles up to the longest."""

LOST_SECONDS_MOST: Final = 30.0
"""The longest wait for a store that fails."""


_COUNTED: Final = ("timers", "delivered", "effects", "parked", "failures")


class Waits(Protocol):
    """What a worker waits at."""

    @property
    def rung(self) -> bool:
        """Whether it is to end."""
        ...

    def wait(self, seconds: float) -> None:
        """Until it rings, and no longer than this."""
        ...


def parts_of(kernel: Kernel) -> tuple[Part, ...]:
    """What there is to work at for a kernel: outside effects only if it can send anything."""
    return tuple(part for part in PARTS if part != "effects" or kernel.core.performing.reaches)


@define
class Worker:
    """Works until `bell` rings. It logs names, counts and types of errors; no content, so nothing personal.

    `only`: these parts of the work, by default `parts_of(kernel)`. While there is nothing to do it waits ever longer, up
    to `poll_most` seconds; every `health_seconds` it says how it is, to the logger `ordercore.work`.
    """

    kernel: Kernel
    bell: Waits
    only: Collection[Part] = field(default=Factory(lambda worker: parts_of(worker.kernel), takes_self=True))
    poll_most: float = 2.0
    health_seconds: float = 60.0
    clock: Callable[[], float] = time.monotonic
    _done: Counter[str] = field(factory=Counter)
    _lag: dict[str, int] = field(factory=dict)
    _waiting: set[str] = field(factory=set)

    def run(self) -> None:
        """Until the bell rings; what is under way then is finished."""
        wait, lost, told = POLL_SECONDS, POLL_SECONDS, self.clock()
        while not self.bell.rung:
            try:
                report = self.kernel.work(limit=LIMIT, only=self.only)
            except StoreError as error:
                LOG.warning("the store failed (%s), next attempt in %.1f s", error.code, lost)
                self.bell.wait(lost)
                lost = min(lost * 2, LOST_SECONDS_MOST)
                continue
            lost = POLL_SECONDS
            self._tell(report)
            if self.clock() - told >= self.health_seconds:
                told = self.clock()
                LOG.info("%s", self.health())
            if report.idle:
                self.bell.wait(wait)
                wait = min(wait * 2, self.poll_most)
            else:
                wait = POLL_SECONDS
        LOG.info("ended in good order; %s", self.health())

    def _tell(self, report: WorkReport) -> None:
        """Each failure; of a follower that waits, when it begins to and when it is over."""
        self._done.update(
            timers=report.timers, delivered=report.delivered, effects=report.effects, parked=report.parked,
            failures=len(report.failures),
        )  # fmt: skip
        self._lag.update(report.lag)
        for failure in report.failures:
            LOG.warning("%s", failure)
        for name, lag in report.lag.items():
            if name in report.waiting and name not in self._waiting:
                LOG.warning("follower %s waits, %d rows of the log behind", name, lag)
                self._waiting.add(name)
            elif name not in report.waiting and name in self._waiting:
                LOG.info("follower %s goes on, %d rows of the log behind", name, lag)
                self._waiting.remove(name)

    def health(self) -> str:
        """One line: what was done since the last one, and who is behind."""
        done = ", ".join(f"{self._done[word]} {word}" for word in _COUNTED)
        self._done.clear()
        behind = ", ".join(f"{name} {lag}" for name, lag in sorted(self._lag.items()) if lag) or "nobody"
        return f"well: {done}; behind: {behind}"
