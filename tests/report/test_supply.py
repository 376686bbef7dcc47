"""Alerts and purchases in facts and on the page: a level crossed twice, answered by a purchase that came in two parts."""

import pytest

from ordercore import Kernel, PutItem, PutLocation, ReceiveStock
from ordercore.alerts.events import AlertRaised, AlertResolved
from ordercore.catalog import PutStockLevels
from ordercore.order import Line, PlaceOrder
from ordercore.policies import Policies
from ordercore.report import TABLES, Facts, Session, built_in, follow, write_report
from ordercore.stock import MoveStock, Received, SendTransfer, TransferLine
from ordercore.supply import ApprovePurchase, ArrivedLine, PutSupplier, PutSupply, ReceivePurchase
from ordercore.supply.events import PurchaseReceived, PurchaseSuggested
from ordercore.testing import ManualClock

REPORTS = {report.name: report for report in built_in()}


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def kernel(clock):
    kernel = Kernel(policies=Policies(replenish="order"), clock=clock)
    kernel.handle(PutItem("TEA", "Tea"))
    kernel.handle(PutLocation("WH1"))
    kernel.handle(ReceiveStock("WH1", [Received("TEA", 10)], "supplier", "GR-1"))
    kernel.handle(PutSupplier("ACME", "EUR", "Acme"))
    kernel.handle(PutSupply("TEA", "ACME", "T-1", "1.50", pack=10))
    kernel.handle(PutStockLevels("TEA", "WH1", 5, 30))
    clock.advance(days=1)
    kernel.handle(MoveStock("WH1", "TEA", 8, "available", "damaged", "wet"))
    kernel.work(until_idle=True)
    kernel.handle(ApprovePurchase("ACME-1"))
    return kernel


def asked(kernel, path, name="alerts"):
    with Facts(path, TABLES) as facts:
        follow(kernel, facts)
    with Session(path) as session:
        return session.run(REPORTS[name]), session.finding(REPORTS[name])


def log_of(kernel, kind):
    return [record for record in kernel.log(limit=10_000).records if isinstance(record.event, kind)]


def test_an_open_alert_is_shown_as_open(kernel, tmp_path):
    rows, finding = asked(kernel, tmp_path / "facts.duckdb")
    (raised,) = log_of(kernel, AlertRaised)
    assert rows.rows == ((raised.event.kind.replace("_", " "), 1, 0, 1, 0, None),)
    assert finding == "1 alert was raised; 1 is open"


def test_goods_that_come_resolve_it_and_the_next_crossing_is_another_alert(kernel, clock, tmp_path):
    (purchase,) = [record.stream.partition("/")[2] for record in log_of(kernel, PurchaseSuggested)]
    for n, units in enumerate((10, 20)):
        clock.advance(days=1)
        kernel.handle(ReceivePurchase(purchase, (ArrivedLine("TEA", units),), external_id=f"DN-{n}"))
        kernel.work(until_idle=True)
    (resolved,) = log_of(kernel, AlertResolved)
    rows, finding = asked(kernel, tmp_path / "facts.duckdb")
    assert rows.rows[0][1:4] == (1, 1, 0)
    assert finding == "1 alert was raised; none is open"
    assert (
        rows.rows[0][5]
        == (resolved.effective_at - log_of(kernel, AlertRaised)[0].effective_at).total_seconds() / 86_400
    )

    kernel.handle(MoveStock("WH1", "TEA", 28, "available", "damaged", "wet again"))
    kernel.work(until_idle=True)
    rows, _ = asked(kernel, tmp_path / "facts.duckdb")
    assert sum(rows.column("raised")) == len(log_of(kernel, AlertRaised)) == 2
    assert (sum(rows.column("resolved")), sum(rows.column("open"))) == (1, 1)


def test_purchases_and_what_came_of_them_are_facts(kernel, tmp_path):
    (suggested,) = log_of(kernel, PurchaseSuggested)
    purchase = suggested.stream.partition("/")[2]
    kernel.handle(ReceivePurchase(purchase, (ArrivedLine("TEA", 5),), external_id="DN-1"))
    asked(kernel, tmp_path / "facts.duckdb")
    with Session(tmp_path / "facts.duckdb") as session:
        assert session.duck.execute(
            "select purchase, supplier, location, currency, total from purchases"
        ).fetchall() == [(purchase, "ACME", "WH1", "EUR", suggested.event.total)]
        came = session.duck.execute("select line, sku, quantity, over from purchase_receipts").fetchall()
        assert came == [(one.line, one.sku, one.quantity, one.over)
                        for record in log_of(kernel, PurchaseReceived) for one in record.event.lines]  # fmt: skip
        steps = session.duck.execute("select step from purchase_steps order by version").fetchall()
        assert steps[-1] == ("received",)


def test_the_page_has_them(kernel, tmp_path):
    written = write_report(kernel, tmp_path)
    page = written.page.read_text("utf-8")
    assert "1 alert was raised; 1 is open" in page
    assert "Alerts open" in page
    assert "alerts.png" in {path.name for path in written.charts}


def test_stock_lasts_by_what_was_ordered_since_there_are_orders_and_transfers_are_not_free(clock, tmp_path):
    kernel = Kernel(clock=clock)
    for code in ("WH1", "WH2"):
        kernel.handle(PutLocation(code))
    kernel.handle(PutItem("TEA", "Tea"))
    kernel.handle(ReceiveStock("WH1", [Received("TEA", 60)]))
    for n in range(4):  # 10 a day, for four days
        kernel.handle(PlaceOrder("web", str(n), "EUR", [Line("TEA", 10, "1.00")]))
        clock.advance(days=1 if n < 3 else 0)
    kernel.handle(SendTransfer("T1", "WH1", "WH2", [TransferLine("TEA", 12)]))
    with Facts(tmp_path / "facts.duckdb", TABLES) as facts:
        follow(kernel, facts)
    with Session(tmp_path / "facts.duckdb") as session:
        assert session.run(REPORTS["cover"]).rows == (("under 7 days", 1, 8.0),)
