"""Leaves between Python and text, for stores: exact both ways, and strict, because what is stored is stored for good."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Final, NoReturn

from ordercore.codec.shape import Leaf
from ordercore.errors import BrokenRule, Corrupted

LEAST: Final = -(2**63)
MOST: Final = 2**63 - 1
"""Integers beyond 64 bits fit into no database column: the edge refuses them."""

MAX_EXPONENT: Final = 1_000


def broken(where: str, value: object, wanted: str) -> NoReturn:
    """Refuse to write a value that is not of its declared type."""
    raise BrokenRule(f"{where} is not {wanted} but {type(value).__name__}.", where=where, type=type(value).__name__)


def corrupted(where: str, value: object, wanted: str) -> NoReturn:
    """Refuse to read a stored value that is not of the declared type."""
    raise Corrupted(f"Stored {where} is not {wanted} but {type(value).__name__}.", where=where)


def write_text(value: object, where: str) -> str:
    """Text of a subclass of str as plain text; nothing else is text."""
    return str.__str__(value) if isinstance(value, str) else broken(where, value, "text")


def write_int(value: object, where: str) -> int:
    """An int as it is; a bool is none."""
    return value if type(value) is int else broken(where, value, "an int")


def write_decimal(value: object, where: str) -> str:
    """A finite Decimal in plain digits."""
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        if isinstance(exponent, int) and abs(exponent) <= MAX_EXPONENT:
            return format(value, "f")
    broken(where, value, "a finite Decimal")


def write_fraction(value: object, where: str) -> str:
    """`3/4`."""
    return str(value) if isinstance(value, Fraction) else broken(where, value, "a Fraction")


def write_datetime(value: object, where: str) -> str:
    """`2026-11-22T10:15:00Z`, always in UTC."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        broken(where, value, "an aware datetime")
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return value.isoformat()[:-6] + "Z"


def write_date(value: object, where: str) -> str:
    """`2026-11-22`."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    broken(where, value, "a date")


def write_bytes(value: object, where: str) -> str:
    """Base 64."""
    return base64.b64encode(value).decode() if isinstance(value, bytes) else broken(where, value, "bytes")


WRITERS: Final[Mapping[Leaf, Callable[[object, str], object]]] = {
    "str": write_text,
    "int": write_int,
    "bool": lambda value, where: broken(where, value, "a bool"),
    "none": lambda value, where: broken(where, value, "None"),
    "decimal": write_decimal,
    "fraction": write_fraction,
    "datetime": write_datetime,
    "date": write_date,
    "bytes": write_bytes,
}


def _read(wanted: str, parse: Callable[[str], object]) -> Callable[[object, str], object]:
    def read(value: object, where: str) -> object:
        if isinstance(value, str):
            try:
                return parse(value)
            except (ValueError, ArithmeticError, binascii.Error):
                pass
        corrupted(where, value, wanted)

    return read


def parse_decimal(text: str) -> Decimal:
    """A Decimal in plain digits. Raises ValueError for exponents, which make short text into giants."""
    if not text.isascii() or len(text) > 2 * MAX_EXPONENT or not set(text) <= set("-.0123456789"):
        raise ValueError("not plain digits")
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError("not a number") from None


def parse_instant(text: str) -> datetime:
    """An aware instant, in UTC. Raises ValueError for one without a time zone."""
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise ValueError("no time zone")
    return value if value.tzinfo is UTC else value.astimezone(UTC)


def parse_bytes(text: str) -> bytes:
    """From base 64. Raises ValueError."""
    return base64.b64decode(text, validate=True)


def parse_fraction(text: str) -> Fraction:
    """From `3/4` or `3`. Raises ValueError."""
    above, _, below = text.partition("/")
    for part in (above.removeprefix("-"), below or "1"):
        if not (part.isascii() and part.isdigit() and len(part) <= MAX_EXPONENT):
            raise ValueError("not a fraction")
    if not int(below or "1"):
        raise ValueError("division by zero")
    return Fraction(int(above), int(below or "1"))


READERS: Final[Mapping[Leaf, Callable[[object, str], object]]] = {
    "str": lambda value, where: corrupted(where, value, "text"),
    "int": lambda value, where: corrupted(where, value, "an int"),
    "bool": lambda value, where: corrupted(where, value, "a bool"),
    "none": lambda value, where: corrupted(where, value, "null"),
    "decimal": _read("a decimal", parse_decimal),
    "fraction": _read("a fraction", parse_fraction),
    "datetime": _read("an instant", parse_instant),
    "date": _read("a day", date.fromisoformat),
    "bytes": _read("base 64", parse_bytes),
}
