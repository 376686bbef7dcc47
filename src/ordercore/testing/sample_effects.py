"""A kind of effect for tests of the mechanism alone: a booking that puts a hold on its order, done or refused."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Final

from attrs import frozen

from ordercore.effects import Effect, ResolveEffect
from ordercore.flow import Decision, Flow, ReadState, read
from ordercore.flows.effects import want
from ordercore.flows.orders import flow_order
from ordercore.flows.performers import PERFORMERS
from ordercore.flows.performing import Answer, Performer, Sending
from ordercore.flows.record import ORDERS, change
from ordercore.flows.shop import Shop
from ordercore.kernel import Kernel
from ordercore.message import Command, Context
from ordercore.order import AddHold, Order, stream_of
from ordercore.order.events import HoldAdded
from ordercore.ports import Booking, BookingRequest, Op, ParcelFacts
from ordercore.values import Address, OrderId
from ordercore.wiring.routes import ROUTES, Route

KIND: Final = "sample.book"


@frozen
class WantBooking(Command[OrderId]):
    """Book something for an order, and put the hold `wanted-<part>` on it."""

    order: OrderId
    part: str
    instance: str = "memory"


def flow_want_booking(command: WantBooking, context: Context, shop: Shop) -> Flow[OrderId]:
    """The order's own event and the effect, in one batch."""
    asked: ReadState[Order] = ReadState(stream_of(command.order), ORDERS)
    loaded = (yield from read(asked)).of(asked)
    event = HoldAdded(f"wanted-{command.part}", "other", (), context.now)
    changed = change(command.order, loaded.state, loaded.version, (event,))
    decision = Decision(
        command.order, (changed.append,), changed.documents, states={changed.append.stream: changed.order}
    )
    return want(context, KIND, command.instance, stream_of(command.order), part=command.part).on(decision)


def _send(sending: Sending) -> Generator[Any, Any, Op[Any]]:
    yield from read(ReadState(sending.effect.subject, ORDERS))
    nobody = Address(country="NL")
    parcel = ParcelFacts(500, reference=sending.effect.part)
    request = BookingRequest(nobody, nobody, parcel, "standard", sending.now.date())
    operation: Op[Any] = sending.adapter.book(request, key=sending.key)
    return operation


def _done(effect: Effect, booking: Booking) -> Answer:
    return Answer(booking.reference, {"tracking": booking.tracking}, _hold(effect, "done"))


def _refused(effect: Effect, code: str, problems: tuple[str, ...]) -> AddHold:
    return _hold(effect, "refused")


def _resolved(effect: Effect, command: ResolveEffect) -> Answer:
    return Answer(command.reference, command.facts, _hold(effect, "resolved"))


def _hold(effect: Effect, what: str) -> AddHold:
    return AddHold(OrderId(effect.subject.partition("/")[2]), f"{what}-{effect.part}", blocks=())


def _find(adapter: Any, key: str) -> Op[Any]:
    operation: Op[Any] = adapter.find(key)
    return operation


def install() -> None:
    """Make the kind and its command known to every kernel of this process."""
    PERFORMERS[KIND] = Performer("carrier", _send, _done, flow_order, _refused, _resolved, _find)
    ROUTES[WantBooking] = Route(flow_want_booking, lambda c: stream_of(c.order), is_order=True)  # type: ignore[index]


def uninstall() -> None:
    """Take them away again."""
    PERFORMERS.pop(KIND, None)
    ROUTES.pop(WantBooking, None)  # type: ignore[attr-defined]


def holds(kernel: Kernel, order: str) -> list[str]:
    """Names of an order's holds, sorted."""
    return sorted(hold.hold for hold in kernel.order(order).holds)
