"""Where the command line prints: one console; how values are written is `ordercore.readable`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Final

from rich.console import Console, Group
from rich.table import Table as Grid
from rich.text import Text

from ordercore.readable import Table, columns
from ordercore.readable.statuses import status
from ordercore.readable.terminal import grid, group_of, text_of
from ordercore.readable.words import (
    clean,
    counted,
    in_words,
    kilometres,
    listed,
    location,
    moment,
    present,
    signed,
    units,
)

__all__ = [
    "BAD",
    "DIM",
    "GOOD",
    "OPEN",
    "WIDTH",
    "clean",
    "console",
    "counted",
    "in_words",
    "kilometres",
    "listed",
    "location",
    "moment",
    "present",
    "signed",
    "styled",
    "table",
    "tables",
    "units",
]

WIDTH: Final = 100
"""Columns of a table that goes into a file or a pipe; a terminal's own width wins."""

GOOD: Final = "green"
BAD: Final = "red"
OPEN: Final = "yellow"
DIM: Final = "dim"


def console(*, errors: bool = False) -> Console:
    """Where a command prints: colour only on a terminal, and what stands in the data is never taken for markup."""
    stream = sys.stderr if errors else sys.stdout
    piped = not stream.isatty() and "COLUMNS" not in os.environ
    return Console(stderr=errors, width=WIDTH if piped else None, highlight=False, markup=False, emoji=False)


def tables(found: Iterable[Table]) -> Group:
    """Described tables, one below the other."""
    return group_of(found)


def table(*headings: str, title: str = "") -> Grid:
    """An empty grid that looks like every other; a heading begins with > or = as `readable.columns` says."""
    return grid(columns(*headings), title=title)


def styled(word: str) -> Text:
    """A status in its colour, `partially_shipped` in two words."""
    return text_of(status(word))
