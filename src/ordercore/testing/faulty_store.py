"""A store that fails in every way a store can, where a script says so: for tests that nothing is lost or doubled."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal, get_args

from attrs import define, field

from ordercore.errors import ConfigurationError, StoreBusy, did_you_mean
from ordercore.store import (
    Batch,
    Breach,
    Capability,
    CommitResult,
    Conflicted,
    EventCodec,
    Lease,
    Outcome,
    Page,
    Query,
    Snapshot,
    Store,
    Unknown,
)
from ordercore.testing.clock import ManualClock
from ordercore.values import CommandId, Cursor

StoreFault = Literal["none", "reject", "conflict", "unknown_before", "unknown_after", "delay"]
"""What goes wrong with one commit.

`reject`: the store raises StoreBusy, nothing is written. `conflict`: it says that somebody else was quicker, nothing is
written. `unknown_before`: the connection is lost, nothing is written; `unknown_after`: the connection is lost, all of it
is written; the kernel cannot tell these two apart without asking. `delay`: the clock moves on, then it is written.
"""
FAULTS: Final[tuple[StoreFault, ...]] = get_args(StoreFault)


def drawn(seed: int, *, rate: float = 0.3) -> Iterator[StoreFault]:
    """Faults without end, the same for the same seed: about `rate` of the commits meet one."""
    chance = random.Random(seed)  # noqa: S311  # chance by a seed
    while True:
        yield chance.choice(FAULTS[1:]) if chance.random() < rate else "none"


@define
class FaultyStore:
    """A store in front of another: each commit meets the next fault, and when they are used up all goes well.

    `met` lists what each commit met. Reads, timers and the log pass through. `delay` moves `clock` by `pause`, nobody
    sleeps. Raises ConfigurationError for a fault that there is not, and for a delay without a clock.
    """

    store: Store
    faults: Iterable[StoreFault] = ()
    clock: ManualClock | None = None
    pause: timedelta = timedelta(seconds=30)
    met: list[StoreFault] = field(factory=list)
    _script: Iterator[StoreFault] = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Begin with the first fault."""
        if isinstance(self.faults, Sequence):
            for fault in self.faults:
                self._check(fault)
        self._script = iter(self.faults)

    def _check(self, fault: StoreFault) -> None:
        if fault not in FAULTS:
            raise ConfigurationError(f"There is no fault {fault!r}.", hint=did_you_mean(str(fault), FAULTS))
        if fault == "delay" and self.clock is None:
            raise ConfigurationError("A delay needs a clock to move.", hint="FaultyStore(store, faults, clock=clock)")

    def _next(self) -> StoreFault:
        well: StoreFault = "none"
        fault = next(self._script, well)
        self._check(fault)
        self.met.append(fault)
        return fault

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Those of the store, without rows in and out: those pass no commit, so nothing could go wrong with them."""
        return self.store.capabilities - {"transfer", "archive"}

    def use_codec(self, codec: EventCodec) -> None:
        """Pass it on."""
        self.store.use_codec(codec)

    def read(self, queries: Sequence[Query[Any]], *, tenant: str = "") -> Snapshot:
        """Pass it on."""
        return self.store.read(queries, tenant=tenant)

    def commit(self, batch: Batch) -> CommitResult:
        """Meet the next fault."""
        match self._next():
            case "reject":
                raise StoreBusy("The store is busy, as the test wants it.")
            case "conflict":
                return _conflict(batch)
            case "unknown_before":
                return Unknown("lost before the commit, as the test wants it")
            case "unknown_after":
                self.store.commit(batch)
                return Unknown("lost after the commit, as the test wants it")
            case "delay":
                assert self.clock is not None
                self.clock.set(self.clock.now() + self.pause)
            case "none":
                pass
        return self.store.commit(batch)

    def commit_many(self, batches: Sequence[Batch]) -> list[CommitResult]:
        """Each meets a fault of its own. One that is rejected is answered as unknown: a group has no other way."""
        results: list[CommitResult] = []
        for batch in batches:
            try:
                results.append(self.commit(batch))
            except StoreBusy as error:
                results.append(Unknown(error.message))
        return results

    def outcome(self, command_id: CommandId, *, tenant: str = "") -> Outcome | None:
        """Pass it on."""
        return self.store.outcome(command_id, tenant=tenant)

    def read_all(self, after: Cursor | None, limit: int = 1000, *, tenant: str = "", hot: bool = False) -> Page:
        """Pass it on."""
        return self.store.read_all(after, limit, tenant=tenant, hot=hot)

    def lease_due(
        self, owner: str, now: datetime, ttl: timedelta, limit: int = 100, *, kind: str | None = None, tenant: str = ""
    ) -> tuple[Lease, ...]:
        """Pass it on."""
        return self.store.lease_due(owner, now, ttl, limit, kind=kind, tenant=tenant)

    def ack(self, lease: Lease, *, tenant: str = "") -> bool:
        """Pass it on."""
        return self.store.ack(lease, tenant=tenant)

    def nack(self, lease: Lease, due: datetime, *, tenant: str = "") -> bool:
        """Pass it on."""
        return self.store.nack(lease, due, tenant=tenant)

    def next_due(self, *, tenant: str = "") -> datetime | None:
        """Pass it on."""
        return self.store.next_due(tenant=tenant)

    def cursor_of(self, consumer: str, *, tenant: str = "") -> Cursor | None:
        """Pass it on."""
        return self.store.cursor_of(consumer, tenant=tenant)

    def checkpoint(
        self,
        consumer: str,
        expected: Cursor | None,
        cursor: Cursor | None,
        batch: Batch | None = None,
        *,
        tenant: str = "",
    ) -> CommitResult:
        """Pass it on."""
        return self.store.checkpoint(consumer, expected, cursor, batch, tenant=tenant)

    def verify(self, *, tenant: str = "") -> tuple[Breach, ...]:
        """Pass it on."""
        return self.store.verify(tenant=tenant)

    def close(self) -> None:
        """Pass it on."""
        self.store.close()


def _conflict(batch: Batch) -> Conflicted:
    """What a store says when a stream of the batch has moved; a stream that begins here was begun by somebody else."""
    for append in batch.appends:
        if append.expected is not None:
            return Conflicted(append.stream, append.expected, append.expected + 1)
    return Conflicted("a document", 0, 1)
