"""Queries as one statement: sections of one shape under `union all`, so that all of them see one snapshot."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

COLUMNS: Final[Mapping[str, str]] = {
    "section": "integer", "i": "bigint", "a": "text", "b": "text", "c": "text", "d": "text", "e": "text", "body": "text",
    "n1": "bigint", "n2": "bigint", "n3": "bigint", "crc": "bigint", "epoch": "bigint", "xid": "bigint", "pos": "bigint",
    "figures": "bigint[]",
}  # fmt: skip
"""What every section selects: numbers and texts whose meaning is the section's own, and those of a log row."""

(SECTION, NUMBER, A, B, C, D, E, BODY, N1, N2, N3, CRC, EPOCH, XID, POS, FIGURES) = range(len(COLUMNS))

PLACE_IN_LOG: Final = {"epoch": "l.epoch", "xid": "l.xid::text::bigint", "pos": "l.pos"}


_ARRAY: Final = re.compile(r"%\((?P<name>[^)]+)\)s::(?P<kind>\w+)\[\]")


def section(number: int, source: str, **columns: str) -> str:
    """One section: `source` is what comes behind the columns.

    Arrays are hidden from the planner. Who sees that an array has one element thinks that a plan made for it is better
    than the one for any, and makes a plan each time: that took as long as the reading.
    """
    source = _ARRAY.sub(r"(select %(\g<name>)s::\g<kind>[])::\g<kind>[]", source)
    chosen = (
        columns.get(name, f"null::{kind}") if name != "section" else str(number) for name, kind in COLUMNS.items()
    )
    return f"(select {', '.join(chosen)} {source})"


class Question:
    """Sections with their parameters, collected."""

    __slots__ = ("parameters", "sections")

    def __init__(self, tenant: str) -> None:
        self.sections: list[str] = []
        self.parameters: dict[str, Any] = {"t": tenant}

    def ask(self, text: str, **parameters: Any) -> None:
        """One more section, whose parameters nobody else uses."""
        self.sections.append(text)
        for name, value in parameters.items():
            self.parameters[name] = array_of(value) if value.__class__ is list else value

    def ask_each(self, text: str, **parameters: Any) -> int:
        """One more section of which there may be several: `{i}` in it is its number, which is the answer."""
        number = len(self.sections)
        self.sections.append(_numbered(text, number))
        for name, value in parameters.items():
            self.parameters[f"{name}{number}"] = array_of(value) if value.__class__ is list else value
        return number

    @property
    def text(self) -> str:
        """The statement."""
        return _joined(tuple(self.sections))


def array_of(values: Sequence[Any]) -> str:
    """A list as PostgreSQL writes arrays, which every statement casts: psycopg takes ten times as long to find its type."""
    return "{" + ",".join([_element(value) for value in values]) + "}"


def _element(value: object) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return "NULL" if value is None else str(value)


@lru_cache(maxsize=1024)
def _numbered(text: str, number: int) -> str:
    return text.replace("{i}", str(number))


@lru_cache(maxsize=1024)
def _joined(sections: Sequence[str]) -> str:
    return " union all ".join(sections)
