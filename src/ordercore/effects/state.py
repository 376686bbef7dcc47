"""An outside effect as its events have made it, and the names that follow from the command that wanted it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Final

from attrs import evolve, frozen

from ordercore.effects import events as e
from ordercore.errors import BrokenRule
from ordercore.flow import Folder
from ordercore.message import Event
from ordercore.values import CommandId, Stream

TIMER: Final = "effect"
"""The kind of timer that makes a worker take an effect up; its key is the effect."""


@frozen
class Effect:
    """One effect. `unsure`: an earlier attempt may have arrived, so it is looked into before anything is sent.

    `due` is when it is taken up next by itself (while `pending`: after which another worker may); None: never.
    """

    id: str
    kind: str
    instance: str
    subject: Stream
    part: str
    options: Mapping[str, str]
    wanted_at: datetime
    status: str = "wanted"
    attempt: int = 0
    due: datetime | None = None
    unsure: bool = False
    code: str = ""
    reference: str = ""
    begun_after: int = 0
    """The attempts that do not count any more, because a person had it begun again."""

    @property
    def summary(self) -> e.EffectSummary:
        """Its line in lists."""
        return e.EffectSummary(
            self.kind, self.instance, self.subject, self.status, self.wanted_at, self.part, self.attempt, self.code,
            self.reference, self.due,
        )  # fmt: skip


def effect_id(command: CommandId, kind: str, instance: str, part: str) -> str:
    """The id of an effect that a command wants: the same whenever it is derived, and no part of the command's text."""
    return sha256(f"{command}\x1f{kind}\x1f{instance}\x1f{part}".encode()).hexdigest()[:24]


def outside_key(tenant: str, effect: str) -> str:
    """The idempotency key towards the outside: the same at every attempt, another for every tenant."""
    return sha256(f"{tenant}\x1f{effect}".encode()).hexdigest()[:32]


def effect_stream(effect: str) -> Stream:
    """The stream of an effect."""
    return Stream("effect/" + effect)


def evolve_effect(effect: Effect | None, event: Event, id: str) -> Effect:
    """The effect after one more event."""
    if isinstance(event, e.EffectWanted):
        return Effect(
            id, event.kind, event.instance, event.subject, event.part, event.options, event.at, due=event.at
        )  # fmt: skip
    assert effect is not None  # noqa: S101  # its first event is EffectWanted
    match event:
        case e.EffectStarted():
            unsure = effect.unsure or effect.status != "wanted"
            return evolve(effect, status="pending", attempt=event.attempt, due=event.until, unsure=unsure)
        case e.EffectDone():
            return evolve(effect, status="done", due=None, unsure=False, code="", reference=event.reference)
        case e.EffectRefused():
            return evolve(effect, status="refused", due=None, unsure=False, code=event.code)
        case e.EffectFailed():
            return evolve(effect, status="wanted", due=event.retry_at, unsure=False, code=event.code)
        case e.EffectUncertain():
            return evolve(effect, status="uncertain", due=event.check_at, unsure=True, code=event.code)
        case e.EffectResolved(outcome="done"):
            return evolve(effect, status="done", due=None, unsure=False, code="", reference=event.reference)
        case e.EffectResolved(outcome="refused"):
            return evolve(effect, status="refused", due=None, unsure=False, code="given_up")
        case e.EffectResolved():
            return evolve(effect, status="wanted", begun_after=effect.attempt, due=event.at, unsure=False, code="")
        case _:
            raise BrokenRule(f"{type(event).__name__} is no event of an effect.")


def fold_effect(effect: Effect | None, new: Iterable[Event], stream: Stream) -> Effect | None:
    """The effect after these events; None if there never was one."""
    for event in new:
        effect = evolve_effect(effect, event, stream.partition("/")[2])
    return effect


EFFECTS: Final = Folder("effect", fold_effect)
