"""The batch: all that one command changes, declared, for the store to write in one transaction or not at all."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import field, frozen

from ordercore.errors import BrokenRule
from ordercore.internal import internal
from ordercore.message import Command, Context, Event
from ordercore.store.posting import CLAIMED, Posting, RowKey, add_postings, has_row, postings_in
from ordercore.values import CommandId, Place, Sku, Stream


@internal
class Append:
    """Events onto a stream. `expected` is the number of events the decision saw there; None: at the end, whatever it is."""

    stream: Stream
    expected: int | None
    events: tuple[Event, ...]


@internal
class Floor:
    """After this batch `available` of the own pool at the place must be at least `minimum` (checked if it decreased)."""

    sku: Sku
    place: Place
    minimum: int


@internal
class Require:
    """A counter (see Bump) that was read and must still have this value."""

    counter: str
    value: int


@internal
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


@internal
class Bump:
    """Add one to a counter, whatever it is: `supply/<sku>` on every receipt, `catalog` on every change of an item."""

    counter: str


@internal
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


@internal
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


def _derive(batch: Batch) -> tuple[tuple[Posting, ...], dict[RowKey, list[int]]]:
    """Postings and net rows."""
    found: list[Posting] = []
    for append in batch.appends:
        postings = postings_in(append.events)
        if postings:
            loose = append.expected is None
            for posting in postings:
                _, quantity, source, source_bucket, target, target_bucket, _, _, claimant, _ = posting
                if (
                    quantity <= 0
                    or ("/" in source) is not (source_bucket != "")
                    or ("/" in target) is not (target_bucket != "")
                    or ((loose or not claimant) and (source_bucket in CLAIMED or target_bucket in CLAIMED))
                ):
                    raise _broken(posting, append)
            found += postings
    rows: dict[RowKey, list[int]] = {}
    if found:
        add_postings(rows, found)
    return tuple(found), rows


def _broken(posting: Posting, append: Append) -> BrokenRule:
    """A claimed unit moves only with its claimant's stream at a version the decision has seen.

    With bucket guards alone, racing processes left one claimant at -1 while all totals balanced.
    """
    name = next(type(event).__name__ for event in append.events if posting in postings_in((event,)))
    if posting.quantity <= 0:
        return BrokenRule(f"{name} moves {posting.quantity} units.", event=name)
    for place, bucket in ((posting.source, posting.source_bucket), (posting.target, posting.target_bucket)):
        if has_row(place) is not bool(bucket):
            return BrokenRule(f"{name}: {place!r} with bucket {bucket!r}.", event=name)
    missing = "an expected version of its stream" if posting.claimant else "a claimant"
    return BrokenRule(f"{name} moves claimed units without {missing}.", event=name, stream=append.stream)


@internal(eq=False)
class Batch:
    """One command's changes. `postings` and `rows` (net change per row) are derived from the events, never given.

    A batch without appends, such as a follower's documents, is allowed. Then `command_id` may be "": it leaves no id
    behind, is never a repeat, and its caller knows by a revision whether it was written. Raises BrokenRule when a
    posting would move a claimed unit without its claimant's stream at an expected version.
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
        if self.appends and not self.command_id:
            raise BrokenRule("A batch that appends has an id.", stream=self.appends[0].stream)
        postings, rows = _derive(self)
        object.__setattr__(self, "postings", postings)
        object.__setattr__(self, "rows", rows)
