"""Decisions on an outside effect: who may send it, what an attempt came to, and when it is tried again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from ordercore.effects import events as e
from ordercore.effects.commands import ResolveEffect, SettleEffect, StartEffect
from ordercore.effects.state import Effect
from ordercore.errors import InvalidCommand, TransitionRefused
from ordercore.lifecycle import EFFECT
from ordercore.policies import EffectPolicy
from ordercore.values import text_of

RESOLUTIONS: Final = ("done", "not_done", "refused")
LONGEST_SECONDS: Final = 86_400
"""The longest that another side is believed when it says when to come again."""


def start(effect: Effect, command: StartEffect, now: datetime) -> e.EffectStarted:
    """Take it up. Raises TransitionRefused where it is settled, where only a person can tell, and before it is due."""
    EFFECT.require(effect.status, "StartEffect")
    if effect.due is None or effect.due > now:
        # Not due: another worker has it, or has just put it off.
        raise TransitionRefused.of("effect", effect.status, "StartEffect", EFFECT.allowed[effect.status])
    return e.EffectStarted(effect.attempt + 1, now + timedelta(seconds=command.deadline_seconds))


def settle(effect: Effect, command: SettleEffect, policy: EffectPolicy, now: datetime) -> Sequence[e.EffectEvent]:
    """What an attempt came to, as events; none for what no longer matters.

    The answer of an attempt that another worker has taken over from still counts where it says that it was done: that
    is a fact. Anything else it says is out of date. Raises InvalidCommand for a reference or facts that are no text.
    """
    late = effect.status != "pending" or command.attempt != effect.attempt
    if effect.status in ("done", "refused") or (late and command.outcome != "done"):
        return ()
    tried = max(command.attempt - effect.begun_after, 1)
    last, later = tried >= policy.attempts, _later(tried, command.retry_after_seconds, policy, now)
    match command.outcome:
        case "done":
            reference = text_of(command.reference, what="reference")
            return (e.EffectDone(command.attempt, reference, _facts(command.facts)),)
        case "refused":
            return (e.EffectRefused(command.attempt, command.code, command.problems),)
        case "failed" if command.absent or not effect.unsure:
            if last:
                return (e.EffectRefused(command.attempt, "gave_up", (command.code,)),)
            return (e.EffectFailed(command.attempt, command.code, later),)
        case _:
            check_at = later if command.again and not last else None
            return (e.EffectUncertain(command.attempt, command.code, check_at),)


def _later(tried: int, asked_seconds: int, policy: EffectPolicy, now: datetime) -> datetime:
    """Twice as long after each attempt, up to a most; not before the other side asked to."""
    wait = min(policy.retry_seconds << min(tried - 1, 32), policy.retry_most_seconds)
    return now + timedelta(seconds=max(wait, min(asked_seconds, LONGEST_SECONDS)))


def resolve(effect: Effect, command: ResolveEffect, now: datetime) -> e.EffectResolved:
    """A person's word. Raises TransitionRefused while a worker is at it and when it is settled."""
    EFFECT.require(effect.status, "ResolveEffect")
    if command.outcome not in RESOLUTIONS:
        raise InvalidCommand(
            f"outcome: {command.outcome!r:.40} is not known.", path="outcome", hint=f"One of {', '.join(RESOLUTIONS)}."
        )
    reason = text_of(command.reason, what="reason", empty=False)
    reference = text_of(command.reference, what="reference")
    return e.EffectResolved(command.outcome, reason, now, reference, _facts(command.facts))


def _facts(given: Mapping[str, str]) -> Mapping[str, str]:
    """Names and texts of one line each: adapters and people say them."""
    if not isinstance(given, Mapping):
        raise InvalidCommand("facts is a mapping of names to texts.", path="facts", hint='Such as {"tracking": "..."}.')
    return {
        text_of(name, what="facts", empty=False): text_of(said, what=f"facts[{name}]") for name, said in given.items()
    }
