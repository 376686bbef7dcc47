"""What a workload yields, and how much of it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter

from attrs import frozen
from measure import Sample


@frozen
class Result:
    """`value` of a workload in `unit`, the `twin`'s value where there is one, and how many times the twin it is."""

    workload: str
    value: float
    unit: str
    twin: float | None = None
    ratio: float | None = None
    against: str = ""


@frozen
class Size:
    """How much is done: in full, or just enough to see that it runs."""

    rounds: int
    orders: int
    skus: int
    log: int


FULL = Size(rounds=41, orders=20, skus=10_000, log=10_000)
QUICK = Size(rounds=2, orders=4, skus=200, log=60)
OWN = "own twin"
GIVEN = "given twin"


Figure = Callable[[Sample], float]
CPU: Figure = attrgetter("low")
WALL: Figure = attrgetter("wall_low")
SERVER_CPU: Figure = attrgetter("beside_low")


def compared(
    workload: str,
    sample: Sample,
    twins: Mapping[str, Sample],
    unit: str = "us CPU/order",
    figure: Figure = CPU,
) -> Iterator[Result]:
    """Ratios of lower quartiles."""
    value = figure(sample)
    for name, twin in twins.items():
        beside = figure(twin)
        yield Result(workload, value, unit, beside, value / beside if beside else None, name)
