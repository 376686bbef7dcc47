from datetime import UTC, datetime

import pytest

from ordercore.errors import InvalidCommand
from ordercore.order import AdoptedLine, AdoptOrder

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
