"""Tables as HTML for notebooks: semantic, escaped, with no script and nothing from elsewhere.

The text has the colour of the page, and the tones are as bright as reads well both on white and on black; so it needs
not know whether the page is light or dark. Styles stand in the elements: pages that show notebooks drop style sheets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Final

from ordercore.readable.described import Cell, Column, Table, Tone, spans

TONES: Final[Mapping[Tone, str]] = {
    "good": "color:#2b8748",
    "bad": "color:#d14343",
    "open": "color:#9a6f12",
    "dim": "opacity:.7",
    "strong": "font-weight:bold",
}

_TABLE: Final = "border-collapse:collapse;font-variant-numeric:tabular-nums"
_CAPTION: Final = "caption-side:top;text-align:left;color:inherit;padding:.2em 0"
_RULE: Final = "border-bottom:1px solid currentColor;"
_LINE: Final = "margin:.2em 0"


def html_of(tables: Iterable[Table]) -> str:
    """One `div` with everything in it."""
    return f"<div>{''.join(map(_table, tables))}</div>"


def _table(table: Table) -> str:
    if not table.columns:
        return "".join(map(_line, (table.title, *table.lead, *table.notes)))
    named = f"<strong>{_inside(table.title)}</strong>{''.join(map(_line, table.lead))}"
    caption = f'<caption style="{_CAPTION}">{named}</caption>' if table.title or table.lead else ""
    head = "".join(_head(column) for column in table.columns)
    body = "".join(_row(row, table.columns) for row in table.rows)
    foot = f"<tfoot>{_row(table.foot, table.columns)}</tfoot>" if table.foot else ""
    grid = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>{foot}"
    return f'<table style="{_TABLE}">{caption}{grid}</table>{"".join(map(_line, table.notes))}'


def _head(column: Column) -> str:
    return f'<th scope="col" style="{_RULE}{_side(column)}">{_inside(column.name)}</th>'


def _row(cells: tuple[Cell, ...], columns: tuple[Column, ...]) -> str:
    inside = (f'<td style="{_side(column)}">{_inside(cell)}</td>' for cell, column in zip(cells, columns, strict=True))
    return f"<tr>{''.join(inside)}</tr>"


def _side(column: Column) -> str:
    return f"text-align:{'right' if column.right else 'left'}" + (";white-space:nowrap" if column.whole else "")


def _line(cell: Cell) -> str:
    return f'<p style="{_LINE}">{_inside(cell)}</p>' if cell else ""


def _inside(cell: Cell) -> str:
    return "".join(
        f'<span style="{TONES[span.tone]}">{escape(span.text)}</span>' if span.tone else escape(span.text)
        for span in spans(cell)
    )
