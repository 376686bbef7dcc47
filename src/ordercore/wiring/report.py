"""What intake and work come to."""

from __future__ import annotations

from attrs import frozen

from ordercore.ports import Problem
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


@frozen
class WorkReport:
    """What `work` made happen: timers fired (and those refused because they were no longer due), records delivered."""

    timers: int = 0
    refused: int = 0
    delivered: int = 0
    failures: tuple[str, ...] = ()

    @property
    def idle(self) -> bool:
        """Whether there was nothing to do."""
        return not (self.timers or self.refused or self.delivered)

    def __add__(self, other: WorkReport) -> WorkReport:
        """Both together."""
        return WorkReport(
            self.timers + other.timers, self.refused + other.refused, self.delivered + other.delivered,
            self.failures + other.failures,
        )  # fmt: skip
