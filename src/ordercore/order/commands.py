"""What can be asked of an order: commands, in the imperative. Quantities are ints in the item's smallest unit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from attrs import field, frozen

from ordercore.message import Command
from ordercore.order.tracking import IncidentReason
from ordercore.values import Address, Attribute, Eta, Money, OrderId, Price, Quantity

Amount = str | Decimal | Money
HoldKind = Literal["payment", "fraud", "approval", "address", "stock", "compliance", "other"]
Step = Literal["confirm", "allocate", "release", "pick", "pack", "ship", "cancel"]
Disposition = Literal["restock", "quarantine", "damaged", "scrap", "returns_inbound", "keep_by_customer"]
TrackingStatus = Literal[
    "info_received",
    "pending",
    "picked_up",
    "in_transit",
    "out_for_delivery",
    "ready_for_pickup",
    "delivered",
    "delivery_failed",
    "delivery_delayed",
    "on_hold",
    "customs_hold",
    "return_to_sender",
    "cancelled",
    "unknown",
]
PaymentKind = Literal["authorization", "charge", "refund", "void"]


@frozen
class Line:
    """One line of demand. `line_id` is the channel's own, stable for life; empty: its number on the order, from 1.

    `unit_price` may be finer than the minor unit and is rounded once per line. `discount` and `tax` are amounts for
    the whole line, tax only what comes on top. `location` pins the line to one location.
    """

    sku: str
    quantity: int | Quantity
    unit_price: Amount | Price = "0"
    line_id: str = ""
    discount: Amount | None = None
    tax: Amount | None = None
    location: str = ""


def _lines(given: Iterable[Line]) -> tuple[Line, ...]:
    return tuple(given)


@frozen
class PlaceOrder(Command[OrderId]):
    """Take an order in, once per (channel, external id); the same id with other content is a Mismatch.

    With `reservation`, a cart's soft reservation is upgraded in place, without a free instant. `allocate` and
    `shortage` override the kernel's policies; `strategy` names another way to source. `placed_at` is when the customer
    placed it, if that was before it came in (stock is reserved at the effective time). `promised_by` is until when its
    arrival was promised; estimates stand beside it and never move it. The result is the order's id.
    """

    channel: str
    external_id: str
    currency: str
    lines: tuple[Line, ...] = field(converter=_lines)
    customer: str = ""
    ship_to: Address | None = None
    reservation: str = ""
    priority: int = 0
    allocate: str = ""
    shortage: str = ""
    strategy: str = ""
    source_version: str = ""
    attributes: Mapping[str, Attribute] = field(factory=dict)
    placed_at: datetime | None = None
    promised_by: datetime | None = None


@frozen
class ConfirmOrder(Command[OrderId]):
    """Say that the order stands; refused while a hold blocks `confirm`."""

    order: OrderId


@frozen
class AddHold(Command[OrderId]):
    """Block named steps for a reason until it is released. `hold` names it within the order."""

    order: OrderId
    hold: str
    kind: HoldKind = "other"
    blocks: tuple[Step, ...] = ("allocate", "release", "pick", "pack", "ship")
    note: str = ""


@frozen
class ReleaseHold(Command[OrderId]):
    """Lift a hold. Lines that could not be allocated because of it get what is available now."""

    order: OrderId
    hold: str


@frozen
class CancelLines(Command[OrderId]):
    """Cancel units that have not been shipped, by line; without `quantities`, all of them.

    Taken first from what waits (unallocated, backordered), then from reserved stock, then from work at a location.
    """

    order: OrderId
    quantities: Mapping[str, int] | None = None
    reason: str = ""


@frozen
class AllocateOrder(Command[OrderId]):
    """Bind unallocated (and backordered) units to stock.

    `pins` name a location per line, for this time only: what is short there stays as it was, for it may stand
    elsewhere. A line whose order pins it waits at that location.
    """

    order: OrderId
    strategy: str = ""
    shortage: str = ""
    pins: Mapping[str, str] = field(factory=dict)


@frozen
class ReleaseOrder(Command[OrderId]):
    """Hand reserved units to their locations as fulfillment orders, one per location."""

    order: OrderId
    location: str = ""


@frozen
class RecallWork(Command[OrderId]):
    """Take a fulfillment order back: its unshipped units are reserved again, not free."""

    order: OrderId
    fulfillment: str
    reason: str = ""


@frozen
class Content:
    """Units of a line at one step, with their lot where the item has lots (empty: chosen, earliest expiry first)."""

    line: str
    quantity: int
    lot: str = ""


@frozen
class PickLines(Command[OrderId]):
    """Units were picked from the shelf; without `contents`, everything released to this fulfillment order."""

    order: OrderId
    fulfillment: str
    contents: tuple[Content, ...] | None = None


@frozen
class ShortPick(Command[OrderId]):
    """Units were not on the shelf: they leave the books there, and the line is sourced again elsewhere."""

    order: OrderId
    fulfillment: str
    line: str
    quantity: int
    reason: str = ""


@frozen
class PackParcel(Command[OrderId]):
    """Picked units go into a parcel; without `contents`, everything picked."""

    order: OrderId
    fulfillment: str
    parcel: str
    contents: tuple[Content, ...] | None = None


@frozen
class Ship(Command[OrderId]):
    """Hand units to a carrier or the customer.

    With `parcel` packed before: that parcel; carrier and tracking are those of its booking unless they are named. Else
    units of `contents` (default: all that is claimed at `location`, or everywhere) pass the steps their location skips
    in one commit; one parcel per location.
    """

    order: OrderId
    parcel: str = ""
    location: str = ""
    contents: tuple[Content, ...] | None = None
    carrier: str = ""
    tracking: str = ""


@frozen
class RecordTracking(Command[OrderId]):
    """What a carrier says of a parcel: a fact in a set, late, repeated and out of order as carriers are.

    `raw_code` and `text` are the carrier's own, `reason` says why something went wrong, `eta` when it now expects to
    arrive. A `correction` says that what was said before is wrong, even that the parcel was delivered; units that the
    books have as delivered stay so.
    """

    order: OrderId
    parcel: str
    status: TrackingStatus
    occurred_at: datetime
    raw_code: str = ""
    location: str = ""
    reason: IncidentReason = ""
    text: str = ""
    eta: Eta | None = None
    correction: bool = False


@frozen
class BookParcel(Command[OrderId]):
    """Book a packed or shipped parcel with a carrier, by the instance of its account; a worker does it, once.

    `service` is the carrier's name of it; weight in grams, outer size in millimetres where it is known. `ship_on` is
    the day of the hand-over, by default the day of the command. A parcel has one booking at a time.
    """

    order: OrderId
    parcel: str
    carrier: str
    service: str
    weight_grams: int
    length_mm: int = 0
    width_mm: int = 0
    height_mm: int = 0
    ship_on: date | None = None


@frozen
class LabelImage:
    """A label as it comes from a carrier: opaque bytes of `media_type`."""

    media_type: str
    content: bytes = field(repr=False)
    dpi: int = 0
    size: str = ""


@frozen
class RecordBooking(Command[OrderId]):
    """A carrier has taken a parcel on. Sent by the worker that booked it, or by whoever booked it by hand.

    `booking` is the outside effect that did it; empty: it was booked elsewhere, under `reference`.
    """

    order: OrderId
    parcel: str
    carrier: str
    service: str
    reference: str
    tracking: str
    booking: str = ""
    cost: Money | None = None
    labels: tuple[LabelImage, ...] = ()
    eta: Eta | None = None
    weight_grams: int = 0


@frozen
class RefuseBooking(Command[OrderId]):
    """A carrier has not taken a parcel. Sent by the worker that asked."""

    order: OrderId
    parcel: str
    booking: str
    code: str
    problems: tuple[str, ...] = ()


@frozen
class VoidBooking(Command[OrderId]):
    """Take the booking of a parcel back: it is not sent with this carrier, or not at all. A worker tells the carrier."""

    order: OrderId
    parcel: str


@frozen
class RecordVoid(Command[OrderId]):
    """What the carrier said to taking a booking back; with a `code` it refused. Sent by the worker that asked.

    Without a code also sent by whoever has taken back by hand what stands as booked, such as a carrier that cannot.
    """

    order: OrderId
    parcel: str
    booking: str
    code: str = ""
    problems: tuple[str, ...] = ()


@frozen
class ManifestParcels(Command[str]):
    """Close the day with a carrier: every booking that is on no manifest yet is handed over. The result is its id."""

    carrier: str


@frozen
class RecordManifest(Command[str]):
    """What the carrier said to a manifest; with a `code` it refused. Sent by the worker that asked."""

    manifest: str
    reference: str = ""
    media_type: str = ""
    content: bytes = field(default=b"", repr=False)
    code: str = ""
    problems: tuple[str, ...] = ()


@frozen
class CorrectShipment(Command[OrderId]):
    """The carrier or tracking number of a shipped parcel is another one than was said, and why that is known."""

    order: OrderId
    parcel: str
    carrier: str
    tracking: str
    reason: str


@frozen
class ConfirmDelivery(Command[OrderId]):
    """Shipped units reached the customer: a parcel's, or all that are under way."""

    order: OrderId
    parcel: str = ""


@frozen
class ReturnedLine:
    """Units that came back on a line, and what becomes of them."""

    line: str
    quantity: int
    disposition: Disposition
    lot: str = ""


@frozen
class ReceiveReturn(Command[OrderId]):
    """Units came back to a location. Receipt, location and disposition are required: no default guess restocks."""

    order: OrderId
    return_id: str
    location: str
    lines: tuple[ReturnedLine, ...]
    reason: str = ""


@frozen
class RecordPayment(Command[OrderId]):
    """A fact from the payment provider, once per (order, reference)."""

    order: OrderId
    reference: str
    kind: PaymentKind
    amount: Amount


@frozen
class AdoptedLine:
    """A line of a running order as the host knows it: where its units stand, in smallest units.

    `reserved` names stock per location that `OpenBalance` has brought in; the rest needs no stock.
    """

    sku: str
    quantity: int
    unit_price: Amount | Price = "0"
    line_id: str = ""
    cancelled: int = 0
    shipped: int = 0
    delivered: int = 0
    returned: int = 0
    backordered: int = 0
    reserved: Mapping[str, int] = field(factory=dict)
    discount: Amount | None = None
    tax: Amount | None = None


def _adopted_lines(given: Iterable[AdoptedLine]) -> tuple[AdoptedLine, ...]:
    return tuple(given)


@frozen
class AdoptOrder(Command[OrderId]):
    """Take over an order of a running shop as it stands; checked by the same identities, marked as adopted.

    Backordered units wait for new supply even beside available stock, which may belong to an order that is adopted
    next; AllocateOrder gives it to them. What was shipped and has not arrived is the parcel `adopted`.
    """

    channel: str
    external_id: str
    currency: str
    placed_at: datetime
    lines: tuple[AdoptedLine, ...] = field(converter=_adopted_lines)
    customer: str = ""
    ship_to: Address | None = None
    priority: int = 0


@frozen
class ErasePerson(Command[OrderId]):
    """Erase what is personal about an order: address, labels, what carriers and its channel wrote. The log stays.

    `reference` names the request (a ticket, never a person). `archived`: what of the order lies in an archive is erased
    already; `kernel.erase` sees to that. A repeat changes nothing.
    """

    order: OrderId
    reference: str = ""
    archived: bool = False


BookingCommand = BookParcel | RecordBooking | RefuseBooking | VoidBooking | RecordVoid | CorrectShipment
"""Commands about the carriage of a parcel; they move no stock."""

OrderCommand = (
    ConfirmOrder
    | AddHold
    | ReleaseHold
    | CancelLines
    | ReleaseOrder
    | RecallWork
    | PickLines
    | PackParcel
    | Ship
    | RecordTracking
    | ConfirmDelivery
    | ReceiveReturn
    | RecordPayment
)
"""Commands that a decision takes on the order alone; placing, allocating and short picks also read stock."""
