"""Times as whole microseconds and cursors as positions of the log: what stores compare and sort by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from ordercore.errors import BrokenRule, InvalidCommand
from ordercore.values import Cursor

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MAX_BALANCE: Final = 2**62
"""No column of a row goes beyond this many units (a signed 64-bit integer holds twice as much)."""


def micros_of(moment: datetime) -> int:
    """Microseconds since 1970 in UTC, exact. Raises BrokenRule for a time without a zone."""
    if moment.tzinfo is None:
        raise BrokenRule("A time without a zone reached the store.", hint="Use datetime.now(UTC).")
    since = moment - EPOCH
    return since.days * 86_400_000_000 + since.seconds * 1_000_000 + since.microseconds


def moment_of(micros: int) -> datetime:
    """The time, in UTC."""
    return EPOCH + timedelta(microseconds=micros)


def position_of(cursor: Cursor | None) -> int:
    """The position a cursor of an embedded store names; -1 before the first. Raises InvalidCommand."""
    if cursor is None:
        return -1
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 18):
        raise InvalidCommand(
            f"{cursor[:32]!r} is not a cursor of this store.",
            what="cursor",
            value=cursor[:32],
            hint="Pass `page.cursor` of the page before, or None for the beginning.",
        )
    return int(cursor)
