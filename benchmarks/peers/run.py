"""Place the same lines with django-oscar and with ordercore, on SQLite and PostgreSQL. Writes build/bench-peers.json.

    python benchmarks/peers/run.py [--quick] [--peers .venv-peers/bin/python] [--out build/bench-peers.json]

Both sides place orders of five different SKUs, one order a commit, each durable before the next; the peer with its own
`OrderCreator`, baskets filled and read before the clock starts. Rounds take turns, so that a busy machine is busy for
both. Afterwards the books of both must hold every order, line and unit.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import sqlite3

import psycopg
from server import empty_database, shop_database
from shops import COUNTS, sku_name, stocked

from ordercore import Kernel, Line, PlaceOrder

SKUS = 1000
PEER = Path(__file__).with_name("oscar_shop.py")
Lines = list[list[int]]


def orders(draw: Random, number: int) -> list[Lines]:
    """Five different SKUs and their quantities for each."""
    return [[[sku, 1 + draw.randrange(3)] for sku in draw.sample(range(SKUS), 5)] for _ in range(number)]


class Oscar:
    """The peer in a process of its own."""

    def __init__(self, python: Path, kind: str, where: str) -> None:
        program = [python, "-W", "ignore", PEER, kind, where]
        self.process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._answer()

    def _answer(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"The peer ended: what it said stands above. It was {self.process.args}.")
        return json.loads(line)

    def ask(self, what: object) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def place(self, asked: Sequence[Lines]) -> dict[str, float]:
        return self.ask(asked)

    def books(self) -> dict[str, int]:
        return self.ask("books")

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(30)


class Ordercore:
    """A kernel with one location that holds every SKU; lines are sourced, as by default."""

    def __init__(self, address: str, books: Any) -> None:
        self.kernel = stocked(Kernel.open(address), SKUS, 1, 10_000_000, floor=0)
        self.connection = books
        self.placed = 0

    def place(self, asked: Sequence[Lines]) -> dict[str, float]:
        cpu, wall = time.process_time(), time.perf_counter()
        for lines in asked:
            self.placed += 1
            made = [Line(sku_name(sku), quantity, "9.99") for sku, quantity in lines]
            self.kernel.handle(PlaceOrder("web", f"X{self.placed}", "GBP", made))
        return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}

    def books(self) -> dict[str, int]:
        assert self.kernel.verify() == ()
        placed, _, _, reserved = self.connection.execute(COUNTS).fetchone()
        return {"orders": placed, "lines": 5 * placed, "units": int(reserved)}

    def close(self) -> None:
        self.connection.close()
        self.kernel.store.close()


def measure(peers: Path, rounds: int, per_round: int) -> Iterator[dict[str, Any]]:
    """A row for each store."""
    with ExitStack() as opened:
        folder = opened.enter_context(TemporaryDirectory(dir="build" if Path("build").is_dir() else None))
        own = shop_database()
        sides = {
            "sqlite": (
                Oscar(peers, "sqlite", f"{folder}/oscar.db"),
                Ordercore(f"sqlite:///{folder}/own.db", sqlite3.connect(f"{folder}/own.db")),
            ),
            "postgres": (
                Oscar(peers, "postgresql", empty_database()),
                Ordercore(own, psycopg.connect(own, autocommit=True)),
            ),
        }
        draw, units, told = Random(5), 0, {store: ([], []) for store in sides}
        for number in range(rounds + 1):
            asked = orders(draw, per_round)
            units += sum(quantity for lines in asked for _, quantity in lines)
            for store, pair in sides.items():
                for side, figures in zip(pair, told[store], strict=True):
                    figure = side.place(asked)
                    if number:
                        figures.append(figure)
        right = {"orders": (rounds + 1) * per_round, "lines": (rounds + 1) * per_round * 5, "units": units}
        for store, pair in sides.items():
            for side in pair:
                assert side.books() == right, (store, side, side.books(), right)
            oscar, ours = (
                {what: statistics.median(one[what] for one in figures) / per_round for what in ("wall", "cpu")}
                for figures in told[store]
            )
            yield {
                "store": store, "orders_a_second": 1 / ours["wall"], "oscar_orders_a_second": 1 / oscar["wall"],
                "ratio": oscar["wall"] / ours["wall"], "client_cpu_us": ours["cpu"] * 1e6,
                "oscar_client_cpu_us": oscar["cpu"] * 1e6, "cpu_ratio": oscar["cpu"] / ours["cpu"],
                "oscar_version": pair[0].ask("version"), "oscar_queries": pair[0].ask({"queries": orders(draw, 1)[0]}),
            }  # fmt: skip
        for pair in sides.values():
            for side in pair:
                side.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few orders: whether it runs, not how fast")
    parser.add_argument("--peers", type=Path, default=Path(".venv-peers/bin/python"))
    parser.add_argument("--out", type=Path, default=Path("build/bench-peers.json"))
    asked = parser.parse_args()
    rows = list(measure(asked.peers, *((1, 2) if asked.quick else (9, 40))))
    print(f"{'store':10} {'ordercore':>12} {'django-oscar':>13} {'times as many':>14} {'less client CPU':>16}")
    for row in rows:
        print(
            f"{row['store']:10} {row['orders_a_second']:8.0f} o/s {row['oscar_orders_a_second']:9.1f} o/s"
            f" {row['ratio']:13.1f}x {row['cpu_ratio']:15.1f}x"
        )
    print(
        f"django-oscar {rows[0]['oscar_version']}: {rows[0]['oscar_queries']} queries an order; ordercore sourced its lines"
    )
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
