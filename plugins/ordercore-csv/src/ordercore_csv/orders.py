"""Orders: the rows of a document, put together by order wherever they stand in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Final

import attrs

from ordercore.errors import InvalidCommand
from ordercore.intake import digest
from ordercore.ports import (
    BadRow,
    Decoded,
    ExternalKey,
    Inbound,
    ItemRef,
    LineRequest,
    OrderRequest,
    Problem,
    SourceVersion,
    SubmitOrder,
    check,
)
from ordercore.ports import OrderRow as Row
from ordercore.values import Address, Quantity, text_of
from ordercore_csv.cells import BadCell, Cells
from ordercore_csv.columns import PERSONAL, ColumnMap

MOST_PROBLEMS: Final = 1_000

_SAME: Final = ("customer", "country", "currency")
_SAME_EXTRA: Final = ("name", "address", "address2", "city", "region", "postal_code", "phone", "email", "reference")


def orders_of(rows: Iterable[Row | BadRow], instance: str, columns: ColumnMap) -> Decoded:
    """Every order whose rows can all be read, and problems for the rest.

    A row that cannot be read rejects its order, for an order short of a line must not be shipped. If it cannot be told
    whose row it is, the whole document is rejected. At most 1,000 problems are listed.
    """
    good: dict[str, list[Row]] = {}
    problems: list[Problem] = []
    bad: set[str] = set()
    for row in rows:
        if isinstance(row, Row):
            good.setdefault(row.order, []).append(row)
        else:
            bad.add(row.order)
            problems += row.problems
    if not good and not problems:
        return Decoded((), (Problem("no_rows", "warning", "", "The file has a header and no rows."),))
    if "" in bad:
        return Decoded((), _few(problems))
    items = []
    for order, lines in good.items():
        if order in bad:
            continue
        item, found = _inbound(order, lines, instance, columns)
        problems += found
        items += [item] if item else []
    return Decoded(tuple(items), _few(problems))


def _few(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    rest = len(problems) - MOST_PROBLEMS
    if rest <= 0:
        return tuple(problems)
    more = Problem("more_problems", "reject", "", f"{rest} more problems are not listed.")
    return (*problems[:MOST_PROBLEMS], more)


def _inbound(
    order: str, rows: Sequence[Row], instance: str, columns: ColumnMap
) -> tuple[Inbound | None, tuple[Problem, ...]]:
    problems = list(_conflicts(order, rows, columns))
    try:
        request = _request(order, rows, instance, columns)
        version = _version(rows, columns)
    except _BadText as bad:
        path = f"row {bad.line}, column {columns.columns[bad.name]}"
        return None, (*problems, Problem(bad.code, "reject", path, bad.message, subject=order))
    if not problems:
        problems += [_placed(problem, columns) for problem in check(request)]
    if any(problem.severity == "reject" for problem in problems):
        return None, tuple(problems)
    subject = ExternalKey(instance, "order", order)
    return Inbound(digest(request), subject, SubmitOrder(request), version, _path(rows)), tuple(problems)


def _request(order: str, rows: Sequence[Row], instance: str, columns: ColumnMap) -> OrderRequest:
    first = rows[0]
    placed = [row.placed_at for row in rows if row.placed_at is not None]
    return OrderRequest(
        instance,
        order,
        first.currency,
        tuple(_line(row, number, columns) for number, row in enumerate(rows, start=1)),
        # Some systems stamp every line by itself: the order was placed with the first.
        placed_at=min(placed, default=None),
        reference=_extra(first, "reference"),
        customer=first.customer,
        ship_to=_address(first),
    )


def _line(row: Row, number: int, columns: ColumnMap) -> LineRequest:
    unit = _extra(row, "unit") or columns.unit
    return LineRequest(
        row.line_id or str(number),
        (ItemRef("sku", row.sku),),
        Quantity(Decimal(row.quantity), unit),
        row.unit_price,
        title=_extra(row, "title"),
        kind="charge" if row.untracked else "item",
        path=f"row {row.line}",
    )


def _address(row: Row) -> Address | None:
    name, email, phone = _extra(row, "name"), _extra(row, "email"), _extra(row, "phone")
    lines = tuple(text for text in (_extra(row, "address"), _extra(row, "address2")) if text)
    city, region, postal_code = _extra(row, "city"), _extra(row, "region"), _extra(row, "postal_code")
    if not (row.country or name or email or phone or lines or city or region or postal_code):
        return None
    return Address(row.country, name, lines, city, region, postal_code, phone, email)


def _version(rows: Sequence[Row], columns: ColumnMap) -> SourceVersion | None:
    if "updated_at" not in columns.columns:
        return None
    cells = Cells(columns)
    times = []
    for row in rows:
        try:
            times.append(cells.time[_extra(row, "updated_at")])
        except BadCell as error:
            raise _BadText(row.line, "updated_at", error.code, error.message) from None
    known = [time for time in times if time is not None]
    return SourceVersion(max(known)) if known else None


def _conflicts(order: str, rows: Sequence[Row], columns: ColumnMap) -> Iterator[Problem]:
    """What belongs to the order and differs between its rows: who knows whose parcel it would be."""
    first = rows[0]
    for row in rows[1:]:
        names = [name for name in _SAME if getattr(row, name) != getattr(first, name)]
        if row.extra != first.extra:
            names += [name for name in _SAME_EXTRA if row.extra.get(name, "") != first.extra.get(name, "")]
        for name in names:
            code = "mixed_currency" if name == "currency" else "inconsistent_order"
            path = f"row {row.line}, column {columns.columns.get(name, name)}"
            text = f"The order has another {name} here than on row {first.line}."
            yield Problem(code, "reject", path, text, subject=order)


def _extra(row: Row, name: str) -> str:
    if not row.extra:
        return ""
    try:
        return text_of(row.extra.get(name, "").strip(), what=name)
    except InvalidCommand as error:
        code = f"invalid_{name}"
        raise _BadText(
            row.line, name, code, error.message if name not in PERSONAL else "The text is not acceptable."
        ) from None


def _placed(problem: Problem, columns: ColumnMap) -> Problem:
    """With the file's own name of the column."""
    row, found, name = problem.path.partition(", column ")
    return attrs.evolve(problem, path=f"{row}, column {columns.columns.get(name, name)}") if found else problem


def _path(rows: Sequence[Row]) -> str:
    """`rows 2-4, 9`: where the order stands."""
    spans: list[list[int]] = []
    for number in sorted(row.line for row in rows):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    listed = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in spans[:20])
    return f"rows {listed}{', ...' if len(spans) > 20 else ''}"


class _BadText(Exception):
    def __init__(self, line: int, name: str, code: str, message: str) -> None:
        self.line, self.name, self.code, self.message = line, name, code, message
        super().__init__(message)
