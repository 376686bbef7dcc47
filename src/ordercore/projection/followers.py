"""What follows the log: a `Follower` acts, a `Reaction` answers with commands, a `Projection` with documents."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from hashlib import sha256
from typing import Any, Protocol, runtime_checkable

from ordercore.errors import BrokenRule, ConfigurationError
from ordercore.flow import Effect
from ordercore.message import Envelope, Recorded
from ordercore.policies import DeliveryPolicy
from ordercore.store import DeleteDocument, PutDocument

Changes = Iterable[PutDocument | DeleteDocument]
"""Documents that a projection writes; their kinds have a dot, as `acme.sales`, so that none is the core's."""
Projecting = Generator[Effect, Any, Changes]
"""A projection under way: it yields reads (`yield from read(...)` of `ordercore.flow`) and returns its changes."""


@runtime_checkable
class Follower(Protocol):
    """Something that wants every event, in order, at least once: an observer, a sender, tables in another database.

    Isolated: one that raises is tried again later from its own cursor, and holds up nobody else. What is done about a
    record that it cannot take is its attribute `delivery` (a `DeliveryPolicy`) if it has one, else that of the kernel's
    policies. Raise `TransientFailure` for what passes by itself: for that no record is ever parked.
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


@runtime_checkable
class Projection(Protocol):
    """Documents made from the log and kept in the same store; each record counts exactly once.

    Cursor and documents move in one commit, whatever crashes and however many workers there are. Pure, as a reaction
    is. The documents' bodies are types that a plugin registers (`ordercore_register_events`).
    """

    @property
    def name(self) -> str:
        """Its cursor's name; stable for life."""
        ...

    def project(self, records: Sequence[Recorded]) -> Projecting | Changes:
        """What to write for the next stretch of the log: changes, or a generator that reads before it returns them."""
        ...


def reaction_key(name: str, record: Recorded, nth: int = 0) -> str:
    """The key of the nth command that a reaction answers a record with: the same whenever it is given it again.

    Made from the stream and the version, not from the position, so that it holds in a copy of the store as well.
    """
    return f"reaction:{name}:{sha256(record.stream.encode()).hexdigest()[:32]}:{record.version}:{nth}"


def delivery_of(follower: object, usual: DeliveryPolicy) -> DeliveryPolicy:
    """A follower's own policy, or the usual one. Raises ConfigurationError for an attribute that is none."""
    own = getattr(follower, "delivery", usual)
    if not isinstance(own, DeliveryPolicy):
        name = getattr(follower, "name", type(follower).__name__)
        raise ConfigurationError(
            f"The `delivery` of follower {name!r} is no DeliveryPolicy.", follower=name,
            hint="from ordercore.policies import DeliveryPolicy",
        )  # fmt: skip
    return own


def written_by(name: str, changes: Changes) -> tuple[PutDocument | DeleteDocument, ...]:
    """What a projection writes. Raises BrokenRule for anything that is no document of its own kind."""
    written = tuple(changes)
    for change in written:
        known = isinstance(change, PutDocument | DeleteDocument)
        if not known or "." not in change.kind:
            what = f"a document of kind {change.kind[:64]!r}" if known else type(change).__name__
            raise BrokenRule(
                f"Projection {name!r} writes {what}.", follower=name,
                hint="It returns PutDocument and DeleteDocument, of kinds with a dot: acme.sales.",
            )  # fmt: skip
    return written
