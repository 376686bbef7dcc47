"""Purchases: one, many, as tables."""

from __future__ import annotations

from collections.abc import Iterable

from ordercore import lifecycle
from ordercore.errors import NotFound
from ordercore.flow import ReadState
from ordercore.readable import Table, columns
from ordercore.readable.statuses import status as toned
from ordercore.readable.words import moment
from ordercore.store import ReadDocuments
from ordercore.supply import Purchase, PurchaseSummary
from ordercore.supply import events as e
from ordercore.supply.documents import PURCHASE
from ordercore.supply.state import PURCHASES, purchase_stream
from ordercore.values import Money
from ordercore.views.reading import Reading, ask, known_status


def purchase(number: str) -> Reading[Purchase]:
    """The purchase as it stands. Raises NotFound."""
    asked = ReadState(purchase_stream(number), PURCHASES)
    state = (yield from ask(asked)).of(asked).state
    if state is None:
        raise NotFound.named("purchase", number)
    return state


def purchases(
    status: str | None = None, *, after: tuple[str, str] | None = None, limit: int = 100, newest_first: bool = False
) -> Reading[tuple[PurchaseSummary, ...]]:
    """A page of purchases by when they were suggested; with `status` only those. Raises NotFound for one there is not."""
    known_status(status, lifecycle.PURCHASE.states, "a purchase")
    asked = ReadDocuments(PURCHASE, status, after, limit, newest_first)
    found = (yield from ask(asked)).of(asked)
    return tuple(document.body for document in found if isinstance(document.body, PurchaseSummary))


def purchases_table(found: Iterable[PurchaseSummary]) -> Table:
    """A row for each purchase; units in smallest units."""
    return Table(
        columns=columns("=purchase", "status", "from", "to", ">units", ">open", ">total", "=expected", "=suggested (UTC)"),
        rows=tuple(
            (
                one.purchase, toned(one.status), one.supplier, one.location, str(one.units), str(one.open),
                _worth(one.total, one.currency), str(one.expected_on or ""), moment(one.suggested_at),
            )
            for one in found
        ),
    )  # fmt: skip


def purchase_tables(purchase: Purchase) -> tuple[Table, ...]:
    """A purchase line by line, and where its quantities come from."""
    head = purchase.head
    lines = purchase.lines.values()
    title = f"Purchase {purchase.id} from {head.supplier} to {head.location}: {purchase.status.replace('_', ' ')}"
    rows = tuple(
        (
            line.facts.line, line.facts.sku, line.facts.supplier_sku, str(line.ordered), str(line.received),
            str(line.open), str(line.cancelled), str(line.unit_cost or ""), _days(line.parts), line.answer,
        )
        for line in lines
    )  # fmt: skip
    notes = [f"{line.facts.sku}: {line.facts.arithmetic}" for line in lines if line.facts.arithmetic is not None]
    notes += (
        [f"Waits for approval: {purchase.approval}."] if purchase.status in ("awaiting_approval", "repriced") else []
    )
    worth = _worth(head.total, head.currency)
    heads = columns(
        ">line", "sku", "theirs", ">ordered", ">received", ">open", ">cancelled", ">cost", "expected", "answer"
    )
    return (Table(title, heads, rows, notes=(*notes, *((f"Total {worth}.",) if worth else ()))),)


def _worth(total: int | None, currency: str) -> str:
    return str(Money(total, currency)) if total is not None else ""


def _days(parts: Iterable[e.Part]) -> str:
    return ", ".join(
        f"{part.quantity} on {part.expected_on}" if part.expected_on else str(part.quantity) for part in parts
    )
