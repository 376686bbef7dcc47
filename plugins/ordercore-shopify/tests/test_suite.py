"""The Shopify channel keeps the rules of docs/channels.md."""

import json
from typing import ClassVar

from ordercore.testing.channel_suite import ChannelSuite, Document, Facts, Sample
from ordercore_shopify import ordercore_register_channels, sign

(KIND,) = ordercore_register_channels()
SIGNATURE = "X-Shopify-Hmac-Sha256"
TOPIC = "X-Shopify-Topic"
ADDRESS = {
    "name": "Placeholder Person", "company": None, "address1": "1 Invented Road", "address2": "Door 2", "city": "Exampleton",
    "province_code": "EX", "zip": "00001", "country_code": "DE", "phone": "+00 000 000", "latitude": 52.5, "longitude": 13.4,
}  # fmt: skip
SAMPLE = {
    "id": 820_982_911_946_154_508, "name": "#1001", "currency": "EUR", "test": False, "taxes_included": False,
    "created_at": "2026-03-01T09:00:00+01:00", "processed_at": "2026-03-01T08:59:00+01:00",
    "updated_at": "2026-03-01T09:00:01+01:00", "cancelled_at": None, "financial_status": "paid",
    "subtotal_price": "18.00", "total_price": "26.37", "total_discounts": "2.00", "total_tax": "3.42",
    "customer": {"id": 5_000_000_001}, "contact_email": "placeholder@example.com", "shipping_address": ADDRESS,
    "line_items": [{
        "id": 900_000_000_000_000_001, "sku": "TEA", "variant_id": 7001, "title": "Tea, 100 g", "quantity": 2,
        "current_quantity": 2, "price": "10.00", "discount_allocations": [{"amount": "2.00"}],
        "tax_lines": [{"price": "3.42", "rate": 0.19}], "properties": [{"name": "engraving", "value": "private words"}],
    }],
    "shipping_lines": [{"id": 31, "code": "standard", "title": "Standard", "price": "4.95"}],
}  # fmt: skip


def written(order):
    """An order of the suite as the platform sends it."""
    lines = [
        {"id": number(one.line_id), "sku": one.sku, "title": one.title, "quantity": number(one.quantity), "price": str(one.price)}
        for one in order.lines
    ]  # fmt: skip
    return {
        "id": number(order.order), "currency": order.currency, "line_items": lines, "total_price": str(order.total),
        "processed_at": order.placed_at.isoformat(), "updated_at": order.updated_at.isoformat(),
        "cancelled_at": order.updated_at.isoformat() if order.cancelled else None,
        "shipping_address": order.ship_to and {
            "name": order.ship_to.name, "address1": order.ship_to.lines[0], "city": order.ship_to.city,
            "zip": order.ship_to.postal_code, "country_code": order.ship_to.country, "phone": order.ship_to.phone,
        },
        "contact_email": order.ship_to.email if order.ship_to else None,
    }  # fmt: skip


def number(text):
    return float(text) if "." in str(text) else int(text)


def document(content, topic="orders/updated"):
    return Document(json.dumps(content, ensure_ascii=False).encode(), "application/json", {TOPIC: topic})


class TestShopify(ChannelSuite):
    push = file = many = cancels = totals = addresses = delimited = True
    kind = KIND
    secret = "not a real secret"
    settings: ClassVar = {"secrets": secret}

    def samples(self):
        facts = Facts("820982911946154508", 1, 2, "EUR", "26.37", "DE")
        personal = ("Placeholder", "Invented", "placeholder@", "private words", "000 000")
        cancelled = SAMPLE | {"cancelled_at": "2026-03-01T10:00:00+01:00", "cancel_reason": "customer"}
        return [
            Sample("an order", document(SAMPLE, "orders/create"), (facts,), personal=personal),
            Sample("a cancellation", document(cancelled, "orders/cancelled"), (), (facts.order,), personal),
        ]

    def document(self, orders):
        return document(written(orders[0]) if len(orders) == 1 else {"orders": [written(order) for order in orders]})

    def sign(self, document, secret, at):
        return {SIGNATURE: sign(document.body, secret.encode()).decode()}
