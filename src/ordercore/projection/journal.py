"""The journal index, the one projection of the core: which log rows touched a SKU, so that `why` reads those alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from attrs import frozen

from ordercore.message import Command, Recorded
from ordercore.store import postings_of
from ordercore.values import Cursor, Sku

JOURNAL: Final = "journal"
"""Consumer name and document kind of the journal index."""

CHUNK: Final = 400
"""Positions per document of the index."""


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
