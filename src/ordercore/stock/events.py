"""All events of stock, and the names they are stored under."""

from __future__ import annotations

from typing import Final

from ordercore.message import DocumentType, EventType
from ordercore.stock.adjustment import LastCount, StockAdjusted, StockCounted, StockMoved
from ordercore.stock.lots import LotFacts
from ordercore.stock.receipt import ReceivedUnits, StockOpened, StockReceived
from ordercore.stock.reservation import (
    ReservationExpired,
    ReservationExtended,
    ReservationMade,
    ReservationReleased,
    ReservationUpgraded,
)
from ordercore.stock.transfer import TransferReceived, TransferSent, TransferUnits

StockEvent = (
    StockReceived
    | StockAdjusted
    | StockCounted
    | StockMoved
    | StockOpened
    | TransferSent
    | TransferReceived
    | ReservationMade
    | ReservationExtended
    | ReservationUpgraded
    | ReservationReleased
    | ReservationExpired
)

EVENTS: Final[tuple[EventType, ...]] = (
    EventType("stock.received", 1, StockReceived),
    EventType("stock.adjusted", 1, StockAdjusted),
    EventType("stock.counted", 1, StockCounted),
    EventType("stock.moved", 1, StockMoved),
    EventType("stock.opened", 1, StockOpened),
    EventType("transfer.sent", 1, TransferSent),
    EventType("transfer.received", 1, TransferReceived),
    EventType("reservation.made", 1, ReservationMade),
    EventType("reservation.extended", 1, ReservationExtended),
    EventType("reservation.upgraded", 1, ReservationUpgraded),
    EventType("reservation.released", 1, ReservationReleased),
    EventType("reservation.expired", 1, ReservationExpired),
)
DOCUMENTS: Final[tuple[DocumentType, ...]] = (
    DocumentType("stock.lot", LotFacts),
    DocumentType("stock.last_count", LastCount),
)

__all__ = [
    "DOCUMENTS",
    "EVENTS",
    "LastCount",
    "LotFacts",
    "ReceivedUnits",
    "ReservationExpired",
    "ReservationExtended",
    "ReservationMade",
    "ReservationReleased",
    "ReservationUpgraded",
    "StockAdjusted",
    "StockCounted",
    "StockEvent",
    "StockMoved",
    "StockOpened",
    "StockReceived",
    "TransferReceived",
    "TransferSent",
    "TransferUnits",
]
