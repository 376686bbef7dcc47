"""Holds: named reasons that block named steps of an order until they are released."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from attrs import frozen

from ordercore.errors import AlreadyExists, Held, NotFound
from ordercore.message import Event
from ordercore.store import without_postings


class Hold(NamedTuple):
    """An open hold."""

    hold: str
    kind: str
    blocks: tuple[str, ...]
    since: datetime


@frozen
class HoldAdded(Event):
    """A reason to wait was found; it blocks these steps."""

    hold: str
    kind: str
    blocks: tuple[str, ...]
    since: datetime
    note: str = ""


@frozen
class HoldReleased(Event):
    """The reason is gone."""

    hold: str


without_postings(HoldAdded, HoldReleased)


def require_free(holds: Sequence[Hold], step: str) -> None:
    """Refuse `step` while a hold blocks it, naming the hold."""
    for hold in holds:
        if step in hold.blocks:
            raise Held(
                f"Hold {hold.hold!r} ({hold.kind}) blocks {step}.", hold=hold.hold, kind=hold.kind, step=step,
                hint="ReleaseHold lifts it.",
            )  # fmt: skip


def require_new(holds: Sequence[Hold], name: str) -> None:
    """A hold's name is used once at a time."""
    if any(hold.hold == name for hold in holds):
        raise AlreadyExists(
            f"There is already a hold {name!r}.",
            kind="hold",
            name=name,
            hint="Give this one another name, or ReleaseHold first.",
        )


def without(holds: Sequence[Hold], name: str) -> tuple[Hold, ...]:
    """The holds that stay when `name` is released."""
    left = tuple(hold for hold in holds if hold.hold != name)
    if len(left) == len(holds):
        raise NotFound.named("hold", name, (hold.hold for hold in holds))
    return left
