"""Cursors: (epoch, transaction, position) as text of one width, so that they sort as the log does."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from ordercore.errors import InvalidCommand
from ordercore.values import Cursor

_TEXT: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{12})-([0-9a-f]{12})")


class Position(NamedTuple):
    """Where a row stands in the log. Only the store makes them; everybody else sees their text."""

    epoch: int
    xid: int
    pos: int

    def text(self) -> Cursor:
        """As others see it."""
        return Cursor(f"{self.epoch:02x}-{self.xid:012x}-{self.pos:012x}")


START: Final = Position(0, 0, 0)
"""Before the first row."""


def position_of(cursor: Cursor | None) -> Position:
    """The position that a cursor names; START for None. Raises InvalidCommand for a cursor of another store."""
    if cursor is None:
        return START
    match = _TEXT.fullmatch(cursor)
    if match is None:
        raise InvalidCommand(
            f"{cursor[:32]!r} is not a cursor of this store.",
            what="cursor",
            value=cursor[:32],
            hint="Pass `page.cursor` of the page before, or None for the beginning.",
        )
    epoch, xid, pos = match.groups()
    return Position(int(epoch, 16), int(xid, 16), int(pos, 16))


def cursor_of(epoch: int, xid: int, pos: int) -> Cursor:
    """The cursor of a row."""
    return Cursor(f"{epoch:02x}-{xid:012x}-{pos:012x}")
