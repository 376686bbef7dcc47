"""Tables as plain text, columns aligned by the cells that a terminal gives each character."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

from ordercore.readable.described import Cell, Column, Table, spans

GAP: Final = "  "

_NOTHING: Final = frozenset(("Mn", "Me", "Cf"))
"""Categories of characters that stand on the one before."""


def width_of(text: str) -> int:
    """Cells that a terminal takes for it: 2 for wide characters, 0 for combining ones.

    Source: Unicode Standard Annex 11, East Asian Width, where ambiguous characters are narrow.
    """
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.category(letter) in _NOTHING else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )


def text_of(tables: Iterable[Table]) -> str:
    """One table below the other, with a blank line between them."""
    return "\n\n".join(filter(None, map(_table, tables)))


def line_of(cell: Cell) -> str:
    """The text of a cell, without its tones."""
    return "".join(span.text for span in spans(cell))


def _table(table: Table) -> str:
    above = [line_of(cell) for cell in (table.title, *table.lead) if cell]
    gap = [""] if table.lead and table.columns else []
    return "\n".join([*above, *gap, *_grid(table), *(line_of(note) for note in table.notes)])


def _grid(table: Table) -> list[str]:
    if not table.columns:
        return []
    heads = [line_of(column.name) for column in table.columns]
    body = [[line_of(cell) for cell in row] for row in (*table.rows, *([table.foot] if table.foot else []))]
    widths = [max(map(width_of, column)) for column in zip(heads, *body, strict=True)]
    rule = ["-" * width for width in widths]
    return [_row(row, table.columns, widths) for row in (heads, rule, *body)]


def _row(cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    parts = []
    for cell, column, width in zip(cells, columns, widths, strict=True):
        room = " " * (width - width_of(cell))
        parts.append(room + cell if column.right else cell + room)
    return GAP.join(parts).rstrip()
