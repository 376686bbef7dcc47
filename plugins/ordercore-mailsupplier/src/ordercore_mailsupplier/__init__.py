"""Suppliers by mail: purchase orders go out as a CSV file, and come back with what the supplier says to each line."""

from collections.abc import Iterable
from typing import Final

from ordercore.hooks import hookimpl
from ordercore.ports import SupplierKind
from ordercore_mailsupplier.settings import AnswerFile, Letter, OrderFile, Trust
from ordercore_mailsupplier.supplier import KIND, MailSupplier

__all__ = [
    "ORDERCORE_API", "AnswerFile", "Letter", "MailSupplier", "OrderFile", "Trust", "ordercore_register_suppliers",
]  # fmt: skip

ORDERCORE_API: Final = 1
"""The version of ordercore's hooks and ports that this plugin was written for."""


@hookimpl
def ordercore_register_suppliers() -> Iterable[SupplierKind]:
    """The kind `mail`."""
    return [KIND]
