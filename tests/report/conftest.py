"""A shop of a week with everything that a report tells, and its facts."""

from datetime import UTC, datetime

import pytest

from ordercore import Kernel, Line, PlaceOrder, PutItem, PutLocation, ReceiveStock, Ship
from ordercore.order import ReceiveReturn, RecordPayment, RecordTracking, ReturnedLine
from ordercore.report import TABLES, Facts, Session, follow
from ordercore.stock import Received

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def at(day, hour=9):
    return MONDAY.replace(day=2 + day, hour=hour)


def trade(kernel):
    """Two currencies, a backorder that is filled, one that waits, two parcels, a return, a Chinese name."""
    for item in (PutItem("TEA", "红茶 Tea"), PutItem("CUP", "Cup"), PutItem("KG", "Herbs", unit="kg", scale=3),
                 PutItem("post", "Postage", tracking="none", delivery="service")):  # fmt: skip
        kernel.handle(item)
    kernel.handle(PutLocation("WH1", "Main", rank=1))
    kernel.handle(PutLocation("WH2", "Second", rank=2))
    goods = (Received("TEA", 10, unit_cost="1.50", currency="EUR"), Received("KG", 2500))
    kernel.handle(ReceiveStock("WH1", goods, "supplier", "GR-1"), effective=at(0, 8))
    kernel.handle(ReceiveStock("WH2", (Received("CUP", 5),), "supplier", "GR-2"), effective=at(0, 8))

    def place(number, currency, *lines, day):
        order = PlaceOrder("web", number, currency, lines, shortage="backorder", placed_at=at(day))
        return kernel.handle(order, effective=at(day)).order_id

    one = place("1", "EUR", Line("TEA", 4, "3.50"), Line("CUP", 1, "9.00"), Line("post", 1, "4.90"), day=0)
    two = place("2", "JPY", Line("TEA", 8, "500"), day=1)
    three = place("3", "EUR", Line("KG", 1500, "20.00"), Line("CUP", 9, "9.00"), day=2)
    kernel.handle(Ship(one, location="WH1", tracking="P-1"), effective=at(1, 12))
    kernel.handle(Ship(one, location="WH2", tracking="P-2"), effective=at(2, 12))
    kernel.handle(RecordTracking(one, "P1", "delivered", at(3)), effective=at(3))
    kernel.handle(RecordPayment(one, "c-1", "charge", "27.90"), effective=at(1))
    kernel.handle(ReceiveStock("WH1", (Received("TEA", 3),), "supplier", "GR-3"), effective=at(4))
    kernel.handle(Ship(two, tracking="P-3"), effective=at(5))
    kernel.handle(
        ReceiveReturn(one, "R-1", "WH1", (ReturnedLine("1", 1, "restock"),), "太小 too small"), effective=at(6)
    )
    return one, two, three


@pytest.fixture
def shop():
    kernel = Kernel()
    trade(kernel)
    return kernel


@pytest.fixture
def path(tmp_path):
    return tmp_path / "facts.duckdb"


@pytest.fixture
def facts(shop, path):
    """The file of the shop's facts, followed."""
    with Facts(path, TABLES) as kept:
        follow(shop, kept)
    return path


@pytest.fixture
def session(facts, tmp_path):
    with Session(facts, tables=tmp_path / "tables") as opened:
        yield opened
