"""Reading what a log row holds: the checksum first, and whatever is wrong names the position."""

from __future__ import annotations

from zlib import crc32

from ordercore.errors import Corrupted, UnknownEvent
from ordercore.message import Event
from ordercore.store.contract import EventCodec


def damaged(position: object) -> Corrupted:
    """The events of a row are not what was written."""
    return Corrupted(
        f"The events at position {position} are not what was written: their checksum differs.",
        position=str(position), hint="Restore a backup; verify() lists every damaged row.",
    )  # fmt: skip


def events_of(codec: EventCodec, position: object, crc: int, raw: bytes) -> tuple[Event, ...]:
    """The events of a log row, `raw` as it is stored, in UTF-8.

    Raises Corrupted, and UnknownEvent for one of a newer release or of a plugin that is missing; both name the position.
    """
    if crc32(raw) != crc:
        raise damaged(position)
    try:
        return codec.load_events(raw.decode())
    except (Corrupted, UnknownEvent) as error:
        at = {**error.fields, "position": str(position)}
        raise type(error)(f"Position {position}: {error.message}", hint=error.hint, **at) from error
