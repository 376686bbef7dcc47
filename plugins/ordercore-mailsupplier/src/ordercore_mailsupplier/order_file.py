"""The purchase order as a file: exact numbers, no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from ordercore.ports import PurchaseDocument, PurchaseLine
from ordercore.readable import guarded
from ordercore_mailsupplier.settings import OrderFile


def written(document: PurchaseDocument, file: OrderFile) -> bytes:
    """The file, the same bytes for the same document. Raises UnicodeEncodeError for text that the encoding lacks."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=file.delimiter, lineterminator="\r\n")
    writer.writerow(map(guarded, file.columns))
    for line in document.lines:
        writer.writerow([_cell(name, document, line, file) for name in file.columns.values()])
    return out.getvalue().encode(file.encoding)


def _cell(name: str, document: PurchaseDocument, line: PurchaseLine, file: OrderFile) -> str:
    made = _NUMBERS.get(name)
    if made is not None:
        value = made(line)
        return "" if value is None else f"{value:f}".replace(".", file.decimal)
    if name == "wanted_on":
        return line.wanted_on.strftime(file.date_format) if line.wanted_on else ""
    return guarded(_text(name, document, line)) if name else ""


def _text(name: str, document: PurchaseDocument, line: PurchaseLine) -> str:
    currency = line.unit_cost.currency if line.unit_cost else document.currency
    texts = {
        "number": document.number, "note": document.note, "currency": currency, "unit": line.quantity.unit,
        "line": line.line, "sku": line.sku, "supplier_sku": line.supplier_sku, "title": line.title,
    }  # fmt: skip
    return texts[name]


_NUMBERS: Final[Mapping[str, Callable[[PurchaseLine], Decimal | None]]] = {
    "quantity": lambda line: line.quantity.value,
    "unit_cost": lambda line: line.unit_cost.decimal if line.unit_cost else None,
}
