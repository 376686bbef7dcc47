import pytest

from ordercore.catalog import PutItem, PutLocation
from ordercore.errors import InvalidCommand
from ordercore.order import Line, PlaceOrder
from ordercore.stock import Received, ReceiveStock


def waits(bench, quantity):
    bench(PlaceOrder("shop", "1", "EUR", [Line("TEA", quantity, "1.00")], shortage="backorder"))


def test_less_safety_stock_fills_those_who_wait(bench):
    bench(PutItem("TEA", "Tea", safety_stock=3))
    bench(ReceiveStock("WH1", [Received("TEA", 5)]))
    waits(bench, 4)
    assert bench.units("TEA") == {"available": 3, "reserved": 2}
    bench(PutItem("TEA", "Tea", safety_stock=2))
    assert bench.units("TEA") == {"available": 2, "reserved": 3}
    bench(PutItem("TEA", "Tea", safety_stock=4))
    bench(PutItem("TEA", "Tea"))
    assert bench.units("TEA") == {"available": 1, "reserved": 4}


def test_a_location_that_sells_again_fills_those_who_wait(bench):
    bench(PutLocation("WH2", "Two", rank=1, sellable=False))
    bench(ReceiveStock("WH2", [Received("TEA", 5), Received("CUP", 5)]))
    waits(bench, 4)
    assert bench.units("TEA", "loc/WH2") == {"available": 5}
    bench(PutLocation("WH2", "Two", rank=1))
    assert bench.units("TEA", "loc/WH2") == {"available": 1, "reserved": 4}


def test_a_location_is_named_by_a_code(bench):
    with pytest.raises(InvalidCommand) as caught:
        bench(PutLocation("\ud800"))
    assert caught.value.path == "code"
