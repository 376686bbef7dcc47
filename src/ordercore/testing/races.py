"""Races: the same work by several processes on one store, or by threads where the store lives in one process.

Such tests need at least six concurrent clients and stock that sells out: with less, stores that are wrong look right.
"""

from __future__ import annotations

import multiprocessing
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from typing import TYPE_CHECKING, Concatenate, Final, ParamSpec, TypeVar, cast

from ordercore.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

P = ParamSpec("P")
R = TypeVar("R")

Worker = Callable[Concatenate[Store, int, P], R]
"""Works on the store as racer number n and returns what it has to tell; a function of a module, to be pickled."""

PATIENCE_SECONDS: Final = 120


def processes() -> BaseContext:
    """How processes are started: from a server that has loaded the modules once, where there is such a thing.

    A plain fork would carry the open connections and threads of the test into every racer.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["ordercore.testing.warm"])
    return context


def race_processes(
    factory: Callable[[], Store], count: int, worker: Worker[P, R], *args: P.args, **kwargs: P.kwargs
) -> list[R]:
    """Let `count` processes open the store, wait for each other, and run; their answers in the order of their numbers.

    Raises AssertionError with the traceback of a racer that failed.
    """
    assert not kwargs, "racers take positional arguments"
    context = processes()
    started = []
    for number in range(count):
        mine, theirs = context.Pipe()
        process = context.Process(  # type: ignore[attr-defined]  # every context has it; the base class does not say so
            target=_run, args=(factory, number, theirs, worker, args), daemon=True
        )
        process.start()
        theirs.close()
        started.append((process, mine))
    try:
        # All have started: open at the same time. All have opened: run at the same time.
        for say in ("open", "run"):
            for _, pipe in started:
                _answer(pipe)
            for _, pipe in started:
                pipe.send(say)
        return [cast(R, _answer(pipe)) for _, pipe in started]
    finally:
        for process, pipe in started:
            pipe.close()
            process.join(5)
            if process.is_alive():
                process.kill()
                process.join()
            process.close()


def _run(
    factory: Callable[[], Store],
    number: int,
    pipe: Connection,
    worker: Callable[..., object],
    args: tuple[object, ...],
) -> None:
    from ordercore.testing.sample_events import sample_codec

    try:
        pipe.send((True, "started"))
        pipe.recv()
        store = factory()
        store.use_codec(sample_codec())
        pipe.send((True, "opened"))
        pipe.recv()
        told = worker(store, number, *args)
        store.close()
        pipe.send((True, told))
    except BaseException:  # noqa: BLE001  # whatever it is, the test must hear of it
        pipe.send((False, traceback.format_exc()))


def _answer(pipe: Connection) -> object:
    assert pipe.poll(PATIENCE_SECONDS), f"a racer said nothing for {PATIENCE_SECONDS} s"
    try:
        fine, told = pipe.recv()
    except EOFError:
        raise AssertionError("a racer did not start, or died: can the factory be imported by its name?") from None
    assert fine, told
    return told


def race_threads(store: Store, count: int, worker: Worker[P, R], *args: P.args, **kwargs: P.kwargs) -> list[R]:
    """Let `count` threads share one store object; their answers in the order of their numbers."""
    start = threading.Barrier(count)

    def run(number: int) -> R:
        start.wait(PATIENCE_SECONDS)
        return worker(store, number, *args, **kwargs)

    with _impatient(), ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


@contextmanager
def _impatient() -> Iterator[None]:
    """Threads take turns a thousand times as often as usual, so that what can happen in between does."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)
