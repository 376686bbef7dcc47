"""Orders: one, many, as a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import frozen

from ordercore.flow import ReadState
from ordercore.flows.record import ORDERS, SUMMARY
from ordercore.lifecycle import ORDER
from ordercore.order import Order, OrderSummary, stream_of
from ordercore.order.decide import unknown_order
from ordercore.readable import Cell, Table, brief, columns
from ordercore.readable.statuses import status as toned
from ordercore.readable.words import moment
from ordercore.store import ReadDocuments
from ordercore.values import Money, OrderId
from ordercore.views.reading import Reading, ask, known_status


@frozen
class OrderRow:
    """An order in a list; `after` is what the next page begins after."""

    id: OrderId
    summary: OrderSummary
    after: tuple[str, str]

    def __repr__(self) -> str:
        """`<OrderRow web:1001: confirmed, fulfilled, 25.00 EUR, 2026-03-02 09:12 UTC>`."""
        one = self.summary
        total = str(Money(one.total, one.currency))
        return brief("OrderRow", self.id, one.status, one.fulfillment, total, f"{moment(one.placed_at)} UTC")


def orders_table(rows: Iterable[OrderRow]) -> Table:
    """A list of orders with the axes of their status; what never happened is left blank."""
    return Table(
        columns=columns("=order", "=placed (UTC)", "status", "fulfillment", "payment", "returns", ">total"),
        rows=tuple(
            (
                row.id,
                moment(row.summary.placed_at),
                *_axes(row.summary),
                str(Money(row.summary.total, row.summary.currency)),
            )
            for row in rows
        ),
    )


def _axes(one: OrderSummary) -> Iterator[Cell]:
    for word in (one.status, one.fulfillment, one.payment, one.returned):
        yield "" if word == "none" else toned(word)


def order(id: OrderId) -> Reading[Order]:
    """The order as it stands. Raises NotFound."""
    asked = ReadState(stream_of(id), ORDERS)
    state = (yield from ask(asked)).of(asked).state
    if state is None:
        raise unknown_order(id)
    return state


def orders(
    status: str | None = None, *, after: tuple[str, str] | None = None, limit: int = 100, newest_first: bool = False
) -> Reading[tuple[OrderRow, ...]]:
    """A page of summaries by the time of placing; with `status` only those. Raises NotFound for a status there is not."""
    known_status(status, ORDER.states, "an order")
    asked = ReadDocuments(SUMMARY, status, after, limit, newest_first)
    found = (yield from ask(asked)).of(asked)
    return tuple(
        OrderRow(OrderId(document.key), document.body, (document.sort, document.key))
        for document in found
        if isinstance(document.body, OrderSummary)
    )
