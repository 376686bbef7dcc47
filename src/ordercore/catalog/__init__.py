"""The catalog: items that can be ordered and stocked, and locations where stock is handled."""

from ordercore.catalog.commands import PutItem, PutLocation
from ordercore.catalog.state import Item, Location

__all__ = ["Item", "Location", "PutItem", "PutLocation"]
