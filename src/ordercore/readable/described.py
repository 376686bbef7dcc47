"""Tables as plain values: a title, lines of text above and below, columns, rows; and how cells are toned."""

from __future__ import annotations

from typing import Literal, Protocol

from attrs import frozen

from ordercore.readable.words import clean

Tone = Literal["", "good", "bad", "open", "dim", "strong"]
"""What a text means for whoever reads: never said by colour alone, so that nothing is lost without it."""


@frozen
class Span:
    """Text with a tone."""

    text: str
    tone: Tone = ""


Cell = str | Span | tuple[str | Span, ...]
"""One line of text: plain, toned, or in parts."""


@frozen
class Column:
    """A heading; `right` for numbers; `whole` if its cells are never broken over lines."""

    name: str
    right: bool = False
    whole: bool = False


def columns(*headings: str) -> tuple[Column, ...]:
    """Columns from headings: one that begins with > is a column of numbers, one that begins with = is never broken."""
    return tuple(
        Column(heading.lstrip(">="), heading.startswith(">"), heading.startswith((">", "="))) for heading in headings
    )


@frozen
class Table:
    """What is worth seeing of one thing.

    `lead` stands between the title and the rows, `foot` is a row of sums, `notes` stand below. Without columns it is
    only its lines of text. Rows have as many cells as there are columns.
    """

    title: Cell = ""
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    lead: tuple[Cell, ...] = ()
    foot: tuple[Cell, ...] = ()
    notes: tuple[Cell, ...] = ()


class Described(Protocol):
    """What can be shown: it says what is worth seeing of it."""

    def tables(self) -> tuple[Table, ...]:
        """Tables in the order in which they are read."""


def spans(cell: Cell) -> tuple[Span, ...]:
    """The parts of a cell, each clean: what does not print, terminal codes among it, is a question mark."""
    parts = cell if isinstance(cell, tuple) else (cell,)
    return tuple(
        Span(clean(part.text), part.tone) if isinstance(part, Span) else Span(clean(part)) for part in parts if part
    )
