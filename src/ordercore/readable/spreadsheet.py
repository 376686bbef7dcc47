"""Text in files that a spreadsheet may open: nothing of it is run."""

from __future__ import annotations

from typing import Final

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A spreadsheet takes text that begins like this for a formula (OWASP, "CSV Injection"), full-width signs too."""


def guarded(text: str) -> str:
    """Text with an apostrophe before what would be run. `unguarded` takes it away again."""
    return f"'{text}" if text.startswith(FORMULA) else text


def unguarded(text: str) -> str:
    """The text that was guarded."""
    return text[1:] if text[:1] == "'" and text[1:].startswith(FORMULA) else text
