"""JSON text of trusted values: msgspec where it is installed, the standard library otherwise, byte for byte the same."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Final

from attrs import frozen

from ordercore.errors import BrokenRule, Corrupted


@frozen
class JsonText:
    """A pair of functions: compact UTF-8 JSON of plain values, and back."""

    name: str
    encode: Callable[[object], bytes]
    """Raises BrokenRule for lone surrogates and giant ints. There are no floats: values were checked before."""
    decode: Callable[[str], object]
    """Raises Corrupted for text that is not JSON."""


LEAST: Final = -(2**63)
MOST: Final = 2**64 - 1
"""What msgspec writes; the other has to refuse the rest as well."""

_LONG: Final = re.compile("[0-9]{19}")
_encoder: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _broken_text() -> BrokenRule:
    return BrokenRule("Text with a lone surrogate cannot be stored.")


def _corrupted(error: Exception) -> Corrupted:
    # The message of a decoder may quote what it read, which may be personal.
    return Corrupted(f"Stored text is not JSON ({type(error).__name__}).")


def _giant() -> BrokenRule:
    return BrokenRule("An int of more than 64 bits cannot be stored.")


def _encode_plain(value: object) -> bytes:
    try:
        text = _encoder.encode(value)
        if _LONG.search(text):
            _refuse_giants(value)
        return text.encode()
    except UnicodeEncodeError:
        raise _broken_text() from None


def _refuse_giants(value: object) -> None:
    if isinstance(value, int) and not LEAST <= value <= MOST:
        raise _giant()
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    for item in items:
        _refuse_giants(item)


def _refuse(_: str) -> float:
    raise ValueError("not a JSON number of a store")


_decoder: Final = json.JSONDecoder(parse_float=_refuse, parse_constant=_refuse)


def _decode_plain(text: str) -> object:
    try:
        value: object = _decoder.decode(text)
        if "\\u" in text:
            _encode_plain(value)
    except (ValueError, RecursionError, BrokenRule) as error:
        raise _corrupted(error) from None
    return value


def plain() -> JsonText:
    """The one of the standard library."""
    return JsonText("json", _encode_plain, _decode_plain)


def fast() -> JsonText:
    """The one of msgspec. Raises ImportError where it is not installed."""
    from msgspec import DecodeError
    from msgspec.json import Decoder, Encoder

    encode_unchecked: Callable[[object], bytes] = Encoder().encode
    decode_unchecked: Callable[[str], object] = Decoder().decode

    def encode(value: object) -> bytes:
        try:
            return encode_unchecked(value)
        except UnicodeEncodeError:
            raise _broken_text() from None
        except OverflowError:
            raise _giant() from None

    def decode(text: str) -> object:
        try:
            return decode_unchecked(text)
        except (DecodeError, UnicodeEncodeError, RecursionError) as error:
            raise _corrupted(error) from None

    return JsonText("msgspec", encode, decode)


def best() -> JsonText:
    """What is installed. Imported when it is first asked for, so that importing ordercore costs nothing."""
    try:
        return fast()
    except ImportError:
        return plain()
