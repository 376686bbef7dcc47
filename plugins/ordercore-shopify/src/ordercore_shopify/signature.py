"""Who sent it: HMAC-SHA256 over the bytes as they came, in base64."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from ordercore.errors import AuthenticationFailed
from ordercore_shopify.settings import ShopSettings


def header(headers: Mapping[str, str], name: str) -> str:
    """A header of the platform, under its old name (`x-shopify-...`) or its new one (`shopify-...`)."""
    return headers.get(f"x-shopify-{name}", "") or headers.get(f"shopify-{name}", "")


def sign(body: bytes, secret: bytes) -> bytes:
    """The signature of these bytes, as it stands in the header."""
    return base64.b64encode(hmac.new(secret, body, hashlib.sha256).digest())


def verify(body: bytes, headers: Mapping[str, str], settings: ShopSettings, now: datetime) -> None:
    """Return if one of the secrets that count at `now` signed these bytes. Raises AuthenticationFailed.

    Every secret is tried, in constant time, whatever the one before it said.
    """
    given = header(headers, "hmac-sha256").encode("utf-8", "surrogatepass")
    if not given:
        raise AuthenticationFailed("The delivery is not signed.", hint="The header x-shopify-hmac-sha256 is missing.")
    secrets = [secret.value for secret in settings.secrets if secret.counts(now)]
    if not secrets:
        raise AuthenticationFailed("There is no secret to check the delivery with.", hint="Set secrets for this shop.")
    matches = [hmac.compare_digest(sign(body, secret), given) for secret in secrets]
    if not any(matches):
        raise AuthenticationFailed(
            "The signature does not fit the delivery.", hint="Check the secret, and that the body comes as it was sent."
        )
    shop = header(headers, "shop-domain").lower()
    if settings.shop and shop != settings.shop:
        raise AuthenticationFailed("The delivery is from another shop.", hint=f"This channel is for {settings.shop}.")
