"""The workloads, by name. Each yields rows of the result: what was measured, and against which twin."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from contention import contention
from event_sourcing import es_4
from growth import growth
from in_memory import fsm_6, kit, life, mem, source_100
from in_postgres import durable_postgres, flash_postgres
from in_sqlite import durable, flash, replay
from results import Result, Size

WORKLOADS: Mapping[str, Callable[[Size], Iterator[Result]]] = {
    "mem": mem,  # first, while the process is small
    "life-5x10": life,
    "fsm-6": fsm_6,
    "source-100": source_100,
    "durable": durable,
    "durable-postgres": durable_postgres,
    "flash": flash,
    "flash-postgres": flash_postgres,
    "contention": contention,
    "es-4": es_4,
    "replay-n": replay,
    "test-kit": kit,
    "growth": growth,
}
