"""Measure ordercore against hand-written twins. Writes build/bench.json: a list of {workload, value, unit, twin, ratio}.

    python benchmarks/run.py [--quick] [--only life-5x10 --only durable] [--out build/bench.json]

With ORDERCORE_TWINS=FOLDER the twins f_es.py and equal_facts_sqlite.py in it are run too, as they are.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from attrs import asdict
from event_sourcing import LIBRARY
from results import FULL, OWN, QUICK, Result
from workloads import WORKLOADS

_LOAD_AND_SAVE = tuple(
    f"es-4-{step}-{store}" for store in ("memory", "sqlite", "postgres") for step in ("save", "load")
)
AT_MOST: Mapping[tuple[str, str], float] = {
    ("life-5x10", OWN): 3, ("life-5x10-steps", OWN): 5, ("durable-1", OWN): 1.5, ("durable-50", OWN): 2,
    ("durable-1-sourced", OWN): 2.2, ("durable-50-sourced", OWN): 3.5, ("durable-1-postgres", OWN): 1.7,
    **{(name, LIBRARY): 0.5 for name in _LOAD_AND_SAVE},
}  # fmt: skip
"""How many times its twin a workload should be, at most."""
AT_LEAST: Mapping[tuple[str, str], float] = {
    ("throughput-50", "the same, one a commit"): 2.2, ("hot-8-batches", "spread-8-batches"): 0.7,
}  # fmt: skip
"""At least: more is better."""


def line(result: Result) -> str:
    ratio = "" if result.ratio is None else f"{result.ratio:8.2f} x {result.against}"
    return f"{result.workload:34} {result.value:10.1f} {result.unit:22} {ratio}"


def summary(results: Sequence[Result]) -> Iterator[str]:
    """What there is an aim for, in one table."""
    for result in results:
        key = (result.workload, result.against)
        aim = AT_MOST.get(key) or AT_LEAST.get(key)
        if aim is not None and result.ratio is not None:
            word, met = ("<=", result.ratio <= aim) if key in AT_MOST else (">=", result.ratio >= aim)
            yield f"{result.workload:24} {result.ratio:8.2f}   {word} {aim:<5g} {'' if met else 'missed'}"
        elif result.workload.startswith("round-trips-1"):
            met = "" if result.value <= 2 else "missed"
            yield f"{result.workload:32} {result.value:.2f}   <= 2     {met}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few rounds: whether it runs, not how fast")
    parser.add_argument("--only", action="append", choices=[*WORKLOADS], help="only this workload (repeatable)")
    parser.add_argument("--out", type=Path, default=Path("build/bench.json"))
    asked = parser.parse_args()
    results: list[Result] = []
    for name in asked.only or WORKLOADS:
        for result in WORKLOADS[name](QUICK if asked.quick else FULL):
            print(line(result), flush=True)
            results.append(result)
    rows = [
        {key: round(value, 3) if isinstance(value, float) else value for key, value in asdict(result).items()}
        for result in results
    ]
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(rows, indent=1) + "\n")
    print("\nTimes its twin, and what is aimed at")
    print("\n".join(summary(results)))


if __name__ == "__main__":
    main()
