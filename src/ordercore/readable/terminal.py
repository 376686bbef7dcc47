"""Tables on a terminal, by rich: the only module below the command line that knows it, loaded when it is needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from ordercore.readable.described import Cell, Column, Table, Tone, spans

STYLES: Final[Mapping[Tone, str]] = {
    "": "", "good": "green", "bad": "red", "open": "yellow", "dim": "dim", "strong": "bold",
}  # fmt: skip


def group_of(tables: Iterable[Table]) -> Group:
    """One table below the other, with a blank line between them."""
    parts: list[RenderableType] = []
    for table in tables:
        if parts:
            parts.append(Text())
        parts += _parts(table)
    return Group(*parts)


def _parts(table: Table) -> list[RenderableType]:
    above: list[RenderableType] = []
    if table.title:
        above.append(text_of(table.title, "bold" if table.columns and not table.lead else ""))
    above += map(text_of, table.lead)
    if table.columns:
        if table.lead:
            above.append(Text())
        above.append(_filled(table))
    return [*above, *map(text_of, table.notes)]


def text_of(cell: Cell, style: str = "") -> Text:
    """A cell with its tones; nothing in it is taken for markup."""
    return Text.assemble(*((span.text, STYLES[span.tone]) for span in spans(cell)), style=style)


def grid(columns: Sequence[Column], *, title: str = "") -> Grid:
    """An empty grid with a line under its headings and nothing else."""
    made = Grid(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, title=title or None, title_justify="left",
                title_style="bold", header_style="bold")  # fmt: skip
    for column in columns:
        made.add_column(
            text_of(column.name), justify="right" if column.right else "left", no_wrap=column.whole, overflow="fold"
        )
    return made


def _filled(table: Table) -> Grid:
    made = grid(table.columns)
    for row in (*table.rows, *([table.foot] if table.foot else [])):
        made.add_row(*map(text_of, row))
    return made
