"""The workloads, by name. Each yields rows of the result: what was measured, and against which twin."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from growth import growth
from in_memory import fsm_6, kit, life, mem, source_100
from in_sqlite import durable, flash, replay
from results import Result, Size

WORKLOADS: Mapping[str, Callable[[Size], Iterator[Result]]] = {
    "mem": mem,  # first, while the process is small
    "life-5x10": life,
    "fsm-6": fsm_6,
    "source-100": source_100,
    "durable": durable,
    "flash": flash,
    "replay-n": replay,
    "test-kit": kit,
    "growth": growth,
}
