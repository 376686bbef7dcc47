"""Performing outside effects: start, send, settle. Each is recorded before the next, so that a crash is never a guess."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, TypeVar

from attrs import define, frozen

from ordercore.effects import Effect, SettleEffect, StartEffect
from ordercore.effects.commands import Settlement
from ordercore.effects.events import EffectStarted
from ordercore.effects.state import outside_key
from ordercore.engine import Calls, Engine, Outside, Task
from ordercore.errors import (
    AnswerLost,
    AuthenticationFailed,
    BrokenRule,
    ConfigurationError,
    Conflict,
    NotFound,
    NotSupported,
    OrdercoreError,
    Rejected,
    StoreError,
    TransientFailure,
    TransitionRefused,
)
from ordercore.flow import Flow
from ordercore.flows.effects import load_effect
from ordercore.flows.performers import performer_of
from ordercore.flows.performing import Answer, Performer, Sending
from ordercore.flows.settling import flow_settle_effect, flow_start_effect
from ordercore.flows.shop import Shop
from ordercore.message import Command, Context, Receipt
from ordercore.ports import Clock, Declined, Op, Request, Transport
from ordercore.store import Lease
from ordercore.values import CommandId
from ordercore.wiring.report import WorkReport

T = TypeVar("T")

ELSEWHERE: Final = timedelta(minutes=5)
"""How long an effect waits that this process cannot perform: another worker may have the adapter."""

TIMEOUT_SECONDS: Final = 30
"""How long a request may take that does not say so itself."""

PROBLEMS_MOST: Final = 20
PROBLEM_MOST: Final = 200
CODE_MOST: Final = 64
"""How much of an adapter's no goes into events: how many problems, characters of each and of the code."""


class _OutOfTimeError(Exception):
    """The attempt's deadline has passed: another worker may be at it, so nothing more is sent."""


@frozen
class _Outcome:
    """What an attempt came to, and what that is to the subject if it was done."""

    outcome: Settlement
    code: str = ""
    answer: Answer = Answer()
    problems: tuple[str, ...] = ()
    again: bool = True
    retry_after_seconds: int = 0


@define
class _Attempt:
    """An attempt under way.

    `arrived`: something of it was sent; `absent`: no earlier one arrived, as was asked; `raised`: what the transport
    raised last.
    """

    effect: Effect
    performer: Performer
    adapter: Any
    key: str
    until: datetime
    arrived: bool = False
    absent: bool = False
    raised: Exception | None = None

    @property
    def earlier(self) -> bool:
        """Whether it may have taken effect by an earlier attempt."""
        return self.effect.unsure and not self.absent

    def heard(self, error: Exception | None, *, asking: bool) -> None:
        """A request was answered, or what came of it instead; one that only asks has no effect."""
        self.raised = error
        if not asking and not isinstance(error, (TransientFailure, NotSupported)):
            self.arrived = True

    @property
    def finds(self) -> bool:
        """Whether the other side can be asked what became of an attempt."""
        return self.performer.find is not None and "query" in self.adapter.capabilities

    @property
    def repeats(self) -> bool:
        """Whether it may be sent twice under one key."""
        return self.performer.repeatable or "idempotent" in self.adapter.capabilities


class Performing:
    """What a kernel does outside: takes up one due effect at a time."""

    def __init__(self, engine: Engine, shop: Shop, clock: Clock, transport: Transport | None) -> None:
        """`shop` has the adapters by port and instance."""
        self._engine = engine
        self._shop = shop
        self._clock = clock
        self._transport = transport

    @property
    def reaches(self) -> bool:
        """Whether anything can be sent."""
        return self._transport is not None

    def perform(self, lease: Lease) -> Calls[WorkReport]:
        """Take up the effect that a due timer names, if nobody else has, and settle it."""
        tenant = self._engine.tenant
        try:
            effect, _ = yield from self._engine.look(load_effect(lease.key))
        except NotFound:
            yield lambda store: store.ack(lease, tenant=tenant)
            return WorkReport(refused=1)
        try:
            performer = performer_of(effect.kind)
            adapter = self._shop.adapter(performer.port, effect.instance)
            start = StartEffect(effect.id, self._shop.policies.effects.deadline_seconds)
            # Under an id of this lease alone: of two workers only one is told that it may send.
            key = f"effect:start:{effect.id}:{lease.fence}"
            receipt = yield from self._run(start, key, "worker", flow_start_effect)
        except TransitionRefused:
            yield from self._not_now(lease)
            return WorkReport(refused=1)
        except (BrokenRule, Rejected) as error:
            due = self._clock.now() + ELSEWHERE
            yield lambda store: store.nack(lease, due, tenant=tenant)
            return WorkReport(failures=(f"effect {effect.id} ({effect.kind}): {error}",))
        (mine,) = (event for event in receipt.events if isinstance(event, EffectStarted))
        started, _ = yield from self._engine.look(load_effect(effect.id))
        if started.status != "pending" or started.attempt != mine.attempt:
            # So much time has passed since that somebody else has taken over: the attempt is theirs.
            return WorkReport(refused=1)
        attempt = _Attempt(started, performer, adapter, outside_key(tenant, effect.id), mine.until)
        return (yield from self._settled(attempt, (yield from self._outcome(attempt))))

    def ask(self, operation: Op[T]) -> Calls[T]:
        """Drive an operation that only asks, such as one for rates. Raises what the transport raises."""
        return (yield from self._driven(operation))

    def _not_now(self, lease: Lease) -> Calls[None]:
        """Somebody else has it, or it is over. A lease that is void by that changes nothing."""
        effect, _ = yield from self._engine.look(load_effect(lease.key))
        due = effect.due
        if due is None:
            yield lambda store: store.ack(lease, tenant=self._engine.tenant)
        else:
            yield lambda store: store.nack(lease, due, tenant=self._engine.tenant)

    def _outcome(self, attempt: _Attempt) -> Calls[_Outcome]:
        """Look into an earlier attempt where there was one, then send, and say what came of it."""
        effect, performer = attempt.effect, attempt.performer
        try:
            if effect.unsure:
                known = yield from self._looked_into(attempt)
                if known is not None:
                    return known
            now = self._clock.now()
            sending = Sending(effect, attempt.adapter, attempt.key, now, self._shop)
            operation = yield from self._engine.look(performer.send(sending))
            value = yield from self._driven(operation, attempt)
            if isinstance(value, Declined):
                return _Outcome("refused", _code(value), problems=_told(value))
            return _Outcome("done", answer=performer.done(effect, value))
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever an adapter does, the effect is settled and the rest goes on
            return _failed(attempt, error)

    def _looked_into(self, attempt: _Attempt) -> Calls[_Outcome | None]:
        """What became of earlier attempts; None: it may be sent now. Raises what the question raises."""
        find = attempt.performer.find
        if find is not None and attempt.finds:
            value = yield from self._driven(find(attempt.adapter, attempt.key), attempt, asking=True)
            if value is not None:
                return _Outcome("done", answer=attempt.performer.done(attempt.effect, value))
            attempt.absent = True
            return None
        return None if attempt.repeats else _Outcome("uncertain", "cannot_tell", again=False)

    def _driven(self, operation: Op[T], attempt: _Attempt | None = None, *, asking: bool = False) -> Calls[T]:
        """Send each request of an operation; what the transport raises, the operation may handle."""
        try:
            request = next(operation)
            while True:
                self._check(request, attempt)
                try:
                    response = yield Outside(self._transport, request)
                except Exception as error:  # noqa: BLE001  # the operation may know what to do about it
                    if attempt is not None:
                        attempt.heard(error, asking=asking)
                    request = operation.throw(error)
                else:
                    if attempt is not None:
                        attempt.heard(None, asking=asking)
                    request = operation.send(response)
        except StopIteration as end:
            value: T = end.value
            return value

    def _check(self, request: Request, attempt: _Attempt | None) -> None:
        """Nothing is sent that could still be under way when another worker may take over."""
        _require(self._transport)
        longest = timedelta(seconds=getattr(request, "timeout_seconds", TIMEOUT_SECONDS))
        if attempt is not None and self._clock.now() + longest > attempt.until:
            raise _OutOfTimeError

    def _settled(self, attempt: _Attempt, outcome: _Outcome) -> Calls[WorkReport]:
        try:
            yield from self._settle(attempt, outcome, "")
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001  # an answer that is none must not hold up the other effects
            # It stands outside, and the books do not take it: a person must see that, and nothing is done again. Where
            # others only kept changing the subject, it is found once more.
            again = isinstance(error, Conflict) and attempt.finds
            outcome = _Outcome("uncertain", f"not_recorded:{code_of(error)}", again=again)
            yield from self._settle(attempt, outcome, ":not_recorded")
        if outcome.outcome == "done":
            return WorkReport(effects=1)
        effect = attempt.effect
        return WorkReport(
            effects=1, failures=(f"effect {effect.id} ({effect.kind}): {outcome.outcome}, {outcome.code}",)
        )

    def _settle(self, attempt: _Attempt, outcome: _Outcome, suffix: str) -> Calls[None]:
        effect, performer, answer = attempt.effect, attempt.performer, outcome.answer
        command = SettleEffect(
            effect.id, effect.attempt, outcome.outcome, outcome.code, answer.reference, answer.facts, outcome.problems,
            outcome.again, outcome.retry_after_seconds, attempt.absent,
        )  # fmt: skip
        flow = partial(flow_settle_effect, performer=performer, done=answer.command)
        key = f"effect:settle:{effect.id}:{effect.attempt}{suffix}"
        yield from self._run(command, key, f"{performer.port}:{effect.instance}", flow)

    def _run(
        self, command: Command[str], key: str, actor: str, flow: Callable[..., Flow[str]]
    ) -> Calls[Receipt[str]]:  # fmt: skip
        now = self._clock.now()
        effect = getattr(command, "effect", "")
        context = Context(CommandId(key), now, now, actor, f"effect:{effect}")
        task: Task[str] = Task(command, context, partial(flow, command, context, self._shop))
        return (yield from self._engine.run(task))


def _require(transport: Transport | None) -> None:
    if transport is None:
        raise ConfigurationError("There is no transport.", hint="Pass one as Kernel(transport=...).")


def _failed(attempt: _Attempt, error: Exception) -> _Outcome:
    """What an exception says about whether it may have taken effect.

    A transport that did not reach anybody speaks of its request alone: what was sent before it may have arrived. An
    adapter that says so speaks of the whole attempt.
    """
    again, code = attempt.finds or attempt.repeats, code_of(error)
    if isinstance(error, TransientFailure) and not (attempt.arrived and error is attempt.raised):
        after = error.fields.get("retry_after_seconds")
        return _Outcome("failed", code, retry_after_seconds=after if isinstance(after, int) else 0)
    sent = attempt.arrived and not isinstance(error, AuthenticationFailed)
    if isinstance(error, AnswerLost) or attempt.earlier or sent:
        return _Outcome("uncertain", code, again=again)
    if isinstance(error, (Rejected, NotSupported)):
        return _Outcome("refused", code, problems=(_short(error.message),))
    return _Outcome("failed", code)


def code_of(error: Exception) -> str:
    """What names an exception; a defect by its kind alone, for its text may quote what was sent."""
    if isinstance(error, _OutOfTimeError):
        return "out_of_time"
    return (
        _short(error.code, CODE_MOST) if isinstance(error, OrdercoreError) else f"internal_error:{type(error).__name__}"
    )


def _code(declined: Declined) -> str:
    return _short(declined.problems[0].code, CODE_MOST) if declined.problems else "declined"


def _told(declined: Declined) -> tuple[str, ...]:
    """Why, in the adapter's words; adapters keep personal data out of problems."""
    return tuple(
        _short(f"{problem.path}: {problem.message}" if problem.path else problem.message)
        for problem in declined.problems[:PROBLEMS_MOST]
    )


def _short(text: str, most: int = PROBLEM_MOST) -> str:
    """On one line, cut."""
    return " ".join(text.split())[:most]
