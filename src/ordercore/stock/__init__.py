"""Stock: what comes in, moves, is counted, travels between locations, and is kept for carts."""

from ordercore.stock.commands import (
    AdjustStock,
    CartLine,
    CountStock,
    ExpireReservation,
    ExtendReservation,
    MoveStock,
    OpenBalance,
    Opening,
    Received,
    ReceiveStock,
    ReceiveTransfer,
    ReleaseReservation,
    ReserveCart,
    SendTransfer,
    StockCommand,
    TransferLine,
)
from ordercore.stock.state import LotFacts, Reservation, Transfer

__all__ = [
    "AdjustStock",
    "CartLine",
    "CountStock",
    "ExpireReservation",
    "ExtendReservation",
    "LotFacts",
    "MoveStock",
    "OpenBalance",
    "Opening",
    "ReceiveStock",
    "ReceiveTransfer",
    "Received",
    "ReleaseReservation",
    "Reservation",
    "ReserveCart",
    "SendTransfer",
    "StockCommand",
    "Transfer",
    "TransferLine",
]
