"""The report of a year of real trade agrees with the file it was imported from, counted another way.

`ordercore import` replays the order lines of "Online Retail" (D. Chen et al., doi 10.1057/dbm.2012.17); the report's own
queries then give orders, units and value per month, the ten top SKUs, fill rate and return share. On the other side
stand queries of DuckDB over the CSV itself and, for what depends on when stock was there, a replay of the rules of
docs/import.md in a few lines of Python over the rows that such a query gives. The two share no code and no SQL.

How rows are classified (docs/import.md): an order is a document with positive rows whose number begins with neither C (a
credit note) nor A (bookkeeping, put aside). Codes of postage, fees, discounts, samples and vouchers are lines without
stock: they count in an order's value, and not in units, fill rate or returns. A negative row takes units back from the
same customer's earlier lines of the SKU, newest first: what had not left is cancelled, what had is returned, and only
the latter counts as a return; what no order explains is stock that turned up.
"""

from __future__ import annotations

import heapq
import os
from bisect import insort
from collections import defaultdict
from pathlib import Path

import duckdb
import pytest
from attrs import define

from ordercore import Kernel
from ordercore.cli.importing import run_import
from ordercore.report import TABLES, Facts, Session, built_in, follow

ROOT = Path(__file__).parents[2]
SERVICES = """('POST', 'DOT', 'C2', 'M', 'm', 'D', 'S', 'B', 'BANK CHARGES', 'AMAZONFEE', 'CRUK', 'PADS')"""
WEEK = 7 * 86_400
RECEIPT, SHIPMENT, DOCUMENT = 0, 1, 2

pytestmark = pytest.mark.skipif(
    "ORDERCORE_DATA" not in os.environ, reason="ORDERCORE_DATA names no folder with the real order lines"
)


@pytest.fixture(scope="module")
def csv():
    """The file as a table: `penny` is a line's total, rounded half to even in integers."""
    source = Path(os.environ["ORDERCORE_DATA"]) / "online_retail_lines.csv.gz"
    duck = duckdb.connect()
    duck.execute(
        f"""create table rows as
        with raw as (
            select row_number() over () as number, invoice_no, stock_code, cast(quantity as bigint) as quantity,
                cast(cast(unit_price_gbp as decimal(18, 3)) * 1000 as bigint) as price, cast(invoice_ts as timestamp) as moment,
                coalesce(customer_id, '') as customer
            from read_csv('{source}', all_varchar = true)
        )
        select *, quantity * price // 10 + if(quantity * price % 10 > 5
                or quantity * price % 10 = 5 and quantity * price // 10 % 2 = 1, 1, 0) as penny,
            stock_code in {SERVICES} or stock_code like 'gift\\_%' escape '\\' as service,
            invoice_no not like 'C%' and invoice_no not like 'A%' and quantity > 0 as sale,
            min(moment) over (partition by invoice_no) as placed_at,
            min(number) over (partition by invoice_no) as document
        from raw"""
    ).fetchall()
    return duck


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """The report's side."""
    folder = tmp_path_factory.mktemp("retail")
    url = f"sqlite:///{folder / 'retail.db'}"
    run_import(
        url=url, channel="csv", map_path=ROOT / "examples" / "online_retail.toml", generate=None, seed=0,
        source=Path(os.environ["ORDERCORE_DATA"]) / "online_retail_lines.csv.gz",
        progress=lambda what, done, total: None,
    )  # fmt: skip
    with Kernel.open(url) as kernel, Facts(folder / "facts.duckdb", TABLES) as facts:
        follow(kernel, facts)
    with Session(folder / "facts.duckdb") as opened:
        yield opened


@pytest.fixture(scope="module")
def reports(session):
    """Each report's rows, as the page would show them."""
    return {report.name: session.run(report) for report in built_in()}


def test_orders_units_and_value_per_month(csv, reports):
    asked = """select strftime(placed_at, '%Y-%m'), count(distinct invoice_no),
        sum(quantity) filter (not service), sum(penny) from rows where sale group by 1 order by 1"""
    months = reports["months"]
    shown = zip(*[months.column(name) for name in ("month", "orders", "units", "value")], strict=True)
    assert [(f"{m:%Y-%m}", o, u, v * 100) for m, o, u, v in shown] == csv.execute(asked).fetchall()
    assert len(months.rows) == 13
    assert set(months.column("currency")) == {"GBP"}


def test_orders_and_units_per_day(csv, reports):
    asked = """select cast(placed_at as date), count(distinct invoice_no), count(*), sum(quantity) filter (not service)
        from rows where sale group by 1 order by 1"""
    days = reports["orders"]
    shown = list(zip(*[days.column(name) for name in ("day", "orders", "lines", "units")], strict=True))
    assert [row for row in shown if row[1]] == csv.execute(asked).fetchall()
    assert all(row[2:] == (0, 0) for row in shown if not row[1])


def test_the_ten_top_skus(csv, reports):
    asked = """select stock_code, sum(quantity) as units, count(distinct invoice_no) from rows
        where sale and not service group by 1 order by units desc, stock_code limit 10"""
    top = reports["top_skus"]
    shown = zip(*[top.column(name) for name in ("sku", "units", "orders")], strict=True)
    assert list(shown) == csv.execute(asked).fetchall()


def test_fill_rate_and_return_share(csv, reports):
    shop = Shop.of(csv)
    shop.replay()
    rates = reports["fill_rate"]
    assert sum(rates.column("units")) == sum(shop.ordered.values())
    assert dict(zip([f"{m:%Y-%m}" for m in rates.column("month")], rates.column("filled"), strict=True)) == shop.at_once
    assert sum(reports["returns"].column("units")) == shop.returned
    figures = {row[0]: row[1] for row in reports["figures"].rows}
    assert figures["Fill rate"] == f"{100 * sum(shop.at_once.values()) / sum(shop.ordered.values()):.1f} %"
    assert figures["Return share"] == f"{100 * shop.returned / shop.shipped:.1f} %"
    assert figures["Units waiting"] == f"{shop.waiting():,}"


@define(eq=False)
class OrderedLine:
    """A line and where its units are; what is left of `quantity` was cancelled."""

    order: Ordered
    sku: str
    number: int
    quantity: int
    reserved: int = 0
    waits: int = 0
    shipped: int = 0
    returned: int = 0


@define(eq=False)
class Ordered:
    """An order: `document` is its place in the file."""

    name: str
    document: int
    at: int
    lines: list[OrderedLine]


class Shop:
    """The rules of docs/import.md, one step after the other."""

    def __init__(self, documents, receipts):
        self.documents, self.receipts = documents, receipts
        self.free, self.queue = defaultdict(int), defaultdict(list)
        self.ordered, self.at_once = defaultdict(int), defaultdict(int)
        self.earlier = defaultdict(list)
        self.ships, self.due = [], set()
        self.shipped = self.returned = 0

    @classmethod
    def of(cls, csv):
        documents = csv.execute(
            """select epoch(timezone('Europe/London', placed_at))::bigint, document, invoice_no, any_value(customer),
                strftime(placed_at, '%Y-%m'),
                list((stock_code, quantity, service) order by number)
            from rows where invoice_no not like 'A%' group by invoice_no, placed_at, document order by 1, 2"""
        ).fetchall()
        # By the end of each month 95 % of what was sold up to then has come in, rounded half up, a minute before it.
        receipts = csv.execute(
            """with sold as (select date_trunc('month', placed_at) as month, stock_code, sum(quantity) as units
                from rows where sale and not service group by all),
            sums as (select *, sum(units) over (partition by stock_code order by month) as total from sold)
            select epoch(timezone('Europe/London', month))::bigint - 60, stock_code,
                ((total * 95 + 50) // 100 - ((total - units) * 95 + 50) // 100)::bigint as came
            from sums where came > 0 order by 1, 2"""
        ).fetchall()
        return cls(documents, receipts)

    def replay(self):
        """Receipts before shipments before documents, where they are of the same moment."""
        steps = [(at, RECEIPT, 0, (sku, units)) for at, sku, units in self.receipts]
        steps += [(at, DOCUMENT, document, rest) for at, document, *rest in self.documents]
        for at, kind, number, what in sorted(steps, key=lambda step: step[:3]):
            self.ship_until((at, kind))
            if kind == RECEIPT:
                self.add(*what, at)
            else:
                self.take(at, number, *what)
        self.ship_until((1 << 62, 0))

    def ship_until(self, moment):
        while self.ships and (self.ships[0][0], SHIPMENT) < moment:
            at, document, order = heapq.heappop(self.ships)
            self.due.discard((at, document))
            for line in order.lines:
                self.shipped += line.reserved
                line.shipped, line.reserved = line.shipped + line.reserved, 0

    def schedule(self, order, at):
        if (at + WEEK, order.document) not in self.due:
            self.due.add((at + WEEK, order.document))
            heapq.heappush(self.ships, (at + WEEK, order.document, order))

    def add(self, sku, units, at):
        """Units become free; whoever waits gets them, earliest order first."""
        self.free[sku] += units
        queue = self.queue[sku]
        while queue and self.free[sku]:
            line = queue[0][-1]
            part = min(line.waits, self.free[sku])
            self.free[sku] -= part
            line.waits, line.reserved = line.waits - part, line.reserved + part
            if part:
                self.schedule(line.order, at)
            if not line.waits:
                queue.pop(0)

    def take(self, at, document, name, customer, month, rows):
        sales = [row for row in rows if row[1] > 0]
        if sales:
            order = Ordered(name, document, at, [])
            for number, (sku, quantity, service) in enumerate(sales, 1):
                line = OrderedLine(order, sku, number, quantity)
                order.lines.append(line)
                if not service:
                    self.order(line, month)
                if customer and not service:
                    self.earlier[customer, sku].append(line)
            self.schedule(order, at)
        backs = [(sku, -quantity) for sku, quantity, service in rows if quantity < 0 and not service]
        if backs:
            self.reverse(at, customer, name.startswith("C"), backs)

    def order(self, line, month):
        self.ordered[month] += line.quantity
        line.reserved = min(line.quantity, self.free[line.sku])
        self.at_once[month] += line.reserved
        self.free[line.sku] -= line.reserved
        line.waits = line.quantity - line.reserved
        if line.waits:
            insort(self.queue[line.sku], (line.order.at, line.order.name, line.number, line), key=lambda row: row[:3])

    def reverse(self, at, customer, credit, rows):
        """All of a document is decided before any of it happens; then order by order, adjustments last."""
        taken, adjusted, written_off = defaultdict(int), [], defaultdict(int)
        for sku, asked in rows:
            if not customer and not credit:
                if self.free[sku] - written_off[sku] >= asked:
                    written_off[sku] += asked
                    adjusted.append((sku, -asked))
                continue
            left = asked
            for line in reversed(self.earlier[customer, sku] if customer else ()):
                for how, there in (("cancel", line.waits + line.reserved), ("return", line.shipped - line.returned)):
                    part = min(left, there - taken[line, how])
                    if part > 0:
                        taken[line, how] += part
                        left -= part
            if left:
                adjusted.append((sku, left))
        self.happen(at, taken, adjusted)

    def happen(self, at, taken, adjusted):
        by_order = defaultdict(list)
        for (line, how), units in taken.items():
            if units:
                by_order[line.order.name, how].append((line, units))
        for (_, how), lines in by_order.items():
            freed = []
            for line, units in lines:
                freed.append((line.sku, self.cancel(line, units) if how == "cancel" else self.back(line, units)))
            for sku, units in freed:
                self.add(sku, units, at)
        for sku, units in adjusted:
            self.add(sku, units, at)

    def cancel(self, line, units):
        """What waits goes first; returns what becomes free."""
        waiting = min(units, line.waits)
        line.waits -= waiting
        line.reserved -= units - waiting
        self.queue[line.sku] = [row for row in self.queue[line.sku] if row[-1].waits]
        return units - waiting

    def back(self, line, units):
        line.returned += units
        self.returned += units
        return units

    def waiting(self):
        return sum(row[-1].waits for queue in self.queue.values() for row in queue)
