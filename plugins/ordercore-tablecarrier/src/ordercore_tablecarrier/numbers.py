"""Tracking numbers that follow from the idempotency key, so that the same booking always has the same one.

`prefix`, 16 characters of base 36 (82 bits of SHA-256 over account and key: of a billion bookings two share one with a
chance of one in fifteen million), and a check character by ISO/IEC 7064 MOD 37-2, which finds every single wrong
character and every swap of two neighbors. A GS1 SSCC has nine or ten digits of its own: those must be counted, for as a
hash they would repeat after some ten thousand parcels, and a carrier without memory cannot count.
"""

from __future__ import annotations

from hashlib import sha256
from itertools import count
from typing import Final

from stdnum.iso7064 import mod_37_2

DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LENGTH: Final = 16


def number_of(prefix: str, instance: str, key: str) -> str:
    """The number of the booking under a key."""
    for turn in count():
        body = prefix + _letters(f"{instance}\x1f{key}\x1f{turn}")
        check = str(mod_37_2.calc_check_digit(body))
        # One in 37 has the check character `*`, which no hand-held keyboard has: the next one is as good.
        if check in DIGITS:
            return body + check
    raise AssertionError


def _letters(text: str) -> str:
    rest = int.from_bytes(sha256(text.encode("utf-8", "surrogatepass")).digest())
    letters: list[str] = []
    for _ in range(LENGTH):
        rest, digit = divmod(rest, len(DIGITS))
        letters.append(DIGITS[digit])
    return "".join(letters)


def is_number(text: str, prefix: str) -> bool:
    """Whether it is of this carrier and its check character is right."""
    if len(text) != len(prefix) + LENGTH + 1 or not text.startswith(prefix) or not set(text) <= set(DIGITS):
        return False
    return bool(mod_37_2.is_valid(text))
