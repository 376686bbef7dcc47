"""What can be asked of stock. Quantities are ints in the item's smallest unit, or `Quantity` in any unit it has."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Literal

from attrs import field, frozen

from ordercore.message import Command
from ordercore.values import Money, Price, Quantity

IntoBucket = Literal["available", "quality_control", "quarantine", "damaged", "returns_inbound"]


@frozen
class Received:
    """Units of one SKU that came in; lot items name their lot, with its expiry date if it has one."""

    sku: str
    quantity: int | Quantity
    lot: str = ""
    expires: date | None = None
    bucket: IntoBucket = "available"
    unit_cost: str | Decimal | Money | Price | None = None
    currency: str = ""


def _received(given: Iterable[Received]) -> tuple[Received, ...]:
    return tuple(given)


@frozen
class ReceiveStock(Command[str]):
    """Goods came in at a location, once per (source, external id) where given.

    Lines that wait for these SKUs are filled in the same commit, in the stated order: highest priority first,
    then earliest placed, then order id. The result is the receipt's id.
    """

    location: str
    lines: tuple[Received, ...] = field(converter=_received)
    source: str = ""
    external_id: str = ""


@frozen
class AdjustStock(Command[str]):
    """Stock turned out to be more or less by `change` units; a reason is required. Never below what is claimed."""

    location: str
    sku: str
    change: int
    reason: str
    lot: str = ""
    bucket: IntoBucket = "available"


@frozen
class CountStock(Command[str]):
    """A count is an observation: `counted` units of `bucket` stood there at the effective time.

    The difference to the books at that time is posted; a count older than the newest one of the same row is refused.
    """

    location: str
    sku: str
    counted: int
    lot: str = ""
    bucket: IntoBucket = "available"


@frozen
class MoveStock(Command[str]):
    """Units change bucket at one location: damaged, quarantined, passed by quality control, or scrapped."""

    location: str
    sku: str
    quantity: int
    source: IntoBucket
    target: Literal["available", "quality_control", "quarantine", "damaged", "returns_inbound", "scrap"]
    reason: str
    lot: str = ""


@frozen
class TransferLine:
    """Units of one SKU on a transfer; lot items name their lot."""

    sku: str
    quantity: int
    lot: str = ""


def _transfer_lines(given: Iterable[TransferLine]) -> tuple[TransferLine, ...]:
    return tuple(given)


@frozen
class SendTransfer(Command[str]):
    """Available units leave a location towards another; until received they stand at the place `transfer/<id>`."""

    transfer: str
    source: str
    target: str
    lines: tuple[TransferLine, ...] = field(converter=_transfer_lines)


@frozen
class ReceiveTransfer(Command[str]):
    """Units of a transfer arrived, in parts if need be; what never arrives is written off with a reason."""

    transfer: str
    lines: tuple[TransferLine, ...] = field(converter=_transfer_lines)
    missing: tuple[TransferLine, ...] = field(converter=_transfer_lines, default=())
    reason: str = ""


@frozen
class CartLine:
    """Units of a SKU wanted in a cart; `location` pins them."""

    line_id: str
    sku: str
    quantity: int
    location: str = ""


def _cart_lines(given: Iterable[CartLine]) -> tuple[CartLine, ...]:
    return tuple(given)


@frozen
class ReserveCart(Command[str]):
    """Keep stock for a cart until it expires, all of it or nothing. `PlaceOrder(reservation=...)` upgrades it in place."""

    cart: str
    lines: tuple[CartLine, ...] = field(converter=_cart_lines)
    expires_after_seconds: int = 900
    strategy: str = ""


@frozen
class ExtendReservation(Command[str]):
    """Move the expiry of a soft reservation; refused once it expired, was released or upgraded."""

    cart: str
    expires_after_seconds: int = 900


@frozen
class ReleaseReservation(Command[str]):
    """Give a cart's units back."""

    cart: str


@frozen
class ExpireReservation(Command[str]):
    """What the timer sends when a soft reservation is due; refused if it was extended meanwhile."""

    cart: str


@frozen
class Opening:
    """What the books of the host say of one SKU, lot and bucket at a location on the day it goes live."""

    sku: str
    quantity: int
    lot: str = ""
    expires: date | None = None
    bucket: IntoBucket = "available"
    unit_cost: str | Decimal | Money | Price | None = None
    currency: str = ""


def _openings(given: Iterable[Opening]) -> tuple[Opening, ...]:
    return tuple(given)


@frozen
class OpenBalance(Command[str]):
    """Take over a location's stock from a running shop, once per (location, reference)."""

    location: str
    reference: str
    lines: tuple[Opening, ...] = field(converter=_openings)


StockCommand = (
    ReceiveStock
    | AdjustStock
    | CountStock
    | MoveStock
    | SendTransfer
    | ReceiveTransfer
    | ReserveCart
    | ExtendReservation
    | ReleaseReservation
    | ExpireReservation
    | OpenBalance
)
