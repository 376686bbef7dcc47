"""How times, places, units and text from outside are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

REPR_MOST: Final = 120
"""Characters of a `repr`: it stands in a line of a debugger or of a failed test."""

_PART_MOST: Final = 48


def clean(text: str) -> str:
    """Text from outside on one line: what does not print, terminal codes among it, is a question mark."""
    return text if text.isprintable() else "".join(letter if letter.isprintable() else "?" for letter in text)


def cut(text: str, most: int = _PART_MOST) -> str:
    """Clean text of at most `most` characters; what is left out is said by an ellipsis."""
    # Cut before it is cleaned: text from outside may be long.
    short = clean(text[: most + 1])
    return short if len(short) <= most else short[: most - 1] + "…"


def brief(kind: str, name: str, *facts: str) -> str:
    """A `repr`: `<Order web:1001: confirmed, 2 lines>`; empty facts are left out."""
    said = ", ".join(cut(fact) for fact in facts if fact)
    named = f"{kind} {cut(name)}" if name else kind
    return f"<{cut(f'{named}: {said}' if said else named, REPR_MOST - 2)}>"


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


def because(reason: str) -> str:
    """`, because: too hot` after what was done; nothing without a reason."""
    return f", because: {reason}" if reason else ""


def present(buckets: Iterable[Mapping[str, int]], order: Sequence[str]) -> list[str]:
    """Those of `order` that have units anywhere, so that a table has no empty columns."""
    found = {name for row in buckets for name, held in row.items() if held}
    return [name for name in order if name in found]
