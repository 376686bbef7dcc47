"""Signatures of webhooks, both sides. Source: the Standard Webhooks specification, symmetric signatures (v1)."""

from __future__ import annotations

import binascii
import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from ordercore.errors import AuthenticationFailed, ConfigurationError
from ordercore.values import instant_of

SECRET_PREFIX: Final = "whsec_"  # noqa: S105  # what a secret begins with, and no secret
OLDEST: Final = timedelta(minutes=5)
"""How long after it was signed a delivery is accepted."""
EARLIEST: Final = timedelta(minutes=1)
"""How far the sender's clock may be ahead."""

_LEAST_BYTES, _MOST_BYTES = 16, 64
_SECONDS: Final = re.compile(r"[0-9]{1,12}\Z")
_ID: Final = re.compile(r"[\x21-\x7e]{1,255}\Z")
_SIGNATURES_MOST: Final = 16


def key_of(secret: str) -> bytes:
    """The bytes of a secret, `whsec_` and base64 of 16 to 64 bytes. Raises ConfigurationError."""
    try:
        key = b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not _LEAST_BYTES <= len(key) <= _MOST_BYTES:
        raise ConfigurationError(
            "A webhook's secret does not read.",
            hint=f'Write "{SECRET_PREFIX}" and base64 of {_LEAST_BYTES} to {_MOST_BYTES} random bytes (24 are usual).',
        )
    return key


def _signature(key: bytes, id: str, seconds: int, body: bytes) -> str:
    signed = b".".join((id.encode(), str(seconds).encode(), body))
    return "v1," + b64encode(hmac.digest(key, signed, sha256)).decode()


def sign_webhook(secrets: Sequence[str], id: str, body: bytes, *, now: datetime) -> Mapping[str, str]:
    """The three headers of a delivery. Several secrets, the newest first, give several signatures: to rotate them.

    `id` is the same for every attempt, `now` is that of the attempt. Raises ConfigurationError.
    """
    seconds = int(instant_of(now, what="now").timestamp())
    signatures = [_signature(key_of(secret), id, seconds, body) for secret in secrets]
    return {"webhook-id": id, "webhook-timestamp": str(seconds), "webhook-signature": " ".join(signatures)}


def verify_webhook(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], *, now: datetime) -> str:
    """The id of a delivery whose signature is right: keep it, and drop what comes under it again.

    `body` are the bytes as they came. `secrets` are those that are accepted at the moment. Raises AuthenticationFailed
    for headers that are missing or odd, a time more than 5 minutes ago or 1 minute ahead, and a wrong signature.
    """
    given = {name.lower(): value for name, value in headers.items()}
    id, said = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    if not _ID.match(id) or not _SECONDS.match(said):
        raise AuthenticationFailed("The headers of a signed webhook are missing or odd.")
    signatures = [
        one.encode("utf-8", "surrogatepass") for one in given.get("webhook-signature", "").split()[:_SIGNATURES_MOST]
    ]
    # Every signature is compared with every secret, so that the time it takes says nothing about either.
    expected = [_signature(key_of(secret), id, int(said), body).encode() for secret in secrets]
    found = [hmac.compare_digest(mine, theirs) for mine in expected for theirs in signatures]
    if not any(found):
        raise AuthenticationFailed("The signature is wrong.", hint="It is made over the bytes as they came.")
    age = instant_of(now, what="now").timestamp() - int(said)
    if not -EARLIEST.total_seconds() <= age <= OLDEST.total_seconds():
        raise AuthenticationFailed("It was signed too long ago, or a clock is wrong.", seconds=round(age))
    return id
