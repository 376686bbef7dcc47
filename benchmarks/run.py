"""Measure ordercore against hand-written twins. Writes build/bench.json: a list of {workload, value, unit, twin, ratio}.

    python benchmarks/run.py [--quick] [--only life-5x10 --only durable] [--out build/bench.json]

With ORDERCORE_TWINS=FOLDER the twins f_es.py and equal_facts_sqlite.py in it are run too, as they are.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from attrs import asdict
from results import FULL, QUICK
from workloads import WORKLOADS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few rounds: whether it runs, not how fast")
    parser.add_argument("--only", action="append", choices=[*WORKLOADS], help="only this workload (repeatable)")
    parser.add_argument("--out", type=Path, default=Path("build/bench.json"))
    asked = parser.parse_args()
    results = []
    for name in asked.only or WORKLOADS:
        for result in WORKLOADS[name](QUICK if asked.quick else FULL):
            ratio = "" if result.ratio is None else f"{result.ratio:8.2f} x {result.against}"
            print(f"{result.workload:28} {result.value:12.1f} {result.unit:22} {ratio}", flush=True)
            results.append({
                key: round(value, 3) if isinstance(value, float) else value for key, value in asdict(result).items()
            })  # fmt: skip
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
