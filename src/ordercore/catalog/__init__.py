"""The catalog: items that can be ordered and stocked, and locations where stock is handled."""

from ordercore.catalog.commands import PutItem, PutLocation, PutStockLevels
from ordercore.catalog.state import Item, Location, StockLevels

__all__ = ["Item", "Location", "PutItem", "PutLocation", "PutStockLevels", "StockLevels"]
