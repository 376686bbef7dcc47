"""The batch: all that one command changes, declared, for the store to write in one transaction or not at all."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import field, frozen

from ordercore.errors import BrokenRule
from ordercore.message import Command, Context, Event
from ordercore.store.posting import CLAIMED, Posting, RowKey, has_row, posting_rule, rows_of
from ordercore.values import CommandId, Place, Sku, Stream


@frozen
class Append:
    """Events onto a stream. `expected` is the number of events the decision saw there; None: at the end, whatever it is."""

    stream: Stream
    expected: int | None
    events: tuple[Event, ...]


@frozen
class Floor:
    """After this batch `available` of the own pool at the place must be at least `minimum` (checked if it decreased)."""

    sku: Sku
    place: Place
    minimum: int


@frozen
class Require:
    """A counter (see Bump) that was read and must still have this value."""

    counter: str
    value: int


@frozen
class RequireUnits:
    """A bucket of a row that was read and must still hold as many units before this batch changes anything.

    For observations, which state a figure instead of moving units; movements are guarded anyway.
    """

    sku: Sku
    place: Place
    bucket: str
    units: int
    lot: str = ""
    owner: str = ""

    @property
    def key(self) -> RowKey:
        """The row."""
        return (self.sku, self.place, self.lot, self.owner)


Requirement = Require | RequireUnits


@frozen
class Bump:
    """Add one to a counter, whatever it is: `supply/<sku>` on every receipt, `catalog` on every change of an item."""

    counter: str


@frozen
class PutDocument:
    """Write a document. `expected` is its revision as read (0: must be new); None: overwrite whatever is there.

    `tag` and `sort` are what `ReadDocuments` selects and orders by. `body` is any value its codec knows.
    """

    kind: str
    key: str
    body: object
    expected: int | None = None
    tag: str = ""
    sort: str = ""


@frozen
class DeleteDocument:
    """Remove a document if it is there."""

    kind: str
    key: str


@frozen
class Timer:
    """Something due: `kind` says which command, `key` for what."""

    kind: str
    key: str


@frozen
class SetTimer(Timer):
    """Set or move the timer (kind, key)."""

    due: datetime


@frozen
class CancelTimer(Timer):
    """Forget the timer (kind, key) if it is set."""


DocumentChange = PutDocument | DeleteDocument
TimerChange = SetTimer | CancelTimer


def _postings(batch: Batch) -> tuple[Posting, ...]:
    found: list[Posting] = []
    for append in batch.appends:
        for event in append.events:
            for posting in posting_rule(type(event))(event):
                _check(posting, append, event)
                found.append(posting)
    return tuple(found)


def _check(posting: Posting, append: Append, event: Event) -> None:
    """A claimed unit moves only with its claimant's stream at a version the decision has seen.

    With bucket guards alone, racing processes left one claimant at -1 while all totals balanced.
    """
    if posting.quantity <= 0:
        raise BrokenRule(f"{type(event).__name__} moves {posting.quantity} units.", event=type(event).__name__)
    for place, bucket in ((posting.source, posting.source_bucket), (posting.target, posting.target_bucket)):
        if has_row(place) is not bool(bucket):
            raise BrokenRule(f"{type(event).__name__}: {place!r} with bucket {bucket!r}.", event=type(event).__name__)
    if (posting.source_bucket in CLAIMED or posting.target_bucket in CLAIMED) and (
        not posting.claimant or append.expected is None
    ):
        raise BrokenRule(
            f"{type(event).__name__} moves claimed units without "
            + ("an expected version of its stream." if posting.claimant else "a claimant."),
            event=type(event).__name__, stream=append.stream,
        )  # fmt: skip


def _rows(batch: Batch) -> dict[RowKey, list[int]]:
    return rows_of(batch.postings)


@frozen(eq=False)
class Batch:
    """One command's changes. `postings` and `rows` (net change per row) are derived from the events, never given.

    A batch without appends, such as a follower's documents, is allowed. Raises BrokenRule when a posting would move
    a claimed unit without its claimant's stream at an expected version.
    """

    command_id: CommandId
    command: Command[Any]
    context: Context
    appends: tuple[Append, ...] = ()
    documents: tuple[DocumentChange, ...] = ()
    requires: tuple[Requirement, ...] = ()
    bumps: tuple[Bump, ...] = ()
    floors: tuple[Floor, ...] = ()
    timers: tuple[TimerChange, ...] = ()
    tenant: str = ""
    postings: tuple[Posting, ...] = field(init=False, repr=False)
    rows: dict[RowKey, list[int]] = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Derive postings and rows once."""
        object.__setattr__(self, "postings", _postings(self))
        object.__setattr__(self, "rows", _rows(self))
