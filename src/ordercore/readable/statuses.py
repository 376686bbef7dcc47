"""Which tone a status has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ordercore.readable.described import Span, Tone

_TONES: Final[Mapping[str, Tone]] = {
    **dict.fromkeys(("completed", "delivered", "fulfilled", "paid", "available"), "good"),
    **dict.fromkeys(("cancelled", "refunded", "returned", "damaged", "quarantine"), "bad"),
    **dict.fromkeys(("backordered", "partially_fulfilled", "partially_delivered", "in_progress", "open"), "open"),
    "none": "dim",
}


def status(word: str) -> Span:
    """A status in its tone, `partially_shipped` in two words."""
    return Span(word.replace("_", " "), _TONES.get(word, ""))
