"""A file on its way through a kernel: placed once, kept where it cannot be, replayed after the fix."""

import pytest

from ordercore.catalog import PutItem, PutLocation
from ordercore.kernel import Kernel
from ordercore.ports import Transmission
from ordercore.stock import Received, ReceiveStock
from ordercore_csv import ColumnMap, CsvChannel

MAP = """
[file]
encoding = "utf-8"
[columns]
order = "order"
sku = "sku"
quantity = "quantity"
unit_price = "price"
[order]
currency = "EUR"
"""
FILE = Transmission("paper", "text/csv", b"order,sku,quantity,price\n1,TEA,2,1.50\n2,CUP,1,7.00\n1,TEA,1,1.50\n")


@pytest.fixture
def kernel():
    kernel = Kernel(channels={"paper": CsvChannel("paper", ColumnMap.from_toml(MAP))})
    kernel.handle(PutLocation("WH1"))
    kernel.handle(PutItem("TEA"))
    kernel.handle(ReceiveStock("WH1", [Received("TEA", 10)], source="erp", external_id="R1"))
    return kernel


def reserved(kernel, sku):
    return sum(row.buckets.get("reserved", 0) for row in kernel.stock(sku).rows)


def test_a_file_read_twice_is_placed_once(kernel):
    first, again = kernel.receive("paper", FILE), kernel.receive("paper", FILE)
    assert (len(first.accepted), len(again.accepted), again.unchanged) == (1, 0, ("1",))
    assert reserved(kernel, "TEA") == 3
    assert [problem.code for problem in again.problems] == ["unmapped_item"]
    assert len(kernel.quarantine()) == 1


def test_a_kept_file_is_replayed_after_the_fix(kernel):
    kept = kernel.receive("paper", FILE).quarantined
    kernel.handle(PutItem("CUP"))
    kernel.handle(ReceiveStock("WH1", [Received("CUP", 10)], source="erp", external_id="R2"))
    replayed = kernel.replay(kept)
    assert (len(replayed.accepted), replayed.unchanged, replayed.problems) == (1, ("1",), ())
    assert (reserved(kernel, "TEA"), reserved(kernel, "CUP")) == (3, 1)
    assert kernel.quarantine() == ()
    assert kernel.verify() == ()


def test_the_same_order_with_other_content_changes_nothing(kernel):
    kernel.receive("paper", FILE)
    other = Transmission("paper", "text/csv", FILE.body.replace(b"1,TEA,2", b"1,TEA,5"))
    assert "content_differs" in [problem.code for problem in kernel.receive("paper", other).problems]
    assert reserved(kernel, "TEA") == 3
