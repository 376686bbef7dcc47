"""What a supplier is: purchase orders out, acknowledgments and dispatch advices in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Literal, Protocol

from attrs import field, frozen

from ordercore.ports.channel import Settings
from ordercore.ports.operation import Declined, Op
from ordercore.ports.transmission import Decoded, Transmission
from ordercore.values import Address, Price, Quantity

SupplierCapability = Literal["send", "query", "acknowledge"]
"""`query`: whether a document was taken can be asked by its key; `acknowledge`: answers come in as documents."""


@frozen
class PurchaseLine:
    """One line of a purchase order as the supplier reads it: its own number for the item, its order unit.

    `unit_cost` is that of one order unit, and may be finer than the minor unit.
    """

    line: str
    sku: str
    supplier_sku: str
    quantity: Quantity
    unit_cost: Price | None = None
    wanted_on: date | None = None
    title: str = ""


@frozen
class PurchaseDocument:
    """A purchase order to be sent. `number` is ours and stays the same when it is sent again.

    `sent_on` is the day of this sending, the order's own or its reminder's; None: the day it was issued. `reminder` is
    0 for the order itself, n for the nth reminder that it is not answered. `location` is what the place is called that
    the goods go to; its address is not known where `deliver_to` is None.
    """

    number: str
    supplier: str
    issued_on: date
    currency: str
    lines: tuple[PurchaseLine, ...]
    deliver_to: Address | None = field(default=None, repr=False)
    note: str = ""
    reminder: int = 0
    sent_on: date | None = None
    location: str = ""


@frozen
class DocumentSent:
    """The supplier's side took the document over; `reference` is its receipt, if it gave one."""

    reference: str = ""


class Supplier(Protocol):
    """One account of one supplier. Pure, as channels and carriers are."""

    @property
    def instance(self) -> str:
        """The name of this account, unique within a kernel."""
        ...

    @property
    def capabilities(self) -> frozenset[SupplierCapability]:
        """What of the following it can do."""
        ...

    def send(self, document: PurchaseDocument, *, key: str) -> Op[DocumentSent | Declined]:
        """Send a purchase order (or its reminder); the same key gives the same bytes."""
        ...

    def find(self, key: str) -> Op[DocumentSent | None]:
        """Whether the document under a key was taken; None if it certainly was not. Needs `query`."""
        ...

    def verify(self, transmission: Transmission, *, now: datetime) -> None:
        """Check who sent an answer. Raises AuthenticationFailed."""
        ...

    def decode(self, transmission: Transmission) -> Decoded:
        """Read an answer: intents (`ConfirmPurchase`) and problems. Needs `acknowledge`."""
        ...


def _capabilities(given: Iterable[SupplierCapability]) -> frozenset[SupplierCapability]:
    return frozenset(given)


@frozen
class SupplierKind:
    """A kind of supplier, as a plugin registers it: `make(instance, settings)` builds one account."""

    kind: str
    make: Callable[[str, Settings], Supplier]
    capabilities: frozenset[SupplierCapability] = field(converter=_capabilities)
    api_version: int = 1
