"""Telling notifiers: one outside effect for each event and notifier, rendered from the log when it is sent."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime
from typing import Any, Final

from ordercore.effects import Effect
from ordercore.effects.state import EFFECTS, effect_id, effect_stream
from ordercore.errors import BrokenRule
from ordercore.flow import Decision, Flow, Loaded, ReadState, guard, read
from ordercore.flow import Effect as FlowEffect
from ordercore.flows.effects import want
from ordercore.flows.performing import Answer, Performer, Sending
from ordercore.flows.shop import Shop
from ordercore.lifecycle import NOTIFIER
from ordercore.message import Command, Context
from ordercore.notices import NotifierState, PauseNotifier, ResumeNotifier, SendNotice
from ordercore.notices.decide import decide, is_news
from ordercore.notices.state import GONE, KIND, NOTIFIERS, fold_notifier, notifier_stream
from ordercore.ports import Delivered, Op
from ordercore.store import Append, ReadStream
from ordercore.values import CommandId, Stream

_SENT: Final = "SendNotice"


def notice_key(command: SendNotice) -> str:
    """The natural key: an event is told to a notifier once."""
    return f"notice:{command.notifier}:{command.version}:{command.stream}"


def notice_stream(command: SendNotice) -> str:
    """The stream of its effect."""
    return effect_stream(effect_id(CommandId(notice_key(command)), KIND, command.notifier, str(command.version)))


def flow_send_notice(command: SendNotice, context: Context, shop: Shop) -> Flow[str]:
    """Want the effect. Raises NotFound for an unknown notifier, TransitionRefused for one that is paused."""
    shop.adapter("notifier", command.notifier)
    state: ReadState[NotifierState] = ReadState(notifier_stream(command.notifier), NOTIFIERS)
    about: ReadState[Effect] = ReadState(Stream(command.stream), EFFECTS)
    is_effect = command.stream.startswith("effect/")
    snapshot = yield from read(state, *([about] if is_effect else []))
    notifier = snapshot.of(state).state or NotifierState()
    yield from guard(command, notifier)
    NOTIFIER.require(notifier.status, _SENT)
    told = snapshot.of(about).state if is_effect else None
    if (told is not None and told.kind == KIND) or not is_news(command, shop.policies.notice_seconds, context.now):
        # That it was told something is no news: it would be told for ever.
        return Decision("")
    options = {"event": command.kind, "notice": command.notice, "at": command.occurred_at.isoformat()}
    wanted = want(
        context, KIND, command.notifier, Stream(command.stream), part=str(command.version), options=options
    )  # fmt: skip
    return wanted.on(Decision(wanted.id))


def flow_notifier(command: PauseNotifier | ResumeNotifier, context: Context, shop: Shop) -> Flow[str]:
    """Pause or resume a notifier. Raises NotFound."""
    shop.adapter("notifier", command.notifier)
    asked: ReadState[NotifierState] = ReadState(notifier_stream(command.notifier), NOTIFIERS)
    loaded: Loaded[NotifierState] = (yield from read(asked)).of(asked)
    state = loaded.state or NotifierState()
    yield from guard(command, state)
    events = decide(state, command)
    if not events:
        return Decision(command.notifier)
    append = Append(asked.stream, loaded.version, tuple(events))
    return Decision(command.notifier, (append,), states={asked.stream: fold_notifier(state, events, asked.stream)})


def _send(sending: Sending) -> Generator[FlowEffect, Any, Op[Any]]:
    """Render the event as it stands in the log. Raises TransitionRefused for a notifier that was paused meanwhile."""
    from ordercore.notifiers.news import notice_of  # what composes mail loads only where something is told

    effect, version = sending.effect, int(sending.effect.part)
    event = ReadStream(effect.subject, version - 1, limit=1)
    state: ReadState[NotifierState] = ReadState(notifier_stream(effect.instance), NOTIFIERS)
    snapshot = yield from read(event, state)
    NOTIFIER.require((snapshot.of(state).state or NotifierState()).status, _SENT)
    found = snapshot.of(event).events
    if not found:
        raise BrokenRule(f"There is no event {version} in {effect.subject}.", stream=effect.subject, version=version)
    said = effect.options
    notice = notice_of(
        found[0], id=said["notice"], kind=said["event"], stream=effect.subject, version=version,
        occurred_at=datetime.fromisoformat(said["at"]),
    )  # fmt: skip
    operation: Op[Any] = sending.adapter.deliver(notice, key=sending.key, now=sending.now)
    return operation


def _done(effect: Effect, delivered: Delivered) -> Answer:
    return Answer(delivered.reference)


def _refused(effect: Effect, code: str, problems: tuple[str, ...]) -> Command[Any] | None:
    """A receiver that is gone is told nothing more."""
    return PauseNotifier(effect.instance, GONE) if code == GONE else None


NOTIFY: Final = Performer("notifier", _send, _done, flow_notifier, _refused)
