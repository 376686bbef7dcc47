"""Booking parcels: from a parcel and its addresses to what a carrier is asked, and from its answer to the order."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from ordercore.catalog import Location
from ordercore.effects import Effect, ResolveEffect
from ordercore.errors import Erased, InvalidCommand, NotFound, TransitionRefused
from ordercore.flow import Decision, Flow, Loaded, ReadState, guard, read
from ordercore.flow import Effect as FlowEffect
from ordercore.flows.catalog import ReadCatalog
from ordercore.flows.effects import want
from ordercore.flows.performing import Answer, Performer, Sending
from ordercore.flows.record import LABEL, OPEN_BOOKING, ORDERS, PERSON, change, manifest_counter, open_booking
from ordercore.flows.shop import Shop
from ordercore.lifecycle import BOOKING
from ordercore.message import Command, Context, Event
from ordercore.order import (
    BookParcel,
    CorrectShipment,
    LabelImage,
    Order,
    RecordBooking,
    RecordVoid,
    RefuseBooking,
    VoidBooking,
    stream_of,
)
from ordercore.order.booking import Label, ParcelBooking
from ordercore.order.decide import unknown_order
from ordercore.order.decide_booking import adds_nothing, decide_booking, label_keys, told_by_hand
from ordercore.order.events import BookingVoided, ParcelBooked
from ordercore.order.fulfillment import Parcel
from ordercore.order.manifest import ManifestEntry
from ordercore.order.summary import ErasedAddress
from ordercore.ports import Booking, BookingRequest, Op, ParcelFacts
from ordercore.store import Bump, DeleteDocument, PutDocument, ReadDocument
from ordercore.store.batch import DocumentChange
from ordercore.values import Address, OrderId, code_of

BOOK: Final = "carrier.book"
VOID: Final = "carrier.void"
_SIZES: Final = ("weight_grams", "length_mm", "width_mm", "height_mm")


def _load(order: str) -> Generator[FlowEffect, Any, tuple[Order, int]]:
    asked: ReadState[Order] = ReadState(stream_of(OrderId(order)), ORDERS)
    loaded: Loaded[Order] = (yield from read(asked)).of(asked)
    if loaded.state is None:
        raise unknown_order(order)
    return loaded.state, loaded.version


def flow_book_parcel(command: BookParcel, context: Context, shop: Shop) -> Flow[OrderId]:
    """The order's own event, and the outside effect that a worker performs."""
    order, version = yield from _load(command.order)
    yield from guard(command, order)
    able(shop, command.carrier, "book")
    options = {name: str(getattr(command, name)) for name in _SIZES if getattr(command, name)}
    options |= {"service": command.service, "ship_on": (command.ship_on or context.effective.date()).isoformat()}
    wanted = want(context, BOOK, command.carrier, stream_of(order.id), part=command.parcel, options=options)
    changed = change(order.id, order, version, decide_booking(order, command, context, wanted.id))
    return wanted.on(
        Decision(order.id, (changed.append,), changed.documents, states={changed.append.stream: changed.order})
    )


def flow_void_booking(command: VoidBooking, context: Context, shop: Shop) -> Flow[OrderId]:
    """Wanted, and told to the carrier by a worker; a booking made by hand is taken back by hand."""
    order, version = yield from _load(command.order)
    yield from guard(command, order)
    booking = order.parcel(command.parcel).booking
    if booking is None:
        raise NotFound.named("booking of parcel", command.parcel)
    if not _can(shop, booking.carrier, "void"):
        raise InvalidCommand(
            f"Carrier {booking.carrier!r} cannot void.", path="carrier", capability="void",
            hint="RecordVoid says that it was taken back in some other way.",
        )  # fmt: skip
    options = {"booking": booking.booking, "reference": booking.reference}
    wanted = want(context, VOID, booking.carrier, stream_of(order.id), part=command.parcel, options=options)
    changed = change(order.id, order, version, decide_booking(order, command, context, wanted.id))
    return wanted.on(
        Decision(order.id, (changed.append,), changed.documents, states={changed.append.stream: changed.order})
    )


def able(shop: Shop, carrier: str, capability: str) -> None:
    """The carrier is known and can do it. Raises NotFound and InvalidCommand."""
    if capability not in shop.adapter("carrier", carrier).capabilities:
        raise InvalidCommand(
            f"Carrier {carrier!r} cannot {capability}.", path="carrier", capability=capability,
            hint="Its capabilities say what it can do.",
        )  # fmt: skip


def flow_booking_fact(
    command: RecordBooking | RefuseBooking | RecordVoid | CorrectShipment, context: Context, shop: Shop
) -> Flow[OrderId]:
    """What a carrier answered, or a clerk put right. Guards are asked about what a person says, not about facts."""
    order, version = yield from _load(command.order)
    if told_by_hand(order, command):
        yield from guard(command, order)
    return _fact(order, version, command, context, shop)


def flow_booking_answer(
    command: RecordBooking | RefuseBooking | RecordVoid, context: Context, shop: Shop
) -> Flow[OrderId]:
    """What became of an effect; it ends also where somebody has told the order by hand meanwhile."""
    order, version = yield from _load(command.order)
    if adds_nothing(order, command):
        return Decision(order.id)
    return _fact(order, version, command, context, shop)


def _fact(
    order: Order, version: int, command: RecordBooking | RefuseBooking | RecordVoid | CorrectShipment,
    context: Context, shop: Shop,
) -> Decision[OrderId]:  # fmt: skip
    events = decide_booking(order, command, context)
    if not events:
        return Decision(order.id)
    changed = change(order.id, order, version, events)
    beside = tuple(_beside(command, order, events, shop))
    voided = [_booking(order, event).carrier for event in events if isinstance(event, BookingVoided)]
    return Decision(
        order.id, (changed.append,), (*changed.documents, *beside),
        bumps=tuple(Bump(manifest_counter(carrier)) for carrier in voided), states={changed.append.stream: changed.order},
    )  # fmt: skip


def _booking(order: Order, event: BookingVoided) -> ParcelBooking:
    booking = order.parcel(event.parcel).booking
    assert booking is not None  # noqa: S101  # what is taken back was made
    return booking


def _beside(
    command: Command[Any], before: Order, events: Sequence[Event], shop: Shop
) -> Iterator[DocumentChange]:  # fmt: skip
    """Labels, which go with their booking, and what the next manifest of the carrier will list."""
    if isinstance(command, RecordBooking):
        yield from _labels(command)
    for event in events:
        if isinstance(event, ParcelBooked) and _can(shop, event.carrier, "manifest"):
            entry = ManifestEntry(OrderId(getattr(command, "order", "")), event.parcel, event.booking, event.reference)
            yield open_booking(event.carrier, entry)
        elif isinstance(event, BookingVoided):
            yield DeleteDocument(OPEN_BOOKING, event.booking)
            yield from (DeleteDocument(LABEL, key) for key in _booking(before, event).labels)


def _can(shop: Shop, carrier: str, capability: str) -> bool:
    """Of a carrier that need not be one of the shop's: it may have been booked by hand."""
    adapter = shop.adapters.get("carrier", {}).get(carrier)
    return adapter is not None and capability in adapter.capabilities


def _labels(command: RecordBooking) -> tuple[PutDocument, ...]:
    return tuple(
        PutDocument(LABEL, key, Label(command.order, command.parcel, one.media_type, one.content, one.dpi, one.size))
        for key, one in zip(label_keys(command), command.labels, strict=True)
    )


# What is sent


def _send_booking(sending: Sending) -> Generator[FlowEffect, Any, Op[Any]]:
    """The parcel as it stands now, from where it stands to whom it goes."""
    effect = sending.effect
    order, _ = yield from _load(_order_of(effect))
    parcel = order.parcel(effect.part)
    _still_wanted(parcel, effect)
    catalog, person = ReadCatalog(), ReadDocument(PERSON, order.id)
    snapshot = yield from read(catalog, person)
    found = snapshot.of(person)
    if found is not None and isinstance(found.body, ErasedAddress):
        raise address_erased(order.id)
    recipient = found.body if found is not None and isinstance(found.body, Address) else None
    if recipient is None:
        raise NotFound(
            f"Order {order.id!r} has no address.", kind="address", name=order.id, hint="PlaceOrder(ship_to=...)."
        )
    location = snapshot.of(catalog).at(parcel.place)
    options = effect.options
    sizes = {name: int(options.get(name, "0")) for name in _SIZES}
    facts = ParcelFacts(**sizes, reference=f"{order.id}/{parcel.parcel}")
    request = BookingRequest(
        sender_of(location), recipient, facts, options["service"], date.fromisoformat(options["ship_on"])
    )
    operation: Op[Any] = sending.adapter.book(request, key=sending.key)
    return operation


def address_erased(order: OrderId) -> Erased:
    """Nobody knows any more where the order went."""
    return Erased(
        f"The address of order {order!r} was erased.", kind="address", name=order,
        hint="It was erased on request; the timeline of erasure/<order> says when.",
    )  # fmt: skip


def sender_of(location: Location | None) -> Address:
    """The address of a location: its name and country, and its attributes `street`, `city`, `region`, `postal_code`."""
    if location is None:
        return Address("")
    said = {name: str(location.attributes.get(name, "")) for name in ("street", "city", "region", "postal_code")}
    lines = (said.pop("street"),) if said["street"] else ()
    said.pop("street", None)
    return Address(location.country, location.name or location.code, lines, **said, point=location.point)


def _still_wanted(parcel: Parcel, effect: Effect) -> None:
    if parcel.booking is None or parcel.booking.booking != effect.id:
        raise NotFound.named("booking", effect.id)
    BOOKING.require(parcel.booking.status, "RecordBooking")  # else somebody has booked it by hand meanwhile


def _send_void(sending: Sending) -> Generator[FlowEffect, Any, Op[Any]]:
    """Not what somebody has taken back by hand meanwhile; but what may have arrived is sent again, to hear of it."""
    order, _ = yield from _load(_order_of(sending.effect))
    if not sending.effect.unsure and adds_nothing(order, _void_of(sending.effect)):
        raise TransitionRefused.of("booking", "voided", "VoidBooking", BOOKING.allowed["voided"])
    operation: Op[Any] = sending.adapter.void(sending.effect.options["reference"], key=sending.key)
    return operation


def _find(adapter: Any, key: str) -> Op[Any]:
    operation: Op[Any] = adapter.find(key)
    return operation


# What comes back


def _booked(effect: Effect, booking: Booking) -> Answer:
    labels = tuple(LabelImage(one.media_type, one.content, one.dpi, one.size) for one in booking.labels)
    command = RecordBooking(
        _order_of(effect), effect.part, effect.instance, booking.service or effect.options["service"],
        booking.reference, booking.tracking, effect.id, booking.cost, labels, booking.eta,
    )  # fmt: skip
    return Answer(booking.reference, {"tracking": booking.tracking}, command)


def _booked_by_word(effect: Effect, command: ResolveEffect) -> Answer:
    """A person has found the booking at the carrier: under this reference, with this number."""
    facts: Mapping[str, str] = command.facts
    if not command.reference or not facts.get("tracking"):
        raise InvalidCommand(
            "A booking that was made has a reference and a number.", path="reference",
            hint='ResolveEffect(..., reference="...", facts={"tracking": "..."}).',
        )  # fmt: skip
    code_of(facts["tracking"], what="facts[tracking]")
    booking = Booking(command.reference, facts["tracking"], effect.options["service"])
    return _booked(effect, booking)


def _not_booked(effect: Effect, code: str, problems: tuple[str, ...]) -> RefuseBooking:
    return RefuseBooking(_order_of(effect), effect.part, effect.id, code, problems)


def _voided(effect: Effect, _: object) -> Answer:
    return Answer(command=_void_of(effect))


def _void_of(effect: Effect, code: str = "", problems: tuple[str, ...] = ()) -> RecordVoid:
    return RecordVoid(_order_of(effect), effect.part, effect.options["booking"], code, problems)


def _order_of(effect: Effect) -> OrderId:
    return OrderId(effect.subject.partition("/")[2])


BOOKING_PERFORMERS: Final[Mapping[str, Performer]] = {
    BOOK: Performer("carrier", _send_booking, _booked, flow_booking_answer, _not_booked, _booked_by_word, _find),
    # It names the booking, so sending it twice takes back nothing else.
    VOID: Performer("carrier", _send_void, _voided, flow_booking_answer, _void_of, _voided, repeatable=True),
}
