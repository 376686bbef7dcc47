from datetime import date
from decimal import Decimal

import pytest

from ordercore.ports import PurchaseDocument, PurchaseLine
from ordercore.values import Address, Price, Quantity
from ordercore_mailsupplier import MailSupplier, Trust

TOKEN = "0123456789abcdef0123"


def line(number="1", sku="TEA", theirs="T-100", quantity="12", unit="box", cost="4.50", **fields):
    price = Price.of(cost, "EUR") if cost else None
    return PurchaseLine(number, sku, theirs, Quantity(Decimal(quantity), unit), price, date(2026, 1, 20), **fields)


@pytest.fixture
def make_line():
    return line


@pytest.fixture
def document():
    def make(*lines, **fields):
        given = {
            "number": "PO-7", "supplier": "leaf", "issued_on": date(2026, 1, 5), "currency": "EUR",
            "lines": lines or (line(), line("2", "SUGAR", "S-1", "1.250", "kg", None)),
            "deliver_to": Address("DE", "Warehouse", ("Dock 3",), "Bremen", "", "28195"), **fields,
        }  # fmt: skip
        return PurchaseDocument(**given)

    return make


@pytest.fixture
def make_supplier():
    def make(**settings):
        given = {
            "sender": "Shop <shop@shop.example>", "recipients": ["orders@leaf.example"],
            "reply_to": "buying@shop.example", "trust": Trust(["leaf.example"], TOKEN), **settings,
        }  # fmt: skip
        return MailSupplier("leaf", **given)

    return make


@pytest.fixture
def token():
    return TOKEN
