r"""Where a follower stands beside its cursor: what failed, when it is tried again, and who is at it.

::

    free --leased--> somebody is at it --progressed--> free
                          |       \--failed, a stretch--> the same stretch, record by record, at once
                          |        \-failed, one record--> free, not before `due`; after so many attempts: parked
                          \--never heard of again: the lease runs out, and that is a failure like any other

A lease is a hint; the fence is the revision of this document, which every checkpoint expects and raises.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from attrs import evolve, frozen

from ordercore.policies import DeliveryPolicy

FOLLOWER: Final = "follower"
"""Kind of the documents."""

LEASE_RAN_OUT: Final = "LeaseRanOut"
"""The reason of a failure that nobody reported: its worker died at it, or was too slow."""


@frozen
class FollowerState:
    """How a follower stands.

    `taken`: records of the log row behind the cursor that it has had already; `narrow`: how many records are still
    given to it one by one, because a stretch of so many failed; `failures`: attempts at one record in a row, of which
    the first was at `since`, the last for `reason`; `due`: not to be tried before; `stopped`: it goes past this record
    only when it can take it. `owner` is at a stretch of `size` records from `begun`
    until `until`; nobody is if it is empty.
    """

    taken: int = 0
    narrow: int = 0
    failures: int = 0
    reason: str = ""
    since: datetime | None = None
    due: datetime | None = None
    stopped: bool = False
    owner: str = ""
    until: datetime | None = None
    size: int = 0
    begun: datetime | None = None

    def held(self, now: datetime) -> bool:
        """Whether a worker may be at it. A lease that begins further ahead than it is long is of a clock that was wrong."""
        if self.until is None or self.begun is None:
            return False
        return now < self.until and self.begun - now <= self.until - self.begun

    def waits(self, now: datetime, policy: DeliveryPolicy) -> bool:
        """Whether it is too early for the next attempt; a wait longer than any is of a clock that was ahead."""
        return self.due is not None and now < self.due <= now + timedelta(seconds=policy.retry_most_seconds)

    def leased(self, owner: str, now: datetime, policy: DeliveryPolicy, size: int) -> FollowerState:
        """`owner` begins with, or goes on to, a stretch of `size` records."""
        until = now + timedelta(seconds=policy.lease_seconds)
        return evolve(self, owner=owner, begun=now, until=until, size=size)

    def given_back(self) -> FollowerState:
        """Nobody is at it."""
        return evolve(self, owner="", begun=None, until=None, size=0)

    def recovered(self, now: datetime) -> FollowerState:
        """As found after a lease that was not given back: a stretch is narrowed, one record has failed once more."""
        if not self.owner:
            return self
        free = self.given_back()
        if self.size > 1:
            return evolve(free, narrow=max(self.narrow, self.size))
        return free.failed(LEASE_RAN_OUT, now)

    def failed(self, reason: str, now: datetime) -> FollowerState:
        """One more attempt at the same place."""
        return evolve(self, failures=self.failures + 1, reason=reason, since=self.since or now)

    def delayed(self, due: datetime, *, stopped: bool) -> FollowerState:
        """Given back until then."""
        return evolve(self.given_back(), due=due, stopped=stopped)

    def progressed(self, records: int, taken: int) -> FollowerState:
        """So many records further; `taken` of them lie in a row that is not at its end."""
        return evolve(
            self, taken=taken, narrow=max(self.narrow - records, 0), failures=0, reason="", since=None, due=None,
            stopped=False,
        )  # fmt: skip

    def resumed(self) -> FollowerState:
        """Tried again at once, as if it had never failed."""
        return evolve(self, failures=0, due=None, stopped=False)


def next_attempt(name: str, failures: int, policy: DeliveryPolicy, now: datetime) -> datetime:
    """Twice as long after each failure, up to a most, less up to a quarter that is drawn from name and number.

    So that followers and tenants that failed together do not all come back together; and the same in every replay.
    """
    wait = min(policy.retry_seconds << min(max(failures, 1) - 1, 32), policy.retry_most_seconds)
    drawn = int.from_bytes(sha256(f"{name} {failures}".encode()).digest()[:4], "big")
    return now + timedelta(microseconds=wait * 1_000_000 - wait * 250_000 * drawn // 2**32)
