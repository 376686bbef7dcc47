"""What leaves a store for an archive, what stays of it, and how it comes back. Rules S21 of docs/stores.md.

A stream that leaves keeps its first log row as a stub: the same position, command, part, fingerprint and version 1, but
with minus the number of its events as their count and the name of the segment as their text. So a repeated command is
still a duplicate, a second beginning of the stream still meets the unique key of its version 1, and no append ever
expects the version that a stub seems to have: what is archived is guarded by the checks that are there anyway.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol, cast

from attrs import frozen

from ordercore.errors import Archived, ConfigurationError
from ordercore.internal import internal
from ordercore.message import DocumentType
from ordercore.store.posting import Row, RowKey
from ordercore.store.result import CommitResult
from ordercore.store.transfer import DocumentRow, LogRow
from ordercore.values import Cursor, Place, Sku, Stream

ARCHIVE: Final = "archive"
"""Name of the consumer that stands behind the last row that ever left, and of the counter below."""
CARRIED: Final = "carried"
"""Kind of the documents that say what rows of the log that left had moved."""
SEGMENT: Final = "segment"
"""Kind of the documents that say which segments there are."""


@internal
class CarriedRow:
    """What left rows moved here: units that came into each bucket, and units that went out."""

    place: Place
    lot: str
    owner: str
    gained: Row
    lost: Row


@frozen
class Carried:
    """The balance that all segments carry forward for a SKU, by which it is kept. Effective times in microseconds."""

    sku: Sku
    earliest: int
    latest: int
    rows: tuple[CarriedRow, ...]

    def net(self) -> dict[RowKey, list[int]]:
        """What the rows hold because of it."""
        return {
            (self.sku, row.place, row.lot, row.owner): [
                gained - lost for gained, lost in zip(row.gained, row.lost, strict=True)
            ]
            for row in self.rows
        }


@frozen
class Segment:
    """A segment and what of it is still away: `streams` of `rows` log rows, with the moments of the first and last."""

    name: str
    streams: int
    rows: int
    documents: int
    earliest: int
    latest: int
    copied: bool = False
    """It was made in a store that this one is a copy of: positions in it are not of this log."""


DOCUMENTS: Final[tuple[DocumentType, ...]] = (
    DocumentType("archive.carried", Carried),
    DocumentType("archive.segment", Segment),
)


@internal
class Cut:
    """What leaves, in one commit, and what is written instead."""

    segment: str
    heads: Mapping[Stream, int]
    """Streams that leave, at the versions they were read at."""
    documents: Sequence[tuple[str, str, int]]
    """(kind, key, revision as read) of documents that leave."""
    records: Sequence[DocumentRow]
    """Put as they are; what is there must have the revision before (0: there must be none)."""
    latest: int
    """The latest effective time of what leaves: the counter `archive` is never less."""


@internal
class Back:
    """What comes back, in one commit, and what becomes of what was written instead."""

    segment: str
    rows: Sequence[LogRow]
    """Whole streams, one after the other, each by version, with the positions that they had; without (in a copy of the
    store) they go behind the stub, where `take` has left room."""
    documents: Sequence[DocumentRow]
    """Set, where there is none meanwhile."""
    expected: tuple[str, str, int]
    """(kind, key, revision) of a document that must be as it was read."""
    puts: Sequence[DocumentRow] = ()
    """As the records of a cut."""
    deletes: Sequence[tuple[str, str, int]] = ()
    """(kind, key, revision that they must have)."""


class Archiving(Protocol):
    """What a store with the capability `archive` does besides `Transfer`."""

    def archive(self, cut: Cut, *, tenant: str = "") -> CommitResult:
        """Take streams and documents away, leaving stubs; balances stay.

        Conflicted if a stream or document is not as it was read, a record has another revision, a follower has not passed
        all that leaves, or the newest row of the log would leave (its position could be given out again).
        """
        ...

    def restore(self, back: Back, *, tenant: str = "") -> CommitResult:
        """Put them back where they were. Conflicted if a stream is no stub of this segment, or a document is not as expected."""
        ...


def before(records: Sequence[DocumentRow]) -> list[tuple[str, str, int]]:
    """(kind, key, revision) of what these documents replace."""
    return [(record.kind, record.key, record.revision - 1) for record in records]


def archiving_of(store: object) -> Archiving:
    """The store as one whose streams may leave. Raises ConfigurationError for one that cannot."""
    if ARCHIVE not in getattr(store, "capabilities", ()):
        raise ConfigurationError(
            f"Nothing can leave a {type(store).__name__} for an archive.", capability=ARCHIVE,
            hint="Its author has to declare the capability `archive`: see docs/stores.md, S21.",
        )  # fmt: skip
    return cast(Archiving, store)


def away(stream: str, segment: str) -> Archived:
    """The stream is in an archive."""
    return Archived(
        f"{stream} is archived in segment {segment}.", stream=stream, segment=segment,
        hint='Open the kernel with archive=ArchiveFolder.at("archive") to read it, or bring it back: ordercore restore.',
    )  # fmt: skip


def before_archive(position: object) -> Archived:
    """A reader begins where rows have left."""
    return Archived(
        "The log is read from a place behind which rows were archived.", position=str(position or ""),
        hint="Restore the segments first, or begin a new follower at the end of the log; verify reads what is left.",
    )  # fmt: skip


def read_hot(store: Any, after: Cursor | None, limit: int, tenant: str) -> Any:
    """A page of what is left of the log, whatever is archived; awaited where the store is."""
    if ARCHIVE in store.capabilities:
        return store.read_all(after, limit, tenant=tenant, hot=True)
    return store.read_all(after, limit, tenant=tenant)
