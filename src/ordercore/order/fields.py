"""Checks of a command's fields, which say where in the command something is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from ordercore.errors import At, InvalidCommand, at, nearest
from ordercore.values import code_of, decimal_of, text_of, units_of


def one_of(value: object, known: Sequence[str], path: str) -> str:
    """A word of a closed set. Raises InvalidCommand with the nearest known words."""
    if isinstance(value, str) and value in known:
        return value
    said = repr(value[:32]) if isinstance(value, str) else type(value).__name__
    hint = nearest(value[:32] if isinstance(value, str) else "", known)
    raise InvalidCommand(f"{path}: {said} is not known.", path=path, hint=hint)


def text_at(text: object, path: str, *, most: int = 200, empty: bool = True) -> str:
    """One line of clean text, as `text_of` has it. Raises InvalidCommand with `path`."""
    try:
        return text_of(text, what=path, most=most, empty=empty)
    except InvalidCommand as error:
        raise at(error, path) from None


def code_at(text: object, path: str) -> str:
    """A code, as `code_of` has it. Raises InvalidCommand with `path`."""
    try:
        return code_of(text, what=path)
    except InvalidCommand as error:
        raise at(error, path) from None


def attributes_at(attributes: object, path: str) -> None:
    """Facts that a caller adds: text, ints, bools and Decimals by name. Raises InvalidCommand with `path`."""
    if not isinstance(attributes, Mapping):
        raise InvalidCommand(f"{path} is a mapping.", path=path, hint='Names to values: {"reference": "A-1"}.')
    for name, value in attributes.items():
        text_at(name, path, most=64, empty=False)
        where = f"{path}[{name}]"
        if isinstance(value, str):
            if any("\ud800" <= letter <= "\udfff" for letter in value):
                raise InvalidCommand(
                    f"{where} has lone surrogates.",
                    path=where,
                    hint="The text was decoded wrongly before it came here.",
                )
        elif isinstance(value, Decimal):
            with At(where):
                decimal_of(value, what=where)
        elif type(value) not in (int, bool):
            raise InvalidCommand(
                f"{where} is no text, int, bool or Decimal, but {type(value).__name__}.", path=where,
                hint="Floats are not exact: use a Decimal or text.",
            )  # fmt: skip
        elif abs(value) >= 2**63:
            raise InvalidCommand(
                f"{where} is out of range.", path=where, hint="An int has at most 64 bits; longer numbers are text."
            )


def units_at(value: object, path: str, *, least: int = 1) -> int:
    """A number of smallest units, as `units_of` has it. Raises InvalidCommand with `path`."""
    try:
        return units_of(value, what=path, least=least)
    except InvalidCommand as error:
        raise at(error, path) from None
