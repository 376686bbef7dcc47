"""Short ways to a shop in a certain state, for tests that are about something else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ordercore.catalog import PutItem, PutLocation
from ordercore.kernel import Kernel
from ordercore.order import Line, PlaceOrder
from ordercore.stock import Received, ReceiveStock
from ordercore.store import ReadDocument
from ordercore.testing import identities
from ordercore.testing.books import Books, Range, Shelves
from ordercore.values import OrderId

Lots = Mapping[str, int]
Lines = Mapping[str, int] | Iterable[Line | tuple[str, int] | tuple[str, int, str]]


def given_stock(kernel: Kernel, stock: Mapping[str, Mapping[str, int | Lots]]) -> None:
    """Bring stock in: `{"WH1": {"TEA": 5, "MILK": {"L1": 3}}}`, units by location and SKU, or by lot.

    Items and locations that are not there yet are defined, with lots where lots are given.
    """
    for code, items in stock.items():
        if not _known(kernel, "location", code):
            kernel.handle(PutLocation(code))
        lines: list[Received] = []
        for sku, units in items.items():
            by_lot = units if isinstance(units, Mapping) else {"": units}
            if not _known(kernel, "item", sku):
                kernel.handle(PutItem(sku, tracking="quantity" if "" in by_lot else "lot"))
            lines += [Received(sku, quantity, lot) for lot, quantity in by_lot.items() if quantity]
        if lines:
            kernel.handle(ReceiveStock(code, lines))


def an_order(
    lines: Lines = (("TEA", 1),), *, external_id: str = "1001", channel: str = "shop",
    currency: str = "EUR", price: str = "1.00", **fields: Any,
) -> PlaceOrder:  # fmt: skip
    """A command that places these lines; further fields are those of PlaceOrder.

    Lines are (sku, units), (sku, units, unit price) or a `Line`, or units by SKU; without a price of its own a line is
    at `price`.
    """
    rows = lines.items() if isinstance(lines, Mapping) else lines
    wanted = [row if isinstance(row, Line) else Line(row[0], row[1], row[2] if len(row) > 2 else price) for row in rows]
    return PlaceOrder(channel, external_id, currency, wanted, **fields)


def place(kernel: Kernel, lines: Lines, **fields: Any) -> OrderId:
    """Place an order for these lines, as `an_order` takes them, under the next free number, and return its id. Raises as `handle` does."""
    fields.setdefault("external_id", kernel.core.ids.new("order"))
    return kernel.handle(an_order(lines, **fields)).result


def assert_consistent(kernel: Kernel, *, backdated: bool = False) -> None:
    """Assert every identity of the shop: rows, log, orders, carts, lists, journals and claims agree.

    With `backdated`, balances may have been negative in the past, as `verify` lists them. Reads the whole log.
    """
    books = Books()
    books.follow(kernel)
    range_ = Range.read(kernel)
    shelves = Shelves.read(kernel, range_.items)
    identities.every_unit_of_a_line_stands_in_one_place(books.orders.values())
    identities.amounts_add_up(books.orders.values())
    identities.rows_are_never_negative(shelves)
    identities.rows_are_what_the_log_says(books, shelves)
    identities.no_unit_is_made_or_lost(books)
    identities.claims_are_what_orders_and_carts_hold(books, shelves)
    identities.waiting_lines_are_written_down(books, shelves)
    identities.nobody_waits_beside_usable_stock(books, shelves, range_)
    identities.orders_are_folds_of_their_events(books, kernel, books.orders)
    identities.timelines_are_complete(books, kernel, books.orders)
    identities.lists_agree_with_orders(books, kernel)
    identities.verify_finds_nothing(kernel, backdated=backdated)
    for sku in range_.items:
        for at in range_.locations:
            identities.journals_end_in_balances(shelves, kernel, sku, at)


def _known(kernel: Kernel, kind: str, key: str) -> bool:
    asked = ReadDocument(kind, key)
    return kernel.store.read((asked,), tenant=kernel.core.tenant).of(asked) is not None
