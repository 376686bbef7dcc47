"""Timers by due time, leased with fences."""

from __future__ import annotations

from datetime import datetime, timedelta

from sortedcontainers import SortedList

from ordercore.store.batch import SetTimer, TimerChange
from ordercore.store.result import Lease


class Timers:
    """Timers by due time, with fences."""

    __slots__ = ("_due", "_fence", "_set")

    def __init__(self) -> None:
        self._set: dict[tuple[str, str], tuple[datetime, int, datetime | None]] = {}
        """(due, fence of the lease or 0, leased until)."""
        self._due: SortedList[tuple[datetime, str, str]] = SortedList()
        self._fence = 0

    def __len__(self) -> int:
        return len(self._set)

    def change(self, change: TimerChange) -> None:
        name = (change.kind, change.key)
        before = self._set.pop(name, None)
        if before is not None:
            self._due.remove((before[0], *name))
        if isinstance(change, SetTimer):
            # Whoever holds a lease of it now acts on the old wish: fence 0 makes that lease void.
            self._set[name] = (change.due, 0, None)
            self._due.add((change.due, *name))

    def lease(self, now: datetime, ttl: timedelta, limit: int, kind: str | None) -> tuple[Lease, ...]:
        leases: list[Lease] = []
        until = now + ttl
        for due, timer_kind, key in self._due:
            if due > now or len(leases) >= limit:
                break
            _, _, leased_until = self._set[timer_kind, key]
            if (kind is not None and timer_kind != kind) or (leased_until is not None and leased_until > now):
                continue
            # One sequence for all timers: a timer that was cancelled and set again never repeats a fence.
            self._fence += 1
            self._set[timer_kind, key] = (due, self._fence, until)
            leases.append(Lease(timer_kind, key, due, self._fence, until))
        return tuple(leases)

    def end(self, lease: Lease, due: datetime | None) -> bool:
        name = (lease.kind, lease.key)
        held = self._set.get(name)
        if held is None or held[:2] != (lease.due, lease.fence):
            return False
        self._due.remove((held[0], *name))
        if due is None:
            del self._set[name]
        else:
            self._set[name] = (due, 0, None)
            self._due.add((due, *name))
        return True

    def earliest(self) -> datetime | None:
        return self._due[0][0] if self._set else None

    def listed(self) -> list[tuple[str, str, datetime]]:
        """(kind, key, due) of all, earliest first."""
        return [(kind, key, due) for due, kind, key in self._due]

    def forget(self) -> None:
        """All of them; fences go on, so that no lease of theirs ever holds again."""
        self._set.clear()
        self._due.clear()
