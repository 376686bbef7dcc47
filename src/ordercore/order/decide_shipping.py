"""Decisions on parcels that leave: shipping, delivery, what carriers say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, get_args

from ordercore.errors import At, ExceedsQuantity, InvalidCommand
from ordercore.message import Event
from ordercore.order import commands as c
from ordercore.order import events as e
from ordercore.order.contents import (
    WorkFacts,
    all_of,
    by_line,
    check_contents,
    choose,
    parcel_refused,
)
from ordercore.order.fields import code_at, one_of, text_at
from ordercore.order.lines import LineQuantity, Moved
from ordercore.order.state import Order
from ordercore.order.tracking import REASONS, checked_eta
from ordercore.store import location_place
from ordercore.values import Eta, Place, instant_of

_SHIPPABLE: Final = {"packed": 3, "picked": 2, "released": 1, "reserved": 0}
SUPPLIER: Final = Place("supplier")
TRACKING: Final[tuple[str, ...]] = get_args(c.TrackingStatus)


def ship(order: Order, command: c.Ship, facts: WorkFacts) -> Sequence[Event]:
    """One parcel per location; untracked lines ride with the first shipment of the order."""
    text_at(command.carrier, "carrier")
    text_at(command.tracking, "tracking")
    check_contents(command.contents)
    known = order.parcels.get(command.parcel) if command.parcel else None
    if known is not None:
        if known.shipped or command.contents is not None:
            raise parcel_refused(known, "Ship")
        by_place = {known.place: list(known.contents)}
    else:
        by_place = _ready_to_ship(order, command, facts)
    if command.parcel and len(by_place) > 1:
        raise InvalidCommand(
            f"Parcel {command.parcel!r} cannot be handed over at {len(by_place)} locations.", parcel=command.parcel,
            hint="Name a location, or leave the parcel out: each location gets its own.",
        )  # fmt: skip
    carrier, tracking = command.carrier, command.tracking
    booking = known.booking if known is not None else None
    if booking is not None and booking.status == "booked":
        carrier, tracking = carrier or booking.carrier, tracking or booking.tracking
    names = _parcel_names(order, command.parcel)
    services = _services(order)
    events: list[Event] = []
    for place in sorted(by_place):
        events.append(e.ParcelShipped(next(names), place, tuple(by_place[place]), services, carrier, tracking))
        services = ()
    if known is not None and any(fact.status == "delivered" for fact in known.facts):
        # The carrier was quicker than the hand-over was told: with it, the parcel has arrived.
        events.append(e.ParcelDelivered(known.parcel, by_line(known.contents)))
    return events


def deliver(order: Order, command: c.ConfirmDelivery) -> Sequence[Event]:
    """A parcel, or every parcel under way, arrived."""
    if command.parcel:
        parcel = order.parcel(command.parcel)
        if not parcel.shipped or parcel.delivered:
            raise parcel_refused(parcel, "ConfirmDelivery")
        parcels = [parcel]
    else:
        parcels = [p for p in order.parcels.values() if p.shipped and not p.delivered]
        if not parcels:
            raise ExceedsQuantity.of("under way", "", 1, 0, hint="Ship first.")
    return [e.ParcelDelivered(p.parcel, by_line(p.contents)) for p in parcels]


def track(order: Order, command: c.RecordTracking) -> Sequence[Event]:
    """A carrier's fact, and the delivery if that is what it says. A repeat adds nothing and is no error."""
    parcel = order.parcel(command.parcel)
    with At("occurred_at"):
        occurred = instant_of(command.occurred_at, what="occurred_at")
    eta = checked_eta(command.eta, "eta") if command.eta is not None else None
    event = e.TrackingRecorded(
        parcel.parcel, one_of(command.status, TRACKING, "status"), occurred, text_at(command.raw_code, "raw_code"),
        text_at(command.location, "location"), one_of(command.reason, REASONS, "reason"),
        "", _as_of(eta, occurred), command.correction,
    )  # fmt: skip
    text_at(command.text, "text", most=500)  # kept in a document, for it may name a person
    identity = (occurred, command.status, command.raw_code, command.location, command.correction)
    if any(fact.identity == identity for fact in parcel.facts) and (event.eta is None or event.eta in parcel.etas):
        return []
    if command.status == "delivered" and parcel.shipped and not parcel.delivered:
        return [event, e.ParcelDelivered(parcel.parcel, by_line(parcel.contents))]
    return [event]


def _as_of(eta: Eta | None, when: datetime) -> Eta | None:
    """The estimate with the time it was made."""
    return Eta(eta.earliest, eta.latest, eta.precision, eta.source, eta.as_of or when) if eta is not None else None


def _ready_to_ship(order: Order, command: c.Ship, facts: WorkFacts) -> dict[Place, list[Moved]]:
    """Claims that may be shipped, by place: those at a step that their place does not skip, or beyond."""
    only = location_place(command.location) if command.location else None
    in_parcels = {m.work for p in order.parcels.values() if not p.shipped for m in p.contents}
    least = {place: facts.ready(place) for place in facts.steps}
    ready: list[Moved] = []
    waits_for = ""
    for line in order.lines.values():
        for claim in line.claims:
            place, bucket = claim[0], claim[1]
            if only is not None and place != only:
                continue
            if _SHIPPABLE[bucket] < (least[place] if place in least else facts.ready(place)):
                waits_for = bucket
            elif not (bucket == "packed" and claim[5] in in_parcels):
                ready.append(all_of(line, claim))
    if not ready:
        if _only_services_left(order) and command.contents is None:
            return {only or SUPPLIER: []}
        raise _nothing_to_ship(order, command, bool(in_parcels), waits_for)
    if len({moved[3] for moved in ready}) > 1:
        ready.sort(key=lambda moved: -_SHIPPABLE[moved.bucket])
    by_place: dict[Place, list[Moved]] = {}
    for moved in choose(ready, command.contents, "ready to ship", facts):
        place = moved[2]
        if place not in by_place:
            by_place[place] = []
        by_place[place].append(moved)
    return by_place


def _services(order: Order) -> tuple[LineQuantity, ...]:
    return tuple([
        LineQuantity(line.facts.line, line.unallocated)
        for line in order.lines.values()
        if line[1] and not line.facts.tracked
    ])  # fmt: skip


def _nothing_to_ship(order: Order, command: c.Ship, packed: bool, waits_for: str) -> ExceedsQuantity:
    if packed:
        hint = f"Packed parcels are shipped by name: {', '.join(p for p, q in order.parcels.items() if not q.shipped)}."
    elif waits_for:
        hint = f"Units are {waits_for}; their location has steps before ship."
    else:
        hint = "Allocate and release first, or everything was shipped."
    asked = command.contents[0] if command.contents else c.Content("", 1)
    return ExceedsQuantity.of("ready to ship", asked.line, asked.quantity, 0, hint=hint)


def _only_services_left(order: Order) -> bool:
    """Nothing tracked is open, but lines that move no stock are: a supplier ships them, or nobody has to."""
    return not any(line.open for line in order.lines.values() if line.facts.tracked) and bool(_services(order))


def _parcel_names(order: Order, first: str) -> Iterator[str]:
    if first:
        yield code_at(first, "parcel")
    number = len(order.parcels)
    while True:
        number += 1
        name = f"P{number}"
        if name not in order.parcels and name != first:
            yield name
