"""Commands, events and documents for tests of a store: as few as can say everything the contract has."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Final

from attrs import evolve, frozen

from ordercore.codec import Codec
from ordercore.message import Command, Context, DocumentType, Event, EventType
from ordercore.store import Append, Batch, Posting, location_place, postings_of, without_postings
from ordercore.store.batch import Bump, DocumentChange, Floor, Requirement, TimerChange
from ordercore.values import CommandId, Place, Sku, Stream

NOW: Final = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
HERE: Final = location_place("WH1")
THERE: Final = location_place("WH2")


@frozen
class Sample(Command[None]):
    """A command that says only who it is; `note` has a default, as optional fields of real commands have."""

    name: str
    note: str = ""


@frozen
class Noted(Event):
    """Something was noted; no stock moved."""

    text: str


@frozen
class Move:
    """One posting, spelled out."""

    sku: str
    quantity: int
    source: str
    source_bucket: str
    target: str
    target_bucket: str
    lot: str = ""
    owner: str = ""
    claimant: str = ""
    narrowing: bool = False


@frozen
class Moved(Event):
    """Stock moved, as `moves` say, in this order."""

    moves: tuple[Move, ...]


@frozen
class Sheet:
    """A document with a text, a number, a time and a nested tuple."""

    title: str
    number: int = 0
    at: datetime = NOW
    rows: tuple[str, ...] = ()


EVENTS: Final[tuple[EventType, ...]] = (
    EventType("sample.noted", 1, Noted),
    EventType("sample.moved", 1, Moved),
)
DOCUMENTS: Final[tuple[DocumentType, ...]] = (DocumentType("sample.sheet", Sheet),)

without_postings(Noted)


@postings_of.register
def _(event: Moved) -> Iterable[Posting]:
    return [
        Posting(
            Sku(move.sku), move.quantity, Place(move.source), move.source_bucket, Place(move.target),
            move.target_bucket, move.lot, move.owner, move.claimant, move.narrowing,
        )
        for move in event.moves
    ]  # fmt: skip


@cache
def sample_codec() -> Codec:
    """A codec that knows these events and documents; one per process."""
    codec = Codec()
    codec.register(*EVENTS, *DOCUMENTS)
    return codec


def context(command_id: str, *, now: datetime = NOW, effective: datetime | None = None, actor: str = "") -> Context:
    """The world around a command; effective at `now` unless said otherwise."""
    return Context(CommandId(command_id), now, effective or now, actor, cause="test", correlation="suite")


def append(stream: str, expected: int | None, *events: Event) -> Append:
    """Events onto a stream that the decision saw at `expected` events."""
    return Append(Stream(stream), expected, events)


def batch(
    command_id: str,
    *appends: Append,
    documents: Iterable[DocumentChange] = (),
    requires: Iterable[Requirement] = (),
    bumps: Iterable[str] = (),
    floors: Iterable[Floor] = (),
    timers: Iterable[TimerChange] = (),
    command: Sample | None = None,
    at: Context | None = None,
    tenant: str = "",
) -> Batch:
    """A batch of the command `Sample(command_id)`, unless another is given."""
    return Batch(
        CommandId(command_id), command or Sample(command_id), at or context(command_id), appends, tuple(documents),
        tuple(requires), tuple(Bump(name) for name in bumps), tuple(floors), tuple(timers), tenant,
    )  # fmt: skip


def moved(*moves: Move) -> Moved:
    """One event of these moves."""
    return Moved(moves)


def receive(sku: str, quantity: int, place: str = HERE, *, lot: str = "", owner: str = "") -> Move:
    """From the supplier into `available`."""
    return Move(sku, quantity, "supplier", "", place, "available", lot, owner)


def scrap(sku: str, quantity: int, place: str = HERE, *, lot: str = "", owner: str = "") -> Move:
    """From `available` out of the house, for nobody."""
    return Move(sku, quantity, place, "available", "scrap", "", lot, owner)


def reserve(sku: str, quantity: int, line: str, place: str = HERE, *, lot: str = "") -> Move:
    """From `available` into `reserved`, for a line."""
    return Move(sku, quantity, place, "available", place, "reserved", lot, claimant=line)


def release(sku: str, quantity: int, line: str, place: str = HERE, *, lot: str = "") -> Move:
    """From `reserved` back to `available`."""
    return Move(sku, quantity, place, "reserved", place, "available", lot, claimant=line)


def ship(sku: str, quantity: int, line: str, place: str = HERE, *, lot: str = "") -> Move:
    """From `reserved` to the customer."""
    return Move(sku, quantity, place, "reserved", "customer", "", lot, claimant=line)


def narrow(sku: str, quantity: int, line: str, lot: str, place: str = HERE) -> Move:
    """A reservation of the pool becomes one of a lot."""
    return evolve(reserve(sku, quantity, line, place, lot=lot), narrowing=True)


def delivery(command_id: str, *moves: Move, tenant: str = "") -> Batch:
    """A receipt of its own: one batch, one stream, nothing claimed."""
    return batch(command_id, append(f"receipt/{command_id}", None, moved(*moves)), tenant=tenant)


def order(command_id: str, *moves: Move, expected: int = 0, stream: str = "", floors: Iterable[Floor] = ()) -> Batch:
    """Moves on an order's stream, which the decision saw at `expected` events."""
    return batch(command_id, append(stream or f"order/{command_id}", expected, moved(*moves)), floors=floors)
