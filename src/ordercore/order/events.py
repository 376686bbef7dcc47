"""All events of an order, and the names they are stored under."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from attrs import frozen

from ordercore.message import DocumentType, Event, EventType
from ordercore.order.booking import (
    BookingRefused,
    BookingVoided,
    BookingWanted,
    Label,
    ParcelBooked,
    ShipmentCorrected,
    VoidRefused,
    VoidWanted,
)
from ordercore.order.fulfillment import (
    LinesPicked,
    ParcelDelivered,
    ParcelPacked,
    ParcelShipped,
    PickShorted,
    TrackingRecorded,
    WorkRecalled,
    WorkReleased,
)
from ordercore.order.holds import HoldAdded, HoldReleased
from ordercore.order.lines import (
    Claim,
    LinesBackordered,
    LinesCancelled,
    LinesFulfilled,
    OrderAllocated,
    OrderConfirmed,
    OrderLine,
    OrderPlaced,
)
from ordercore.order.manifest import (
    ManifestDocument,
    ManifestEntry,
    ManifestMade,
    ManifestRefused,
    ManifestWanted,
)
from ordercore.order.payment import PaymentRecorded
from ordercore.order.returns import ReturnReceived
from ordercore.order.summary import ErasedAddress, OrderSummary, TrackedOrder, TrackingText, WaitingLine
from ordercore.store import Posting, postings_of, without_postings
from ordercore.values import Address, Destination, LineId, OrderId


@frozen
class AdoptedCounters:
    """Where the units of an adopted line stood on the day it was taken over."""

    line: LineId
    cancelled: int = 0
    backordered: int = 0
    shipped: int = 0
    delivered: int = 0
    returned: int = 0
    claims: tuple[Claim, ...] = ()


@frozen
class OrderAdopted(Event):
    """A running order of the host was taken over as it stood, checked by the same identities."""

    channel: str
    external_id: str
    currency: str
    placed_at: datetime
    lines: tuple[OrderLine, ...]
    counters: tuple[AdoptedCounters, ...]
    total: int
    customer: str = ""
    destination: Destination = Destination()
    priority: int = 0


@postings_of.register
def _(event: OrderAdopted) -> list[Posting]:
    skus = {line.line: line.sku for line in event.lines}
    return [
        Posting(skus[c.line], claim.quantity, claim.place, "available", claim.place, claim.bucket, claim.lot,
                claim.owner, c.line)
        for c in event.counters
        for claim in c.claims
    ]  # fmt: skip


@frozen
class PersonErased(Event):
    """What was personal about an order was erased on request; who asked is the actor. Stands on `erasure/<order>`."""

    order: OrderId
    reference: str = ""


without_postings(PersonErased)

OrderEvent = (
    OrderPlaced
    | OrderAdopted
    | OrderConfirmed
    | OrderAllocated
    | LinesBackordered
    | LinesCancelled
    | LinesFulfilled
    | HoldAdded
    | HoldReleased
    | WorkReleased
    | WorkRecalled
    | LinesPicked
    | PickShorted
    | ParcelPacked
    | ParcelShipped
    | TrackingRecorded
    | ParcelDelivered
    | ReturnReceived
    | PaymentRecorded
    | BookingWanted
    | ParcelBooked
    | BookingRefused
    | VoidWanted
    | BookingVoided
    | VoidRefused
    | ShipmentCorrected
)

EVENTS: Final[tuple[EventType, ...]] = (
    EventType("order.placed", 1, OrderPlaced),
    EventType("order.adopted", 1, OrderAdopted),
    EventType("order.confirmed", 1, OrderConfirmed),
    EventType("order.allocated", 1, OrderAllocated),
    EventType("order.lines_backordered", 1, LinesBackordered),
    EventType("order.lines_cancelled", 1, LinesCancelled),
    EventType("order.lines_fulfilled", 1, LinesFulfilled),
    EventType("order.hold_added", 1, HoldAdded),
    EventType("order.hold_released", 1, HoldReleased),
    EventType("order.work_released", 1, WorkReleased),
    EventType("order.work_recalled", 1, WorkRecalled),
    EventType("order.lines_picked", 1, LinesPicked),
    EventType("order.pick_shorted", 1, PickShorted),
    EventType("order.parcel_packed", 1, ParcelPacked),
    EventType("order.parcel_shipped", 1, ParcelShipped),
    EventType("order.tracking_recorded", 1, TrackingRecorded),
    EventType("order.parcel_delivered", 1, ParcelDelivered),
    EventType("order.return_received", 1, ReturnReceived),
    EventType("order.payment_recorded", 1, PaymentRecorded),
    EventType("order.booking_wanted", 1, BookingWanted),
    EventType("order.parcel_booked", 1, ParcelBooked),
    EventType("order.booking_refused", 1, BookingRefused),
    EventType("order.void_wanted", 1, VoidWanted),
    EventType("order.booking_voided", 1, BookingVoided),
    EventType("order.void_refused", 1, VoidRefused),
    EventType("order.shipment_corrected", 1, ShipmentCorrected),
    EventType("erasure.person_erased", 1, PersonErased),
    EventType("manifest.wanted", 1, ManifestWanted),
    EventType("manifest.made", 1, ManifestMade),
    EventType("manifest.refused", 1, ManifestRefused),
)
DOCUMENTS: Final[tuple[DocumentType, ...]] = (
    DocumentType("order", OrderSummary),
    DocumentType("order.waiting", WaitingLine),
    DocumentType("order.person", Address),
    DocumentType("order.erased_address", ErasedAddress),
    DocumentType("order.tracking_text", TrackingText),
    DocumentType("order.label", Label),
    DocumentType("order.tracked", TrackedOrder),
    DocumentType("manifest.open_booking", ManifestEntry),
    DocumentType("manifest.document", ManifestDocument),
)

__all__ = [
    "DOCUMENTS",
    "EVENTS",
    "AdoptedCounters",
    "BookingRefused",
    "BookingVoided",
    "BookingWanted",
    "HoldAdded",
    "HoldReleased",
    "LinesBackordered",
    "LinesCancelled",
    "LinesFulfilled",
    "LinesPicked",
    "ManifestMade",
    "ManifestRefused",
    "ManifestWanted",
    "OrderAdopted",
    "OrderAllocated",
    "OrderConfirmed",
    "OrderEvent",
    "OrderPlaced",
    "ParcelBooked",
    "ParcelDelivered",
    "ParcelPacked",
    "ParcelShipped",
    "PaymentRecorded",
    "PersonErased",
    "PickShorted",
    "ReturnReceived",
    "ShipmentCorrected",
    "TrackingRecorded",
    "VoidRefused",
    "VoidWanted",
    "WorkRecalled",
    "WorkReleased",
]
