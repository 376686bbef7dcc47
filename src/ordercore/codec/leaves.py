"""Leaves between Python and text: exact both ways, and strict, because what is stored is stored for good."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any, Final

from ordercore.codec.shape import LEAF_TYPES, Leaf

LEAST: Final = -(2**63)
MOST: Final = 2**63 - 1
"""Integers beyond 64 bits fit into no database column: the edge refuses them."""

MAX_EXPONENT: Final = 1_000

WANTED: Final[Mapping[Leaf, str]] = {
    "str": "text", "int": "an integer", "bool": "true or false", "none": "null",
    "decimal": 'a decimal as text, such as "12.50"', "fraction": 'a fraction as text, such as "3/4"',
    "datetime": "an instant with a time zone, such as 2026-11-22T10:15:00Z", "date": "a day, such as 2026-11-22",
    "bytes": "base 64 text",
}  # fmt: skip
_FOUND: Final[Mapping[type, str]] = {
    type(None): "null", bool: "a truth value", int: "an integer", float: "a float", Decimal: "a fractional number",
    str: "text", list: "an array", tuple: "an array", dict: "an object", datetime: "an instant", date: "a day",
}  # fmt: skip


class Unfit(ValueError):
    """A value is not what its place asks for. The message quotes no value, which may be personal."""

    def __init__(self, message: str, code: str = "wrong_type") -> None:
        """`code` is that of the problem at the edge."""
        super().__init__(message)
        self.code = code


UNFIT: Final = (TypeError, ValueError, AttributeError, LookupError, ArithmeticError)
"""What a hook may raise for a value that is not of its declared type."""


def unfit(wanted: str, value: object, hint: str = "") -> Unfit:
    """`value` is of another type than is `wanted`."""
    found = _FOUND.get(type(value), type(value).__name__)
    return Unfit(f"Expected {wanted}, found {found}. {hint}".rstrip())


def exactly(leaf: Leaf) -> Callable[..., Any]:
    """A hook, for either direction, that lets nothing but the type itself pass: True is no int."""
    kind, wanted = LEAF_TYPES[leaf], WANTED[leaf]

    def check(value: object, _: object = None) -> object:
        if value.__class__ is kind:
            return value
        raise unfit(wanted, value)

    return check


def write_text(value: Any) -> Any:
    """Text of a subclass of str as plain text; nothing else is text."""
    if value.__class__ is str:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    raise unfit("text", value)


def write_decimal(value: object) -> str:
    """A finite Decimal in plain digits."""
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        if isinstance(exponent, int) and abs(exponent) <= MAX_EXPONENT:
            return format(value, "f")
    raise unfit("a finite Decimal", value)


def write_datetime(value: object) -> str:
    """`2026-11-22T10:15:00Z`, always in UTC."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise unfit("an aware datetime", value)
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return value.isoformat()[:-6] + "Z"


def leave_datetime(value: object) -> object:
    """As it is where an encoder writes it like `write_datetime`, only faster."""
    return value if type(value) is datetime and value.tzinfo is UTC else write_datetime(value)


def write_date(value: object) -> str:
    """`2026-11-22`."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    raise unfit("a date", value)


def _checked(kind: type, wanted: str, write: Callable[[Any], str]) -> Callable[[Any], str]:
    def hook(value: object) -> str:
        if isinstance(value, kind):
            return write(value)
        raise unfit(wanted, value)

    return hook


WRITERS: Final[Mapping[Leaf, Callable[[Any], Any]]] = {
    "str": write_text, "int": exactly("int"), "bool": exactly("bool"), "none": exactly("none"),
    "decimal": write_decimal, "fraction": _checked(Fraction, "a Fraction", str), "datetime": write_datetime,
    "date": write_date, "bytes": _checked(bytes, "bytes", lambda value: base64.b64encode(value).decode()),
}  # fmt: skip
STORE_WRITERS: Final[Mapping[Leaf, Callable[[Any], Any]]] = {**WRITERS, "datetime": leave_datetime}


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


PARSERS: Final[Mapping[Leaf, Callable[[str], object]]] = {
    "decimal": parse_decimal, "fraction": parse_fraction, "datetime": parse_instant, "date": date.fromisoformat,
    "bytes": parse_bytes,
}  # fmt: skip
"""Leaves that are written as text."""


def parsed(leaf: Leaf) -> Callable[..., Any]:
    """A hook that reads a leaf from its text."""
    parse, wanted = PARSERS[leaf], WANTED[leaf]

    def read(value: Any, _: object) -> object:
        if value.__class__ is not str:
            raise unfit(wanted, value)
        try:
            return parse(value)
        except (ValueError, ArithmeticError):
            raise Unfit(f"Expected {wanted}.", "wrong_format") from None

    return read


STORE_READERS: Final[Mapping[Leaf, Callable[..., Any]]] = {
    leaf: parsed(leaf) if leaf in PARSERS else exactly(leaf) for leaf in WANTED
}
"""What a store takes back: only what it wrote."""
