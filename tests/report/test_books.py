"""Over random shops, the facts and the figures made of them are what the kernel's own reads and the log amount to.

The other side is counted in Python, from orders as the kernel gives them and from the log command by command; it shares
no line with the rules that make facts, nor with the queries.
"""

from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from ordercore.catalog.events import ItemPut
from ordercore.order.events import (
    OrderAllocated,
    OrderPlaced,
    ParcelBooked,
    ParcelShipped,
    PaymentRecorded,
    ReturnReceived,
)
from ordercore.report import TABLES, Facts, Session, built_in, follow
from ordercore.testing import OrdercoreMachine

REPORTS = {report.name: report for report in built_in()}
COUNTERS = """
with shipped as (select order_id, line, sum(quantity) as n from (
        select order_id, line, quantity from parcel_lines union all select order_id, line, quantity from services)
    group by all),
arrived as (select order_id, line, sum(quantity) as n from (
        select order_id, line, quantity from deliveries union all select order_id, line, quantity from services)
    group by all),
back as (select order_id, line, sum(quantity) as n from returns group by all),
gone as (select order_id, line, sum(quantity) as n from cancellations group by all)
select order_id, line, sku, quantity, total, coalesce(shipped.n, 0), coalesce(arrived.n, 0), coalesce(back.n, 0),
    coalesce(gone.n, 0), coalesce(waits.waiting, 0)
from order_lines left join shipped using (order_id, line) left join arrived using (order_id, line)
left join back using (order_id, line) left join gone using (order_id, line)
left join (select order_id, line, waiting from waits) as waits using (order_id, line)
"""


def counters(order):
    """The same of an order as the kernel has it."""
    for name, line in order.lines.items():
        yield (order.id, name, line.facts.sku, line.facts.quantity, line.facts.total, line.shipped, line.delivered,
               line.returned, line.cancelled, line.backordered)  # fmt: skip


def log_of(kernel):
    return kernel.log(limit=100_000).records


def lines_are_where_the_kernel_has_them(session, kernel):
    known = [kernel.order(id) for (id,) in session.duck.execute("select order_id from orders").fetchall()]
    assert {row.id for row in kernel.orders(limit=10_000)} == {order.id for order in known}
    assert sorted(session.duck.execute(COUNTERS).fetchall()) == sorted(row for one in known for row in counters(one))


def stock_is_what_the_kernel_counts(session, kernel):
    skus = [sku for (sku,) in session.duck.execute("select sku from items where tracked").fetchall()]
    counted = {
        (sku, row.place): (row.on_hand, row.buckets.get("available", 0))
        for sku in skus
        for row in kernel.stock(sku).rows
        if row.on_hand
    }
    found = {(sku, place): (held, free) for sku, place, held, free in session.duck.execute("from stock").fetchall()}
    assert found == counted


def figures_are_those_of_the_log(session, kernel):
    placed, allocated, out, back = {}, Counter(), 0, 0
    parcels, value, scale, stocked = defaultdict(set), Counter(), {}, {}
    for record in log_of(kernel):
        event = record.event
        if isinstance(event, ItemPut):
            scale[event.item.sku], stocked[event.item.sku] = event.item.scale, event.item.tracked
        elif isinstance(event, OrderPlaced):
            placed[record.stream] = (record.command_id, event)
            value[event.currency] += event.total
        elif isinstance(event, OrderAllocated) and placed.get(record.stream, ("",))[0] == record.command_id:
            for leg in event.legs:
                allocated[record.stream] += leg.quantity / 10 ** scale[leg.sku]
        elif isinstance(event, ParcelShipped):
            parcels[record.stream].add(event.parcel)
            out += sum(moved.quantity / 10 ** scale[moved.sku] for moved in event.contents)
        elif isinstance(event, ReturnReceived):
            back += sum(unit.quantity / 10 ** scale[unit.sku] for unit in event.contents if stocked[unit.sku])
    units = sum(line.quantity / 10**line.scale for _, event in placed.values() for line in event.lines if line.tracked)
    months = session.run(REPORTS["months"])
    assert sum(months.column("orders")) == len(placed)
    assert sum(months.column("units")) == pytest.approx(units)
    sums = Counter()
    for currency, amount in zip(months.column("currency"), months.column("value"), strict=True):
        sums[currency] += amount
    assert sums == {currency: Decimal(amount) / 100 for currency, amount in value.items()}
    rates = session.run(REPORTS["fill_rate"])
    assert sum(rates.column("filled")) == pytest.approx(sum(allocated.values()))
    tracked = {s for s, (_, event) in placed.items() if any(line.tracked for line in event.lines)}
    assert sum(rates.column("shipped")) == len(tracked & parcels.keys())
    assert sum(rates.column("split")) == sum(len(parcels[stream]) > 1 for stream in tracked & parcels.keys())
    assert sum(session.run(REPORTS["returns"]).column("units")) == pytest.approx(back)
    days = session.run(REPORTS["orders"])
    assert sum(days.column("orders")) == len(placed)


def payments_are_as_recorded(session, kernel):
    said = sorted(
        (r.stream[6:], r.event.reference, r.event.kind, r.event.amount)
        for r in log_of(kernel)
        if isinstance(r.event, PaymentRecorded)
    )
    found = session.duck.execute("select order_id, reference, kind, amount from payments").fetchall()
    assert sorted(found) == said


def bookings_are_as_recorded(session, kernel):
    said = sorted(
        (r.stream[6:], r.event.parcel, r.event.booking, r.event.cost or 0)
        for r in log_of(kernel)
        if isinstance(r.event, ParcelBooked)
    )
    assert sorted(session.duck.execute("select order_id, parcel, booking, cost from bookings").fetchall()) == said


class Reported(OrdercoreMachine):
    """A random shop, followed twice: where it stands at some point, and when all of it is done."""

    def teardown(self):
        if not hasattr(self, "range"):
            return
        with TemporaryDirectory(prefix="ordercore-") as folder:
            self.facts = Path(folder) / "facts.duckdb"
            self.compare()
            super().teardown()
            self.compare()

    def compare(self):
        with Facts(self.facts, TABLES) as facts:
            follow(self.kernel, facts)
        with Session(self.facts) as session:
            lines_are_where_the_kernel_has_them(session, self.kernel)
            stock_is_what_the_kernel_counts(session, self.kernel)
            figures_are_those_of_the_log(session, self.kernel)
            payments_are_as_recorded(session, self.kernel)
            bookings_are_as_recorded(session, self.kernel)
            for report in built_in():
                if report.name not in ("months", "fill_rate", "returns", "orders"):
                    session.run(report)
                session.finding(report)


def test_facts_and_figures_agree_with_the_kernel_over_random_shops():
    nightly = settings.default.max_examples > 1_000
    run_state_machine_as_test(
        Reported,
        settings=settings(
            max_examples=400 if nightly else 20,
            stateful_step_count=40,
            suppress_health_check=list(HealthCheck),
            # Every story is told in a file of its own: to look for the shortest one takes minutes.
            phases=(Phase.explicit, Phase.reuse, Phase.generate),
        ),
    )
