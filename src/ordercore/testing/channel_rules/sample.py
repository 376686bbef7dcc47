"""What the author of a channel gives the suite: real documents with what they say, and a way to write others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from attrs import field, frozen

from ordercore.values import CURRENCIES, Address

PLACED_AT: Final = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def _exact(number: int | str | Decimal) -> Decimal:
    if isinstance(number, float):
        raise TypeError(f"{number} is a float: write it as text.")
    return Decimal(number)


@frozen
class Facts:
    """What one order of a document says, told by whoever wrote the document down.

    `lines` and `units` count goods only; postage and fees are in `total`, in whole currency as text: `"26.37"`.
    """

    order: str
    lines: int
    units: Decimal = field(converter=_exact)
    currency: str
    total: Decimal = field(converter=_exact)
    country: str = ""


@frozen
class Document:
    """A document as the platform sends it, unsigned: the suite signs it where the channel is pushed to."""

    body: bytes = field(repr=False)
    media_type: str
    headers: Mapping[str, str] = field(factory=dict, repr=False)


@frozen
class Sample:
    """A document with what is in it. `personal` lists texts that must never be in a problem, a repr or a log."""

    name: str
    document: Document
    orders: tuple[Facts, ...] = ()
    cancelled: tuple[str, ...] = ()
    personal: tuple[str, ...] = ()


@frozen
class LineSample:
    """A line that the suite wants written."""

    line_id: str
    sku: str
    quantity: Decimal = Decimal(1)
    price: Decimal = Decimal("1.00")
    title: str = ""


@frozen
class OrderSample:
    """An order that the suite wants written in the channel's own format, every field where the format has a place.

    Times are aware. `stated_total` is given where it should differ from what the lines come to.
    """

    order: str
    lines: tuple[LineSample, ...]
    currency: str = "EUR"
    placed_at: datetime = PLACED_AT
    updated_at: datetime = PLACED_AT
    ship_to: Address | None = None
    cancelled: bool = False
    stated_total: Decimal | None = None

    @property
    def total(self) -> Decimal:
        """What the document should say: each line rounded once to minor units, half to even."""
        if self.stated_total is not None:
            return self.stated_total
        unit = Decimal(1).scaleb(-CURRENCIES.get(self.currency, 2))
        exact = (line.quantity * line.price for line in self.lines)
        return sum((one.quantize(unit, rounding=ROUND_HALF_EVEN) for one in exact), Decimal(0))
