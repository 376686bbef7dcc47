"""A small shop in a file, and the command line called as its script calls it."""

from datetime import UTC, date, datetime

import pytest

from ordercore import Kernel, Line, PlaceOrder, PutItem, PutLocation, ReceiveStock, Ship
from ordercore.cli import main
from ordercore.stock import Received

PLACED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def url(tmp_path, monkeypatch):
    """Two orders shipped and waiting, an item with lots, one with decimals, one without stock."""
    monkeypatch.delenv("ORDERCORE_STORE", raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)
    address = f"sqlite:///{tmp_path / 'shop.db'}"
    with Kernel.open(address) as kernel:
        for item in (PutItem("TEA", "Tea"), PutItem("HERB", "Herbs", tracking="lot"), PutItem("KG", unit="kg", scale=3),
                     PutItem("postage", tracking="none", delivery="service")):  # fmt: skip
            kernel.handle(item)
        kernel.handle(PutLocation("WH1", rank=1))
        kernel.handle(PutLocation("WH2", rank=2))
        goods = (Received("TEA", 10), Received("HERB", 4, "L-1", date(2027, 1, 31)), Received("KG", 2500))
        kernel.handle(ReceiveStock("WH1", goods, "supplier", "GR-1"), effective=PLACED.replace(hour=8))
        first = PlaceOrder("web", "1", "EUR", [Line("TEA", 2, "3.50"), Line("postage", 1, "4.90")])
        order = kernel.handle(first, effective=PLACED, actor="shop").order_id
        kernel.handle(Ship(order, carrier="Post", tracking="P-1"), effective=PLACED.replace(day=3))
        waits = PlaceOrder("web", "2", "EUR", [Line("TEA", 12, "3.50")], shortage="backorder")
        kernel.handle(waits, effective=PLACED.replace(hour=10))
    return address


@pytest.fixture
def run(capsys):
    """Call the command line: the exit status, standard output, standard error."""

    def call(*arguments):
        status = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return call
