"""What an operation yields: the statements it wants executed and the pauses it wants made; a driver does both.

Operations are generators that know no connection, so that each is written once for synchronous and asynchronous hosts.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any, TypeVar

from attrs import frozen

from ordercore.errors import StoreError

T = TypeVar("T")

Rows = Sequence[Sequence[Any]]


@frozen
class Ask:
    """One statement, one round trip; the answer are its rows. A driver answers with typed errors of `faults`."""

    text: str
    parameters: Mapping[str, Any] | None = None
    writes: bool = False
    """Whether a connection that is lost meanwhile leaves it unknown what has become of it."""


@frozen
class Pause:
    """Wait so long; the answer is None."""

    seconds: float


@frozen
class Situation:
    """The answer is whether the host has a transaction open; never, on a connection of the store's own."""


class Disturbed(StoreError):
    """Another transaction was in the way: whoever owns this one may run it again."""


class Lost(StoreError):
    """The connection is gone; `sent` says whether the statement may have arrived."""


class MadeMeanwhile(StoreError):
    """What was to be created is there: somebody else made it at the same time."""


Step = Ask | Pause | Situation
Operation = Generator[Step, Any, T]
