"""The benchmarks run, check their own books, and write what they promise."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FIELDS = {"workload", "value", "unit", "twin", "ratio", "against"}
WORKLOADS = {
    "life-5x10", "life-5x10-steps", "fsm-6", "source-100-nearest", "durable-1", "durable-50", "durable-1-sourced",
    "durable-50-sourced", "throughput-50", "flash", "mem", "replay-0k", "test-kit", "growth-life", "growth-durable-50",
    "durable-1-postgres", "durable-1-postgres-client", "durable-1-postgres-server", "durable-50-postgres", "flash-postgres",
    "hot-1", "spread-1", "hot-2", "es-4-save-memory", "es-4-load-memory",
    "function-1-postgres", "spread-2", "hot-1-batches", "spread-2-batches", "hot-2-batches", "growth-durable-50-postgres",
    "es-4-save-sqlite", "es-4-load-sqlite", "es-4-save-postgres", "es-4-load-postgres",
}  # fmt: skip
ROUND_TRIPS_MOST = {"round-trips-1-postgres": 1, "round-trips-1-postgres-sourced": 2}
"""For an order: one that writes, and one that reads the places with stock where the order names none."""


def test_a_quick_run_writes_every_workload(tmp_path):
    out = tmp_path / "bench.json"
    program = [sys.executable, ROOT / "benchmarks" / "run.py", "--quick", "--out", out]
    done = subprocess.run(program, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads(out.read_text())
    assert {frozenset(result) for result in results} == {frozenset(FIELDS)}
    assert {result["workload"] for result in results} >= WORKLOADS
    counted = {result["workload"]: result["value"] for result in results}
    assert all(1 <= counted[name] <= most for name, most in ROUND_TRIPS_MOST.items())
    for result in results:
        assert result["value"] > 0 or result["workload"] == "mem"
        assert result["ratio"] is None or result["ratio"] > 0
        assert (result["twin"] is None) is (result["against"] == "")


def test_a_report_is_measured_over_facts_that_it_makes_itself(tmp_path):
    program = [
        sys.executable,
        ROOT / "benchmarks" / "report.py",
        "--orders",
        "300",
        "--follow",
        "20",
        "--out",
        tmp_path / "r",
    ]
    done = subprocess.run(program, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    measured = json.loads((tmp_path / "r.json").read_text())
    assert measured["orders"] == 300
    assert measured["rows"] > 300 * 10
    assert measured["report_cpu_s"] > 0
    assert measured["follow_events_per_cpu_s"] > 0
    assert (tmp_path / "r" / "report.html").exists()


@pytest.mark.slow
def test_django_oscar_places_the_same_lines_in_an_environment_of_its_own(tmp_path):
    out = tmp_path / "peers.json"
    subprocess.run(["make", ".venv-peers/.ok"], cwd=ROOT, check=True, capture_output=True)
    python = ROOT / ".venv-peers" / "bin" / "python"
    program = [sys.executable, ROOT / "benchmarks" / "peers" / "run.py", "--quick", "--peers", python, "--out", out]
    done = subprocess.run(program, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads(out.read_text())
    assert [row["store"] for row in rows] == ["sqlite", "postgres"]
    for row in rows:
        assert row["cpu_ratio"] > 1
        assert row["oscar_queries"] > 20
        assert row["oscar_version"].startswith("4.2")
