"""JSON text of trusted values: msgspec where it is installed, the standard library otherwise, byte for byte the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

from attrs import frozen

from ordercore.codec.leaves import write_datetime
from ordercore.errors import BrokenRule, Corrupted


@frozen
class JsonText:
    """A pair of functions: compact UTF-8 JSON of plain values and instants in UTC, with sorted keys; and back."""

    name: str
    encode: Callable[[object], bytes]
    """Raises BrokenRule for lone surrogates. There are no floats: values were checked before."""
    decode: Callable[[str], object]
    """Raises Corrupted for text that is not JSON."""


_UNWRITABLE: Final = (ValueError, OverflowError, RecursionError)
_encoder: Final = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False, sort_keys=True, default=write_datetime
)


def _broken(error: Exception) -> BrokenRule:
    # Lone surrogates, and ints of more digits than the library writes.
    return BrokenRule(f"A value cannot be written as JSON ({type(error).__name__}).")


def _corrupted(error: Exception) -> Corrupted:
    # The message of a decoder may quote what it read, which may be personal.
    return Corrupted(f"Stored text is not JSON ({type(error).__name__}).")


def _encode_plain(value: object) -> bytes:
    try:
        return _encoder.encode(value).encode()
    except _UNWRITABLE as error:
        raise _broken(error) from None


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

    encode_unchecked: Callable[[object], bytes] = Encoder(order="sorted").encode
    decode_unchecked: Callable[[str], object] = Decoder().decode

    def encode(value: object) -> bytes:
        try:
            return encode_unchecked(value)
        except _UNWRITABLE as error:
            raise _broken(error) from None

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
