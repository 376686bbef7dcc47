"""Decisions on work at a location: released, recalled, picked, packed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ordercore.errors import ExceedsQuantity
from ordercore.message import Event
from ordercore.order import commands as c
from ordercore.order import events as e
from ordercore.order.contents import (
    WorkFacts,
    all_of,
    check_contents,
    choose,
    of_work,
    parcel_refused,
)
from ordercore.order.decide_booking import require_unbooked
from ordercore.order.fields import code_at, text_at
from ordercore.order.lines import Moved
from ordercore.order.state import Order
from ordercore.store import location_place
from ordercore.values import Place

PICKED_FROM: Final = ("released",)


def release(order: Order, command: c.ReleaseOrder) -> Sequence[Event]:
    """One fulfillment order per location that holds reserved units."""
    only = location_place(command.location) if command.location else None
    by_place: dict[Place, list[Moved]] = {}
    for line in order.lines.values():
        for claim in line.claims:
            place = claim[0]
            if claim[1] == "reserved" and (only is None or place == only):
                if place not in by_place:
                    by_place[place] = []
                by_place[place].append(all_of(line, claim))
    if not by_place:
        raise ExceedsQuantity.of("reserved", "", 1, 0, hint="AllocateOrder binds lines to stock first.")
    first = len(order.works) + 1
    return [e.WorkReleased(f"F{first + n}", place, tuple(by_place[place])) for n, place in enumerate(sorted(by_place))]


def recall(order: Order, command: c.RecallWork) -> Sequence[Event]:
    """Everything of the fulfillment order that was not shipped goes back to reserved."""
    order.work(command.fulfillment)
    for parcel in order.parcels.values():
        if parcel.work == command.fulfillment and not parcel.shipped:
            require_unbooked(parcel, "RecallWork")
    contents = of_work(order, command.fulfillment, ("released", "picked", "packed"))
    if not contents:
        raise ExceedsQuantity.of("at the location", "", 1, 0, hint="Everything of it was shipped or recalled.")
    return [e.WorkRecalled(command.fulfillment, contents, text_at(command.reason, "reason"))]


def pick(order: Order, command: c.PickLines, facts: WorkFacts) -> Sequence[Event]:
    """Released units of the fulfillment order leave the shelf, lot items from named lots."""
    order.work(command.fulfillment)
    check_contents(command.contents)
    ready = of_work(order, command.fulfillment, PICKED_FROM)
    chosen = choose(ready, command.contents, "released", facts)
    return [e.LinesPicked(command.fulfillment, chosen)]


def pack(order: Order, command: c.PackParcel) -> Sequence[Event]:
    """Picked units go into a parcel that was not shipped."""
    work = order.work(command.fulfillment)
    parcel = code_at(command.parcel, "parcel")
    check_contents(command.contents)
    known = order.parcels.get(parcel)
    if known is not None and (known.shipped or known.work != command.fulfillment):
        raise parcel_refused(known, "PackParcel")
    if known is not None:
        require_unbooked(known, "PackParcel")
    ready = of_work(order, command.fulfillment, ("picked",))
    chosen = choose(ready, command.contents, "picked", None)
    return [e.ParcelPacked(command.fulfillment, parcel, work.place, chosen)]
