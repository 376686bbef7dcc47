"""`hot-k` and `spread-k`: k processes place orders in one PostgreSQL, all after one SKU or each after its own.

Every cell runs for a moment, in turn with all others, so that a busy machine is busy for all of them alike. After each
the books are counted: as many orders and reserved units as the workers were told of, and no deadlock, not even one that
was tried again.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection

import psycopg
from attrs import frozen
from results import Result, Size
from server import drop, empty_database, shop_database
from shops import COUNTS, durable_command, stocked
from twin_postgres import EqualFactsPostgres, prepare
from twins import wishes

from ordercore import Kernel
from ordercore.message import Receipt
from ordercore.testing.races import processes

PROCESSES = (1, 4, 8)
GROUP = 50
STEP_BY_STEP = "statement by statement"


@frozen
class Cell:
    """What the workers do for a moment."""

    processes: int
    hot: bool
    how: str
    """`single`: an order a commit; `batches`: fifty; `by hand`: an order a commit, a statement for each row."""

    @property
    def name(self) -> str:
        kind = "hot" if self.hot else "spread"
        return f"{kind}-{self.processes}{'-batches' if self.how == 'batches' else ''}"


@frozen
class Told:
    """What a worker did: orders, units of them, seconds of CPU."""

    orders: int
    units: int
    cpu: float


class Worker:
    """Orders of one process: numbers and SKUs of its own, and the one that all want."""

    def __init__(self, number: int, own: str, twin: str, skus: int) -> None:
        self.kernel = Kernel.open(own, strategy="priority")
        self.twin = EqualFactsPostgres(twin)
        self.number, self.skus = number, skus
        self.source = wishes(100 + number)
        self.orders = 0

    def _wish(self, *, hot: bool):
        """Line 0 takes SKU 0 at location 0 if it is hot; nobody else takes that."""
        _, lines = next(self.source)
        self.orders += 1
        within = [(line, 1 + sku % (self.skus - 1), *rest) for line, sku, *rest in lines]
        if hot:
            within[0] = (0, 0, 0, *within[0][3:])
        return self.number * 10_000_000 + self.orders, within

    def work(self, cell: Cell, seconds: float) -> Told:
        place = {"single": self._single, "batches": self._batch, "by hand": self._by_hand}[cell.how]
        orders = units = 0
        cpu, until = time.process_time(), time.perf_counter() + seconds
        while time.perf_counter() < until:
            made = [self._wish(hot=cell.hot) for _ in range(GROUP if cell.how == "batches" else 1)]
            place(made)
            orders += len(made)
            units += sum(line[3] for _, lines in made for line in lines)
        return Told(orders, units, time.process_time() - cpu)

    def _single(self, made) -> None:
        self.kernel.handle(durable_command(made[0], pinned=True))

    def _batch(self, made) -> None:
        commands = [durable_command(wish, pinned=True) for wish in made]
        for receipt in self.kernel.handle_many(commands, group=GROUP):
            assert type(receipt) is Receipt, receipt

    def _by_hand(self, made) -> None:
        self.twin.place_step_by_step(made[0])


def _serve(pipe: Connection, number: int, own: str, twin: str, skus: int) -> None:
    """A worker's life: do what it is told until it is told nothing more."""
    worker = Worker(number, own, twin, skus)
    pipe.send("ready")
    while (asked := pipe.recv()) is not None:
        pipe.send(worker.work(*asked))


class Crowd:
    """Workers in processes of their own, all at the same two databases, and the books of both."""

    def __init__(self, own: str, twin: str, skus: int, workers: int) -> None:
        context = processes()
        self.pipes: list[Connection] = []
        self.started = []
        for number in range(1, workers + 1):
            mine, theirs = context.Pipe()
            one = context.Process(target=_serve, args=(theirs, number, own, twin, skus), daemon=True)
            one.start()
            theirs.close()
            self.pipes.append(mine)
            self.started.append(one)
        for pipe in self.pipes:
            pipe.recv()
        self.books = {name: psycopg.connect(at, autocommit=True) for name, at in (("own", own), ("twin", twin))}
        self.done = {"own": [0, 0], "twin": [0, 0]}

    def run(self, cell: Cell, seconds: float) -> tuple[float, float]:
        """(orders a second of the wall, microseconds of client CPU an order), once the books are right."""
        pipes = self.pipes[: cell.processes]
        before = time.perf_counter()
        for pipe in pipes:
            pipe.send((cell, seconds))
        told = [pipe.recv() for pipe in pipes]
        wall = time.perf_counter() - before
        orders = sum(one.orders for one in told)
        done = self.done["twin" if cell.how == "by hand" else "own"]
        done[0] += orders
        done[1] += sum(one.units for one in told)
        self._audit(cell)
        return orders / wall, sum(one.cpu for one in told) / orders * 1e6

    def _audit(self, cell: Cell) -> None:
        orders, logged, _, reserved = self.books["own"].execute(COUNTS).fetchone()
        assert [orders, logged, reserved or 0] == [self.done["own"][0], *self.done["own"]], f"{cell}: lost or oversold"
        orders, logged, reserved = self.books["twin"].execute(EqualFactsPostgres.COUNTS).fetchone()
        assert [orders, logged, reserved] == [self.done["twin"][0], *self.done["twin"]], f"{cell}: the twin is wrong"
        locked = (
            self.books["own"]
            .execute("select deadlocks from pg_stat_database where datname = current_database()")
            .fetchone()
        )
        assert locked == (0,), f"{cell}: {locked[0]} deadlocks"

    def close(self) -> None:
        for pipe in self.pipes:
            pipe.send(None)
        for one in self.started:
            one.join(10)
        for connection in self.books.values():
            connection.close()


def contention(size: Size) -> Iterator[Result]:
    """1, 4 and 8 processes, hot and spread, an order a commit and in batches; at 8 also by hand."""
    seconds, rounds = (1.0, 5) if size.rounds > 10 else (0.1, 1)
    crowds = PROCESSES if size.rounds > 10 else (1, 2)
    cells = [Cell(k, hot, how) for how in ("single", "batches") for k in crowds for hot in (False, True)]
    by_hand = [Cell(crowds[-1], hot, "by hand") for hot in (False, True)]
    found: dict[Cell, list[tuple[float, float]]] = {cell: [] for cell in (*cells, *by_hand)}
    own, twin = shop_database(), empty_database()
    prepare(twin)
    kernel = stocked(Kernel.open(own), size.skus, 10, 1_000_000_000)
    crowd = Crowd(own, twin, size.skus, crowds[-1])
    try:
        for number in range(rounds + 1):
            for cell, figures in found.items():
                measured = crowd.run(cell, seconds if number else seconds / 4)
                if number:
                    figures.append(measured)
    finally:
        crowd.close()
    assert kernel.verify() == ()
    kernel.store.close()
    drop(own, twin)
    rate = {cell: statistics.median(one[0] for one in figures) for cell, figures in found.items()}
    for cell in cells:
        if not cell.hot:
            yield Result(cell.name, rate[cell], "orders/s")
            continue
        spread = Cell(cell.processes, False, cell.how)
        yield Result(cell.name, rate[cell], "orders/s", rate[spread], rate[cell] / rate[spread], spread.name)
    for cell in by_hand:
        mine = Cell(cell.processes, cell.hot, "single")
        yield Result(cell.name, rate[mine], "orders/s", rate[cell], rate[mine] / rate[cell], STEP_BY_STEP)
