"""Kill -9 during commits: what was acknowledged, counted through a pipe, must be there afterwards.

A killed process is not a power cut: what the operating system was given survives it.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Final

from attrs import evolve

from ordercore.store import Batch, Committed, PutDocument, SetTimer, Store
from ordercore.testing.races import PATIENCE_SECONDS, processes
from ordercore.testing.sample_events import NOW, Sheet, order, reserve

LONGEST_SECONDS: Final = 0.15


def kill_while_committing(factory: Callable[[], Store], number: int) -> list[str]:
    """Start a writer, kill it at a random moment, and return the command ids that it acknowledged.

    `number` names the round: it is part of the ids and decides the moment. The writer is reaped.
    """
    return kill(commit_until_killed, (factory, number), number)


def kill(
    target: Callable[..., None], args: tuple[object, ...], number: int, *, longest: float = LONGEST_SECONDS
) -> list[str]:
    """Run `target(*args, pipe)` in a process, kill it at a random moment, and return the words that it sent.

    `number` decides the moment, which is at most `longest` seconds after its first message. The process is reaped.
    """
    context = processes()
    mine, theirs = context.Pipe(duplex=False)
    process = context.Process(  # type: ignore[attr-defined]  # every context has it; the base class does not say so
        target=target, args=(*args, theirs), daemon=True
    )
    process.start()
    theirs.close()
    try:
        assert mine.poll(PATIENCE_SECONDS), "the writer acknowledged nothing"
        time.sleep(random.Random(number).uniform(0, longest))  # noqa: S311  # chance by a seed
        process.kill()
        process.join()
        assert process.exitcode != 1, "the writer failed before it was killed"
        return _drain(mine)
    finally:
        process.kill()
        process.join()
        process.close()
        mine.close()


def _drain(pipe: Connection) -> list[str]:
    names: list[str] = []
    try:
        while True:
            names += pipe.recv_bytes().decode().split()
    except (EOFError, OSError):  # nothing more, or the kill cut a message in half
        return names


def commit_until_killed(factory: Callable[[], Store], number: int, pipe: Connection) -> None:
    """Commit orders one by one and in groups, and say their ids once the store has said that they are committed."""
    from ordercore.testing.sample_events import sample_codec

    store = factory()
    store.use_codec(sample_codec())
    for turn in itertools.count():
        size = 5 if turn % 4 == 3 else 1
        batches = [_order(f"{number}.{turn}.{part}") for part in range(size)]
        results = store.commit_many(batches) if size > 1 else [store.commit(batches[0])]
        assert all(isinstance(result, Committed) for result in results), results
        pipe.send_bytes(" ".join(batch.command_id for batch in batches).encode())


def _order(name: str) -> Batch:
    return evolve(
        order(name, reserve("TEA", 1, "1")),
        documents=(PutDocument("order", name, Sheet(name)),),
        timers=(SetTimer("expire", name, NOW),),
    )
