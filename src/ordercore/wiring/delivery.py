"""Giving the log to followers: leased to one worker, narrowed to the record that fails, parked, and never skipped."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from attrs import evolve, frozen

from ordercore.engine import Calls, Engine, StoreRead
from ordercore.errors import Archived, Conflict, Corrupted, StoreError, TransientFailure, UnknownEvent
from ordercore.message import Event, Recorded
from ordercore.policies import DeliveryPolicy
from ordercore.ports import Clock
from ordercore.projection import (
    FOLLOWER,
    LEASE_RAN_OUT,
    FollowerState,
    ParkedRecord,
    Projection,
    delivery_of,
    next_attempt,
    put_parked,
    written_by,
)
from ordercore.store import (
    Committed,
    Conflicted,
    Document,
    Page,
    Pending,
    ReadDocument,
    ReadDocuments,
    Snapshot,
    Unknown,
)
from ordercore.store.batch import DocumentChange
from ordercore.values import Cursor
from ordercore.wiring.report import IDLE, WorkReport
from ordercore.wiring.turn import Turn

PAGE: Final = 500
"""Most records of a stretch."""

FOLLOWERS_MOST: Final = 1_000
LONG: Final = 64
"""After so many failures every policy is at its longest wait."""

PASSING: Final = (TransientFailure, Conflict, StoreError)
"""What passes by itself: the stretch comes again as it is, and no record is parked for it."""

UNREADABLE: Final = (UnknownEvent, Corrupted, Archived)
"""Why a row of the log cannot be read: a follower stops before it, for to skip it would be to lose it."""


@frozen
class Taken:
    """What became of a stretch: documents to write with the cursor, and how many commands were refused."""

    documents: tuple[DocumentChange, ...] = ()
    refused: int = 0


Take = Callable[[Any, Sequence[Recorded]], Calls[Taken]]
"""Gives records to a follower. Raises what the follower raises."""


class Delivery:
    """Gives stretches of the log to followers, each by itself."""

    def __init__(
        self, engine: Engine, clock: Clock, policy: DeliveryPolicy, take: Take, name_of: Callable[[type[Event]], str]
    ) -> None:
        """`take` gives records to a follower; `name_of` is the stored name of an event."""
        self._engine, self._clock, self._policy, self._name_of = engine, clock, policy, name_of
        self.take = take
        self.shared = True
        """Whether other processes may work on the store."""

    def states(self) -> Calls[Mapping[str, Document]]:
        """What is known of each follower that ever had anything to say."""
        query = ReadDocuments(FOLLOWER, limit=FOLLOWERS_MOST)
        snapshot: Snapshot = yield StoreRead((query,), self._engine.tenant)
        return {document.key: document for document in snapshot.of(query)}

    def turn(self, follower: Any, owner: str, known: Document | None) -> Turn:
        """A turn at a follower, which stands as its document says."""
        state = known.body if known is not None and isinstance(known.body, FollowerState) else FollowerState()
        revision = known.revision if known is not None else 0
        policy = delivery_of(follower, self._policy)
        return Turn(follower, policy, owner, self._clock, self._engine.tenant, self.shared, state, revision)

    def deliver_to(self, followers: Sequence[Any], owner: str, limit: int) -> Calls[WorkReport]:
        """Up to `limit` records to each."""
        report = IDLE
        # Before the cursors, so that the revision at which a lease is taken is no younger than the cursor.
        states = (yield from self.states()) if self.shared else None
        for follower in followers:
            if states is None:
                report += yield from self._alone(follower, owner, limit)
            else:
                report += yield from self.deliver(self.turn(follower, owner, states.get(follower.name)), limit)
        return report

    def _alone(self, follower: Any, owner: str, limit: int) -> Calls[WorkReport]:
        """Where nobody else works, a follower at the end of the log is asked for nothing but that."""
        name = follower.name
        cursor: Cursor | None = yield lambda store: store.cursor_of(name, tenant=self._engine.tenant)
        page: Page | None = None
        with suppress(*UNREADABLE):
            page = yield lambda store: store.read_all(cursor, min(limit, PAGE), tenant=self._engine.tenant)
        if page is not None and not page.records:
            return WorkReport(lag={name: 0})
        query = ReadDocument(FOLLOWER, name)
        snapshot: Snapshot = yield StoreRead((query,), self._engine.tenant)
        turn = self.turn(follower, owner, snapshot.of(query))
        turn.cursor = cursor
        return (yield from self._given(turn, limit, page))

    def deliver(self, turn: Turn, limit: int) -> Calls[WorkReport]:
        """Up to `limit` records, unless it waits, or somebody else is at it."""
        if turn.state.held(self._clock.now()):
            return WorkReport(elsewhere=(turn.name,))
        turn.cursor = yield lambda store: store.cursor_of(turn.name, tenant=turn.tenant)
        return (yield from self._given(turn, limit))

    def _given(self, turn: Turn, limit: int, page: Page | None = None) -> Calls[WorkReport]:
        """From the cursor on, unless it waits; the first `page` may have been read."""
        now = self._clock.now()
        if turn.state.waits(now, turn.policy):
            return WorkReport(waiting=(turn.name,), lag={turn.name: (yield from self.lag(turn.cursor))})
        turn.state = turn.state.recovered(now)
        report = IDLE
        while not turn.over:
            report += yield from self._stretch(turn, limit - report.delivered, page)
            page = None
            if report.delivered >= limit and not turn.over:
                yield from turn.release()
        return report

    def lag(self, cursor: Cursor | None) -> Calls[int]:
        """How many rows of the log lie behind a cursor, whether they can be read or not."""
        page: Page = yield lambda store: store.read_all(cursor, 0, tenant=self._engine.tenant, hot=True)
        return page.lag

    def _stretch(self, turn: Turn, limit: int, page: Page | None) -> Calls[WorkReport]:
        size = 1 if turn.single else min(limit, PAGE)
        if page is None or turn.single:
            try:
                page = yield lambda store: store.read_all(turn.cursor, size, tenant=turn.tenant)
            except UNREADABLE as error:
                return (yield from self._unreadable(turn, error, size))
        assert page is not None  # noqa: S101  # read just now, if not before
        rest = page.records[turn.state.taken :]
        if not rest:
            yield from turn.release()
            return WorkReport(lag={turn.name: 0})
        stretch = rest[:1] if turn.single else rest
        if not (yield from turn.lease(len(stretch))):
            return WorkReport(elsewhere=(turn.name,))
        if turn.state.reason == LEASE_RAN_OUT and turn.poisoned:
            return (yield from self._park(turn, page, stretch[0]))
        try:
            taken = yield from self.take(turn.follower, stretch)
        except Exception as error:  # noqa: BLE001  # isolated by contract: one follower must not hold up the others
            return (yield from self._failed(turn, error, page, stretch))
        return (yield from self._taken(turn, page, stretch, taken))

    def _taken(self, turn: Turn, page: Page, stretch: Sequence[Recorded], taken: Taken) -> Calls[WorkReport]:
        """Nothing of it is written if the lease was lost meanwhile."""
        result = yield from turn.move(page, stretch, taken.documents)
        if isinstance(result, Committed | Pending):
            return WorkReport(delivered=len(stretch), refused=taken.refused, lag={turn.name: page.lag})
        if isinstance(result, Conflicted) and result.what not in (turn.name, f"{FOLLOWER}/{turn.name}"):
            # A document of the projection itself is not at the revision that it expects.
            error = Conflict(f"{result.what} is at {result.actual}, not {result.expected}.", what=result.what)
            return (yield from self._failed(turn, error, page, stretch))
        turn.over = True
        if isinstance(result, Unknown):
            return WorkReport(failures=(f"{turn.name}: OutcomeUnknown",))
        return WorkReport(elsewhere=(turn.name,))

    def _failed(self, turn: Turn, error: Exception, page: Page, stretch: Sequence[Recorded]) -> Calls[WorkReport]:
        """A stretch is narrowed to its records at once; a record is tried again later, and after so often parked."""
        passing = isinstance(error, PASSING)
        if len(stretch) > 1 and not passing:
            turn.state = evolve(turn.state, narrow=len(stretch))
            return WorkReport()
        turn.state = turn.state.failed(type(error).__name__, self._clock.now())
        if turn.poisoned and not passing:
            return (yield from self._park(turn, page, stretch[0]))
        return (yield from self._later(turn, stopped=not passing and turn.state.failures >= turn.policy.attempts))

    def _unreadable(self, turn: Turn, error: Exception, size: int) -> Calls[WorkReport]:
        """The rows before it are given one by one; before it the follower stops."""
        if size > 1:
            turn.state = evolve(turn.state, narrow=size)
            return WorkReport()
        turn.state = turn.state.failed(type(error).__name__, self._clock.now())
        return (yield from self._later(turn, stopped=True))

    def _later(self, turn: Turn, *, stopped: bool) -> Calls[WorkReport]:
        """Back off. One that is stopped looks again after the longest wait: another release may have come."""
        failures = LONG if stopped else turn.state.failures
        due = next_attempt(f"{turn.tenant}/{turn.name}", failures, turn.policy, self._clock.now())
        turn.over, turn.leased = True, False
        if not (yield from turn.save(turn.state.delayed(due, stopped=stopped))):
            return WorkReport(elsewhere=(turn.name,))
        lag = yield from self.lag(turn.cursor)
        failure = f"{turn.name}: {turn.state.reason}"
        return WorkReport(failures=(failure,), waiting=(turn.name,), lag={turn.name: lag})

    def _park(self, turn: Turn, page: Page, record: Recorded) -> Calls[WorkReport]:
        """Put the record aside and go on behind it."""
        now, state = self._clock.now(), turn.state
        parked = ParkedRecord(
            turn.name, record.stream, record.version, str(record.position), self._name_of(type(record.event)),
            state.reason, state.failures, state.since or now, now,
        )  # fmt: skip
        turn.state = evolve(state, narrow=1)  # the record that fails is known: behind it come full stretches again
        report = yield from self._taken(turn, page, (record,), Taken((put_parked(parked),)))
        if not report.delivered:
            return report
        return evolve(report, delivered=0, parked=1, failures=(f"{turn.name}: {state.reason}, parked",))


def projected(engine: Engine, follower: Projection, records: Sequence[Recorded]) -> Calls[Taken]:
    """Let a projection read and say what it writes."""
    made = follower.project(records)
    changes = (yield from engine.look(made)) if isinstance(made, Generator) else made
    return Taken(written_by(follower.name, changes))
