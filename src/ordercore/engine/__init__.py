"""The engine: runs flows to their commit, as a generator of store calls that a synchronous or asynchronous driver makes.

It answers a flow's reads from what it remembers (folded streams, the catalog) and from one round trip to the store,
asks the guards, commits one batch, and starts over when somebody else was quicker: a bounded number of times.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from functools import partial
from operator import itemgetter, methodcaller
from typing import Any, TypeVar, cast

from ordercore.engine.calls import (
    ArchivedEvents,
    Calls,
    Elsewhere,
    Outside,
    Result,
    StoreCall,
    StoreCommit,
    StoreRead,
    Task,
)
from ordercore.engine.memory import Asked, Memory
from ordercore.engine.refusal import failure_of
from ordercore.engine.running import CONFLICTS_MAX, Again, Group, Running
from ordercore.errors import OutcomeUnknown, Rejected, StoreError
from ordercore.message import Command, Context, Receipt
from ordercore.store import (
    Batch,
    CommitResult,
    Conflicted,
    Duplicate,
    Head,
    Mismatched,
    Outcome,
    Query,
    ReadLog,
    ReadStream,
    Short,
    Snapshot,
    Unknown,
)
from ordercore.store.archived import away

__all__ = [
    "CONFLICTS_MAX",
    "ArchivedEvents",
    "Calls",
    "Elsewhere",
    "Engine",
    "Memory",
    "Outside",
    "Result",
    "StoreCall",
    "StoreCommit",
    "StoreRead",
    "Task",
]

R = TypeVar("R")
T = TypeVar("T")


class Engine:
    """Runs tasks; holds no store. `guards` are asked at every Guard effect."""

    def __init__(self, guards: Callable[[Command[Any], object, Context], None] | None = None, tenant: str = "") -> None:
        """`guards` raises Refused; None asks nobody."""
        self.guards = guards
        self.tenant = tenant
        self.memory = Memory()
        self.archive: ArchivedEvents | None = None
        """Where reading flows find what is archived; commands on it are refused in any case."""

    def run(self, task: Task[R], *, dares: bool = True) -> Calls[Receipt[R]]:
        """One command, to its receipt. Raises a Rejected subclass, or OutcomeUnknown.

        The first attempt dares: it takes the command for new and what is remembered for true, since the commit checks
        both. A refusal that rests on a dare is none, so then, and when there is nothing to commit, it looks.

        A plan that finds less than it saw is made again, `replans` times; then once more without the rows that were
        short, so that policy decides: the rest waits, stays unallocated, or the command is refused.
        """
        again: Again | None = None
        while True:
            flow = Running(self, task, again.tried, dares, again.without) if again else Running(self, task, 0, dares)
            try:
                queries = flow.start()
                while queries is not None:
                    queries = flow.answer((yield StoreRead(queries, self.tenant)))
            except Rejected as error:
                if not dares:
                    if again is None:
                        raise
                    raise again.refusal(error) from error.__cause__
            if flow.receipt is not None:
                return flow.receipt
            dares, batch = False, flow.batch
            if batch is None:
                continue
            result: CommitResult = yield methodcaller("commit", batch)
            if isinstance(result, Unknown):
                result = yield from self._resolve(result, batch)
            receipt = flow.settle(result)
            if receipt is not None:
                return receipt
            again = again or Again(task.replans)
            again.count(cast(Short | Conflicted, result), batch)

    def run_many(self, tasks: Sequence[Task[Any]]) -> Calls[list[Result]]:
        """Independent commands with shared reads and one group of commits; what collides runs again by itself.

        Commands of one group do not see each other's changes, so the caller puts those that must into rounds. A defect
        that one of them meets (a strategy that raises) is its result alone; a StoreError ends all.
        """
        group = Group(self, tasks)
        while group.running:
            asked, group.running = group.running, []
            # The same query object asked by several is asked once; the answers are found by identity.
            distinct = dict.fromkeys(query for _, _, queries in asked for query in queries)
            snapshot: Snapshot = yield StoreRead(tuple(distinct), self.tenant)
            for at, flow, _ in asked:
                group.advance(at, flow, partial(flow.answer, snapshot))
        # In the order they were given, whoever had to read more: the log of an import follows the time of the world.
        group.ready.sort(key=itemgetter(0))
        batches = tuple([batch for _, _, batch in group.ready])
        committed: Sequence[CommitResult] = (yield StoreCommit(batches)) if batches else ()
        results = group.results
        for (at, flow, _), result in zip(group.ready, committed, strict=True):
            try:
                receipt = flow.settle(result) if not isinstance(result, Unknown) else None
                results[at] = receipt if receipt is not None else (yield from self.run(tasks[at], dares=False))
            except StoreError:
                raise
            except Exception as error:  # noqa: BLE001  # the others are committed, and their receipts must not be lost
                results[at] = failure_of(error)
        return cast("list[Result]", results)

    def look(self, flow: Generator[Any, Any, T]) -> Calls[T]:
        """Run a reading flow, which ends in a value instead of a decision."""
        try:
            effect = next(flow)
            while True:
                answered: Asked | Snapshot = self.memory.ask(effect.queries)
                while isinstance(answered, Asked):
                    read: Snapshot = yield StoreRead(tuple(answered.queries), self.tenant)
                    answered = self.memory.answered(answered, (yield from self._through(answered.queries, read)))
                effect = flow.send(answered)
        except StopIteration as end:
            return cast(T, end.value)

    def _through(self, queries: Sequence[Query[Any]], snapshot: Snapshot) -> Calls[Snapshot]:
        """The snapshot with what is archived read from the archive, if there is one. Raises Archived."""
        heads = {query: snapshot.of(query) for query in queries if isinstance(query, ReadStream)}
        segments = {query.stream: head.archived for query, head in heads.items() if head.archived}
        if not segments:
            return snapshot
        reading = self.archive
        if reading is None:
            raise away(*next(iter(segments.items())))
        for query in queries:
            if isinstance(query, ReadStream) and query.stream in segments:
                segment, stream, after = segments[query.stream], query.stream, query.after
                events = yield Elsewhere(partial(reading.events, segment, stream, after))
                snapshot.answers[id(query)] = Head(heads[query].version, events)
            elif isinstance(query, ReadLog) and query.stream in segments:
                records = yield Elsewhere(partial(reading.recorded, segments[query.stream], query.stream))
                snapshot.answers[id(query)] = records
        return snapshot

    def _resolve(self, result: Unknown, batch: Batch) -> Calls[CommitResult]:
        """A lost connection: the command id says whether it took place. If not, it is decided again."""
        try:
            outcome: Outcome | None = yield lambda store: store.outcome(batch.command_id, tenant=self.tenant)
        except StoreError as error:
            # That it cannot be asked says nothing of the commit.
            raise OutcomeUnknown(
                f"The connection was lost at commit: {result.reason} The store cannot be asked: {error.message}",
                command_id=batch.command_id,
            ) from error
        if outcome is None:
            raise OutcomeUnknown(
                f"The connection was lost at commit: {result.reason}", command_id=batch.command_id,
                hint="Nothing is recorded under this command id yet. Send the command again with the same key.",
            )  # fmt: skip
        return Duplicate(outcome) if outcome.matches else Mismatched(batch.command_id)
