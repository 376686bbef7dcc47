"""`ordercore erase`."""

import pytest

from ordercore import Kernel, Line, PlaceOrder
from ordercore.order.summary import ErasedAddress
from ordercore.values import Address


@pytest.fixture
def with_people(url):
    """The shop, and an order of somebody."""
    with Kernel.open(url) as kernel:
        to = Address(name="Ada Lovelace", lines=("12 Square",), city="London", country="GB")
        lines = [Line("HERB", 1, "3.50")]
        kernel.handle(PlaceOrder("web", "7", "EUR", lines, customer="C-1", ship_to=to))
    return url


def test_an_order_is_erased_by_name_or_by_customer(run, with_people):
    for asked in (("web:7",), ("--customer", "C-1")):
        status, out, _ = run("erase", "--store", with_people, "--reference", "T-1", "--by", "dpo", *asked)
        assert (status, out.strip()) == (0, "erased: the persons of 1 order")
    with Kernel.open(with_people) as kernel:
        assert isinstance(kernel.person("web:7"), ErasedAddress)
        assert kernel.verify() == ()


def test_by_age_nothing_open_is_erased(run, with_people):
    status, out, _ = run("erase", "--store", with_people, "--older-than", "0d")
    assert (status, out.strip()) == (0, "erased: the persons of 0 orders")


def test_exactly_one_way_to_name_orders_is_asked_for(run, with_people):
    assert run("erase", "--store", with_people)[0] == 2
    assert run("erase", "--store", with_people, "web:7", "--customer", "C-1")[0] == 2
    assert run("erase", "--store", with_people, "web:8")[0] == 1
