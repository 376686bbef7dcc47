"""A worker's turn at one follower: the lease, and every write that it makes under it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import define, field

from ordercore.engine import Calls
from ordercore.message import Context, Recorded
from ordercore.policies import DeliveryPolicy
from ordercore.ports import Clock
from ordercore.projection import FOLLOWER, Advance, FollowerState
from ordercore.store import Batch, CommitResult, Committed, Page, Pending, PutDocument
from ordercore.store.batch import DocumentChange
from ordercore.values import CommandId, Cursor


@define
class Turn:
    """Where the follower stands, what its document says, and at which revision: that is the fence.

    Not `shared`: no other process works on this store, so that nothing is leased and nothing written for it. `over`:
    nothing more is to be done in this turn.
    """

    follower: Any
    policy: DeliveryPolicy
    owner: str
    clock: Clock
    tenant: str
    shared: bool
    state: FollowerState
    revision: int
    cursor: Cursor | None = None
    leased: bool = False
    over: bool = False
    _stored: FollowerState = field(init=False)

    def __attrs_post_init__(self) -> None:
        """What it begins with is what is stored."""
        self._stored = self.state

    @property
    def name(self) -> str:
        """The follower's."""
        name: str = self.follower.name
        return name

    @property
    def single(self) -> bool:
        """Whether it is given record by record."""
        return self.state.narrow > 0 or self.state.taken > 0

    @property
    def poisoned(self) -> bool:
        """Whether a record that failed once more is to be parked."""
        return self.state.failures >= self.policy.attempts and self.policy.on_poison == "park"

    def lease(self, size: int) -> Calls[bool]:
        """Take the follower for a stretch of so many records; False if somebody else was quicker."""
        if not self.shared or (self.leased and size == self.state.size):
            return True
        self.leased = yield from self.save(self.state.leased(self.owner, self.clock.now(), self.policy, size))
        self.over = not self.leased
        return self.leased

    def release(self) -> Calls[None]:
        """Give it back. If the lease was lost meanwhile there is nothing to give."""
        self.over = True
        if self.leased:
            self.leased = False
            yield from self.save(self.state.given_back())

    def save(self, state: FollowerState, documents: Sequence[DocumentChange] = ()) -> Calls[bool]:
        """Write a state, and documents with it; False, and nothing is written, if somebody else was quicker."""
        return (yield from self.write((self._put(state), *documents), state))

    def write(self, documents: Sequence[DocumentChange], state: FollowerState | None = None) -> Calls[bool]:
        """Write documents; `state` is that among them. False if one is not at the revision that it expects."""
        batch = self._batch(documents)
        result: CommitResult = yield lambda store: store.commit(batch)
        return self._wrote(state, result)

    def move(self, page: Page, stretch: Sequence[Recorded], documents: Sequence[DocumentChange]) -> Calls[CommitResult]:
        """Cursor behind the stretch, state and documents in one commit; then it is over, unless records are single."""
        have = self.state.taken + len(stretch)
        whole = have >= len(page.records)
        state = self.state.progressed(len(stretch), 0 if whole else have)
        over = whole and (page.lag == 0 or not state.narrow)
        if self.shared:
            state = state.given_back() if over else state.leased(self.owner, self.clock.now(), self.policy, 1)
        cursor = page.cursor if whole else self.cursor
        stated = self.shared or state != self._stored
        if stated:
            documents = (self._put(state), *documents)
        batch = self._batch(documents) if documents else None
        result: CommitResult = yield lambda store: store.checkpoint(
            self.name, self.cursor, cursor, batch, tenant=self.tenant
        )
        if self._wrote(state if stated else None, result):
            self.state = state
            self.cursor, self.over, self.leased = cursor, over, self.leased and not over
        return result

    def _put(self, state: FollowerState) -> PutDocument:
        return PutDocument(FOLLOWER, self.name, state, self.revision)

    def _batch(self, documents: Sequence[DocumentChange]) -> Batch:
        now, id = self.clock.now(), CommandId("")
        command = Advance(self.name, str(self.cursor))
        return Batch(id, command, Context(id, now, now), (), tuple(documents), tenant=self.tenant)

    def _wrote(self, state: FollowerState | None, result: CommitResult) -> bool:
        if not isinstance(result, Committed | Pending):
            return False
        if state is not None:
            self.state = self._stored = state
            self.revision += 1
        return True
