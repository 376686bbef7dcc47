"""Hooks for NamedTuples of plain leaves, which are most of what is stored: arrays without their trailing defaults.

The hooks for NamedTuples of cattrs check nothing; with a check they took as long as all the rest of an event.
So these are written out for each class.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ordercore.codec.hooks import Read, Write
from ordercore.codec.shape import PLAIN, Member


def is_plain(members: Sequence[Member]) -> bool:
    """Whether the functions below are for a class with these fields."""
    return all(m.shape in PLAIN and (m.required or m.default.__class__ is PLAIN[m.shape]) for m in members)


def row_writer(cls: type, members: Sequence[Member], slowly: Write) -> Write:
    """To a tuple. What is not exactly of its type is left to `slowly`, which says what is wrong."""
    optional = range(sum(member.required for member in members), len(members))
    lines = [
        f"{_values(members)}= row",
        f"if row.__class__ is cls and {_fits(members)}:",
        *(f"    if v{n} != {members[n].default!r}: return ({_values(members[: n + 1])})" for n in reversed(optional)),
        f"    return ({_values(members[: optional.start])})",
        "return slowly(row)",
    ]
    hook: Write = _made(lines, cls=cls, slowly=slowly)
    return hook


def row_reader(cls: type, members: Sequence[Member], slowly: Read) -> Read:
    """From a list, in which defaults may be missing at the end."""
    lines = [
        "if row.__class__ is list:",
        f"    if len(row) < {len(members)}: row = row + defaults[len(row):]",
        f"    {_values(members)}= row",
        f"    if {_fits(members)}: return make(cls, row)",
        "return slowly(row, None)",
    ]
    defaults = [member.default for member in members]
    # The constructor of a NamedTuple is a Python function around `tuple.__new__`.
    hook: Read = _made(lines, cls=cls, slowly=slowly, defaults=defaults, make=tuple.__new__)
    return hook


def _values(members: Sequence[Member]) -> str:
    return "".join(f"v{n}, " for n in range(len(members)))


def _fits(members: Sequence[Member]) -> str:
    return " and ".join(f"v{n}.__class__ is {PLAIN[member.shape].__name__}" for n, member in enumerate(members))


def _made(lines: Sequence[str], **names: Any) -> Any:
    # Arguments are found faster than globals.
    arguments = ", ".join(f"{name}={name}" for name in ("str", "int", "bool", *names))
    source = "\n    ".join([f"def convert(row, _=None, {arguments}):", *lines])
    # Nothing enters it but numbers, the names of three classes and defaults of these classes.
    exec(compile(source, f"<ordercore {names['cls'].__name__}>", "exec"), names)  # noqa: S102
    return names["convert"]
