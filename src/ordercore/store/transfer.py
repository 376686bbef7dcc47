"""Rows in and out of a store, as they are kept: what copying, archiving and restoring are made of.

A store that declares `transfer` fulfils `Transfer` besides `Store`. Rows travel encoded: their text and its checksum are
those of the source to the byte, so that a copy can be compared without being decoded. Rules S20 of docs/stores.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, NamedTuple, Protocol, cast
from zlib import crc32

from attrs import frozen

from ordercore.errors import BrokenRule, ConfigurationError
from ordercore.store.posting import Row, RowKey
from ordercore.store.stored import damaged
from ordercore.values import CommandId, Cursor, Stream


class LogRow(NamedTuple):
    """The events of one append, or (without stream, version and size 0) the id of a command without events.

    `version` is that of the first event, `size` how many there are. `position` is the source's own cursor, times are
    microseconds since 1970.
    """

    position: Cursor | None
    command_id: CommandId
    part: int
    fingerprint: bytes
    stream: Stream | None
    version: int
    size: int
    at: int
    effective: int
    actor: str
    cause: str
    correlation: str
    crc: int
    events: str

    @property
    def name(self) -> str:
        """What it is called in errors."""
        return f"{self.command_id} part {self.part}"

    def same_as(self, other: LogRow) -> bool:
        """Whether it is the same row, wherever it stands and whenever it was recorded."""
        return self[2:7] == other[2:7] and self.crc == other.crc


class DocumentRow(NamedTuple):
    """A document; `body` as the codec writes it."""

    kind: str
    key: str
    revision: int
    tag: str
    sort: str
    body: str


class CounterRow(NamedTuple):
    """A counter and its value: how often it was bumped."""

    name: str
    value: int


class TimerRow(NamedTuple):
    """A timer and when it is due, in microseconds since 1970. Leases do not travel."""

    kind: str
    key: str
    due: int


class ConsumerRow(NamedTuple):
    """A follower, and how many log rows of the tenant lie up to its cursor: cursors mean nothing to another store."""

    name: str
    passed: int


StoredRow = LogRow | DocumentRow | CounterRow | TimerRow | ConsumerRow


@frozen
class Counts:
    """How many rows a tenant has."""

    log: int
    ids: int
    documents: int
    counters: int
    timers: int
    consumers: int

    @property
    def nothing(self) -> bool:
        """Whether there is nothing at all."""
        return not (self.log or self.ids or self.documents or self.counters or self.timers or self.consumers)


class Export(Protocol):
    """One snapshot of one tenant, read row by row: whatever it holds, memory stays small."""

    def counts(self) -> Counts:
        """How many rows there are."""
        ...

    def log(self, after: Cursor | None = None) -> Iterator[LogRow]:
        """Log rows behind a cursor, in the order of the log. Raises Corrupted naming the position of a damaged one."""
        ...

    def settled(self) -> Cursor | None:
        """The position before which nothing else comes to light any more; None if all of the log is settled.

        In most stores what is written later goes behind all that is here. In one that orders its log by when
        transactions began, one that is still open may stand before what is here, once it is committed.
        """
        ...

    def ids(self) -> Iterator[LogRow]:
        """Commands without events."""
        ...

    def streams(self, names: Sequence[Stream]) -> Iterator[LogRow]:
        """All rows of these streams: stream by stream as asked, each by version."""
        ...

    def documents(self, kind: str | None = None) -> Iterator[DocumentRow]:
        """Documents, of one kind if asked; in any order."""
        ...

    def document(self, kind: str, key: str) -> DocumentRow | None:
        """One document."""
        ...

    def counters(self) -> Iterator[CounterRow]:
        """Counters that were ever bumped; in any order."""
        ...

    def timers(self) -> Iterator[TimerRow]:
        """Timers, leased or not; in any order."""
        ...

    def consumers(self) -> Iterator[ConsumerRow]:
        """Followers; in any order."""
        ...

    def balances(self) -> Iterator[tuple[RowKey, Row]]:
        """Rows of stock; in any order. Rows of zeros may be missing."""
        ...


class Transfer(Protocol):
    """What a store with the capability `transfer` does besides the contract. Its own transactions only."""

    def tenants(self) -> tuple[str, ...]:
        """Everybody who has anything here, sorted."""
        ...

    def export(self, *, tenant: str = "") -> AbstractContextManager[Export]:
        """A snapshot to read from until the end of the block."""
        ...

    def take(self, rows: Sequence[StoredRow], *, tenant: str = "") -> None:
        """Write rows as they are, all in one commit, in the order given.

        Log rows go to the end of the log and change no balance (`rebuild` does); one that is there already is skipped.
        Documents, counters and timers are set, revision included, whatever was there. A consumer is set to the cursor
        of the `passed`-th log row. Raises BrokenRule for a log row of which another stands here, or that does not
        follow the head of its stream, and Corrupted for one that is not what its checksum says.
        """
        ...

    def clear(self, *, tenant: str = "", keep: str = "") -> None:
        """Forget documents (but those of the kind `keep`), counters, timers and consumers; the log stays."""
        ...

    def rebuild(self, *, tenant: str = "") -> None:
        """Make the rows of stock anew from the log, in one commit. Raises what reading the log raises."""
        ...


TRANSFER: Final = "transfer"


def transfer_of(store: object) -> Transfer:
    """The store as one whose rows can be taken out and put in. Raises ConfigurationError for one that cannot."""
    if TRANSFER not in getattr(store, "capabilities", ()):
        raise ConfigurationError(
            f"The rows of {type(store).__name__} cannot be taken out or put in.", capability=TRANSFER,
            hint="Its author has to declare the capability `transfer`: see docs/stores.md, S20.",
        )  # fmt: skip
    return cast(Transfer, store)


def sound(row: LogRow) -> LogRow:
    """The row itself. Raises Corrupted where its text is not what its checksum says."""
    if row.stream is not None and crc32(row.events.encode()) != row.crc:
        raise damaged(row.position or row.name)
    return row


def another(row: LogRow) -> BrokenRule:
    """Something else stands where the row should go."""
    return BrokenRule(
        f"{row.name} on {row.stream or 'no stream'} version {row.version} does not fit what is here.",
        command_id=row.command_id, stream=row.stream or "", hint="Copy into a store that holds nothing else.",
    )  # fmt: skip


def text_of(position: object, raw: Any) -> str:
    """Text that was fetched as bytes, so that a flipped bit that is no UTF-8 can be named. Raises Corrupted."""
    try:
        return str(raw, "utf-8")
    except UnicodeDecodeError as error:
        raise damaged(position) from error
