"""What happens in the demonstration: a week of commands, each with a key of its own, so that all of it may be run again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Final

from attrs import define, field

from ordercore.catalog import PutItem, PutLocation
from ordercore.cli.demo.clock import DemoClock, instant, weekday
from ordercore.cli.demo.documents import DELIVERIES, Delivery, transmission
from ordercore.cli.demo.parcels import POST, report
from ordercore.cli.demo.replenishing import replenish
from ordercore.errors import AuthenticationFailed
from ordercore.intake import Quarantined
from ordercore.kernel import Kernel
from ordercore.message import Command, Event, Receipt
from ordercore.order import (
    AddHold,
    BookParcel,
    Line,
    PackParcel,
    PickLines,
    PlaceOrder,
    ReceiveReturn,
    RecordPayment,
    RecordTracking,
    ReleaseHold,
    ReleaseOrder,
    ReturnedLine,
    Ship,
    ShortPick,
)
from ordercore.order.commands import TrackingStatus
from ordercore.order.events import OrderAllocated, ParcelShipped
from ordercore.ports import Declined, ParcelFacts, RateQuery, RateQuote
from ordercore.stock import CartLine, Received, ReceiveStock, ReserveCart
from ordercore.values import Address, GeoPoint, OrderId
from ordercore.wiring import IntakeReport

PARIS: Final = OrderId("web:450781001")
HAMBURG: Final = OrderId("web:450781002")
ROME: Final = OrderId("web:450781006")
PRAGUE: Final = OrderId("app:A-77")
SKUS: Final = ("SENCHA-100", "CUP-BLUE", "POT-IRON", "WHISK", "MUG-GREEN")

LOCATIONS: Final = (
    PutLocation("LON", "London", GeoPoint.of("51.5072", "-0.1276"), "GB", "Europe/London", ("ship",), rank=1),
    PutLocation("BER", "Berlin", GeoPoint.of("52.5200", "13.4050"), "DE", "Europe/Berlin", ("pick", "pack", "ship"),
                rank=2),
    PutLocation("MIL", "Milan", GeoPoint.of("45.4642", "9.1900"), "IT", "Europe/Rome", ("pick", "ship"), rank=3),
)  # fmt: skip
ITEMS: Final = (
    PutItem("SENCHA-100", "Sencha, 100 g", tracking="lot"),
    PutItem("CUP-BLUE", "Cup, blue"),
    PutItem("POT-IRON", "Teapot, cast iron"),
    PutItem("WHISK", "Bamboo whisk"),
    PutItem("postage", "Postage", tracking="none", delivery="service"),
    PutItem("POST", "Postage of the wholesale department", tracking="none", delivery="service"),
)
RECEIPTS: Final = (
    ReceiveStock(
        "LON",
        (
            Received("SENCHA-100", 6, "S-2511", date(2026, 5, 31)), Received("SENCHA-100", 4, "S-2601", date(2026, 11, 30)),
            Received("CUP-BLUE", 10), Received("WHISK", 3),
        ),
        "supplier", "GR-1",
    ),
    ReceiveStock(
        "BER",
        (
            Received("SENCHA-100", 2, "S-2601", date(2026, 11, 30)), Received("CUP-BLUE", 4), Received("POT-IRON", 2),
            Received("WHISK", 5),
        ),
        "supplier", "GR-2",
    ),
    ReceiveStock(
        "MIL",
        (
            Received("SENCHA-100", 6, "S-2601", date(2026, 11, 30)), Received("CUP-BLUE", 6), Received("POT-IRON", 5),
            Received("WHISK", 4),
        ),
        "supplier", "GR-3",
    ),
)  # fmt: skip

FACTS: Final[tuple[tuple[str, OrderId, str, TrackingStatus, str], ...]] = (
    ("Wed 10:12", PARIS, "P1", "delivered", "Paris"),
    ("Wed 11:40", HAMBURG, "P1", "out_for_delivery", "Hamburg"),
    ("Wed 13:05", HAMBURG, "P1", "delivered", "Hamburg"),
    ("Thu 07:50", HAMBURG, "P2", "in_transit", "Cologne"),
    ("Thu 09:00", PRAGUE, "P1", "delivered", "Prague"),
    ("Thu 16:20", HAMBURG, "P2", "delivered", "Hamburg"),
)
"""What carriers say: (when, order, parcel, status, where)."""


@define
class Arrival:
    """A document, and what it came to: a report, or why its sender was turned away."""

    delivery: Delivery
    report: IntakeReport | None
    orders: tuple[str, ...] = ()
    refused: str = ""

    @property
    def accepted(self) -> tuple[OrderId, ...]:
        """Orders that it placed or cancelled."""
        return self.report.accepted if self.report is not None else ()


@define
class Told:
    """What there is to tell of a run."""

    arrivals: list[Arrival] = field(factory=list)
    quarantine: tuple[Quarantined, ...] = ()
    replayed: IntakeReport | None = None
    diary: list[tuple[str, str]] = field(factory=list)


class Story:
    """One run of the week over a kernel."""

    def __init__(self, kernel: Kernel, clock: DemoClock) -> None:
        """`clock` is the kernel's own."""
        self._kernel, self._clock = kernel, clock
        self._steps = 0
        self.told = Told()

    def run(self) -> Told:
        """All of it. A second run over the same store changes nothing, for every step has its key."""
        self._goods_come_in()
        self._orders_come_in()
        self._monday()
        self._tuesday()
        self._rest_of_the_week()
        replenish(self._kernel, self._at, self._do)
        return self.told

    def _do(self, command: Command[Any], actor: str = "shop", effective: datetime | None = None) -> Receipt[Any]:
        self._steps += 1
        return self._kernel.handle(command, key=f"demo-{self._steps:03d}", actor=actor, effective=effective)

    def _at(self, when: str) -> None:
        self._clock.to(when)

    def _note(self, text: str) -> None:
        self.told.diary.append((weekday(self._clock.now()), text))

    def _goods_come_in(self) -> None:
        self._at("Mon 08:00")
        for command in (*LOCATIONS, *ITEMS, *RECEIPTS):
            self._do(command)

    def _orders_come_in(self) -> None:
        self._at("Mon 09:00")
        self._do(ReserveCart("cart-7", (CartLine("1", "POT-IRON", 2, "MIL"),), 1200), "visitor")
        self._note("a visitor's cart: 2 teapots are kept in Milan for 20 minutes")
        self._at("Mon 09:14")
        for delivery in DELIVERIES:
            self.told.arrivals.append(self._arrives(delivery))
        self.told.quarantine = self._kernel.quarantine(status=None)

    def _arrives(self, delivery: Delivery) -> Arrival:
        self._clock.tick()
        try:
            report = self._kernel.receive(delivery.instance, transmission(delivery, self._clock))
        except AuthenticationFailed as error:
            return Arrival(delivery, None, refused=f"{error.http_status}: {error.message}")
        return Arrival(delivery, report, tuple(self._came_to(order) for order in report.accepted))

    def _came_to(self, id: OrderId) -> str:
        order = self._kernel.order(id)
        if order.status == "cancelled":
            return f"{id} cancelled"
        places = dict.fromkeys(claim.place for line in order.lines.values() for claim in line.claims)
        waits = sum(line.backordered for line in order.lines.values())
        return f"{id} from {_codes(places)}" + (f", {waits} wait" if waits else "")

    def _monday(self) -> None:
        self._at("Mon 09:20")
        self._kernel.work(until_idle=True)
        self._note(f"its time is up, nobody paid: the 2 teapots go to {ROME}, {self._waiting(ROME)}")
        self._at("Mon 10:00")
        self._put_right()
        self._at("Mon 11:00")
        prague = Address("CZ", city="Prague", point=GeoPoint.of("50.0755", "14.4378"))
        lines = (Line("CUP-BLUE", 2, "9.00"), Line("SENCHA-100", 4, "12.50"), Line("WHISK", 1, "15.00"))
        self._do(PlaceOrder("app", "A-77", "EUR", lines, ship_to=prague, strategy="fewest_parcels",
                            promised_by=instant("Thu 18:00")), "app")  # fmt: skip
        self._note(f"the shop's own app places {PRAGUE}, to Prague, in as few parcels as possible")
        self._at("Mon 11:30")
        self._do(AddHold(HAMBURG, "review", "fraud", note="first order with this card"), "risk")
        self._note(f"{HAMBURG} is put on hold: nothing of it may be picked or shipped")
        self._at("Mon 15:00")
        self._do(RecordPayment(PARIS, "charge-1001", "charge", "62.40"), "payments")
        shipped = self._do(Ship(PARIS), "LON")
        self._book(PARIS, "P1", 1_350)
        self._note(f"London ships {PARIS}: {_contents(shipped.events)} (expires first)")

    def _put_right(self) -> None:
        """The mug that nobody knew is defined; then the document is taken in as it came.

        The mugs came at eight with everything else: an order counts from when it was placed, and so must its stock.
        """
        self._do(PutItem("MUG-GREEN", "Mug, green"), "clerk")
        mugs = ReceiveStock("BER", (Received("MUG-GREEN", 12),), "supplier", "GR-4")
        self._do(mugs, "clerk", effective=instant("Mon 08:00"))
        for kept in self.told.quarantine:
            if any(problem.code == "unmapped_item" for problem in kept.problems):
                self.told.replayed = self._kernel.replay(kept.document)

    def _tuesday(self) -> None:
        self._at("Tue 08:30")
        self._do(ReleaseHold(HAMBURG, "review"), "clerk")
        self._do(RecordPayment(HAMBURG, "charge-1002", "charge", "74.90"), "payments")
        self._do(ReleaseOrder(HAMBURG), "clerk")
        self._at("Tue 09:10")
        short = self._do(ShortPick(HAMBURG, "F1", "866550022", 1, "broken on the shelf"), "BER")
        self._note(f"Berlin picks {HAMBURG}: one cup is broken; it is sourced again, {_resourced(short.events)}")
        self._do(PickLines(HAMBURG, "F1"), "BER")
        self._do(PackParcel(HAMBURG, "F1", "P1"), "BER")
        self._at("Tue 09:40")
        rates = self._kernel.rates(
            POST, RateQuery(Address("DE"), Address("DE"), ParcelFacts(900), self._clock.now().date())
        )
        self._book(HAMBURG, "P1", 900)
        self._note(f"a label for {HAMBURG}: Parcel Post asks {_quoted(rates)}; standard it is")
        self._at("Tue 14:00")
        self._do(Ship(HAMBURG, "P1"), "BER")
        self._do(Ship(HAMBURG, location="LON", carrier="Air Mail", tracking="AM-77"), "LON")
        self._do(ReleaseOrder(PRAGUE), "clerk")
        self._do(PickLines(PRAGUE, "F1"), "MIL")
        self._do(Ship(PRAGUE), "MIL")
        self._book(PRAGUE, "P1", 2_300)
        self._note(f"{HAMBURG} leaves in two parcels, {PRAGUE} in one")

    def _rest_of_the_week(self) -> None:
        self._at("Wed 08:00")
        self._do(ReceiveStock("MIL", (Received("POT-IRON", 6),), "supplier", "GR-5"), "MIL")
        self._note(f"6 teapots come into Milan, first for {ROME}, {self._waiting(ROME)}")
        for when, order, parcel, status, place in FACTS:
            self._at(when)
            self._reported(order, parcel, status, when, place)
        self._at("Fri 09:00")
        back = (ReturnedLine("866550011", 1, "restock"), ReturnedLine("866550012", 1, "damaged", "S-2511"))
        self._do(ReceiveReturn(PARIS, "R-1", "LON", back, "a cup too many, a dented tin"), "LON")
        self._do(RecordPayment(PARIS, "refund-1001", "refund", "21.50"), "payments")
        self._note(f"{PARIS} sends back a cup (restocked), a tin (damaged); 21.50 EUR are refunded")

    def _book(self, order: OrderId, parcel: str, weight_grams: int) -> None:
        """Wanted by a command, booked by a worker: here the next thing that happens."""
        self._do(BookParcel(order, parcel, POST, "standard", weight_grams), "clerk")
        self._kernel.work(until_idle=True)

    def _reported(self, order: OrderId, parcel: str, status: TrackingStatus, when: str, place: str) -> None:
        """The carrier with an account reports by itself, signed; what the other says is typed in."""
        known = self._kernel.order(order).parcel(parcel)
        if known.carrier == POST:
            self._kernel.receive(POST, report(known.tracking, status, instant(when), place))
        else:
            self._do(RecordTracking(order, parcel, status, instant(when), location=place), "carrier")

    def _waiting(self, order: OrderId) -> str:
        left = sum(line.backordered for line in self._kernel.order(order).lines.values())
        return f"which still waits for {left}" if left else "which waits for nothing now"


def _quoted(rates: tuple[RateQuote, ...] | Declined) -> str:
    return ", ".join(f"{one.cost} {one.service}" for one in rates) if isinstance(rates, tuple) else "nothing"


def _contents(events: Iterable[Event]) -> str:
    return ", ".join(
        f"{moved.quantity} {moved.sku}" + (f" of lot {moved.to_lot}" if moved.to_lot else "")
        for event in events
        if isinstance(event, ParcelShipped)
        for moved in event.contents
    )


def _resourced(events: Iterable[Event]) -> str:
    places = [leg.place for event in events if isinstance(event, OrderAllocated) for leg in event.legs]
    return f"from {_codes(places)}"


def _codes(places: Iterable[str]) -> str:
    return ", ".join(place.removeprefix("loc/") for place in places) or "nowhere"
