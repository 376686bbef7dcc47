"""The store's operations, each written once: generators of statements that know neither connections nor drivers."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final

from attrs import evolve

from ordercore.errors import BrokenRule, OutcomeUnknown, RetryTransaction, StoreBusy, StoreError
from ordercore.store.batch import Batch
from ordercore.store.contract import EventCodec
from ordercore.store.query import Outcome, Query, ReadOutcome, Snapshot
from ordercore.store.result import CommitResult, Committed, Lease, Page, Pending, Unknown
from ordercore.store.scalars import micros_of, moment_of
from ordercore.values import CommandId, Cursor
from ordercore_postgres.cursors import position_of
from ordercore_postgres.facts import Facts, ask_facts, moved
from ordercore_postgres.page import PAGE, page_of, page_parameters
from ordercore_postgres.question import N1, Question
from ordercore_postgres.reading import OPEN, OPEN_XID, Reading, ask, sections_of
from ordercore_postgres.steps import Ask, Asked, Disturbed, Lost, Operation, Pause, Rows, Situation, Wrote
from ordercore_postgres.work import Move, Work, as_json, merged

_COMMIT: Final = "select ordercore_commit(%(t)s, %(work)s::jsonb)"
_LEASE: Final = """with due as (
    select tenant, kind, key from ordercore_timer where tenant = %(t)s and due <= %(at)s and (until is null or until <= %(at)s)
        and (%(kind)s::text is null or kind = %(kind)s::text)
    order by due, kind, key limit %(limit)s for update skip locked
) update ordercore_timer o set fence = nextval('ordercore_fence'), until = %(until)s from due
where o.tenant = due.tenant and o.kind = due.kind and o.key = due.key returning o.kind, o.key, o.due, o.fence"""
_HELD_LEASE: Final = "tenant = %(t)s and kind = %(kind)s and key = %(key)s and due = %(due)s and fence = %(fence)s"
_ACK: Final = f"delete from ordercore_timer where {_HELD_LEASE} returning 1"
_NACK: Final = f"update ordercore_timer set due = %(again)s, fence = 0, until = null where {_HELD_LEASE} returning 1"
_EARLIEST: Final = "select due from ordercore_timer where tenant = %(t)s order by due limit 1"
_CURSOR: Final = "select cursor from ordercore_consumer where tenant = %(t)s and name = %(consumer)s"

LONGEST_PAUSE: Final = 0.05
"""Between two attempts."""
HOST_ATTEMPTS: Final = 3
"""In a transaction of the host's, whose snapshot may hide what is in the way."""
HELD_SECONDS: Final = (0.001, 0.003, 0.01, 0.03)
"""How long an empty page waits for the transactions that hold back what lies behind it."""


class Operations:
    """What a store does, for one address or lender; `owned` is whether its transactions are the store's own."""

    def __init__(self, shown: str, *, owned: bool, retry_seconds: float) -> None:
        self.shown = shown
        self.owned = owned
        self.retry_seconds = retry_seconds
        self.codec: EventCodec | None = None

    def events(self) -> EventCodec:
        """The codec. Raises StoreError without one."""
        if self.codec is None:
            raise StoreError(
                f"{self.shown}: nobody said how events are written.", reason="no_codec",
                hint="A kernel does it; by hand call store.use_codec(codec) first.",
            )  # fmt: skip
        return self.codec

    # Reading

    def read(self, queries: Sequence[Query[Any]], tenant: str) -> Operation[Snapshot]:
        """One statement, so one snapshot and one round trip."""
        if not queries:
            return Snapshot({})
        reading = Reading(self.events(), tenant)
        question = Question(tenant)
        pending = ask(question, queries)
        if not self.owned:
            question.ask(OPEN_XID)
        rows = sections_of((yield from self.insist(Ask(question.text, question.parameters))))
        if not self.owned:
            yield from self._note_open(reading, rows)
        answers: dict[int, object] = {}
        for answer in pending:
            answer(reading, rows, answers)
        return Snapshot(answers, self.owned or rows[OPEN][0][N1] is None)

    def _note_open(self, reading: Reading, rows: Mapping[int, Sequence[Sequence[Any]]]) -> Operation[None]:
        """Positions of the host's open transaction are not given out; a test case of the host's counts as committed."""
        if (yield from self.situation()) == "host":
            reading.open = rows[OPEN][0][N1]

    def situation(self) -> Operation[Situation]:
        """Whose transaction the next statement would be in."""
        if self.owned:
            return "own"
        found: Situation = yield Asked()
        return found

    def outcome(self, command_id: CommandId, tenant: str) -> Operation[Outcome | None]:
        query = ReadOutcome(command_id)
        return (yield from self.read([query], tenant)).of(query)

    def read_all(self, after: Cursor | None, limit: int, tenant: str, *, hot: bool) -> Operation[Page]:
        """An empty page is looked at again for a moment, while open transactions hold back what was committed."""
        reading = Reading(self.events(), tenant)
        situation = yield from self.situation()
        statement = Ask(PAGE, page_parameters(after, limit, tenant, own=situation == "case"))
        page = page_of(reading, after, (yield from self.insist(statement)), hot=hot)
        if situation == "own" and limit > 0:
            for seconds in HELD_SECONDS:
                if page.records or not page.lag:
                    break
                yield Pause(seconds)
                page = page_of(reading, after, (yield from self.insist(statement)), hot=hot)
        return page

    def next_due(self, tenant: str) -> Operation[datetime | None]:
        rows = yield from self.insist(Ask(_EARLIEST, {"t": tenant}))
        return moment_of(rows[0][0]) if rows else None

    def cursor_of(self, consumer: str, tenant: str) -> Operation[Cursor | None]:
        rows = yield from self.insist(Ask(_CURSOR, {"t": tenant, "consumer": consumer}))
        return Cursor(rows[0][0]) if rows else None

    # Timers

    def lease_due(
        self, now: datetime, ttl: timedelta, limit: int, kind: str | None, tenant: str
    ) -> Operation[tuple[Lease, ...]]:
        """One statement; timers that somebody else is leasing at this moment are passed over."""
        until = now + ttl
        parameters = {"t": tenant, "at": micros_of(now), "until": micros_of(until), "kind": kind, "limit": limit}
        rows = yield from self.insist(Ask(_LEASE, parameters, writes=True))
        if rows:
            yield from self._written()
        return tuple(
            Lease(name, key, moment_of(due), fence, until)
            for name, key, due, fence in sorted(rows, key=lambda row: (row[2], row[0], row[1]))
        )

    def end(self, lease: Lease, due: datetime | None, tenant: str) -> Operation[bool]:
        """Remove a leased timer or set it to `due`; False if the lease was lost."""
        parameters = {
            "t": tenant, "kind": lease.kind, "key": lease.key, "due": micros_of(lease.due), "fence": lease.fence,
        }  # fmt: skip
        if due is None:
            statement = Ask(_ACK, parameters, writes=True)
        else:
            statement = Ask(_NACK, {**parameters, "again": micros_of(due)}, writes=True)
        done = bool((yield from self.insist(statement)))
        if done:
            yield from self._written()
        return done

    def _written(self) -> Operation[Situation]:
        """Something was written; who waits for the host's commit is told."""
        situation = yield from self.situation()
        if situation == "host":
            yield Wrote()
        return situation

    # Writing

    def commit(self, batch: Batch) -> Operation[CommitResult]:
        results = yield from self._write([Work(batch, self.events())], None, batch.tenant)
        return results[0]

    def commit_many(self, batches: Sequence[Batch]) -> Operation[list[CommitResult]]:
        codec = self.events()
        results: list[CommitResult] = []
        for tenant, group in groupby(batches, key=lambda batch: batch.tenant):
            results += yield from self._write([Work(batch, codec) for batch in group], None, tenant)
        return results

    def checkpoint(
        self, consumer: str, expected: Cursor | None, cursor: Cursor | None, batch: Batch | None, tenant: str
    ) -> Operation[CommitResult]:
        position_of(expected)
        position_of(cursor)
        move: Move = (consumer, expected, cursor)
        if batch is not None and batch.tenant != tenant:
            raise BrokenRule("A follower's batch belongs to another tenant.", tenant=tenant, batch=batch.tenant)
        results = yield from self._write([] if batch is None else [Work(batch, self.events())], move, tenant)
        return results[0]

    def _write(self, works: Sequence[Work], move: Move | None, tenant: str) -> Operation[list[CommitResult]]:
        """All at once; what is refused is explained and left out, and the rest tried again.

        Explained by one read of what is there, batch by batch, as if those before were written: so a refusal counts only
        once they are. No batch is undone alone, and no row is locked while others are looked at: a group that takes its
        locks batch by batch takes them out of order, and waits for others who wait for it.
        """
        results: dict[int, CommitResult] = {}
        chosen, refused = list(range(len(works))), dict[int, CommitResult]()
        again = Again(self, (yield from self.situation()))
        while True:
            try:
                done = yield from self._at_once([works[number] for number in chosen], move, tenant)
            except OutcomeUnknown as error:
                return [results.get(number) or Unknown(error.message) for number in range(len(works) or 1)]
            if done is not None:
                if not works:
                    return done
                results |= refused | dict(zip(chosen, done, strict=True))
                if len(results) == len(works):
                    return [results[number] for number in range(len(works))]
            else:
                yield from again.after(None)
            left = [number for number in range(len(works)) if number not in results]
            facts = yield from self._facts([works[number] for number in left], move, tenant)
            if move is not None and (conflict := moved(move, facts.cursor)) is not None:
                return [conflict]
            chosen, refused = facts.sorted_out({number: works[number] for number in left})
            if move is not None and refused:
                return list(refused.values())

    def _at_once(self, works: Sequence[Work], move: Move | None, tenant: str) -> Operation[list[CommitResult] | None]:
        """The results in one round trip; None if any of them is refused: then nothing was written."""
        if not works and move is None:
            return []
        merging = merged(works)
        if merging is None:
            return None
        if move is not None:
            merging["m"] = list(move)
        if not self.owned:
            merging["r"] = []
        rows = yield from self.insist(Ask(_COMMIT, {"t": tenant, "work": as_json(merging)}, writes=True))
        written: str | None = rows[0][0]
        if written is None:
            return None
        situation = yield from self._written()
        if not works:
            return [_as_it_stands(Committed(None, {}), situation)]
        epoch, xid, positions, heads = map(_numbers, written.split(" "))
        commit = (epoch[0], xid[0]) if epoch else (0, 0)
        results: list[CommitResult] = []
        rows_before = appends_before = 0
        for work in works:
            rows_before += work.count
            last = positions[rows_before - 1] if work.count else 0
            known = heads[appends_before : appends_before + len(work.logs)] if heads else None
            appends_before += len(work.logs)
            results.append(_as_it_stands(work.result(*commit, last, known), situation))
        return results

    def _facts(self, works: Sequence[Work], move: Move | None, tenant: str) -> Operation[Facts]:
        question = Question(tenant)
        ask_facts(question, works, move)
        if not self.owned:
            question.ask(OPEN_XID)
        rows: Rows = ()
        if question.sections:
            rows = yield from self.insist(Ask(question.text, question.parameters))
        reading, sections = Reading(self.events(), tenant), sections_of(rows)
        if not self.owned:
            yield from self._note_open(reading, sections)
        return Facts(reading, sections)

    # What is in the way, and lost connections

    def insist(self, statement: Ask) -> Operation[Rows]:
        """Its rows, however often others are in the way, until the deadline.

        Raises StoreBusy then, StoreError while the server is down, OutcomeUnknown if the connection was lost in a write;
        inside a transaction of the host's RetryTransaction at once, for only the host can run that again.
        """
        situation = yield from self.situation()
        again = Again(self, situation)
        while True:
            try:
                rows: Rows = yield statement
            except (Disturbed, Lost) as error:
                if situation != "own":
                    raise _to_retry(error) from error
                if isinstance(error, Lost) and statement.writes and error.fields["sent"]:
                    raise OutcomeUnknown(error.message) from error
                if isinstance(error, Lost) and not self.owned:
                    raise
                yield from again.after(error)
            else:
                return rows


def _as_it_stands(result: Committed, situation: Situation) -> CommitResult:
    """What was written, as the transaction it is in leaves it."""
    if situation == "own":
        return result
    return Pending(result.versions) if situation == "host" else evolve(result, settled=False)


def _to_retry(error: StoreError) -> StoreError:
    if isinstance(error, Lost):
        return RetryTransaction(error.message, reason="ended")
    return RetryTransaction(error.message, reason=error.fields["reason"])


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")] if text else []


class Again:
    """Attempts until a deadline, with pauses that grow and differ, so that those who met once do not meet again."""

    def __init__(self, operations: Operations, situation: Situation) -> None:
        self._shown = operations.shown
        self._seconds = operations.retry_seconds
        self._deadline = time.monotonic() + self._seconds
        self._attempts = 0
        self._host = situation != "own"

    def after(self, error: StoreError | None) -> Operation[None]:
        """Wait before the next attempt. Raises the error, or StoreBusy, after the deadline."""
        if self._host and self._attempts >= HOST_ATTEMPTS:
            raise RetryTransaction(
                f"{self._shown}: what is in the way cannot be seen in the host's transaction.", reason="serialization"
            )
        if time.monotonic() >= self._deadline:
            if isinstance(error, Lost):
                raise error
            raise StoreBusy(
                f"{self._shown}: others were in the way for {self._seconds:g} seconds.",
                hint="Look for a transaction that stays open; the command may be sent again.",
            ) from error
        if error is not None or (self._attempts and not self._host):
            longest = min(LONGEST_PAUSE, 0.001 * 2 ** min(self._attempts, 10))
            yield Pause(random.uniform(longest / 10, longest))  # noqa: S311  # jitter, not a secret
        self._attempts += 1
