"""Items as a catalog gives them: in units, with lots, in grams, without stock, and one that is not sold any more."""

import pytest

from ordercore.catalog import Item
from ordercore.flows.catalog import CatalogView
from ordercore.plan import Sites

ITEMS = (
    Item("TEA", units={"case": "12"}),
    Item("CUP"),
    Item("MILK", tracking="lot"),
    Item("COFFEE", unit="kg", scale=3),
    Item("POSTAGE", tracking="none"),
    Item("OLD", active=False),
)


@pytest.fixture(scope="session")
def items():
    return CatalogView(0, {item.sku: item for item in ITEMS}, {}, Sites({}))
