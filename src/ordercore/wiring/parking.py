"""What a person does about followers: look where they stand, send parked records again, give one up, let one go on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

from attrs import evolve

from ordercore.engine import Calls, Engine, StoreRead
from ordercore.errors import Conflict, NotFound
from ordercore.message import Recorded
from ordercore.ports import Clock
from ordercore.projection import PARKED, FollowerState, ParkedRecord, ParkedStatus, parked_tag, put_parked
from ordercore.store import DeleteDocument, Document, ReadDocument, ReadDocuments, ReadLog, Snapshot
from ordercore.values import Cursor, text_of
from ordercore.views.followers import FollowerRow, FollowerStatus, parked
from ordercore.wiring.delivery import Delivery
from ordercore.wiring.report import WorkReport
from ordercore.wiring.turn import Turn

COUNTED: Final = 10_000
"""Parked records of a follower that are counted."""

TRIES: Final = 10


class Parking:
    """What is asked about followers, and said to them."""

    def __init__(self, engine: Engine, clock: Clock, delivery: Delivery, followers: Sequence[Any]) -> None:
        """`followers` are those of the kernel; more may have documents in the store."""
        self._engine, self._clock, self._delivery = engine, clock, delivery
        self._known = {one.name: one for one in followers}

    def followers(self) -> Calls[tuple[FollowerRow, ...]]:
        """Each follower of this kernel, and each that others have delivered to."""
        states = yield from self._delivery.states()
        rows: list[FollowerRow] = []
        for name in dict.fromkeys((*self._known, *states)):
            rows += [(yield from self._row(name, states.get(name)))]
        return tuple(rows)

    def _row(self, name: str, known: Document | None) -> Calls[FollowerRow]:
        state = known.body if known is not None and isinstance(known.body, FollowerState) else FollowerState()
        cursor: Cursor | None = yield lambda store: store.cursor_of(name, tenant=self._engine.tenant)
        lag = yield from self._delivery.lag(cursor)
        query = ReadDocuments(PARKED, parked_tag(name), None, COUNTED)
        snapshot: Snapshot = yield StoreRead((query,), self._engine.tenant)
        held = state.held(self._clock.now())
        return FollowerRow(
            name, _status(state, lag, held=held), cursor, lag, state.failures, state.reason, state.since, state.due,
            state.owner if held else "", state.until if held else None, len(snapshot.of(query)), name in self._known,
        )  # fmt: skip

    def parked(
        self, follower: str | None, status: ParkedStatus, limit: int
    ) -> Calls[tuple[ParkedRecord, ...]]:  # fmt: skip
        """Records that were put aside."""
        states = yield from self._delivery.states()
        names: Collection[str] = (*self._known, *states)
        if follower is not None and follower not in names:
            raise NotFound.named("follower", follower[:64], names)
        return (yield from self._engine.look(parked(follower, status, names, limit)))

    def redeliver(self, follower: str, id: str, owner: str) -> Calls[WorkReport]:
        """Give parked records to their follower again, each by itself; those that it takes are parked no more."""
        one = self._known.get(follower)
        if one is None:
            raise NotFound.named("follower", follower[:64], self._known)
        turn = self._delivery.turn(one, owner, (yield from self._state(follower)))
        if turn.state.held(self._clock.now()):
            return WorkReport(elsewhere=(follower,))
        waiting = yield from self._engine.look(parked(follower, "parked", (), COUNTED))
        chosen = [one for one in waiting if not id or one.id == id]
        if id and not chosen:
            raise NotFound.named("parked record", id[:64], [one.id for one in waiting])
        turn.state = turn.state.recovered(self._clock.now())
        report = WorkReport()
        for record in chosen:
            if not (yield from turn.lease(1)):
                return report + WorkReport(elsewhere=(follower,))
            report += yield from self._again(turn, record)
        yield from turn.release()
        return report

    def _again(self, turn: Turn, parked: ParkedRecord) -> Calls[WorkReport]:
        query = ReadLog(parked.stream)
        snapshot: Snapshot = yield StoreRead((query,), turn.tenant)
        found: list[Recorded] = [one for one in snapshot.of(query) if one.version == parked.version]
        if not found:
            return WorkReport(failures=(f"{turn.name}: {parked.stream} {parked.version} is not in the log",))
        try:
            taken = yield from self._delivery.take(turn.follower, found)
        except Exception as error:  # noqa: BLE001  # whatever it is, the record stays parked and the others get their turn
            reason = type(error).__name__
            now = self._clock.now()
            still = evolve(parked, error=reason, attempts=parked.attempts + 1, last_at=now)
            yield from turn.save(turn.state, (put_parked(still),))
            return WorkReport(failures=(f"{turn.name}: {reason}",))
        if not (yield from turn.save(turn.state, (*taken.documents, DeleteDocument(PARKED, parked.id)))):
            return WorkReport(elsewhere=(turn.name,))
        return WorkReport(delivered=1, refused=taken.refused)

    def drop(self, id: str, reason: str, actor: str) -> Calls[ParkedRecord]:
        """Give a parked record up, for a reason. Raises NotFound, InvalidCommand, Conflict."""
        said = text_of(reason, what="reason", empty=False)
        query = ReadDocument(PARKED, id)
        snapshot: Snapshot = yield StoreRead((query,), self._engine.tenant)
        document = snapshot.of(query)
        if document is None or not isinstance(document.body, ParkedRecord) or document.body.status != "parked":
            raise NotFound.named("parked record", id[:64])
        dropped = evolve(
            document.body, status="dropped", reason=said, actor=text_of(actor, what="Actor"),
            last_at=self._clock.now(),
        )  # fmt: skip
        put = evolve(put_parked(dropped), expected=document.revision)
        turn = self._delivery.turn(_Nobody(dropped.follower), "", None)
        if not (yield from turn.write((put,))):
            raise Conflict("Somebody else has just changed this parked record.", what=id, hint="Look again.")
        return dropped

    def resume(self, follower: str) -> Calls[FollowerRow]:
        """Try a follower again at once. Nothing changes for one that is being delivered to. Raises NotFound."""
        for _ in range(TRIES):
            known = yield from self._state(follower)
            if known is None:
                break
            turn = self._delivery.turn(_Nobody(follower), "", known)
            if turn.state.held(self._clock.now()) or (yield from turn.save(turn.state.resumed())):
                return (yield from self._row(follower, (yield from self._state(follower))))
        if follower not in self._known:
            raise NotFound.named("follower", follower[:64], self._known)
        return (yield from self._row(follower, None))

    def _state(self, name: str) -> Calls[Document | None]:
        return (yield from self._delivery.states()).get(name)


class _Nobody:
    """Stands for a follower that another process has."""

    def __init__(self, name: str) -> None:
        self.name = name


def _status(state: FollowerState, lag: int, *, held: bool) -> FollowerStatus:
    if state.stopped:
        return "stopped"
    if state.failures:
        return "failing"
    if held:
        return "delivering"
    return "behind" if lag else "current"
