"""What an operation yields: the statements it wants executed and the pauses it wants made; a driver does both.

Operations are generators that know no connection, so that each is written once for synchronous and asynchronous hosts.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any, Literal, TypeVar

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
class Asked:
    """The answer is the Situation on a connection that is lent."""


@frozen
class Wrote:
    """Something was written into a transaction of the host's; the answer is None."""


Situation = Literal["own", "host", "case"]
"""Whose transaction a statement would be in: one of its own; the host's, which decides what becomes of it; that of a
test case of the host's, which is rolled back in the end and counts as committed until then."""


class Disturbed(StoreError):
    """Another transaction was in the way: whoever owns this one may run it again."""


class Lost(StoreError):
    """The connection is gone; `sent` says whether the statement may have arrived."""


class MadeMeanwhile(StoreError):
    """What was to be created is there: somebody else made it at the same time."""


Step = Ask | Pause | Asked | Wrote
Operation = Generator[Step, Any, T]
