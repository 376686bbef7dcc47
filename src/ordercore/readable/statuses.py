"""Which tone a status has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ordercore.readable.described import Span, Tone

_TONES: Final[Mapping[str, Tone]] = {
    **dict.fromkeys(
        ("completed", "delivered", "fulfilled", "paid", "available", "received", "resolved", "done"), "good"
    ),
    **dict.fromkeys(
        ("cancelled", "refunded", "returned", "damaged", "quarantine", "rejected", "refused", "uncertain"), "bad"
    ),
    **dict.fromkeys(
        (
            "backordered",
            "partially_fulfilled",
            "partially_delivered",
            "in_progress",
            "open",
            "awaiting_approval",
            "partially_received",
        ),
        "open",
    ),
    "none": "dim",
}


def status(word: str) -> Span:
    """A status in its tone, `partially_shipped` in two words."""
    return Span(word.replace("_", " "), _TONES.get(word, ""))
