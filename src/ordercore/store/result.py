"""What a store answers to a commit, a page of the log, a leased timer, a breach found by verify."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from attrs import frozen

from ordercore.internal import internal
from ordercore.message import Recorded
from ordercore.readable import brief
from ordercore.readable.words import counted
from ordercore.store.query import Outcome
from ordercore.values import CommandId, Cursor, Place, Sku, Stream


@internal
class Committed:
    """All of it is durable. `position` is the last log row of the batch, None for a batch without appends.

    Not `settled` if it can still be undone although nobody waits for it: in a test case of the host, which rolls back
    everything in the end. Then it counts as committed, and is remembered by nobody.
    """

    position: Cursor | None
    versions: Mapping[Stream, int]
    settled: bool = True


@frozen
class Duplicate:
    """The same command was committed before; nothing was written now."""

    first: Outcome


@frozen
class Mismatched:
    """Another command was committed under this id; nothing was written."""

    command_id: CommandId


@frozen
class Conflicted:
    """A stream, counter or document is not at the version the batch expected; nothing was written."""

    what: str
    expected: int
    actual: int


@frozen
class Shortage:
    """`missing` more units of a bucket would be needed at this row."""

    sku: Sku
    place: Place
    lot: str
    owner: str
    bucket: str
    missing: int


@frozen
class Short:
    """Rows would fall below zero or below a floor: every one of them, and by how much; nothing was written."""

    shortages: tuple[Shortage, ...]


@frozen
class Unknown:
    """The connection was lost at commit: ask `outcome` before sending again."""

    reason: str


@frozen
class Pending:
    """Written into the host's transaction, which the host has not committed yet."""

    versions: Mapping[Stream, int]


CommitResult = Committed | Duplicate | Mismatched | Conflicted | Short | Unknown | Pending


@frozen
class Page:
    """A stretch of the log. `cursor` is where the next one begins; `lag` how many log rows lie behind it."""

    records: tuple[Recorded, ...]
    cursor: Cursor | None
    lag: int

    def __repr__(self) -> str:
        """`<Page: 100 records, up to position 100, 20 behind it>`."""
        position = f"up to position {self.cursor}" if self.cursor is not None else ""
        return brief("Page", "", counted(len(self.records), "record"), position, f"{self.lag:,} behind it")


@frozen
class Lease:
    """A due timer, leased to one worker until `until`; `fence` grows with every lease of it."""

    kind: str
    key: str
    due: datetime
    fence: int
    until: datetime


@frozen
class Breach:
    """Something `verify` found: which identity, where, and both figures."""

    identity: str
    where: str
    expected: str
    actual: str
