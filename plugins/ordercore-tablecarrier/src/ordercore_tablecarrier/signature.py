"""Who sent a report: HMAC-SHA256 over the bytes as they came, in hexadecimal."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

from ordercore.errors import AuthenticationFailed

HEADER: Final = "x-signature"
_SCHEME: Final = "sha256="


def sign(body: bytes, secret: str) -> str:
    """The value of the header `x-signature` for these bytes."""
    return _SCHEME + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def verify(body: bytes, headers: Mapping[str, str], secret: str) -> None:
    """Return if it is signed with the secret. Raises AuthenticationFailed; constant time, over the bytes as they came."""
    if not secret:
        raise AuthenticationFailed("There is no secret to check a report with.", hint="Set carrier.secret.")
    given = headers.get(HEADER, "")
    if not given:
        raise AuthenticationFailed("The report is not signed.", hint=f"The header {HEADER} is missing.")
    if not hmac.compare_digest(sign(body, secret).encode(), given.encode("utf-8", "surrogatepass")):
        raise AuthenticationFailed("The signature does not fit the report.", hint="Check carrier.secret on both sides.")
