"""A supplier in memory: it takes purchase orders over HTTP and answers in a JSON of its own."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Final

from ordercore.errors import AuthenticationFailed
from ordercore.ports import (
    ConfirmedLine,
    ConfirmPurchase,
    Declined,
    Decoded,
    DocumentSent,
    ExternalKey,
    HttpRequest,
    HttpResponse,
    Inbound,
    Op,
    Problem,
    PurchaseDocument,
    SupplierCapability,
    Transmission,
)
from ordercore.values import Price, Quantity

TOKEN: Final = "let-me-in"  # noqa: S105  # of a supplier that does not exist
URL: Final = "https://supplier.example/orders"


class MemorySupplier:
    """One account. What it is sent is a JSON document; a 2xx takes it over, a 4xx declines it."""

    def __init__(
        self, instance: str = "memory", capabilities: Iterable[SupplierCapability] = ("send", "query")
    ) -> None:
        """With `query` it can be asked whether it has a document."""
        self.instance = instance
        self.capabilities: frozenset[SupplierCapability] = frozenset(capabilities)

    def send(self, document: PurchaseDocument, *, key: str) -> Op[DocumentSent | Declined]:
        """Post it under its key."""
        response = yield HttpRequest("POST", URL, {"idempotency-key": key}, _written(document))
        assert isinstance(response, HttpResponse)  # the answer to an HTTP request
        if response.status >= 400:
            return Declined((Problem("declined", "reject", "", f"HTTP status {response.status}"),))
        return DocumentSent(f"taken-{document.number}")

    def find(self, key: str) -> Op[DocumentSent | None]:
        """Ask for it by its key."""
        response = yield HttpRequest("GET", f"{URL}/{key}")
        assert isinstance(response, HttpResponse)  # the answer to an HTTP request
        return DocumentSent(response.body.decode()) if response.status == 200 else None

    def verify(self, transmission: Transmission, *, now: datetime) -> None:
        """The token, or AuthenticationFailed."""
        if transmission.headers.get("authorization") != TOKEN:
            raise AuthenticationFailed("The answer does not carry the token.")

    def decode(self, transmission: Transmission) -> Decoded:
        """`{"number", "reference", "lines": [{"line", "answer", "quantity", "on", "cost"}]}`."""
        said = json.loads(transmission.body)
        lines = tuple(_line(row, n) for n, row in enumerate(said["lines"]))
        intent = ConfirmPurchase(said["number"], lines, said.get("reference", ""))
        subject = ExternalKey(self.instance, "purchase", said["number"])
        return Decoded((Inbound(transmission.transport_id or said["number"], subject, intent),))


def _line(row: dict[str, Any], n: int) -> ConfirmedLine:
    on, cost, units = row.get("on"), row.get("cost"), row.get("quantity")
    return ConfirmedLine(
        row["line"], row.get("answer", "accepted"), Quantity.of(str(units), "") if units is not None else None,
        date.fromisoformat(on) if on else None, Price.of(cost, "EUR") if cost else None, f"lines[{n}]",
    )  # fmt: skip


def _written(document: PurchaseDocument) -> bytes:
    lines = [[line.supplier_sku or line.sku, str(line.quantity.value)] for line in document.lines]
    return json.dumps([document.number, document.reminder, lines]).encode()
