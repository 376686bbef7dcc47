"""Followers of the log: what may run after a commit, at its own pace, from its own cursor.

The journal index is the one projection of the core: which log rows touched a SKU, so that `why` reads those alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any, Final, Protocol, runtime_checkable

from attrs import frozen

from ordercore.message import Command, DocumentType, Envelope, Recorded
from ordercore.store import postings_of
from ordercore.values import Cursor, Sku

JOURNAL: Final = "journal"
"""Consumer name and document kind of the journal index."""

CHUNK: Final = 400
"""Positions per document of the index."""


class Follower(Protocol):
    """Something that wants every event, in order, at least once: a projection, an observer, a sender.

    Isolated: one that raises is tried again later from its own cursor, and holds up nobody else.
    """

    @property
    def name(self) -> str:
        """Its cursor's name; stable for life."""
        ...

    def apply(self, records: Sequence[Recorded]) -> None:
        """Take the next stretch of the log. Raise to get the same again."""
        ...


@runtime_checkable
class Reaction(Protocol):
    """A rule of the house: whenever that happened, do this. Pure: the same records always give the same commands.

    It follows the log as a `Follower` does, at least once. An envelope with a key (`reaction_key`) is carried out once
    for good; one without must be a command whose repeat changes nothing. A refusal is an answer: it is counted, and
    the next command is sent.
    """

    @property
    def name(self) -> str:
        """Its cursor's name; stable for life."""
        ...

    def react(self, records: Sequence[Recorded]) -> Iterable[Envelope[Any]]:
        """The commands that follow from the next stretch of the log. Raise to get the same again."""
        ...


def reaction_key(name: str, record: Recorded, nth: int = 0) -> str:
    """The key of the nth command that a reaction answers a record with: the same whenever it is given it again.

    Made from the stream and the version, not from the position, so that it holds in a copy of the store as well.
    """
    return f"reaction:{name}:{sha256(record.stream.encode()).hexdigest()[:32]}:{record.version}:{nth}"


@frozen
class Advance(Command[str]):
    """A projection moved its cursor; what identifies its batch."""

    consumer: str
    cursor: str


@frozen
class JournalChunk:
    """Log positions that moved units of a SKU, oldest first."""

    sku: Sku
    number: int
    positions: tuple[str, ...]


DOCUMENTS: Final[tuple[DocumentType, ...]] = (DocumentType("projection.journal", JournalChunk),)


def touched(records: Iterable[Recorded]) -> dict[Sku, list[Cursor]]:
    """Which log positions moved units of which SKU."""
    found: dict[Sku, list[Cursor]] = {}
    for record in records:
        for sku in dict.fromkeys(posting.sku for posting in postings_of(record.event)):
            positions = found.setdefault(sku, [])
            if not positions or positions[-1] != record.position:
                positions.append(record.position)
    return found


def chunk_key(sku: Sku, number: int) -> str:
    """The key of a chunk."""
    return f"{sku}|{number:06d}"


def extended(last: JournalChunk | None, sku: Sku, positions: Sequence[Cursor]) -> list[JournalChunk]:
    """The chunks to write: the last one filled up, then new ones."""
    number = last.number if last else 0
    known = list(last.positions) if last else []
    have = set(known)
    everything = known + [position for position in positions if position not in have]
    return [
        JournalChunk(sku, number + n, tuple(everything[at : at + CHUNK]))
        for n, at in enumerate(range(0, len(everything), CHUNK))
    ]
