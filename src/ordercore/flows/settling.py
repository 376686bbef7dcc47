"""Outside effects taken up, settled and resolved: each with what it comes to for its subject, in one commit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import evolve

from ordercore.effects import Effect, ResolveEffect, SettleEffect, StartEffect, decide
from ordercore.effects.events import EffectEvent, EffectRefused
from ordercore.flow import Decision, Flow, guard
from ordercore.flows.effects import load_effect, written
from ordercore.flows.performers import performer_of
from ordercore.flows.performing import Performer
from ordercore.flows.shop import Shop
from ordercore.message import Command, Context


def flow_start_effect(command: StartEffect, context: Context, shop: Shop) -> Flow[str]:
    """Take an effect up: whoever commits this first is the one that sends."""
    effect, version = yield from load_effect(command.effect)
    event = decide.start(effect, command, context.now)
    return written(effect.id, effect, version, (event,)).on(Decision(effect.id))


def flow_settle_effect(
    command: SettleEffect, context: Context, shop: Shop, performer: Performer, done: Command[Any] | None
) -> Flow[str]:
    """What an attempt came to; `done` is what that is to the subject, if it was done."""
    effect, version = yield from load_effect(command.effect)
    events = decide.settle(effect, command, shop.policies.effects, context.now)
    if not events:
        return Decision(effect.id)
    last = events[-1]
    if isinstance(last, EffectRefused):
        told = performer.refused(effect, last.code, last.problems)
    else:
        told = done if command.outcome == "done" else None
    return (yield from _with(effect, version, events, performer, told, context, shop))


def flow_resolve_effect(command: ResolveEffect, context: Context, shop: Shop) -> Flow[str]:
    """A person's word, and what it is to the subject."""
    effect, version = yield from load_effect(command.effect)
    yield from guard(command, effect)
    event = decide.resolve(effect, command, context.now)
    performer = performer_of(effect.kind)
    told: Command[Any] | None = None
    if command.outcome == "done" and performer.resolved is not None:
        told = performer.resolved(effect, command).command
    elif command.outcome == "refused":
        told = performer.refused(effect, "given_up", (command.reason,))
    return (yield from _with(effect, version, (event,), performer, told, context, shop))


def _with(
    effect: Effect, version: int, events: Sequence[EffectEvent], performer: Performer, told: Command[Any] | None,
    context: Context, shop: Shop,
) -> Flow[str]:  # fmt: skip
    """The effect's events and the decision of the subject's command, in one batch."""
    own = written(effect.id, effect, version, events)
    if told is None or performer.decide is None:
        return own.on(Decision(effect.id))
    decision = yield from performer.decide(told, context, shop)
    both = own.on(decision)
    # The effect's stream is the command's own, so it comes first.
    return evolve(both, result=effect.id, appends=(own.append, *decision.appends))
