"""The supply side: suppliers, what they supply, and purchases from suggestion to receipt."""

from ordercore.supply.arithmetic import Arithmetic
from ordercore.supply.commands import (
    AcknowledgePurchase,
    AnsweredLine,
    ApprovePurchase,
    ArrivedLine,
    CancelPurchase,
    ClosePurchase,
    PurchaseCommand,
    PutSupplier,
    PutSupply,
    ReceivePurchase,
    RecordPurchaseNotSent,
    RecordPurchaseSent,
    RejectPurchase,
    RemindSupplier,
    Replenish,
    SuggestPurchase,
    WantedLine,
)
from ordercore.supply.documents import IncomingLine, PurchaseSummary, Supplier, Supply
from ordercore.supply.state import Purchase, PurchaseLine

__all__ = [
    "AcknowledgePurchase",
    "AnsweredLine",
    "ApprovePurchase",
    "Arithmetic",
    "ArrivedLine",
    "CancelPurchase",
    "ClosePurchase",
    "IncomingLine",
    "Purchase",
    "PurchaseCommand",
    "PurchaseLine",
    "PurchaseSummary",
    "PutSupplier",
    "PutSupply",
    "ReceivePurchase",
    "RecordPurchaseNotSent",
    "RecordPurchaseSent",
    "RejectPurchase",
    "RemindSupplier",
    "Replenish",
    "SuggestPurchase",
    "Supplier",
    "Supply",
    "WantedLine",
]
