"""Orders made durable in PostgreSQL: one and fifty a commit, against one function that writes the same facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice

import psycopg
from measure import Case, interleaved
from results import OWN, SERVER_CPU, WALL, Result, Size, compared
from server import drop, empty_database, server_cpu, shop_database
from shops import COUNTS, DurableShop, WatchfulPlugin, sku_name, stocked
from twin_postgres import EqualFactsPostgres, prepare
from twins import wishes
from wire import Wire

from ordercore import Insufficient, Kernel, Line, PlaceOrder
from ordercore.message import Receipt
from ordercore.testing.races import processes
from ordercore_postgres import PostgresStore

WITH = "a statement of with clauses"


@contextmanager
def postgres_shop(address: str, size: Size) -> Iterator[DurableShop]:
    """A shop in an empty database, its kernel with one guard."""
    kernel = Kernel.open(address, strategy="priority", plugins=[WatchfulPlugin()])
    with psycopg.connect(address, autocommit=True) as books:
        shop = DurableShop(kernel, size, lambda: books.execute(COUNTS).fetchone())
        books.execute("vacuum analyze")
        yield shop
    kernel.store.close()


def shop_server_cpu(shop: DurableShop) -> Callable[[], float]:
    """Seconds of CPU that the server has spent for the shop, whose store has one connection, for it has one user."""
    (cursor,) = shop.kernel.store._lender._idle
    return server_cpu(cursor.connection)


def _round_trips(address: str, shop: DurableShop, *, pinned: bool, group: int) -> float:
    """Between client and server per order, over a connection that has been in use before."""
    wire, direct = Wire(address), shop.kernel.store
    shop.kernel.store = PostgresStore.open(wire.address)
    shop.kernel.store.use_codec(shop.kernel.core.codec)
    try:
        work = partial(shop.in_groups if group > 1 else shop.one_by_one, pinned=pinned)
        work(group)
        before = wire.round_trips
        work(10 * group)
        return (wire.round_trips - before) / (10 * group)
    finally:
        shop.kernel.store.close()
        shop.kernel.store = direct
        wire.close()


def durable_postgres(size: Size) -> Iterator[Result]:
    """Placed, allocated orders of five lines: one and fifty a commit, pinned to places and sourced over ten."""
    own, by_hand = shop_database(), empty_database()
    prepare(by_hand)
    twin, source = EqualFactsPostgres(by_hand), wishes(8)

    def place(number: int) -> None:
        for wish in islice(source, number):
            twin.place(wish)

    def place_at_once(number: int) -> None:
        for wish in islice(source, number):
            twin.place_at_once(wish)

    def place_many(number: int) -> None:
        for _ in range(number // 50):
            twin.place_many(list(islice(source, 50)))

    # An order a commit mostly waits for another process: twenty of them are over before the caches are warm again.
    one, fifty = (100, 100) if size.rounds > 10 else (max(size.orders, 4), 50)
    with postgres_shop(own, size) as shop:
        cases: dict[str, Case] = {}
        mine, theirs = shop_server_cpu(shop), server_cpu(twin.connection)
        for pinned, suffix in ((True, ""), (False, "-sourced")):
            single, grouped = (
                partial(shop.one_by_one, one, pinned=pinned),
                partial(shop.in_groups, fifty, pinned=pinned),
            )
            cases[f"durable-1-postgres{suffix}"] = Case(single, one, beside=mine)
            cases[f"durable-50-postgres{suffix}"] = Case(grouped, fifty, beside=mine)
        cases["twin 1"] = Case(partial(place, one), one, beside=theirs)
        cases[WITH] = Case(partial(place_at_once, one), one, beside=theirs)
        cases["twin 50"] = Case(partial(place_many, fifty), fifty, beside=theirs)
        samples = interleaved(cases, size.rounds, warm=3)
        for name in [name for name in cases if name.startswith("durable")]:
            twins = {OWN: samples["twin 50" if "-50-" in name else "twin 1"]}
            yield from compared(name, samples[name], twins, "us wall/order", WALL)
            yield from compared(f"{name}-client", samples[name], twins, "us client CPU/order")
            yield from compared(f"{name}-server", samples[name], twins, "us server CPU/order", SERVER_CPU)
        statement = {WITH: samples[WITH]}
        yield from compared("function-1-postgres", samples["twin 1"], statement, "us wall/order", WALL)
        yield from compared(
            "function-1-postgres-server", samples["twin 1"], statement, "us server CPU/order", SERVER_CPU
        )
        for pinned, suffix in ((True, ""), (False, "-sourced")):
            for group in (1, 50):
                value = _round_trips(own, shop, pinned=pinned, group=group)
                yield Result(f"round-trips-{group}-postgres{suffix}", value, "round trips/order")
        assert shop.check(), "the database is not what was written"
    journal = (size.rounds + 3) * (one + one + fifty)
    counted = twin.counted()
    assert (counted[0], counted[1]) == (journal, journal), counted
    twin.connection.close()
    drop(own, by_hand)


def _buy(pipe, address: str, number: int, attempts: int) -> None:
    """Try to buy a unit so many times; how often it was got."""
    kernel = Kernel.open(address)
    pipe.send("ready")
    pipe.recv()
    commands = [PlaceOrder("web", f"X{number}-{n}", "GBP", [Line(sku_name(0), 1, "9.99")]) for n in range(attempts)]
    won = 0
    for result in kernel.handle_many(commands, group=50):
        assert isinstance(result, (Receipt, Insufficient)), result
        won += isinstance(result, Receipt)
    pipe.send(won)


def _buy_by_hand(pipe, address: str, number: int, attempts: int) -> None:
    """The same on one guarded row, without orders."""
    with psycopg.connect(address, autocommit=True) as connection:
        pipe.send("ready")
        pipe.recv()
        won = 0
        for start in range(0, attempts, 50):
            with connection.transaction():
                for n in range(start, start + 50):
                    if connection.execute("update row set available = available - 1 where available > 0").rowcount:
                        connection.execute("insert into won values (%s, %s)", (number, n))
                        won += 1
        pipe.send(won)


def _crowd(buy: Callable[..., None], address: str, buyers: int, attempts: int) -> Callable[[], list[int]]:
    """Buyers that stand at the door; called, they run, and what each got is given back."""
    context = processes()
    pipes = []
    for number in range(buyers):
        mine, theirs = context.Pipe()
        context.Process(target=buy, args=(theirs, address, number, attempts), daemon=True).start()
        theirs.close()
        pipes.append(mine)
    for pipe in pipes:
        pipe.recv()

    def run() -> list[int]:
        for pipe in pipes:
            pipe.send("go")
        return [pipe.recv() for pipe in pipes]

    return run


def flash_postgres(size: Size) -> Iterator[Result]:
    """A thousand units, ten times as many attempts by several processes: exactly the units are sold."""
    units, buyers = size.log // 10, 4 if size.rounds > 10 else 2
    attempts = max(10 * units // buyers // 50, 1) * 50
    own, by_hand = shop_database(), empty_database()
    kernel = stocked(Kernel.open(own), 1, 1, units, floor=0)
    with psycopg.connect(by_hand, autocommit=True) as row:
        row.execute("create table row (available integer)")
        row.execute("insert into row values (%s)", (units,))
        row.execute("create table won (buyer integer, n integer, primary key (buyer, n))")
        sold: list[int] = []
        mine, theirs = _crowd(_buy, own, buyers, attempts), _crowd(_buy_by_hand, by_hand, buyers, attempts)
        cases = {
            "own": Case(lambda: sold.extend(mine()), buyers * attempts, lambda: sum(sold) == units),
            OWN: Case(theirs, buyers * attempts),
        }
        samples = interleaved(cases, 1, warm=0)
        assert row.execute("select count(*) from won").fetchone() == (units,)
    assert kernel.stock(sku_name(0)).available == 0
    assert kernel.verify() == ()
    kernel.store.close()
    drop(own, by_hand)
    yield from compared(
        "flash-postgres", samples["own"], {"guarded row by hand": samples[OWN]}, "us wall/attempt", WALL
    )
