"""Followers of the log: what may run after a commit, at its own pace, from its own cursor."""

from typing import Final

from ordercore.message import DocumentType
from ordercore.projection.followers import (
    Changes,
    Follower,
    Projecting,
    Projection,
    Reaction,
    delivery_of,
    reaction_key,
    written_by,
)
from ordercore.projection.journal import (
    CHUNK,
    JOURNAL,
    Advance,
    JournalChunk,
    chunk_key,
    extended,
    touched,
)
from ordercore.projection.parked import PARKED, ParkedRecord, ParkedStatus, parked_id, parked_tag, put_parked
from ordercore.projection.state import FOLLOWER, LEASE_RAN_OUT, FollowerState, next_attempt

__all__ = [
    "CHUNK",
    "DOCUMENTS",
    "FOLLOWER",
    "JOURNAL",
    "LEASE_RAN_OUT",
    "PARKED",
    "Advance",
    "Changes",
    "Follower",
    "FollowerState",
    "JournalChunk",
    "ParkedRecord",
    "ParkedStatus",
    "Projecting",
    "Projection",
    "Reaction",
    "chunk_key",
    "delivery_of",
    "extended",
    "next_attempt",
    "parked_id",
    "parked_tag",
    "put_parked",
    "reaction_key",
    "touched",
    "written_by",
]

DOCUMENTS: Final[tuple[DocumentType, ...]] = (
    DocumentType("projection.journal", JournalChunk),
    DocumentType("projection.follower", FollowerState),
    DocumentType("projection.parked", ParkedRecord),
)
