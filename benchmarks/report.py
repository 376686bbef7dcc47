"""How long a report takes over a year of a large shop, and how quickly a log is followed. Writes build/bench-report.json.

    python benchmarks/report.py [--orders 1000000] [--follow 20000] [--out build/bench-report]

The facts are made by DuckDB itself, in the tables that following fills; what is measured is `write_report` from there
on: queries, page, picture, a PNG of each chart, without tables and with them. `--follow` is how many orders of three
lines are placed and shipped in a SQLite store, whose log is then followed.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path
from typing import Any

import duckdb

from ordercore import Kernel, Line, PlaceOrder, PutItem, PutLocation, ReceiveStock, Ship
from ordercore.message import Envelope
from ordercore.report import TABLES, Facts, built_in, follow
from ordercore.report.facts import removed
from ordercore.report.page import Heading
from ordercore.report.section import section_of
from ordercore.report.session import Session
from ordercore.report.writing import pages
from ordercore.stock import Received

SKUS = 20_000
PLACES = 10

# Three lines to an order on average, every tenth of them short for some days, every fourth order in two parcels, one
# order in ten sends something back; two currencies.
SHOP = """
insert into locations select 'loc/WH' || n, 'WH' || n, '', 'GB', 'Europe/London', n, true from range({places}) as t(n);
insert into items select 'SKU-' || n, 'Item ' || n, 'unit', 0, true, true, 0, true from range({skus}) as t(n);
create temp table made as
select n, 'web:' || n as order_id, timestamp '2025-01-01' + to_seconds(n * 31536000 // {orders}) as placed_at,
    if(hash(n) % 5 = 0, 'USD', 'EUR') as currency, 1 + hash(n, 1) % 5 as lines from range({orders}) as t(n);
create temp table line as
select *, (unnest(range(lines::bigint)) + 1)::varchar as line from made;
create temp table full_line as
select *, 'SKU-' || cast(pow(hash(n, line) % 1000003 / 1000003.0, 3) * {skus} as bigint) % {skus} as sku,
    (1 + hash(n, line, 2) % 3)::bigint as quantity, (500 + hash(n, line, 3) % 5000)::bigint as price,
    hash(n, line, 4) % 10 = 0 as short, 'loc/WH' || hash(n) % {places} as place,
    if(hash(n) % 4 = 0 and line::integer > 1, 'P2', 'P1') as parcel,
    placed_at + to_seconds((3600 * (10 + hash(n, 5) % 60) + if(hash(n, line, 4) % 10 = 0, 864000, 0))::bigint) as shipped_at
from line;
insert into orders select order_id, 'web', n::varchar, currency, sum(quantity * price), any_value(placed_at),
    (n % 50000)::varchar, 'GB', 0, false from full_line group by order_id, n, currency;
insert into order_lines select order_id, line, sku, quantity, quantity * price, currency, placed_at, true, true, 0, false
    from full_line;
insert into allocations select order_id, line, sku, place, quantity, '', '', short, not short,
    if(short, placed_at + interval 8 day, placed_at) from full_line;
insert into backorders select order_id, line, quantity, placed_at from full_line where short;
insert into parcels select order_id, parcel, any_value(place), 'Post', 'T' || n, false, max(shipped_at)
    from full_line group by order_id, n, parcel;
insert into parcel_lines select order_id, parcel, line, sku, quantity, shipped_at from full_line;
insert into deliveries select order_id, parcel, line, quantity, shipped_at + to_hours((20 + hash(n) % 100)::bigint) from full_line;
insert into returns select order_id, line, 'R' || n, place, sku, 1, 'restock',
    (['too small', 'damaged', 'not wanted', ''])[(1 + hash(n) % 4)::bigint], shipped_at + interval 12 day
    from full_line where hash(n) % 10 = 0 and line = '1';
insert into payments select order_id, 'c' || n, 'charge', 1000, placed_at from made;
insert into receipts select 'loc/WH' || n % {places}, 'SKU-' || n % {skus}, 60, 'available', '', 700, 2, 'EUR',
    'supplier', n::varchar, false, timestamp '2024-12-31' + to_days((n // {skus} * 30)::integer) from range(12 * {skus}) as t(n);
insert into movements
    select sku, quantity, 'supplier', '', place, 'available', '', '', false, effective_at from receipts union all
    select sku, quantity, place, 'available', place, 'reserved', '', '', false, effective_at from allocations union all
    select sku, quantity, place, 'reserved', 'carrier', '', '', '', false, shipped_at from full_line union all
    select sku, quantity, 'customer', '', place, 'available', '', '', false, effective_at from returns;
"""


def timed(what: str, result: dict[str, Any], work: Any) -> Any:
    wall, cpu = time.perf_counter(), time.process_time()
    value = work()
    result[f"{what}_wall_s"] = round(time.perf_counter() - wall, 2)
    result[f"{what}_cpu_s"] = round(time.process_time() - cpu, 2)
    print(f"{what:24} {result[f'{what}_wall_s']:8.2f} s wall {result[f'{what}_cpu_s']:8.2f} s CPU", flush=True)
    return value


def make_facts(path: Path, orders: int) -> int:
    """The tables, filled; how many rows they have."""
    removed(path)
    with Facts(path, TABLES):
        pass
    with duckdb.connect(str(path)) as duck:
        for statement in duck.extract_statements(SHOP.format(orders=orders, skus=SKUS, places=PLACES)):
            duck.execute(statement).fetchall()
        return sum(duck.execute(f"select count(*) from {table.name}").fetchall()[0][0] for table in TABLES)


def report(path: Path, out: Path, tables: Path | None = None) -> None:
    """What `ordercore report` does once the facts are followed."""
    with Session(path, tables=tables) as session:
        sections = tuple(section_of(session, one) for one in built_in())
        heading = Heading("Orders and stock", session.period, 0)
        if tables is not None:
            from ordercore.report.export import exported

            for one in built_in():
                exported(session, one, tables)
    pages(out, heading, sections, lambda what, done, total: None)


def shop(path: Path, orders: int) -> None:
    """Orders of three lines, placed and shipped, in a SQLite store."""
    path.unlink(missing_ok=True)
    with Kernel.open(f"sqlite:///{path}") as kernel:
        kernel.handle(PutLocation("WH1"))
        for n in range(100):
            kernel.handle(PutItem(f"SKU-{n}"))
            kernel.handle(ReceiveStock("WH1", [Received(f"SKU-{n}", orders)], "supplier", str(n)))
        placed = [
            Envelope(PlaceOrder("web", str(n), "EUR", [Line(f"SKU-{(n + k) % 100}", 1, "9.90") for k in range(3)]))
            for n in range(orders)
        ]
        kernel.handle_many(placed, group=200)
        kernel.handle_many([Envelope(Ship(f"web:{n}"), f"ship:{n}") for n in range(orders)], group=200)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--follow", type=int, default=20_000)
    parser.add_argument("--out", type=Path, default=Path("build/bench-report"))
    asked = parser.parse_args()
    out: Path = asked.out
    out.mkdir(parents=True, exist_ok=True)
    result: dict[str, Any] = {"orders": asked.orders}
    result["rows"] = timed("facts_made", result, lambda: make_facts(out / "facts.duckdb", asked.orders))
    result["facts_megabytes"] = round((out / "facts.duckdb").stat().st_size / 1e6)
    timed("report", result, lambda: report(out / "facts.duckdb", out))
    timed("report_with_tables", result, lambda: report(out / "facts.duckdb", out, out / "tables"))
    if asked.follow:
        timed("shop_made", result, lambda: shop(out / "shop.db", asked.follow))
        removed(out / "followed.duckdb")
        with Kernel.open(f"sqlite:///{out / 'shop.db'}") as kernel, Facts(out / "followed.duckdb", TABLES) as facts:
            events = timed("follow", result, lambda: follow(kernel, facts))
            result["follow_events_per_cpu_s"] = round(events / max(result["follow_cpu_s"], 0.01))
            print(f"{events:,} events, {result['follow_events_per_cpu_s']:,} a second of CPU")
    result["peak_megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps(result))
    out.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
