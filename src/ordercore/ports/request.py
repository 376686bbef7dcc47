"""An order as a channel states it: its own ids, decimal quantities, nothing looked up yet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from attrs import field, frozen

from ordercore.values import CURRENCIES, Address, Attribute, Money, Price, Quantity

LineKind = Literal["item", "charge"]


@frozen
class ItemRef:
    """One name of an item. `scheme` says whose: sku, gtin, charge, shopify_variant, ..."""

    scheme: str
    value: str


@frozen
class LineRequest:
    """One line as the channel states it.

    `line_key` is the channel's line id, stable for life, never the SKU. `items` are the names of the item, most
    telling first; it may be empty. `discount` and `tax` are amounts for the whole line, both positive, `tax` only
    what comes on top of the price. `kind` "charge" is postage, a fee or a tip: an ordinary line of an item that
    moves no stock.

    `removed` are units that the channel took off the line again; they stand in `quantity`. `fulfilled` is how many
    the channel believes to be shipped, which is news about us and not about the order. `path` is where in the
    document the line stands; `fulfilled` and `path` are no part of the content.
    """

    line_key: str
    items: tuple[ItemRef, ...]
    quantity: Quantity
    unit_price: Price | None = None
    title: str = ""
    kind: LineKind = "item"
    discount: Money | None = None
    tax: Money | None = None
    removed: Decimal = Decimal(0)
    fulfilled: Decimal = Decimal(0)
    path: str = ""
    attributes: Mapping[str, Attribute] = field(factory=dict)

    def at(self, name: str) -> str:
        """Where `name` of this line stands in the document: in a table it is a column, elsewhere a member."""
        return f"{self.path}, column {name}" if self.path.startswith("row ") else f"{self.path}.{name}"

    @property
    def gross(self) -> int:
        """Quantity times price in minor units, rounded once, half to even; without a price 0."""
        price, value = self.unit_price, self.quantity.value
        if price is None:
            return 0
        whole = int(value)
        if whole == value:
            return price.line_total(whole)
        return round(Fraction(value) * Fraction(price.amount, 10 ** (price.digits - CURRENCIES[price.currency])))

    @property
    def total(self) -> int:
        """What the line comes to in minor units, less its discount, with its tax."""
        return self.gross - (self.discount.amount if self.discount else 0) + (self.tax.amount if self.tax else 0)


@frozen
class PaymentFacts:
    """What the channel says about the money: its own word for it, and what it has taken so far, if it says so."""

    status: str = ""
    paid: Money | None = None


@frozen
class OrderRequest:
    """One order as the channel states it; `to_place_order` of `ordercore.intake` turns it into a command.

    `external_id` is the channel's id, `reference` what people call the order. `discount` and `tax` are what the
    channel states for the order over and above its lines' own; both are spread over the lines at intake.
    `stated_total` is the channel's own total, for the check. `payment` is news about the money, not the order's
    content. `attributes` are the host's to declare.
    """

    instance: str
    external_id: str
    currency: str
    lines: tuple[LineRequest, ...]
    placed_at: datetime | None = None
    reference: str = ""
    customer: str = ""
    ship_to: Address | None = None
    discount: Money | None = None
    tax: Money | None = None
    stated_total: Money | None = None
    payment: PaymentFacts | None = None
    attributes: Mapping[str, Attribute] = field(factory=dict)

    @property
    def total(self) -> int:
        """Lines less discounts with tax and charges, in minor units: what `stated_total` should say."""
        lines = sum(line.total for line in self.lines)
        return lines - (self.discount.amount if self.discount else 0) + (self.tax.amount if self.tax else 0)
