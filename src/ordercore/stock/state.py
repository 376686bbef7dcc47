"""What the events of stock have made: transfers under way and carts' reservations. Balances are the store's rows."""

from __future__ import annotations

from ordercore.stock.adjustment import LastCount, count_key
from ordercore.stock.lots import LotFacts, lot_key
from ordercore.stock.reservation import RESERVATIONS, Reservation, fold_reservation, reservation_stream
from ordercore.stock.transfer import TRANSFERS, Progress, Transfer, fold_transfer, transfer_place, transfer_stream

__all__ = [
    "RESERVATIONS",
    "TRANSFERS",
    "LastCount",
    "LotFacts",
    "Progress",
    "Reservation",
    "Transfer",
    "count_key",
    "fold_reservation",
    "fold_transfer",
    "lot_key",
    "reservation_stream",
    "transfer_place",
    "transfer_stream",
]
