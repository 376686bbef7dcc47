"""Followers of the log and the records they could not take, as lists."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal, get_args

from attrs import frozen

from ordercore.projection import PARKED, ParkedRecord, ParkedStatus, parked_tag
from ordercore.readable import Table, columns
from ordercore.readable.words import moment
from ordercore.store import ReadDocuments
from ordercore.values import Cursor
from ordercore.views.reading import Reading, ask, known_status

SHORT: Final = 8
"""Letters of an id that a list shows."""

FollowerStatus = Literal["current", "behind", "delivering", "failing", "stopped"]


@frozen
class FollowerRow:
    """A follower: where it stands, and what keeps it there.

    `lag`: rows of the log that lie behind its cursor. After `failures` in a row, the first at `since` and the last for
    `reason`, it is tried again at `next_attempt`. `lease_owner` is at it until `lease_until`. `parked` records wait
    for somebody. Not `known`: it has been delivered to, but this kernel has no follower of that name.
    """

    name: str
    status: FollowerStatus
    cursor: Cursor | None
    lag: int
    failures: int = 0
    reason: str = ""
    since: datetime | None = None
    next_attempt: datetime | None = None
    lease_owner: str = ""
    lease_until: datetime | None = None
    parked: int = 0
    known: bool = True


def parked(
    follower: str | None, status: ParkedStatus, names: Iterable[str], limit: int
) -> Reading[tuple[ParkedRecord, ...]]:
    """Records put aside, of one follower or of all these, oldest first. Raises NotFound for a status there is not."""
    known_status(status, get_args(ParkedStatus), "a parked record")
    chosen = (follower,) if follower is not None else tuple(dict.fromkeys(names))
    asked = [ReadDocuments(PARKED, parked_tag(name, status), None, limit) for name in chosen]
    snapshot = yield from ask(*asked)
    found = [one.body for query in asked for one in snapshot.of(query) if isinstance(one.body, ParkedRecord)]
    return tuple(sorted(found, key=lambda one: (one.first_at, one.follower, one.stream, one.version))[:limit])


def followers_table(rows: Iterable[FollowerRow]) -> Table:
    """A row for each follower."""
    return Table(
        columns=columns("=follower", "status", ">behind", ">failures", "why", "=next (UTC)", "=leased until", ">parked"),
        rows=tuple(
            (
                row.name, row.status, f"{row.lag:,}", str(row.failures or ""), row.reason, moment(row.next_attempt),
                moment(row.lease_until), str(row.parked or ""),
            )
            for row in rows
        ),
    )  # fmt: skip


def parked_table(rows: Iterable[ParkedRecord]) -> Table:
    """A row for each record that was put aside."""
    return Table(
        columns=columns("=id", "follower", "=record", "event", "=error", ">tries", "since (UTC)", "note"),
        rows=tuple(
            (
                row.id[:SHORT], row.follower, f"{row.stream} {row.version}", row.event, row.error, str(row.attempts),
                moment(row.first_at), row.reason,
            )
            for row in rows
        ),
    )  # fmt: skip
