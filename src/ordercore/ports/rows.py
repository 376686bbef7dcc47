"""Rows: what a channel that reads files of order lines makes of one, line by line, however long the file is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import BinaryIO, NamedTuple, Protocol, runtime_checkable

from attrs import frozen

from ordercore.ports.transmission import Problem
from ordercore.values import Price, Sku


class OrderRow(NamedTuple):
    """One order line as the file states it. `line` is the number of the physical line; the header is line 1.

    Quantity and price may be zero or negative: what that means is the reader's to say. `quantity` is an int if it is
    whole. `line_id` is empty without a column for it, `extra` has the text of the other declared columns.
    """

    line: int
    order: str
    sku: Sku
    quantity: int | Decimal
    unit_price: Price | None
    currency: str
    placed_at: datetime | None
    customer: str
    country: str
    line_id: str
    untracked: bool
    extra: Mapping[str, str]


@frozen
class BadRow:
    """A row that cannot be read, and every reason why. `order` is empty where even that is not certain."""

    line: int
    order: str
    problems: tuple[Problem, ...]


@runtime_checkable
class RowSource(Protocol):
    """A channel that also reads its files as a stream of rows: for files of any length, in flat memory."""

    def rows(self, file: BinaryIO) -> Iterator[OrderRow | BadRow]:
        """Every row but the header and blank lines, in order, each as one item. Nothing is raised for bad content."""
        ...
