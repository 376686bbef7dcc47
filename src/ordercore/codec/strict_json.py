"""JSON from strangers: parsed within bounds, or refused with everything that is wrong and where.

The parser of the standard library takes NaN, lets the last of two equal keys win, and turns ten characters into a
number that costs a minute. Size, depth and digits are bounded before anything is converted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import accumulate
from typing import Final, NoReturn, TypeVar

from ordercore.errors import InvalidInput

JsonValue = None | bool | int | Decimal | str | list["JsonValue"] | dict[str, "JsonValue"]
Path = tuple["Path", str | int] | None
"""Where in a document, from the inside out, so that a step down costs nothing: ((None, "lines"), 1)."""

MAX_BYTES: Final = 10 * 1024 * 1024
MAX_DEPTH: Final = 32
MAX_DIGITS: Final = 24
MAX_PROBLEMS: Final = 1_000

T = TypeVar("T")

# The closing quote may be missing and repetition gives nothing back, so that this is linear on any input.
_STRINGS: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_STEP: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_SURROGATE_ESCAPE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_NUMBER: Final = re.compile(r"-?([0-9]+)(?:\.([0-9]+))?\Z")
_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}\Z")


def path_text(path: Path) -> str:
    """`lines[1].quantity`; `$` is the whole document."""
    steps: list[str] = []
    while path is not None:
        path, key = path
        if isinstance(key, int):
            steps.append(f"[{key}]")
        else:
            steps.append(f".{key}" if _IDENTIFIER.match(key) else f"[{key[:64]!a}]")
    return "".join(reversed(steps)).lstrip(".") or "$"


class Problems:
    """What is wrong, collected: code, path and message. A message never quotes a value, which may be personal."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str, str]] = []
        self.left_out = 0

    def add(self, code: str, path: Path, message: str) -> None:
        """Note a problem; from the thousandth on only their number is kept."""
        if not self.full:
            self.found.append((code, path_text(path), message))
        else:
            self.left_out += 1

    @property
    def full(self) -> bool:
        """Whether the next problem will only be counted."""
        return len(self.found) >= MAX_PROBLEMS

    def refusal(self) -> InvalidInput:
        """All of them as an error."""
        hint = f"{self.left_out} more problems are not listed." if self.left_out else ""
        return InvalidInput(self.found, hint=hint)


class _Refused:
    """Stands in the document for a value that was refused, until its path is known."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message


class _Repeated(dict[str, object]):
    """An object in which keys stood twice."""

    def __init__(self, pairs: Sequence[tuple[str, object]]) -> None:
        super().__init__(pairs)
        seen: set[str] = set()
        self.keys_twice = [key for key, _ in pairs if key in seen or seen.add(key)]  # type: ignore[func-returns-value]  # None on purpose


def _refuse(code: str, message: str, path: str = "$") -> NoReturn:
    raise InvalidInput([(code, path, message)])


def _depth(raw: bytes) -> int:
    brackets = _STRINGS.sub(b"", raw).translate(None, _NOT_BRACKETS)
    return max(accumulate(map(_STEP.__getitem__, brackets)), default=0)


class _Parser:
    """One parse; `refused` says whether anything has to be looked for afterwards."""

    def __init__(self) -> None:
        self.refused = False
        self.decode: Callable[[str], object] = json.JSONDecoder(
            object_pairs_hook=self.pairs, parse_int=self.number, parse_float=self.number, parse_constant=self.constant
        ).decode

    def pairs(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) == len(pairs):
            return found
        self.refused = True
        return _Repeated(pairs)

    def number(self, text: str) -> object:
        match = _NUMBER.match(text)
        if match is None:
            return self.refuse("number_format", "A number has no exponent: write its digits.")
        whole, part = match.groups()
        if len(whole) > MAX_DIGITS or len(part or "") > MAX_DIGITS:
            return self.refuse("number_out_of_range", f"A number has at most {MAX_DIGITS} digits.")
        if part is None:
            return int(text)
        # -0.0 is equal to 0.0 and printed otherwise.
        return Decimal(text) or Decimal(text.removeprefix("-"))

    def constant(self, text: str) -> object:
        return self.refuse("number_format", f"{text} is not a JSON number.")

    def refuse(self, code: str, message: str) -> _Refused:
        self.refused = True
        return _Refused(code, message)


def _find(value: object, path: Path, problems: Problems) -> None:
    """Walk the document for what was refused; its depth is bounded."""
    if isinstance(value, _Refused):
        problems.add(value.code, path, value.message)
    elif isinstance(value, str):
        if not is_clean(value):
            problems.add("lone_surrogate", path, "Text has half of a surrogate pair.")
    elif isinstance(value, list):
        for n, item in enumerate(value):
            _find(item, (path, n), problems)
    elif isinstance(value, dict):
        for key in value.keys_twice if isinstance(value, _Repeated) else ():
            problems.add("duplicate_key", (path, key), "The key stands twice.")
        for key, item in value.items():
            if not is_clean(key):
                problems.add("lone_surrogate", (path, key), "A key has half of a surrogate pair.")
            _find(item, (path, key), problems)


def is_clean(text: str) -> bool:
    """Whether text can be written as UTF-8: it has no lone surrogate."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def parse_json(raw: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> JsonValue:
    """A JSON document from outside, as plain values; fractional numbers are Decimals.

    Raises InvalidInput, with every path where it is known, for: more than `max_bytes` bytes, more than `max_depth`
    levels, invalid UTF-8, text that is not JSON, keys that stand twice in an object, NaN and infinities, numbers with
    an exponent or more than 24 digits before or after the point, lone surrogates. A byte order mark is dropped.
    """
    if len(raw) > max_bytes:
        _refuse("too_large", f"The document has {len(raw)} bytes, at most {max_bytes} are read.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse("encoding", f"Byte {error.start} is not UTF-8.")
    if raw.count(b"[") + raw.count(b"{") > max_depth and _depth(raw) > max_depth:
        _refuse("too_deep", f"The document is nested more than {max_depth} levels deep.")
    parser = _Parser()
    try:
        value = parser.decode(text)
    except json.JSONDecodeError as error:
        _refuse("syntax", f"Not JSON: {error.msg}.", f"line {error.lineno} column {error.colno}")
    if parser.refused or _SURROGATE_ESCAPE.search(text):
        problems = Problems()
        _find(value, None, problems)
        if problems.found:
            raise problems.refusal()
    return value  # type: ignore[return-value]  # what the parser's own functions made is checked above
