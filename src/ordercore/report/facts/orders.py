"""Facts of orders: what was ordered, where each unit of it went, and when."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ordercore.message import Recorded
from ordercore.order.events import (
    LinesBackordered,
    LinesCancelled,
    LinesFulfilled,
    OrderAdopted,
    OrderAllocated,
    OrderPlaced,
    ParcelBooked,
    ParcelDelivered,
    ParcelShipped,
    PaymentRecorded,
    ReturnReceived,
)
from ordercore.order.state import ADOPTED
from ordercore.report.facts.table import Fact, FactTable, Rules, instant

_LINE: Final = {"order_id": "varchar", "line": "varchar"}

TABLES: Final = (
    FactTable(
        "orders",
        "Orders as placed; `adopted` ones were taken over from the books of a running shop, without their past.",
        {"order_id": "varchar", "channel": "varchar", "external_id": "varchar", "currency": "varchar",
         "total": "bigint", "placed_at": "timestamp", "customer": "varchar", "country": "varchar",
         "priority": "integer", "adopted": "boolean"},
    ),
    FactTable(
        "order_lines",
        "Order lines as placed, with what their order says of them.",
        _LINE | {"sku": "varchar", "quantity": "bigint", "total": "bigint", "currency": "varchar",
                 "placed_at": "timestamp", "tracked": "boolean", "ships": "boolean", "scale": "integer",
                 "adopted": "boolean"},
    ),
    FactTable(
        "allocations",
        "Units bound to stock; `at_placing` in the commit that placed the order, `waited` after they were backordered.",
        _LINE | {"sku": "varchar", "place": "varchar", "quantity": "bigint", "lot": "varchar", "owner": "varchar",
                 "waited": "boolean", "at_placing": "boolean", "effective_at": "timestamp"},
    ),
    FactTable("backorders", "Units that began to wait for supply.", _LINE | {"quantity": "bigint", "effective_at": "timestamp"}),
    FactTable(
        "cancellations",
        "Units given up; `stage` is where they stood: unallocated, backordered, or a bucket.",
        _LINE | {"quantity": "bigint", "stage": "varchar", "reason": "varchar", "effective_at": "timestamp"},
    ),
    FactTable(
        "parcels",
        "Parcels handed to a carrier.",
        {"order_id": "varchar", "parcel": "varchar", "place": "varchar", "carrier": "varchar", "tracking": "varchar",
         "adopted": "boolean", "effective_at": "timestamp"},
    ),
    FactTable(
        "parcel_lines",
        "Units in them.",
        {"order_id": "varchar", "parcel": "varchar", "line": "varchar", "sku": "varchar", "quantity": "bigint",
         "effective_at": "timestamp"},
    ),
    FactTable(
        "services", "Units of lines without stock (postage, fees) that are done.",
        _LINE | {"quantity": "bigint", "effective_at": "timestamp"},
    ),
    FactTable(
        "deliveries",
        "Units that reached the customer.",
        {"order_id": "varchar", "parcel": "varchar", "line": "varchar", "quantity": "bigint", "effective_at": "timestamp"},
    ),
    FactTable(
        "bookings",
        "Parcels that a carrier took on; `cost` in minor units of `currency`, or it is not known (no currency).",
        {"order_id": "varchar", "parcel": "varchar", "booking": "varchar", "carrier": "varchar", "service": "varchar",
         "cost": "bigint", "currency": "varchar", "effective_at": "timestamp"},
    ),
    FactTable(
        "returns",
        "Units that came back, what became of them, and why.",
        _LINE | {"return_id": "varchar", "place": "varchar", "sku": "varchar", "quantity": "bigint",
                 "disposition": "varchar", "reason": "varchar", "effective_at": "timestamp"},
    ),
    FactTable(
        "payments",
        "What the provider said: authorization, charge, refund or void, in minor units of the order's currency.",
        {"order_id": "varchar", "reference": "varchar", "kind": "varchar", "amount": "bigint", "effective_at": "timestamp"},
    ),
)  # fmt: skip


def _id(record: Recorded) -> str:
    return record.stream[6:]


def _head(event: OrderPlaced | OrderAdopted, id: str, adopted: bool) -> Iterable[Fact]:
    placed = instant(event.placed_at)
    yield "orders", (
        id, event.channel, event.external_id, event.currency, event.total, placed, event.customer,
        event.destination.country, event.priority, adopted,
    )  # fmt: skip
    for one in event.lines:
        yield "order_lines", (
            id, one.line, one.sku, one.quantity, one.total, event.currency, placed, one.tracked, one.ships, one.scale,
            adopted,
        )  # fmt: skip


def _placed(event: OrderPlaced, record: Recorded, begins: bool) -> Iterable[Fact]:
    return _head(event, _id(record), adopted=False)


def _adopted(event: OrderAdopted, record: Recorded, begins: bool) -> Iterable[Fact]:
    """Where its units stood on that day; when they came there is not known, so it is the day itself."""
    id, at = _id(record), instant(record.effective_at)
    yield from _head(event, id, adopted=True)
    skus = {line.line: line.sku for line in event.lines}
    for it in event.counters:
        for claim in it.claims:
            yield "allocations", (
                id, it.line, skus[it.line], claim.place, claim.quantity, claim.lot, claim.owner, False, False, at
            )  # fmt: skip
        if it.backordered:
            yield "backorders", (id, it.line, it.backordered, at)
        if it.cancelled:
            yield "cancellations", (id, it.line, it.cancelled, ADOPTED, "", at)
        if it.shipped:
            yield "parcel_lines", (id, ADOPTED, it.line, skus[it.line], it.shipped, at)
        if it.delivered:
            yield "deliveries", (id, ADOPTED, it.line, it.delivered, at)
        if it.returned:
            yield "returns", (id, it.line, ADOPTED, "", skus[it.line], it.returned, "", "", at)
    if any(it.shipped for it in event.counters):
        yield "parcels", (id, ADOPTED, "", "", "", True, at)


def _allocated(event: OrderAllocated, record: Recorded, begins: bool) -> Iterable[Fact]:
    id, at, waited = _id(record), instant(record.effective_at), event.waiting == "backordered"
    for line, sku, place, quantity, lot, owner in event.legs:
        yield "allocations", (id, line, sku, place, quantity, lot, owner, waited, begins, at)


def _backordered(event: LinesBackordered, record: Recorded, begins: bool) -> Iterable[Fact]:
    id, at = _id(record), instant(record.effective_at)
    for line, quantity in event.lines:
        yield "backorders", (id, line, quantity, at)


def _cancelled(event: LinesCancelled, record: Recorded, begins: bool) -> Iterable[Fact]:
    id, at = _id(record), instant(record.effective_at)
    for line, quantity in event.unallocated:
        yield "cancellations", (id, line, quantity, "unallocated", event.reason, at)
    for line, quantity in event.backordered:
        yield "cancellations", (id, line, quantity, "backordered", event.reason, at)
    for moved in event.contents:
        yield "cancellations", (id, moved.line, moved.quantity, moved.bucket, event.reason, at)


def _fulfilled(event: LinesFulfilled, record: Recorded, begins: bool) -> Iterable[Fact]:
    id, at = _id(record), instant(record.effective_at)
    for line, quantity in event.lines:
        yield "services", (id, line, quantity, at)


def _shipped(event: ParcelShipped, record: Recorded, begins: bool) -> Iterable[Fact]:
    id, at = _id(record), instant(record.effective_at)
    yield "parcels", (id, event.parcel, event.place, event.carrier, event.tracking, False, at)
    for moved in event.contents:
        yield "parcel_lines", (id, event.parcel, moved[0], moved[1], moved[4], at)
    for line, quantity in event.services:
        yield "services", (id, line, quantity, at)


def _booked(event: ParcelBooked, record: Recorded, begins: bool) -> Iterable[Fact]:
    cost, currency = (0, "") if event.cost is None else (event.cost, event.currency)
    yield "bookings", (
        _id(record), event.parcel, event.booking, event.carrier, event.service, cost, currency,
        instant(record.effective_at),
    )  # fmt: skip


def _delivered(event: ParcelDelivered, record: Recorded, begins: bool) -> Iterable[Fact]:
    id, at = _id(record), instant(record.effective_at)
    for line, quantity in event.lines:
        yield "deliveries", (id, event.parcel, line, quantity, at)


def _returned(event: ReturnReceived, record: Recorded, begins: bool) -> Iterable[Fact]:
    id, at = _id(record), instant(record.effective_at)
    for one in event.contents:
        yield "returns", (
            id, one.line, event.return_id, event.place, one.sku, one.quantity, one.disposition, event.reason, at
        )  # fmt: skip


def _paid(event: PaymentRecorded, record: Recorded, begins: bool) -> Iterable[Fact]:
    yield "payments", (_id(record), event.reference, event.kind, event.amount, instant(record.effective_at))


RULES: Final[Rules] = {
    OrderPlaced: _placed,
    OrderAdopted: _adopted,
    OrderAllocated: _allocated,
    LinesBackordered: _backordered,
    LinesCancelled: _cancelled,
    LinesFulfilled: _fulfilled,
    ParcelShipped: _shipped,
    ParcelBooked: _booked,
    ParcelDelivered: _delivered,
    ReturnReceived: _returned,
    PaymentRecorded: _paid,
}
