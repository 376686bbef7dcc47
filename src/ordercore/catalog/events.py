"""What happens to master data, and the names it is stored under."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from ordercore.catalog.state import Item, Location, StockLevels
from ordercore.message import DocumentType, Event, EventType
from ordercore.store import without_postings


@frozen
class ItemPut(Event):
    """An item was defined or changed; the whole of it."""

    item: Item


@frozen
class LocationPut(Event):
    """A location was defined or changed; the whole of it."""

    location: Location


@frozen
class LevelsPut(Event):
    """The stock levels of an item at a location were defined or changed; the whole of them."""

    levels: StockLevels


without_postings(ItemPut, LocationPut, LevelsPut)

EVENTS: Final[tuple[EventType, ...]] = (
    EventType("catalog.item_put", 1, ItemPut),
    EventType("catalog.location_put", 1, LocationPut),
    EventType("catalog.levels_put", 1, LevelsPut),
)
DOCUMENTS: Final[tuple[DocumentType, ...]] = (
    DocumentType("catalog.item", Item),
    DocumentType("catalog.location", Location),
    DocumentType("catalog.levels", StockLevels),
)
