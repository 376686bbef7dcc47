"""What is read of an archive while a shop works: the events of one order that was asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from ordercore.message import Event, Recorded
from ordercore.ports.archive import Archive
from ordercore.store.archived import away
from ordercore.store.contract import EventCodec
from ordercore.store.scalars import moment_of
from ordercore.store.segment import Content, segment_file, unpack
from ordercore.store.transfer import LogRow
from ordercore.values import Cursor, Stream


class ArchiveReading:
    """Segments by name, the last few of them unpacked. Safe to share by threads."""

    def __init__(self, archive: Archive, codec: EventCodec) -> None:
        """`codec` reads events."""
        self._codec = codec
        self._content = lru_cache(maxsize=4)(lambda name: unpack(name, archive.get(segment_file(name))))

    def content(self, segment: str) -> Content:
        """All of a segment. Raises NotFound and Corrupted."""
        content: Content = self._content(segment)
        return content

    def rows(self, segment: str, stream: Stream) -> Sequence[LogRow]:
        """The rows of a stream. Raises Archived if the segment has none, NotFound and Corrupted."""
        rows = [row for row in self.content(segment).rows if row.stream == stream]
        if not rows:
            raise away(stream, segment)
        return rows

    def events(self, segment: str, stream: Stream, after: int) -> tuple[Event, ...]:
        """The events of a stream behind a version."""
        found = [event for row in self.rows(segment, stream) for event in self._codec.load_events(row.events)]
        return tuple(found[after:])

    def recorded(self, segment: str, stream: Stream) -> tuple[Recorded, ...]:
        """The same with all that the log says of each."""
        return tuple(record for row in self.rows(segment, stream) for record in self._records(row, stream))

    def _records(self, row: LogRow, stream: Stream) -> Iterator[Recorded]:
        for version, event in enumerate(self._codec.load_events(row.events), row.version):
            yield Recorded(
                event, stream, version, row.position or Cursor(""), row.command_id, moment_of(row.at),
                moment_of(row.effective), row.actor, row.cause, row.correlation,
            )  # fmt: skip
