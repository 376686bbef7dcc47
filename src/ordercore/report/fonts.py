"""Fonts of pictures: the converter knows those of the machine and one of ours for Chinese, Japanese and Korean."""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path
from typing import Final

import noto_cjk_sans_otc  # type: ignore[import-untyped]
import vl_convert

FAMILY: Final = "Liberation Sans, Arial, Helvetica, Noto Sans CJK SC, sans-serif"
"""The first one comes with the converter, the fourth with us: a picture is the same on every machine."""

_OTHERS: Final = frozenset((
    "ARABIC", "ARMENIAN", "BENGALI", "DEVANAGARI", "ETHIOPIC", "GEORGIAN", "GUJARATI", "GURMUKHI", "HEBREW", "KANNADA",
    "KHMER", "LAO", "MALAYALAM", "MYANMAR", "ORIYA", "SINHALA", "TAMIL", "TELUGU", "THAI", "TIBETAN",
))  # fmt: skip


@cache
def with_fonts() -> None:
    """Tell the converter of our font, once a process."""
    vl_convert.register_font_directory(str(Path(str(noto_cjk_sans_otc.FONT_PATH)).parent))


def uncovered(text: str) -> tuple[str, ...]:
    """Scripts in the text that only a font of the machine can draw: in pictures, not on a page, they may be boxes."""
    scripts = {unicodedata.name(letter, "").partition(" ")[0] for letter in set(text) if letter > "\u024f"}
    return tuple(sorted(script.capitalize() for script in scripts & _OTHERS))
