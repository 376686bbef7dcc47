"""A stretch of the real order lines, where they are: alerts after every invoice equal a recomputation from scratch."""

import csv
import gzip
import os
from collections import defaultdict
from itertools import groupby, islice
from pathlib import Path

import pytest

from ordercore import Kernel, PutItem, PutLocation, ReceiveStock
from ordercore.catalog import PutStockLevels
from ordercore.order import Line, PlaceOrder
from ordercore.policies import Policies
from ordercore.stock import Received
from ordercore.testing import CountedIds, ManualClock

REORDER, CLEAR, UP_TO, INVOICES = 24, 30, 120, 250

real = pytest.mark.skipif(
    "ORDERCORE_DATA" not in os.environ, reason="ORDERCORE_DATA names no folder with the real order lines"
)


def invoices():
    """(number, units by SKU), one after the other; returns have negative units."""
    with gzip.open(Path(os.environ["ORDERCORE_DATA"]) / "online_retail_lines.csv.gz", "rt") as file:
        rows = (row for row in csv.DictReader(file) if row["stock_code"].strip().isalnum())
        for number, lines in groupby(rows, key=lambda row: row["invoice_no"]):
            units = defaultdict(int)
            for line in lines:
                units[line["stock_code"].strip()] += int(line["quantity"])
            yield number, {sku: n for sku, n in units.items() if n}


class House:
    """A kernel, and a recomputation that knows nothing of it: free less waiting by SKU, and two flags."""

    def __init__(self):
        policies = Policies(replenish="alert", shortage="backorder")
        self.shop = Kernel(clock=ManualClock(), ids=CountedIds(), policies=policies)
        self.shop.handle(PutLocation("WH1"))
        self.net, self.open, self.armed, self.raised = {}, set(), set(), 0

    def knows(self, sku):
        if sku not in self.net:
            self.shop.handle(PutItem(sku))
            self.net[sku] = 0
            self.armed.add(sku)
            self.receives({sku: UP_TO})
            self.shop.handle(PutStockLevels(sku, "WH1", REORDER, UP_TO, CLEAR))

    def receives(self, goods):
        if goods:
            self.shop.handle(ReceiveStock("WH1", [Received(sku, units) for sku, units in goods.items()]))
            for sku, units in goods.items():
                self.net[sku] += units
            self.judge()

    def sells(self, number, sold):
        if sold:
            lines = [Line(sku, units, "1.00") for sku, units in sold.items()]
            self.shop.handle(PlaceOrder("web", number, "GBP", lines))
            for sku, units in sold.items():
                self.net[sku] -= units
            self.judge()

    def judge(self):
        for sku, balance in self.net.items():
            if balance > CLEAR:
                self.open.discard(sku)
                self.armed.add(sku)
            elif balance <= REORDER and sku in self.armed:
                self.armed.discard(sku)
                self.open.add(sku)
                self.raised += 1

    def agrees(self):
        found = {alert.sku: alert.balance.projected for alert in self.shop.alerts("open", limit=10_000)}
        assert found == {sku: self.net[sku] for sku in self.open}


@real
def test_alerts_of_real_orders_equal_a_recomputation_at_every_invoice():
    house = House()
    for number, units in islice(invoices(), INVOICES):
        for sku in units:
            house.knows(sku)
        house.sells(number, {sku: n for sku, n in units.items() if n > 0})
        house.agrees()
        house.receives({sku: -n for sku, n in units.items() if n < 0})
        if number.endswith("0"):
            # Every tenth invoice goods come in for half of what runs low.
            house.receives(dict.fromkeys(sorted(house.open)[::2], UP_TO))
        house.agrees()
    assert house.raised > 100
    assert sum(alert.number for alert in house.shop.alerts(None, limit=10_000)) == house.raised
