"""Tracking numbers that follow from the idempotency key, so that the same booking always has the same one.

`prefix`, 16 characters of base 36 (82 bits of SHA-256 over account and key: two of a billion bookings share one with a
chance of one in ten million), and two check digits by ISO/IEC 7064 MOD 97-10, which find every single wrong character
and every swap of two neighbors. A GS1 SSCC has nine or ten digits of its own: those must be counted, for as a hash they
would repeat after some ten thousand parcels, and a carrier without memory cannot count.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from stdnum.iso7064 import mod_97_10

DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LENGTH: Final = 16


def number_of(prefix: str, instance: str, key: str) -> str:
    """The number of the booking under a key."""
    rest = int.from_bytes(sha256(f"{instance}\x1f{key}".encode()).digest())
    letters: list[str] = []
    for _ in range(LENGTH):
        rest, digit = divmod(rest, len(DIGITS))
        letters.append(DIGITS[digit])
    body = prefix + "".join(letters)
    return body + mod_97_10.calc_check_digits(body)


def is_number(text: str, prefix: str) -> bool:
    """Whether it is of this carrier and its check digits are right."""
    return len(text) == len(prefix) + LENGTH + 2 and text.startswith(prefix) and bool(mod_97_10.is_valid(text))
