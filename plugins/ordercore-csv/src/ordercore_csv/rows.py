"""Rows: a file of order lines as a stream, one item per row, whatever state the row is in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import BinaryIO, Final

import attrs

from ordercore.errors import InvalidCommand, did_you_mean
from ordercore.ports import BadRow, Problem
from ordercore.ports import OrderRow as Row
from ordercore_csv.cells import BadCell, Cells, problem_of
from ordercore_csv.columns import PERSONAL, ColumnMap
from ordercore_csv.records import Unreadable, records

NO_EXTRA: Final[Mapping[str, str]] = MappingProxyType({})
LINE: Final = ("order", "sku", "quantity", "unit_price", "currency", "placed_at", "customer", "country", "line")
_REST: Final = ("updated_at", "unit", "title", "reference", "name", "address", "address2", "city", "region")
EXTRA: Final = (*_REST, "postal_code", "phone", "email")
"""Columns that are read as text; `Row.extra` has the declared ones."""


def read_rows(source: Iterable[str] | BinaryIO, columns: ColumnMap) -> Iterator[Row | BadRow]:
    """Every row of the file but the header and blank lines, in order, each as one item; memory stays flat.

    `source` is a binary file, decoded here line by line with the declared encoding, or lines of text that keep their
    line ends. A file whose header does not fit comes as one BadRow for line 1 and nothing else.
    """
    found = records(source, columns)
    line, header = next(found, (1, Unreadable("missing_header", "The file is empty.")))
    if isinstance(header, Unreadable):
        yield BadRow(line, "", (_problem(header.code, f"row {line}", header.message),))
        return
    names = [name.strip() for name in header]
    problems = tuple(_header_problems(names, columns))
    if problems:
        yield BadRow(line, "", problems)
        return
    yield from _Reader(columns, names).rows(found)


def _header_problems(names: Sequence[str], columns: ColumnMap) -> Iterator[Problem]:
    for name, times in Counter(names).items():
        if times > 1 and name in columns.columns.values():
            yield _problem("duplicate_header", "row 1", f"Column {name[:64]!r} stands {times} times in the header.")
    for meaning, name in columns.columns.items():
        if name not in names:
            text = f"There is no column {name!r} ({meaning}) in the header. {did_you_mean(name, names)}".rstrip()
            yield _problem("missing_column", "row 1", text)


class _Reader:
    """One pass over one file: where each column stands, and what the texts in it mean."""

    def __init__(self, columns: ColumnMap, names: Sequence[str]) -> None:
        self.columns = columns
        self.width = len(names)
        self.at = {meaning: names.index(name) for meaning, name in columns.columns.items()}
        self.cells = Cells(columns)
        self.extra = [(meaning, place) for meaning, place in self.at.items() if meaning in EXTRA]

    def rows(self, records: Iterator[tuple[int, list[str] | Unreadable]]) -> Iterator[Row | BadRow]:
        cells, width, extra = self.cells, self.width, self.extra
        # A column that the map does not have is the empty cell put behind the last one.
        order, sku, quantity, price, currency, placed, customer, country, line_id = (
            self.at.get(name, width) for name in LINE
        )
        orders, skus, untracked, quantities = cells.order, cells.sku, cells.untracked, cells.quantity
        prices, currencies, times, texts, countries = (
            cells.prices,
            cells.currency,
            cells.time,
            cells.text,
            cells.country,
        )
        for number, row in records:
            if not isinstance(row, list):
                yield self._unreadable(number, row)
                continue
            if len(row) != width:
                yield self._ragged(number, row)
                continue
            row.append("")
            try:
                yield Row(
                    number,
                    orders[row[order]],
                    skus[row[sku]],
                    quantities[row[quantity]],
                    prices[row[currency]][row[price]],
                    currencies[row[currency]],
                    times[row[placed]],
                    texts[row[customer]],
                    countries[row[country]],
                    texts[row[line_id]],
                    untracked[row[sku]],
                    {meaning: row[place] for meaning, place in extra} if extra else NO_EXTRA,
                )
            except (BadCell, InvalidCommand):
                yield self._bad(number, row)

    def _bad(self, number: int, row: list[str]) -> BadRow:
        """The same cells again, one by one, to name every bad one."""
        cells = self.cells
        parsers: Mapping[str, Callable[[str], object]] = {
            "order": cells.order.__getitem__,
            "sku": cells.sku.__getitem__,
            "quantity": cells.quantity.__getitem__,
            "currency": cells.currency.__getitem__,
            "unit_price": lambda text: cells.prices[row[self.at.get("currency", self.width)]][text],
            "placed_at": cells.time.__getitem__,
            "customer": cells.text.__getitem__,
            "country": cells.country.__getitem__,
            "line": cells.text.__getitem__,
        }
        order, problems = "", list[Problem]()
        for name, parse in parsers.items():
            text = row[self.at.get(name, self.width)]
            try:
                value = parse(text)
                order = str(value) if name == "order" else order
            except (BadCell, InvalidCommand) as error:
                problem = self._cell_problem(number, name, text, error)
                if name != "unit_price" or not any(known.code == "unknown_currency" for known in problems):
                    problems.append(problem)
        return BadRow(number, order, tuple(attrs.evolve(problem, subject=order) for problem in problems))

    def _cell_problem(self, number: int, name: str, text: str, error: BadCell | InvalidCommand) -> Problem:
        code, message = problem_of(error, name)
        raw = None if name in PERSONAL else text[:64]
        return _problem(code, f"row {number}, column {self.columns.columns.get(name, name)}", message, raw=raw)

    def _ragged(self, number: int, row: list[str]) -> BadRow:
        text = f"The row has {len(row)} cells where the header has {self.width}."
        return self._unreadable(number, Unreadable("ragged_row", text, row[0]))

    def _unreadable(self, number: int, found: Unreadable) -> BadRow:
        """Whose row it is can be told only if the order stands in the first column: no other may have shifted."""
        order = ""
        if self.at["order"] == 0 and found.start:
            with suppress(BadCell, InvalidCommand):
                order = self.cells.order[found.start]
        return BadRow(number, order, (_problem(found.code, f"row {number}", found.message, subject=order),))


def _problem(code: str, path: str, message: str, *, raw: str | None = None, subject: str = "") -> Problem:
    return Problem(code, "reject", path, message, raw, subject)
