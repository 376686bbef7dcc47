"""What runs low in the demonstration: ordered of a supplier by mail, answered, received in two parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from rich.console import RenderableType

from ordercore.catalog import PutStockLevels
from ordercore.cli import show
from ordercore.cli.demo.clock import instant
from ordercore.cli.demo.documents import document
from ordercore.cli.plugged import plugins
from ordercore.kernel import Kernel
from ordercore.message import Command
from ordercore.ports import Supplier, Transmission, Transport
from ordercore.stock import MoveStock
from ordercore.supply import ArrivedLine, PutSupplier, PutSupply, ReceivePurchase
from ordercore.transport import FolderTransport, Routes
from ordercore.views.purchases import purchase_tables

PURCHASE: Final = "POTTERY-1"
ALERT: Final = "LON:CUP-BLUE"
ACCOUNT: Final = "pottery"
ANSWER: Final = "pottery-answer.eml"
TOKEN: Final = "onlyForTheDemonstration"  # noqa: S105  # of a supplier that does not exist
"""Stands in the address that the supplier answers to, so that nobody else can."""
STEPS: Final[tuple[tuple[str, str, Command[Any] | str], ...]] = (
    ("Fri 10:00", "buying", PutSupplier("POTTERY", "EUR", "Pottery next door", ACCOUNT, 0, 4, 2, "200.00", 10)),
    ("Fri 10:00", "buying", PutSupply("CUP-BLUE", "POTTERY", "CB-12", "4.20", pack=12)),
    ("Fri 10:00", "buying", PutStockLevels("CUP-BLUE", "LON", 4, 30, owner="buying")),
    ("Fri 10:30", "LON", MoveStock("LON", "CUP-BLUE", 2, "available", "damaged", "fell off the shelf")),
    ("Fri 11:30", ACCOUNT, ANSWER),
    ("Fri 14:00", "LON", ReceivePurchase(PURCHASE, (ArrivedLine("CUP-BLUE", 12),), external_id="DN-1")),
    ("Fri 17:00", "LON", ReceivePurchase(PURCHASE, (ArrivedLine("CUP-BLUE", 24),), external_id="DN-2")),
)
"""(when, who, a command or the mail that comes in); in between the house itself raises the alert, suggests, approves, sends."""


def suppliers() -> Mapping[str, Supplier]:
    """The one account, of the installed plugin for suppliers by mail. Raises ConfigurationError that says what to install."""
    settings = {
        "sender": "Tea shop <shop@tea.example>", "recipients": ["orders@pottery.example"], "reply_to": "shop@tea.example",
        "answer": {"currency": "EUR"}, "trust": {"senders": ["pottery.example"], "token": TOKEN},
    }  # fmt: skip
    return {ACCOUNT: plugins().supplier("mail", ACCOUNT, settings)}


def outbox(folder: Path) -> Transport:
    """Mail goes into a folder, nothing over the network."""
    return Routes(mail=FolderTransport(folder))


def replenish(kernel: Kernel, to: Callable[[str], None], do: Callable[[Command[Any], str], object]) -> None:
    """Each step at its time; after each, everything due happens."""
    for when, who, what in STEPS:
        to(when)
        if isinstance(what, str):
            kernel.receive(who, Transmission(who, "message/rfc822", document(what), received_at=instant(when)))
        else:
            do(what, who)
        kernel.work(until_idle=True)


def told(kernel: Kernel) -> RenderableType:
    """The purchase with its arithmetic, and what happened to it."""
    return show.tables((*purchase_tables(kernel.purchase(PURCHASE)), *kernel.timeline(f"purchase/{PURCHASE}").tables()))


def alert_in_words(kernel: Kernel) -> str:
    """The alert's story in one line."""
    return "; ".join(entry.text for entry in kernel.timeline(f"alert/{ALERT}"))
