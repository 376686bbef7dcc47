"""Timers and followers' cursors in SQLite."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from ordercore.store.result import Lease
from ordercore.store.scalars import micros_of, moment_of
from ordercore.store.sqlite.lent import AnySession

_DUE: Final = (
    "select kind, key, due from ordercore_timer where tenant = ? and due <= ? and (until is null or until <= ?)"
    " and kind = coalesce(?, kind) order by due, kind, key limit ?"
)
_FENCES: Final = "update ordercore_fence set n = n + ? returning n"
_LEASE: Final = "update ordercore_timer set fence = ?, until = ? where tenant = ? and kind = ? and key = ?"
_ACK: Final = "delete from ordercore_timer where tenant = ? and kind = ? and key = ? and due = ? and fence = ?"
_NACK: Final = (
    "update ordercore_timer set due = ?, fence = 0, until = null"
    " where tenant = ? and kind = ? and key = ? and due = ? and fence = ?"
)
_EARLIEST: Final = "select due from ordercore_timer where tenant = ? order by due limit 1"
_NEW_CURSOR: Final = "insert into ordercore_consumer (tenant, name, position) values (?, ?, ?) on conflict do nothing"
_MOVE_CURSOR: Final = "update ordercore_consumer set position = ? where tenant = ? and name = ? and position = ?"
_DROP_CURSOR: Final = "delete from ordercore_consumer where tenant = ? and name = ? and position = ?"
_CURSOR: Final = "select position from ordercore_consumer where tenant = ? and name = ?"


def lease(
    session: AnySession, tenant: str, now: datetime, ttl: timedelta, limit: int, kind: str | None
) -> tuple[Lease, ...]:
    """Lease due timers. The caller holds the write lock and commits."""
    until = now + ttl
    at = micros_of(now)
    due = session.execute(_DUE, (tenant, at, at, kind, limit)).fetchall()
    if not due:
        return ()
    # One sequence for all timers: a timer that was cancelled and set again never repeats a fence.
    first = session.execute(_FENCES, (len(due),)).fetchone()[0] - len(due) + 1
    leases = tuple(
        Lease(timer, key, moment_of(micros), fence, until) for fence, (timer, key, micros) in enumerate(due, first)
    )
    session.executemany(_LEASE, [(each.fence, micros_of(until), tenant, each.kind, each.key) for each in leases])
    return leases


def any_due(session: AnySession, tenant: str, now: datetime, kind: str | None) -> bool:
    """Whether `lease` would find something; needs no lock."""
    at = micros_of(now)
    return session.execute(_DUE, (tenant, at, at, kind, 1)).fetchone() is not None


def end(session: AnySession, tenant: str, lease: Lease, due: datetime | None) -> bool:
    """Remove a leased timer or set it to `due`; False if the lease was lost. The caller commits."""
    held = (tenant, lease.kind, lease.key, micros_of(lease.due), lease.fence)
    if due is None:
        session.execute(_ACK, held)
    else:
        session.execute(_NACK, (micros_of(due), *held))
    return session.cursor.rowcount == 1


def earliest(session: AnySession, tenant: str) -> datetime | None:
    """When the earliest timer is due."""
    row = session.execute(_EARLIEST, (tenant,)).fetchone()
    return moment_of(row[0]) if row is not None else None


def cursor_of(session: AnySession, tenant: str, consumer: str) -> int:
    """The position where a follower stands; -1 before the first."""
    row = session.execute(_CURSOR, (tenant, consumer)).fetchone()
    return row[0] if row is not None else -1


def move_cursor(session: AnySession, tenant: str, consumer: str, expected: int, position: int) -> bool:
    """Compare and set; -1 is the start. The caller commits."""
    if expected < 0 and position < 0:
        return cursor_of(session, tenant, consumer) < 0
    if expected < 0:
        session.execute(_NEW_CURSOR, (tenant, consumer, position))
    elif position < 0:
        session.execute(_DROP_CURSOR, (tenant, consumer, expected))
    else:
        session.execute(_MOVE_CURSOR, (position, tenant, consumer, expected))
    return session.cursor.rowcount == 1
