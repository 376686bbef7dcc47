"""Kill -9 during commits: what was acknowledged, counted through a pipe, must be there afterwards.

A killed process is not a power cut: what the operating system was given survives it.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Final

from attrs import evolve, frozen

from ordercore.store import Batch, Committed, PutDocument, ReadDocuments, ReadOutcome, SetTimer, Store
from ordercore.testing.races import PATIENCE_SECONDS, processes
from ordercore.testing.sample_events import NOW, Sheet, delivery, order, receive, reserve
from ordercore.values import CommandId

LONGEST_SECONDS: Final = 0.15

_OFTEN_CHECKED: Final = 3_000
"""Orders up to which everything is checked after each round; beyond, that would take longer than the rounds."""


@frozen
class Toll:
    """What a series of kills came to: nothing that was acknowledged is lost, or the series had failed."""

    rounds: int
    acknowledged: int
    stored: int
    """Orders that are there: a writer that dies between the commit and its word leaves one that nobody heard of."""

    def __str__(self) -> str:
        unheard = self.stored - self.acknowledged
        return f"{self.rounds} kills, {self.acknowledged} orders acknowledged, 0 lost, {unheard} stored unacknowledged"


def survive_kills(
    factory: Callable[[], Store],
    *,
    rounds: int = 0,
    orders: int = 0,
    writers: int = 1,
    longest: float = LONGEST_SECONDS,
    strike: Callable[[], None] | None = None,
    revive: Callable[[], object] | None = None,
) -> Toll:
    """Kill `writers` that commit orders, for so many rounds and until so many orders were acknowledged.

    After each round the store that `factory` opens must have every acknowledged order and agree with itself, or this raises
    AssertionError. `strike` kills more than the writers, such as a server, and `revive` brings that back.
    """
    from ordercore.testing.rules.subject import commit_all, open_store

    store = open_store(factory)
    commit_all(store, delivery("stock", receive("TEA", 10**9)))
    store.close()
    done = acknowledged = stored = 0
    while done < rounds or acknowledged < orders:
        given = [(factory, f"{done}.{writer}") for writer in range(writers)]
        names = kill_all(commit_until_killed, given, done, longest=longest, strike=strike)
        if revive is not None:
            revive()
        done += 1
        acknowledged += len(names)
        whole = acknowledged < _OFTEN_CHECKED or (done >= rounds and acknowledged >= orders)
        stored = _assert_there(factory, names, f"round {done}", whole=whole)
        # Stored without having been acknowledged is possible: the writer died in between.
        assert stored >= acknowledged
    return Toll(done, acknowledged, stored)


def _assert_there(factory: Callable[[], Store], names: Sequence[str], when: str, *, whole: bool) -> int:
    """How many orders are there: at least those of these names; `whole`: rows, log and documents agree on it."""
    from ordercore.testing.rules.subject import log, open_store, units

    store = open_store(factory)
    try:
        asked = [ReadOutcome(CommandId(name)) for name in names]
        found = store.read(asked)
        lost = [query.command_id for query in asked if found.of(query) is None]
        assert lost == [], f"{len(lost)} of {len(names)} acknowledged commits are gone after {when}"
        stored = units(store, "TEA").get("reserved", 0)
        if whole:
            assert store.verify() == ()
            logged = sum(record.stream.startswith("order/") for record in log(store))
            # The last commit of a writer that was killed may still be on its way in the server.
            while (now := units(store, "TEA").get("reserved", 0)) != stored:
                stored, logged = now, sum(record.stream.startswith("order/") for record in log(store))
            assert logged == stored
            kept = ReadDocuments("order", limit=10**6)
            assert len(store.read([kept]).of(kept)) == stored
        return stored
    finally:
        store.close()


def kill(
    target: Callable[..., None], args: tuple[object, ...], number: int, *, longest: float = LONGEST_SECONDS
) -> list[str]:
    """Run `target(*args, pipe)` in a process, kill it at a random moment, and return the words that it sent.

    `number` decides the moment, which is at most `longest` seconds after its first message. The process is reaped.
    """
    return kill_all(target, [args], number, longest=longest)


def kill_all(
    target: Callable[..., None],
    given: Sequence[tuple[object, ...]],
    number: int,
    *,
    longest: float = LONGEST_SECONDS,
    strike: Callable[[], None] | None = None,
) -> list[str]:
    """The same with a process for each arguments that are given; `strike` comes first, and the processes may notice it."""
    context = processes()
    started = []
    for args in given:
        mine, theirs = context.Pipe(duplex=False)
        process = context.Process(  # type: ignore[attr-defined]  # every context has it; the base class does not say so
            target=target, args=(*args, theirs), daemon=True
        )
        process.start()
        theirs.close()
        started.append((process, mine))
    try:
        for _, pipe in started:
            assert pipe.poll(PATIENCE_SECONDS), "the writer acknowledged nothing"
        time.sleep(random.Random(number).uniform(0, longest))  # noqa: S311  # chance by a seed
        if strike is not None:
            strike()
        for process, _ in started:
            process.kill()
        for process, _ in started:
            process.join()
            assert strike is not None or process.exitcode != 1, "the writer failed before it was killed"
        return [name for _, pipe in started for name in _drain(pipe)]
    finally:
        for process, pipe in started:
            process.kill()
            process.join()
            process.close()
            pipe.close()


def _drain(pipe: Connection) -> list[str]:
    names: list[str] = []
    try:
        while True:
            names += pipe.recv_bytes().decode().split()
    except (EOFError, OSError):  # nothing more, or the kill cut a message in half
        return names


def commit_until_killed(factory: Callable[[], Store], name: str, pipe: Connection) -> None:
    """Commit orders one by one and in groups, and say their ids once the store has said that they are committed."""
    from ordercore.testing.sample_events import sample_codec

    store = factory()
    store.use_codec(sample_codec())
    for turn in itertools.count():
        size = 5 if turn % 4 == 3 else 1
        batches = [_order(f"{name}.{turn}.{part}") for part in range(size)]
        results = store.commit_many(batches) if size > 1 else [store.commit(batches[0])]
        assert all(isinstance(result, Committed) for result in results), results
        pipe.send_bytes(" ".join(batch.command_id for batch in batches).encode())


def _order(name: str) -> Batch:
    return evolve(
        order(name, reserve("TEA", 1, "1")),
        documents=(PutDocument("order", name, Sheet(name)),),
        timers=(SetTimer("expire", name, NOW),),
    )
