"""Documents of the supply side: suppliers, what they supply, purchases in lists, lines that are still to come."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from attrs import frozen

from ordercore.values import LocationCode, Price, Sku

SUPPLIER: Final = "supplier"
SUPPLY: Final = "supply"
"""The kind of document that says what a supplier supplies; its tag is the SKU, its order the order of preference."""
PURCHASE: Final = "purchase"
INCOMING: Final = "incoming"
"""The kind of document of a purchase's line that is still to come; its tag is the SKU, its order the date."""


@frozen
class Supplier:
    """Whom goods are bought from. `instance` is the account of a plugin that sends to it; empty: a person does.

    `answer_within_hours` 0: no answer is expected. `approve_up_to` is the total, in minor units of `currency`, that
    needs no person; None: a person approves every purchase.
    """

    code: str
    name: str
    currency: str
    instance: str = ""
    lead_time_days: int = 0
    answer_within_hours: int = 0
    reminders: int = 2
    approve_up_to: int | None = None
    over_receipt_percent: int = 0
    minimum_order: int = 0
    active: bool = True


@frozen
class Supply:
    """An item as a supplier supplies it. `pack` and `minimum` are in the item's smallest units.

    `unit_cost` is that of one unit of sale; None: not known. `lead_time_days` None: the supplier's.
    """

    sku: Sku
    supplier: str
    supplier_sku: str = ""
    unit_cost: Price | None = None
    pack: int = 1
    minimum: int = 0
    lead_time_days: int | None = None
    rank: int = 0
    active: bool = True

    @property
    def key(self) -> str:
        """`<supplier>:<sku>`."""
        return f"{self.supplier}:{self.sku}"

    @property
    def sort(self) -> str:
        """Lowest rank first, then by supplier."""
        return f"{self.rank + 1_000_000:07d} {self.supplier}"


@frozen
class IncomingLine:
    """Units of a purchase's line that are still to come. `approved` false: suggested, and nobody has agreed yet."""

    purchase: str
    line: str
    sku: Sku
    location: LocationCode
    quantity: int
    expected_on: date | None
    approved: bool


@frozen
class PurchaseSummary:
    """What a list of purchases shows. `total` in minor units, None where a cost is not known.

    `after` is what the next page of the list begins after.
    """

    purchase: str
    supplier: str
    location: LocationCode
    status: str
    currency: str
    total: int | None
    units: int
    open: int
    suggested_at: datetime
    expected_on: date | None = None
    reminders: int = 0

    @property
    def after(self) -> tuple[str, str]:
        """When it was suggested, which the list is sorted by, and its number."""
        return (self.suggested_at.isoformat(), self.purchase)


NEVER: Final = "9999-12-31"
"""Sorts lines without an expected date behind all others."""


def incoming_key(purchase: str, line: str) -> str:
    """The key of a line that is still to come."""
    return f"{purchase}/{line}"


def incoming_sort(expected_on: date | None) -> str:
    """Earliest first."""
    return expected_on.isoformat() if expected_on is not None else NEVER
