"""What intake and work come to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from attrs import field, frozen

from ordercore.ports import Problem
from ordercore.readable import brief
from ordercore.readable.words import counted
from ordercore.values import OrderId


@frozen
class IntakeReport:
    """What became of a transmission. `http_status` is the answer to its sender: 2xx, or it would give up sending.

    `accepted` orders were placed, or changed as asked; `unchanged` and `stale` say nothing new; `quarantined` names
    the document kept for a person, with the `problems` that say where and why.
    """

    accepted: tuple[OrderId, ...] = ()
    unchanged: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    quarantined: str = ""
    problems: tuple[Problem, ...] = ()
    http_status: int = 200

    def counts(self) -> Iterator[str]:
        """What became of its orders and messages, in words: `2 accepted`, `1 stale`."""
        for found, word in (
            (self.accepted, "accepted"),
            (self.unchanged, "unchanged"),
            (self.stale, "stale"),
            (self.ignored, "ignored"),
        ):
            if found:
                yield f"{len(found)} {word}"

    def __repr__(self) -> str:
        """`<IntakeReport: 2 accepted, 1 problem, quarantined as 1f00..., answer 202>`."""
        problems = counted(len(self.problems), "problem") if self.problems else ""
        kept = f"quarantined as {self.quarantined.removeprefix('sha256:')[:12]}" if self.quarantined else ""
        return brief("IntakeReport", "", *self.counts(), problems, kept, f"answer {self.http_status}")


@frozen
class WorkReport:
    """What `work` made happen.

    `timers` fired, and those `refused` because they were no longer due; records `delivered`, and `parked` because a
    follower could not take them; outside `effects` that were taken up. `failures` says in a line each what did not
    work and is tried again, or waits for a person.

    Of followers: `waiting` are those that failed and are not tried before later, or stopped; `elsewhere` those that
    another worker was at; `lag` says how many rows of the log each still had before it.
    """

    timers: int = 0
    refused: int = 0
    delivered: int = 0
    failures: tuple[str, ...] = ()
    effects: int = 0
    parked: int = 0
    waiting: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    lag: Mapping[str, int] = field(factory=dict)

    def __repr__(self) -> str:
        """`<WorkReport: 3 timers, 1 refused, 12 delivered, 1 failure>`, or `<WorkReport: idle>`."""
        parts = [counted(self.timers, "timer") if self.timers else ""]
        parts += [
            f"{count:,} {word}"
            for count, word in ((self.refused, "refused"), (self.delivered, "delivered"), (self.parked, "parked"))
            if count
        ]
        failures = counted(len(self.failures), "failure") if self.failures else ""
        return brief("WorkReport", "", *parts, failures, "" if any(parts) or failures else "idle")

    @property
    def idle(self) -> bool:
        """Whether there was nothing to do."""
        return not (self.timers or self.refused or self.delivered or self.effects or self.parked)

    def __add__(self, other: WorkReport) -> WorkReport:
        """Both together; how a follower stands is what the later one says."""
        if other is IDLE:
            return self
        if self is IDLE:
            return other
        waiting, elsewhere = self.waiting, self.elsewhere
        if waiting or other.waiting:
            waited = (name for name in waiting if name not in other.lag)
            waiting = tuple(dict.fromkeys((*waited, *other.waiting)))
        if elsewhere or other.elsewhere:
            elsewhere = tuple(dict.fromkeys((*elsewhere, *other.elsewhere)))
        return WorkReport(
            self.timers + other.timers, self.refused + other.refused, self.delivered + other.delivered,
            self.failures + other.failures, self.effects + other.effects, self.parked + other.parked,
            waiting, elsewhere, {**self.lag, **other.lag},
        )  # fmt: skip


IDLE: Final = WorkReport()
"""Nothing was done, and nothing is known of any follower."""
