from datetime import UTC, datetime

import pytest

from ordercore.errors import InvalidCommand
from ordercore.order import AdoptedLine, AdoptOrder
from ordercore.values import Address

AT = datetime(2026, 2, 1, tzinfo=UTC)


def adopt(*lines, **more):
    return AdoptOrder("shop", "77", "EUR", AT, lines or (AdoptedLine("TEA", 1, "1.00"),), **more)


@pytest.mark.parametrize("priority", ["x", 10**20, True, None])
def test_a_priority_is_an_int_within_a_million(bench, priority):
    with pytest.raises(InvalidCommand) as caught:
        bench(adopt(priority=priority))
    assert caught.value.path == "priority"


def test_what_has_no_stock_does_not_wait_for_it(bench):
    with pytest.raises(InvalidCommand) as caught:
        bench(adopt(AdoptedLine("POSTAGE", 1, "1.00", backordered=1)))
    assert caught.value.path == "lines[0].backordered"


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("customer", adopt(customer="\ud800")),
        ("ship_to.name", adopt(ship_to=Address("DE", "\ud800"))),
        ("lines[0].line_id", adopt(AdoptedLine("TEA", 1, line_id="\ud800"))),
        ("lines[1].line_id", adopt(AdoptedLine("TEA", 1, line_id="2"), AdoptedLine("TEA", 1))),
        ("lines[0].unit_price", adopt(AdoptedLine("TEA", 1, "x"))),
    ],
)
def test_what_an_adopted_order_may_not_say_is_refused_with_its_path(bench, path, command):
    with pytest.raises(InvalidCommand) as caught:
        bench(command)
    assert caught.value.path == path
