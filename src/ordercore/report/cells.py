"""How a value is written for people: thousands separated, money in its currency's digits, what is unknown as a dash."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from ordercore.report.definition import Column
from ordercore.report.session import Cell
from ordercore.values import CURRENCIES

UNKNOWN: Final = "–"
_NUMBERS: Final = frozenset(("count", "decimal", "percent", "money", "days", "hours"))


def is_number(column: Column) -> bool:
    """Whether the column is one of numbers, which stand at the right."""
    return column.format in _NUMBERS


def written(cell: Cell, column: Column, row: Mapping[str, Cell]) -> str:
    """The value as the column's format has it; text stays as it is."""
    if cell is None:
        return UNKNOWN
    if isinstance(cell, date):
        return _day(cell, column)
    if isinstance(cell, bool) or not isinstance(cell, int | float | Decimal):
        return str(cell)
    match column.format:
        case "money":
            return f"{cell:,.{CURRENCIES.get(str(row.get(column.currency, '')), 2)}f}"
        case "percent":
            return f"{100 * cell:.1f} %"
        case "days" | "hours" | "decimal":
            return f"{cell:,.{column.digits}f}"
        case "count":
            return f"{cell:,.0f}" if cell == round(cell) else f"{cell:,.3f}".rstrip("0")
        case _:
            return str(cell)


def _day(cell: date, column: Column) -> str:
    if column.format == "month":
        return f"{cell:%Y-%m}"
    return f"{cell:%Y-%m-%d %H:%M}" if isinstance(cell, datetime) else cell.isoformat()
