"""One run of one flow, and several that run together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

from ordercore.engine.calls import Result, Task
from ordercore.engine.memory import Asked
from ordercore.engine.refusal import conflict_of, failure_of, mismatch_of, short_of
from ordercore.errors import Archived, BrokenRule, Conflict, Insufficient, Rejected, StoreError
from ordercore.flow import Decision, Guard, Read, ReadState, Retry
from ordercore.message import Event, Receipt
from ordercore.store import (
    Append,
    Batch,
    CommitResult,
    Committed,
    Conflicted,
    Duplicate,
    Mismatched,
    Outcome,
    Pending,
    Query,
    ReadOffers,
    ReadOutcome,
    Require,
    Short,
    Snapshot,
)
from ordercore.values import OrderId, Stream

if TYPE_CHECKING:
    from ordercore.engine import Engine

R = TypeVar("R")

CONFLICTS_MAX: Final = 12
"""How often a command without an expected version is decided again because another one changed what it read."""


class Again:
    """How often a command was decided in vain, and why; only commands that others disturb have one."""

    def __init__(self, replans: int) -> None:
        self.tried = 0
        self.without: frozenset[tuple[str, str]] = frozenset()
        """(sku, place) of offers that the next plan does not see."""
        self._replans = replans
        self._shortages = 0
        self._short: set[tuple[str, str]] = set()
        self._last: Insufficient | None = None

    def count(self, result: Short | Conflicted, batch: Batch) -> None:
        """One more. Raises Conflict or Insufficient when it was too often."""
        self.tried += 1
        if isinstance(result, Conflicted):
            if self.tried - self._shortages > CONFLICTS_MAX:
                raise conflict_of(result)
            return
        self._shortages += 1
        self._short |= {(row.sku, row.place) for row in result.shortages}
        if self._shortages > self._replans:
            self._last = short_of(result, batch)
            if self._short <= self.without:
                raise self._last
            self.without = frozenset(self._short)

    def refusal(self, error: Rejected) -> Rejected:
        """Why it is refused: what the commit lacked, rather than that a plan without those rows lacks them."""
        return self._last if self._last is not None and isinstance(error, Insufficient) else error


class Running(Generic[R]):
    """One run of one flow: from its first effect to a receipt, a batch, a refusal; or none, if it dared too much."""

    __slots__ = (
        "_asked",
        "_dared",
        "_decision",
        "_effect",
        "_engine",
        "_flow",
        "_outcome",
        "_seen",
        "_task",
        "_tried",
        "_without",
        "batch",
        "dares",
        "receipt",
    )  # fmt: skip
    _asked: Asked
    _effect: Read
    _decision: Decision[R]

    def __init__(
        self, engine: Engine, task: Task[R], tried: int, dares: bool,  # called once per command
        without: frozenset[tuple[str, str]] = frozenset(),
    ) -> None:  # fmt: skip
        self._engine = engine
        self._task = task
        self._tried = tried
        self._without = without
        self._flow = task.begin()
        self._outcome: ReadOutcome | None = None
        self._seen = 0
        self._dared: set[str] | None = set() if dares else None
        self.dares = dares
        self.receipt: Receipt[R] | None = None
        self.batch: Batch | None = None

    def start(self) -> tuple[Query[Any], ...] | None:
        """Run to the first read. The outcome of the command id rides in it: a repeat must not be refused by state."""
        if not self.dares:
            self._outcome = ReadOutcome(self._task.context.command_id, self._task.command)
        return self._advance(None)

    def answer(self, snapshot: Snapshot) -> tuple[Query[Any], ...] | None:
        """Take the store's answers; run to the next read or to the end."""
        outcome = self._outcome
        if outcome is not None:
            self._outcome = None
            first = snapshot.of(outcome)
            if first is not None:
                self._flow.close()
                self.receipt = self._repeat(first)
                return None
        answered = self._engine.memory.answered(self._asked, snapshot)
        if isinstance(answered, Asked):
            self._asked = answered
            return tuple(answered.queries)
        if self._task.expect is not None:
            self._note_seen(answered)
        if self._without:
            self._leave_out(answered)
        return self._advance(answered)

    def _note_seen(self, snapshot: Snapshot) -> None:
        """At which version the caller's stream is, as this run reads it."""
        for query in self._effect.queries:
            if isinstance(query, ReadState) and query.stream == self._task.seen:
                self._seen = snapshot.of(query).version

    def _leave_out(self, snapshot: Snapshot) -> None:
        """Offers without the rows that were short too often."""
        for query in self._effect.queries:
            if isinstance(query, ReadOffers):
                snapshot.answers[id(query)] = {
                    sku: {place: units for place, units in places.items() if (sku, place) not in self._without}
                    for sku, places in snapshot.of(query).items()
                }

    def _advance(self, answer: object) -> tuple[Query[Any], ...] | None:
        engine = self._engine
        try:
            while True:
                effect = self._flow.send(answer)
                if type(effect) is Read:
                    asked = engine.memory.ask(effect.queries, self._dared)
                    if asked.queries or self._outcome is not None:
                        self._effect, self._asked = effect, asked
                        return (self._outcome, *asked.queries) if self._outcome is not None else tuple(asked.queries)
                    answer = Snapshot(asked.answers)
                    continue
                if type(effect) is Guard:
                    if engine.guards is not None:
                        engine.guards(effect.command, effect.state, self._task.context)
                    answer = None
                elif type(effect) is Retry:
                    answer = self._tried
                else:
                    raise BrokenRule(f"A flow yielded {type(effect).__name__}.")
        except StopIteration as end:
            self._end(end.value)
            return None

    def _end(self, decision: Decision[R]) -> None:
        task, appends = self._task, decision.appends
        context = task.context
        self._decision = decision
        if task.expect is not None:
            self._expect(task.expect, appends)
        nothing = not appends and not decision.documents and not decision.timers
        if self._dared is not None and (nothing or not self._dared <= _checked(decision)):
            return
        if nothing and task.about is None:
            self.receipt = Receipt(
                context.command_id, False, decision.result, (), None, self._order_id(decision.result)
            )
            return
        # With a key even nothing is committed: its retry must not act when the state has changed meanwhile.
        self.batch = Batch(
            context.command_id, task.command, context, appends, decision.documents, decision.requires,
            decision.bumps, decision.floors, decision.timers, self._engine.tenant,
        )  # fmt: skip

    def _expect(self, expected: int, appends: Sequence[Append]) -> None:
        """The caller's version is the one that was decided on, also when there is nothing to do."""
        task = self._task
        if appends:
            stream, actual = appends[0].stream, appends[0].expected
        else:
            stream = task.seen
            # Streams that are not folded (of items and locations) were not read.
            actual = self._seen or expected
        if actual != expected:
            raise Conflict(
                "The version you saw is not the newest.", stream=stream, expected=expected, actual=actual,
                hint="Read again, then decide again.",
            )  # fmt: skip

    def settle(self, result: CommitResult) -> Receipt[R] | None:
        """The receipt for a commit that stands; None: decide again. Raises Mismatch or Conflict."""
        task = self._task
        id = task.context.command_id
        if isinstance(result, Committed):
            decision = self._decision
            if result.settled:
                remember, states = self._engine.memory.put, decision.states
                for append in decision.appends:
                    stream = append.stream
                    if stream in states:
                        remember(stream, result.versions[stream], states[stream])
            appended = _appended(decision.appends, result.versions)
            return Receipt(id, False, decision.result, appended, result.position, self._order_id(decision.result))
        if isinstance(result, Pending):
            decision = self._decision
            appended = _appended(decision.appends, result.versions)
            return Receipt(id, False, decision.result, appended, None, self._order_id(decision.result))
        if isinstance(result, Duplicate):
            return self._repeat(result.first)
        if isinstance(result, Mismatched):
            raise mismatch_of(id)
        if (
            isinstance(result, Conflicted)
            and not self.dares
            and (self._is_seen(result) or (self._tried and self._exists(result)))
        ):
            raise conflict_of(result)
        return None

    def _repeat(self, first: Outcome) -> Receipt[R]:
        id = self._task.context.command_id
        if not first.matches:
            raise mismatch_of(id)
        about = self._task.about
        if first.archived:
            raise Archived(
                f"What {id} came to is archived.", command_id=id,
                hint="It was done, and is not done again; `ordercore restore` brings its order back.",
            )  # fmt: skip
        stream = first.appended[0][0] if first.appended else about() if about is not None else ""
        result = cast(R, stream.partition("/")[2])
        return Receipt(id, True, result, first.appended, first.position, self._order_id(result))

    def _order_id(self, result: object) -> OrderId | None:
        return OrderId(str(result)) if self._task.is_order else None

    def _is_seen(self, result: Conflicted) -> bool:
        """Whether it is about the stream whose version the caller named; about anything else it is decided again."""
        appends = self._decision.appends
        return self._task.expect is not None and bool(appends) and appends[0].stream == result.what

    def _exists(self, result: Conflicted) -> bool:
        """Whether a stream that the batch would begin is there: its flow had a second look and did not see it."""
        return any(append.expected == 0 and append.stream == result.what for append in self._decision.appends)


class Group:
    """Flows that run together: those that wait for a read, those that are ready to commit, and what came of the rest."""

    def __init__(self, engine: Engine, tasks: Sequence[Task[Any]]) -> None:
        self._engine = engine
        self._tasks = tasks
        self.results: list[Result | None] = [None] * len(tasks)
        self.running: list[tuple[int, Running[Any], tuple[Query[Any], ...]]] = []
        self.ready: list[tuple[int, Running[Any], Batch]] = []
        for at in range(len(tasks)):
            self._begin(at, dares=True)

    def _begin(self, at: int, *, dares: bool) -> None:
        flow = Running(self._engine, self._tasks[at], 0, dares)
        self.advance(at, flow, flow.start)

    def advance(self, at: int, flow: Running[Any], step: Callable[[], tuple[Query[Any], ...] | None]) -> None:
        """Take a step of a flow; what dared in vain begins again."""
        try:
            queries = step()
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001  # a defect of one command must not end the others
            if flow.dares:
                self._begin(at, dares=False)
            else:
                self.results[at] = failure_of(error)
            return
        if queries is not None:
            self.running.append((at, flow, queries))
        elif flow.receipt is not None:
            self.results[at] = flow.receipt
        elif flow.batch is not None:
            self.ready.append((at, flow, flow.batch))
        else:
            self._begin(at, dares=False)


def _checked(decision: Decision[Any]) -> set[str]:
    """The streams and counters that are at the version the decision saw, or its commit fails."""
    checked: set[str] = {append.stream for append in decision.appends if append.expected is not None}
    for require in decision.requires:
        if isinstance(require, Require):
            checked.add(require.counter)
    return checked


def _appended(
    appends: Sequence[Append], versions: Mapping[Stream, int]
) -> tuple[tuple[Stream, int, tuple[Event, ...]], ...]:
    """(stream, version of the first event, events) of each append."""
    return tuple([(one.stream, versions[one.stream] - len(one.events) + 1, one.events) for one in appends])
