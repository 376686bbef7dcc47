"""How values read: one plain description of what people look at, shown as text, on a terminal, or as HTML.

A value that people look at has `tables()`, which says what is worth seeing of it; this package turns that into
`str(value)`, `print(value)` with rich, and the output of a notebook. `repr(value)` is one line of at most 120
characters. What a description says never depends on how it is shown.
"""

from ordercore.readable.described import Cell, Column, Described, Span, Table, Tone, columns, spans
from ordercore.readable.shown import as_html, as_rich, as_text
from ordercore.readable.spreadsheet import guarded, unguarded
from ordercore.readable.words import brief

__all__ = [
    "Cell",
    "Column",
    "Described",
    "Span",
    "Table",
    "Tone",
    "as_html",
    "as_rich",
    "as_text",
    "brief",
    "columns",
    "guarded",
    "spans",
    "unguarded",
]
