"""A record that a follower could not take: put aside, with the reason, until somebody sends it again or gives it up."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Final, Literal

from attrs import frozen

from ordercore.store import PutDocument
from ordercore.values import Stream

PARKED: Final = "parked"
"""Kind of the documents of parked records."""

ParkedStatus = Literal["parked", "dropped"]


@frozen
class ParkedRecord:
    """Which record, of which follower, why, and since when. It holds neither the event nor what the error said.

    `error` names what was raised; `first_at` and `last_at` are the first and the last of `attempts`. A record that was
    given up is kept with `status` "dropped", `reason`, and who said so.
    """

    follower: str
    stream: Stream
    version: int
    position: str
    event: str
    error: str
    attempts: int
    first_at: datetime
    last_at: datetime
    status: ParkedStatus = "parked"
    reason: str = ""
    actor: str = ""

    @property
    def id(self) -> str:
        """Its key."""
        return parked_id(self.follower, self.stream, self.version)


def parked_id(follower: str, stream: Stream, version: int) -> str:
    """The key of a parked record: of its stream and version, not of its position, so that it holds in a copy too."""
    return sha256(repr((follower, str(stream), version)).encode()).hexdigest()[:24]


def parked_tag(follower: str, status: ParkedStatus = "parked") -> str:
    """The tag of a follower's parked records, or of those that were dropped."""
    return f"{status}:{follower}"


def put_parked(record: ParkedRecord) -> PutDocument:
    """What writes it down."""
    tag = parked_tag(record.follower, record.status)
    return PutDocument(PARKED, record.id, record, None, tag, record.first_at.isoformat())
