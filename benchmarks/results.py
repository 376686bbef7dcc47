"""What a workload yields, and how much of it is done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

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


def compared(
    workload: str, sample: Sample, twins: Mapping[str, Sample], unit: str = "us CPU/order"
) -> Iterator[Result]:
    """Ratios of lower quartiles."""
    for name, twin in twins.items():
        yield Result(workload, sample.low, unit, twin.low, sample.low / twin.low, name)


def compared_by_wall(
    workload: str, sample: Sample, twins: Mapping[str, Sample], unit: str = "us wall/order"
) -> Iterator[Result]:
    """The same of the time that passed, waiting for the server and the disk included."""
    for name, twin in twins.items():
        yield Result(workload, sample.wall_low, unit, twin.wall_low, sample.wall_low / twin.wall_low, name)
