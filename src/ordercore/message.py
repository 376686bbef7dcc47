"""Messages: commands in, events out, the context around both, and the receipt a caller gets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Generic, TypeVar

from attrs import field, frozen

from ordercore.readable import Table, as_html, as_rich, as_text, brief, columns
from ordercore.readable.words import counted, moment
from ordercore.values import CommandId, Cursor, OrderId, Stream

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class Command(Generic[R]):
    """A wish, in the imperative; `R` is the type of its receipt's result."""

    __slots__ = ()


class Event:
    """A fact, in the past tense; never changed once recorded."""

    __slots__ = ()


@frozen
class Envelope(Generic[R]):
    """A command with what `handle_many` would otherwise say for all: its own key, time, and cause.

    `key`: idempotency key, unless the command has a natural one; `effective`: when it is true in the world.
    """

    command: Command[R]
    key: str | None = None
    effective: datetime | None = None
    cause: str = ""


@frozen
class Context:
    """Everything a decision may know of the world outside its state; decisions have no clock of their own.

    `now` is when it is recorded, `effective` when it is true in the world; both aware, in UTC.
    """

    command_id: CommandId
    now: datetime
    effective: datetime
    actor: str = ""
    cause: str = ""
    correlation: str = ""


@frozen
class Recorded:
    """An event as it stands in the log."""

    event: Event
    stream: Stream
    version: int
    position: Cursor
    command_id: CommandId
    recorded_at: datetime
    effective_at: datetime
    actor: str = ""
    cause: str = ""
    correlation: str = ""

    def __repr__(self) -> str:
        """`<Recorded ParcelShipped: order/web:1001 version 3, 2026-03-02 09:12 UTC, position 12>`."""
        return brief(
            "Recorded", type(self.event).__name__, f"{self.stream} version {self.version}",
            f"{moment(self.effective_at)} UTC", f"position {self.position}",
        )  # fmt: skip


@frozen
class Receipt(Generic[R_co]):
    """What a command came to: its events and its result, the same for a repeat (`duplicate`) as for the first time.

    `appended` says which events went onto which stream, in order: (stream, version of the first event, events).
    """

    command_id: CommandId
    duplicate: bool
    result: R_co
    appended: tuple[tuple[Stream, int, tuple[Event, ...]], ...] = ()
    position: Cursor | None = None
    order_id: OrderId | None = None

    @property
    def events(self) -> tuple[Event, ...]:
        """All events, whatever their stream."""
        return tuple(event for _, _, events in self.appended for event in events)

    __str__ = as_text
    __rich__ = as_rich
    _repr_html_ = as_html

    def tables(self) -> tuple[Table, ...]:
        """What was appended to which stream."""
        rows = tuple(
            (stream, str(version + n), type(event).__name__)
            for stream, version, events in self.appended
            for n, event in enumerate(events)
        )
        return (Table(self._summary, columns("stream", ">version", "event") if rows else (), rows),)

    @property
    def _summary(self) -> str:
        repeat = "a repeat: nothing was written, this is the first result" if self.duplicate else ""
        written = counted(sum(len(events) for _, _, events in self.appended), "event")
        place = f"position {self.position}" if self.position is not None else ""
        return ", ".join(filter(None, (f"Receipt of {self.command_id}", repeat or written, place)))

    def __repr__(self) -> str:
        """`<Receipt web:1001: 2 events, position 12>`; the result where it is text, else the command's id."""
        written = counted(sum(len(events) for _, _, events in self.appended), "event")
        return brief(
            "Receipt", self.result if isinstance(self.result, str) else self.command_id,
            "duplicate" if self.duplicate else written, "" if self.position is None else f"position {self.position}",
        )  # fmt: skip


Fields = dict[str, object]
"""An event's stored fields, as JSON gives them."""


@frozen
class EventType:
    """The name an event is stored under, for good: never a Python path, which would tie stored data to the code.

    `version` is the newest; `upcasters[n]` is a pure function from the stored fields of version n to those of n + 1.
    Every `<area>/events.py` lists its own in `EVENTS: Final[tuple[EventType, ...]]`.
    """

    name: str
    version: int
    cls: type[Event]
    upcasters: Mapping[int, Callable[[Fields], Fields]] = field(factory=dict)


@frozen
class DocumentType:
    """The name a document body is stored under; `<area>/events.py` lists them in `DOCUMENTS`.

    Documents have no versions: a field may be added with a default, nothing else may change.
    """

    name: str
    cls: type[object]
