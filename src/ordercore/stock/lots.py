"""Lots: what is known of goods that came in together."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from attrs import frozen

from ordercore.values import Sku

LOT: Final = "lot"
"""The kind of document that holds the facts of a lot; its tag is the SKU, its order that in which lots are used."""
NEVER: Final = "9999-12-31"
"""Sorts lots without an expiry date behind all others."""


@frozen
class LotFacts:
    """What is known of a lot: when it first came in and when it expires, if it does."""

    sku: Sku
    lot: str
    received_at: datetime
    expires: date | None = None

    @property
    def sort(self) -> str:
        """Earliest expiry first, then first in first out."""
        return f"{self.expires.isoformat() if self.expires else NEVER} {self.received_at.isoformat()}"


def lot_key(sku: Sku, lot: str) -> str:
    """The key of a lot's document; SKUs have no slash."""
    return f"{sku}/{lot}"
