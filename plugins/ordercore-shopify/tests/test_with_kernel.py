"""Deliveries on their way through a kernel, repeated and in any order."""

import json
from itertools import permutations

import pytest

from ordercore.catalog import PutItem, PutLocation
from ordercore.errors import AuthenticationFailed
from ordercore.kernel import Kernel
from ordercore.ports import Transmission
from ordercore.stock import Received, ReceiveStock
from ordercore_shopify import ShopifyChannel, ShopSettings, sign

SECRET = "not a real secret"
BODY = {
    "id": 820_982_911_946_154_508,
    "name": "#1001",
    "currency": "EUR",
    "total_price": "3.00",
    "processed_at": "2026-03-01T09:00:00+01:00",
    "updated_at": "2026-03-01T09:00:00+01:00",
    "line_items": [{"id": 1, "sku": "TEA", "quantity": 2, "price": "1.50"}],
}


def delivery(topic="orders/create", secret=SECRET, **changes):
    raw = json.dumps(BODY | changes).encode()
    headers = {"X-Shopify-Hmac-Sha256": sign(raw, secret.encode()).decode(), "X-Shopify-Topic": topic}
    return Transmission("shop", "application/json", raw, headers)


PLACED = delivery()
PAID = delivery("orders/paid", updated_at="2026-03-01T09:00:05+01:00", financial_status="paid")
CANCELLED = delivery(
    "orders/cancelled", updated_at="2026-03-01T10:00:00+01:00", cancelled_at="2026-03-01T10:00:00+01:00"
)


@pytest.fixture
def kernel():
    return fresh()


def fresh():
    kernel = Kernel(channels={"shop": ShopifyChannel("shop", ShopSettings.of({"secrets": SECRET}))})
    kernel.handle(PutLocation("WH1"))
    kernel.handle(PutItem("TEA"))
    kernel.handle(ReceiveStock("WH1", [Received("TEA", 10)], source="erp", external_id="R1"))
    return kernel


def reserved(kernel):
    return sum(row.buckets.get("reserved", 0) for row in kernel.stock("TEA").rows)


@pytest.mark.parametrize("order", list(permutations(["PLACED", "PAID", "PLACED"])))
def test_repeats_and_news_about_money_place_one_order(kernel, order):
    reports = [kernel.receive("shop", globals()[name]) for name in order]
    assert sum(len(report.accepted) for report in reports) == 1
    assert reserved(kernel) == 2
    assert kernel.quarantine() == ()


@pytest.mark.parametrize("order", list(permutations(["PLACED", "PAID", "CANCELLED"])))
def test_a_cancelled_order_holds_no_stock_in_whatever_order_it_is_told(kernel, order):
    for name in (*order, *order):
        kernel.receive("shop", globals()[name])
    assert reserved(kernel) == 0


def test_a_change_with_a_newer_version_waits_for_a_person(kernel):
    kernel.receive("shop", PLACED)
    lines = [BODY["line_items"][0] | {"quantity": 3}]
    changed = delivery("orders/updated", line_items=lines, total_price="4.50", updated_at="2026-03-01T09:30:00+01:00")
    (problem,) = kernel.receive("shop", changed).problems
    assert (problem.code, problem.subject) == ("change_proposed", "820982911946154508")
    assert "lines.1.quantity: 2 -> 3" in problem.message
    assert reserved(kernel) == 2


def test_a_forged_delivery_leaves_no_trace(kernel):
    with pytest.raises(AuthenticationFailed):
        kernel.receive("shop", delivery(secret="a guess"))
    assert reserved(kernel) == 0
    assert kernel.quarantine() == ()
