"""Which documents about an order may have to be erased."""

from __future__ import annotations

from ordercore.flows.record import LABEL, PERSON, TRACKING_TEXT, tracking_text_key
from ordercore.intake import seen_key
from ordercore.order import Order
from ordercore.wiring.receive import SEEN


def personal_of(order: Order) -> list[tuple[str, str]]:
    """(kind, key) of the address, labels, what carriers wrote and what its channel had written; they need not be there."""
    head = order.head
    return [
        (PERSON, str(order.id)),
        *erased_whole(order),
        (SEEN, seen_key(head.channel, head.external_id)),
    ]


def erased_whole(order: Order) -> list[tuple[str, str]]:
    """Those of which nothing is left when they are erased."""
    labels = [label for parcel in order.parcels.values() if parcel.booking for label in parcel.booking.labels]
    texts = [
        tracking_text_key(order.id, parcel.parcel, fact.identity)
        for parcel in order.parcels.values()
        for fact in parcel.facts
    ]
    return [*((LABEL, label) for label in labels), *((TRACKING_TEXT, text) for text in texts)]
