"""Interleaved rounds: every case once per round, so that a busy machine is busy for all of them alike.

Quote ratios, and of these the ratio of the lower quartiles: noise only ever adds time, and a median of few rounds on
a shared machine still has much of it.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from attrs import field, frozen


@frozen
class Case:
    """`run()` does `units` units of work; `check()` is asked once at the end and must hold.

    `beside()` is CPU that other processes have used for it, in seconds, such as a server's.
    """

    run: Callable[[], object]
    units: int
    check: Callable[[], bool] = field(default=lambda: True)
    beside: Callable[[], float] = field(default=lambda: 0.0)


@frozen
class Sample:
    """Microseconds per unit, one figure per round."""

    cpu: tuple[float, ...]
    wall: tuple[float, ...]
    beside: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.cpu)

    @property
    def low(self) -> float:
        """The lower quartile."""
        return _lower_quartile(self.cpu)

    @property
    def least(self) -> float:
        return min(self.cpu)

    @property
    def wall_low(self) -> float:
        """The lower quartile of the wall."""
        return _lower_quartile(self.wall)

    @property
    def beside_low(self) -> float:
        """The lower quartile of the CPU of others."""
        return _lower_quartile(self.beside)

    @property
    def wall_median(self) -> float:
        return statistics.median(self.wall)


def _lower_quartile(figures: tuple[float, ...]) -> float:
    return statistics.quantiles(figures, n=4)[0] if len(figures) > 1 else figures[0]


def interleaved(cases: Mapping[str, Case], rounds: int, warm: int = 1) -> dict[str, Sample]:
    """Run every case once per round; the first `warm` rounds are not counted. Raises if a case fails its check."""
    cpu: dict[str, list[float]] = {name: [] for name in cases}
    wall: dict[str, list[float]] = {name: [] for name in cases}
    beside: dict[str, list[float]] = {name: [] for name in cases}
    for number in range(warm + rounds):
        for name, case in cases.items():
            gc.collect()
            beside_before = case.beside()
            cpu_before, wall_before = time.process_time(), time.perf_counter()
            case.run()
            wall_after, cpu_after = time.perf_counter(), time.process_time()
            if number >= warm:
                cpu[name].append((cpu_after - cpu_before) / case.units * 1e6)
                wall[name].append((wall_after - wall_before) / case.units * 1e6)
                beside[name].append((case.beside() - beside_before) / case.units * 1e6)
    for name, case in cases.items():
        if not case.check():
            raise AssertionError(f"{name}: the books are wrong after the run")
    return {name: Sample(tuple(cpu[name]), tuple(wall[name]), tuple(beside[name])) for name in cases}


def resident_bytes() -> int:
    """Memory of this process that is in RAM."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
