"""Firing what is due: timers that send a command, and outside effects, which take their time and are leased one by one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from ordercore.effects.state import TIMER as EFFECT_DUE
from ordercore.engine import Calls, Engine, Task
from ordercore.errors import NotFound, StoreError, TransitionRefused
from ordercore.ports import Clock
from ordercore.store import Lease
from ordercore.wiring.delivery import UNREADABLE
from ordercore.wiring.effects import ELSEWHERE, Performing, code_of
from ordercore.wiring.report import IDLE, WorkReport
from ordercore.wiring.routes import TIMERS

LEASE: Final = timedelta(seconds=60)

PATIENCE: Final = timedelta(seconds=2)
"""After so much time with effects a worker looks at timers and followers again."""


class Firing:
    """Fires what is due. `task` makes a command of a timer ready to run."""

    def __init__(self, engine: Engine, clock: Clock, performing: Performing, task: Callable[..., Task[Any]]) -> None:
        """Nothing happens yet."""
        self._engine, self._clock, self._performing, self._task = engine, clock, performing, task

    def timers(self, owner: str, limit: int) -> Calls[WorkReport]:
        """At most `limit` timers that send commands. No effect is leased with them: it would hold them up."""
        report, now = IDLE, self._clock.now()
        for kind in TIMERS:
            leases = yield from self._leased(owner, now, limit, kind)
            for lease in leases:
                report += yield from self._fire(lease, now)
            limit -= len(leases)
            if limit <= 0:
                break
        return report

    def effects(self, owner: str, limit: int) -> Calls[WorkReport]:
        """Outside effects, each leased when its turn comes: none waits under a lease behind a slow one."""
        report, begun = IDLE, self._clock.now()
        for _ in range(limit):
            now = self._clock.now()
            leases = yield from self._leased(owner, now, 1, EFFECT_DUE)
            if not leases:
                break
            report += yield from self._perform(leases[0])
            if self._clock.now() - begun >= PATIENCE:
                break
        return report

    def strangers(self, owner: str, limit: int) -> Calls[WorkReport]:
        """Timers of a kind that nobody here knows: looked for when nothing else is due."""
        report, now = IDLE, self._clock.now()
        for lease in (yield from self._leased(owner, now, limit, None)):
            report += yield from self._fire(lease, now)
        return report

    def anything_due(self) -> Calls[bool]:
        """Whether a timer is due, of any kind, leased or not."""
        due: datetime | None = yield lambda store: store.next_due(tenant=self._engine.tenant)
        return due is not None and due <= self._clock.now()

    def _leased(self, owner: str, now: datetime, limit: int, kind: str | None) -> Calls[tuple[Lease, ...]]:
        leases: tuple[Lease, ...] = yield lambda store: store.lease_due(
            owner, now, LEASE, limit, kind=kind, tenant=self._engine.tenant
        )
        return leases

    def _fire(self, lease: Lease, now: datetime) -> Calls[WorkReport]:
        tenant = self._engine.tenant
        if lease.kind == EFFECT_DUE:
            return (yield from self._perform(lease))
        make = TIMERS.get(lease.kind)
        if make is None:
            yield lambda store: store.nack(lease, now + LEASE, tenant=tenant)
            return WorkReport(failures=(f"timer {lease.kind}: nobody knows what to send",))
        key = f"timer:{lease.kind}:{lease.key}:{lease.due.isoformat()}"
        report = WorkReport(timers=1)
        try:
            task = self._task(make(lease.key), key=key, actor="timer", effective=lease.due, ours=True)
            yield from self._engine.run(task)
        except (TransitionRefused, NotFound):
            # Somebody else was quicker: the cart was placed, released or extended. That is an answer, not a failure.
            report = WorkReport(refused=1)
        except Exception as error:  # isolated by contract: one timer must not hold up those that were leased with it
            if isinstance(error, StoreError) and not isinstance(error, UNREADABLE):
                raise
            # A guard refused, others kept changing what it reads, or it meets a defect or what this release cannot read:
            # it is still due, and is tried again later.
            yield lambda store: store.nack(lease, now + LEASE, tenant=tenant)
            return WorkReport(failures=(f"timer {lease.kind} {lease.key}: {code_of(error)}",))
        yield lambda store: store.ack(lease, tenant=tenant)
        return report

    def _perform(self, lease: Lease) -> Calls[WorkReport]:
        """One effect; one that cannot be read waits for a release or a person who can do something about it."""
        try:
            return (yield from self._performing.perform(lease))
        except UNREADABLE as error:
            due, failure = self._clock.now() + ELSEWHERE, f"effect {lease.key}: {code_of(error)}"
            yield lambda store: store.nack(lease, due, tenant=self._engine.tenant)
            return WorkReport(failures=(failure,))
