"""What runs low in the demonstration: ordered of a supplier by mail, answered, received in two parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from rich.console import RenderableType

from ordercore.catalog import PutStockLevels
from ordercore.cli import show
from ordercore.cli.plugged import plugins
from ordercore.errors import ConfigurationError
from ordercore.kernel import Kernel
from ordercore.message import Command
from ordercore.ports import Supplier, Transport
from ordercore.stock import MoveStock
from ordercore.supply import AcknowledgePurchase, ArrivedLine, PutSupplier, PutSupply, ReceivePurchase
from ordercore.transport import FolderTransport, Routes
from ordercore.views.purchases import purchase_tables

PURCHASE: Final = "POTTERY-1"
ALERT: Final = "LON:CUP-BLUE"
STEPS: Final[tuple[tuple[str, str, Command[Any]], ...]] = (
    ("Fri 10:00", "buying", PutSupplier("POTTERY", "EUR", "Pottery next door", "pottery", 0, 4, 2, "200.00", 10)),
    ("Fri 10:00", "buying", PutSupply("CUP-BLUE", "POTTERY", "CB-12", "4.20", pack=12)),
    ("Fri 10:00", "buying", PutStockLevels("CUP-BLUE", "LON", 4, 30, owner="buying")),
    ("Fri 10:30", "LON", MoveStock("LON", "CUP-BLUE", 2, "available", "damaged", "fell off the shelf")),
    ("Fri 11:30", "buying", AcknowledgePurchase(PURCHASE, reference="P-204")),
    ("Fri 14:00", "LON", ReceivePurchase(PURCHASE, (ArrivedLine("CUP-BLUE", 12),), external_id="DN-1")),
    ("Fri 17:00", "LON", ReceivePurchase(PURCHASE, (ArrivedLine("CUP-BLUE", 24),), external_id="DN-2")),
)
"""(when, who, what); in between the house itself raises the alert, suggests, approves and sends."""


def suppliers() -> Mapping[str, Supplier]:
    """The one account, of the installed plugin for suppliers by mail. Raises ConfigurationError that says what to install."""
    kinds = plugins().supplier_kinds()
    if "mail" not in kinds:
        raise ConfigurationError(
            "There is no kind of supplier 'mail'.", hint="Type: pip install ordercore-mailsupplier"
        )
    settings = {"sender": "Tea shop <shop@tea.example>", "recipients": ["orders@pottery.example"]}
    return {"pottery": kinds["mail"].make("pottery", settings)}


def outbox(folder: Path) -> Transport:
    """Mail goes into a folder, nothing over the network."""
    return Routes(mail=FolderTransport(folder))


def replenish(kernel: Kernel, to: Callable[[str], None], do: Callable[[Command[Any], str], object]) -> None:
    """Each step at its time; after each, everything due happens."""
    for when, who, command in STEPS:
        to(when)
        do(command, who)
        kernel.work(until_idle=True)


def told(kernel: Kernel) -> RenderableType:
    """The purchase with its arithmetic, and what happened to it."""
    return show.tables((*purchase_tables(kernel.purchase(PURCHASE)), *kernel.timeline(f"purchase/{PURCHASE}").tables()))


def alert_in_words(kernel: Kernel) -> str:
    """The alert's story in one line."""
    return "; ".join(entry.text for entry in kernel.timeline(f"alert/{ALERT}"))
