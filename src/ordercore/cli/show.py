"""How things are shown: one console, plain tables, and how times, places, units and money are written."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDTH: Final = 100
"""Columns of a table that goes into a file or a pipe; a terminal's own width wins."""

GOOD: Final = "green"
BAD: Final = "red"
OPEN: Final = "yellow"
DIM: Final = "dim"

_STYLES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("completed", "delivered", "fulfilled", "paid", "available"), GOOD),
    **dict.fromkeys(("cancelled", "refunded", "returned", "damaged", "quarantine"), BAD),
    **dict.fromkeys(("backordered", "partially_fulfilled", "partially_delivered", "in_progress", "open"), OPEN),
    "none": DIM,
}


def console(*, errors: bool = False) -> Console:
    """Where a command prints: colour only on a terminal, and what stands in the data is never taken for markup."""
    stream = sys.stderr if errors else sys.stdout
    piped = not stream.isatty() and "COLUMNS" not in os.environ
    return Console(stderr=errors, width=WIDTH if piped else None, highlight=False, markup=False, emoji=False)


def table(*columns: str, title: str = "") -> Table:
    """A table with a line under its headings and nothing else.

    A heading that begins with > is a column of numbers; one that begins with = is never broken over lines.
    """
    made = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, title=title or None, title_justify="left",
                 title_style="bold", header_style="bold")  # fmt: skip
    for name in columns:
        right, whole = name.startswith(">"), name.startswith((">", "="))
        made.add_column(name.lstrip(">="), justify="right" if right else "left", no_wrap=whole, overflow="fold")
    return made


def styled(word: str) -> Text:
    """A status in its colour, `partially_shipped` in two words."""
    return Text(word.replace("_", " "), _STYLES.get(word, ""))


def clean(text: str) -> str:
    """Text from outside on one line: what does not print, terminal codes among it, is a question mark."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def moment(instant: datetime | None) -> str:
    """`2026-03-02 09:12`, in UTC."""
    return "" if instant is None else f"{instant.astimezone(UTC):%Y-%m-%d %H:%M}"


def in_words(text: str) -> str:
    """A sentence of ours about an event, with locations by their code."""
    return clean(text).replace(" loc/", " ")


def location(place: str) -> str:
    """The code of a location; other places keep their whole name."""
    return place.removeprefix("loc/")


def units(quantity: int, scale: int = 0) -> str:
    """A quantity of smallest units in the item's own unit: 1250 at scale 3 is `1.250`."""
    return f"{Decimal(quantity).scaleb(-scale):,f}" if scale else f"{quantity:,}"


def signed(quantity: int, scale: int = 0) -> str:
    """A change: `+5`, `-5`."""
    return f"{'+' if quantity > 0 else ''}{units(quantity, scale)}"


def kilometres(metres: int | None) -> str:
    """`344 km`, or nothing where the distance is not known."""
    return "" if metres is None else f"{round(metres / 1000):,} km"


def listed(parts: Iterable[str], otherwise: str = "") -> str:
    """`a, b`, or what stands for nothing."""
    return ", ".join(parts) or otherwise


def counted(number: int, one: str, many: str = "") -> str:
    """`1 order`, `2 orders`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def present(buckets: Iterable[Mapping[str, int]], order: Sequence[str]) -> list[str]:
    """Those of `order` that have units anywhere, so that a table has no empty columns."""
    found = {name for row in buckets for name, held in row.items() if held}
    return [name for name in order if name in found]
