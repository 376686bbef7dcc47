"""From a packed parcel to a carrier's number and label, and what the order says of it."""

import pytest

from ordercore import PutLocation, Ship
from ordercore.effects import ResolveEffect
from ordercore.errors import Erased, InvalidCommand, NotFound, TransitionRefused
from ordercore.flows.record import LABEL
from ordercore.hooks import hookimpl
from ordercore.order import (
    BookParcel,
    CorrectShipment,
    LabelImage,
    ManifestParcels,
    PackParcel,
    PickLines,
    RecallWork,
    RecordBooking,
    RecordManifest,
    RecordVoid,
    ReleaseOrder,
    VoidBooking,
)
from ordercore.order.events import (
    BookingRefused,
    BookingVoided,
    BookingWanted,
    ParcelBooked,
    ShipmentCorrected,
    VoidRefused,
    VoidWanted,
)
from ordercore.order.manifest import ManifestMade, ManifestRefused, ManifestWanted
from ordercore.ports import HttpResponse
from ordercore.store import ReadDocument
from ordercore.testing import given_stock, place
from ordercore.testing.carrier import MemoryCarrier
from ordercore.testing.outside import CarrierDesk
from ordercore.testing.transports import FaultyTransport, RecordedTransport
from ordercore.upkeep import Upkeep
from ordercore.values import Address, Money

SOMEBODY = Address("NL", "Jo Bloggs", ("High Street 1",), "Utrecht", postal_code="3511")


class Warehouse:
    """An order in parcel P1 at WH2, and a carrier."""

    def __init__(self, make, faults=(), capabilities=None, transport=None, ship_to=SOMEBODY):
        self.desk = CarrierDesk()
        carrier = MemoryCarrier("memory", capabilities) if capabilities else MemoryCarrier()
        self.shop = make(carriers={"memory": carrier}, transport=transport or FaultyTransport(self.desk, faults))
        self.shop.handle(PutLocation("WH2", "Two", country="BE", steps=("pick", "pack", "ship"),
                                     attributes={"street": "Dock 2", "city": "Ghent", "postal_code": "9000"}))  # fmt: skip
        given_stock(self.shop, {"WH2": {"TEA": 9}})
        self.order = place(self.shop, {"TEA": 2}, ship_to=ship_to)
        for command in (ReleaseOrder(self.order), PickLines(self.order, "F1"), PackParcel(self.order, "F1", "P1")):
            self.shop.handle(command)

    def book(self, **fields):
        return self.do(BookParcel(self.order, "P1", "memory", "standard", 750, **fields))

    def do(self, command):
        receipt = self.shop.handle(command)
        self.shop.work(until_idle=True)
        return receipt

    @property
    def parcel(self):
        return self.shop.order(self.order).parcel("P1")

    def events(self, kind):
        return [entry.event for entry in self.shop.timeline(self.order) if isinstance(entry.event, kind)]


@pytest.fixture
def warehouse(make_shop):
    return lambda *args, **options: Warehouse(make_shop, *args, **options)


def test_a_parcel_is_booked_and_ships_under_its_number(warehouse):
    here = warehouse()
    here.book()
    (entry,) = here.desk.bookings
    booking = here.parcel.booking
    assert (booking.status, booking.reference, booking.cost, booking.currency) == (
        "booked",
        entry["number"],
        440,
        "EUR",
    )
    assert entry["weight_grams"] == "750"
    here.do(Ship(here.order, "P1"))
    assert (here.parcel.carrier, here.parcel.tracking) == ("memory", booking.tracking)
    assert booking.tracking
    assert here.shop.stock("TEA").on_hand == 7
    assert "booked with memory, standard" in [entry.text for entry in here.shop.timeline(here.order)][-2]


def test_the_label_is_a_document_and_in_no_event(warehouse):
    here = warehouse()
    here.book()
    label = here.shop.label(here.order, "P1")
    assert label.media_type == "application/zpl"
    assert label.content.startswith(b"^XA")
    assert here.shop.label(here.order, "P1", "application/zpl") == label
    with pytest.raises(NotFound, match=r"no application/pdf label.*application/zpl"):
        here.shop.label(here.order, "P1", "application/pdf")
    (event,) = here.events(ParcelBooked)
    assert "^XA" not in repr(event)
    said = " ".join(repr(record.event) for record in here.shop.log(limit=1_000).records)
    assert not {"Bloggs", "High Street", "3511"} & set(said.split())


def test_an_erased_order_has_no_label(warehouse):
    here = warehouse()
    here.book()
    Upkeep(here.shop).erase(here.order)
    with pytest.raises(Erased):
        here.shop.label(here.order, "P1")
    assert here.shop.order(here.order).parcels["P1"].booking.tracking
    assert here.shop.verify() == ()


def test_an_erased_order_is_not_booked_any_more(warehouse):
    here = warehouse()
    Upkeep(here.shop).erase(here.order)
    here.book()
    booking = here.shop.order(here.order).parcels["P1"].booking
    assert (booking.status, booking.code) == ("refused", "erased")
    assert here.shop.verify() == ()


def test_before_it_is_booked_there_is_no_label(warehouse):
    here = warehouse()
    with pytest.raises(NotFound, match="no label"):
        here.shop.label(here.order, "P1")
    with pytest.raises(NotFound):
        here.shop.label("shop:nothing", "P1")


def test_the_carrier_is_told_from_where_and_to_whom(warehouse):
    asked = []

    class Listening(MemoryCarrier):
        def book(self, request, *, key):
            asked.append(request)
            return (yield from super().book(request, key=key))

    here = warehouse()
    here.shop.core.shop.adapters["carrier"]["memory"] = Listening()
    here.book(length_mm=300)
    (request,) = asked
    assert request.recipient == SOMEBODY
    assert request.sender == Address("BE", "Two", ("Dock 2",), "Ghent", postal_code="9000")
    assert (request.parcel.weight_grams, request.parcel.length_mm) == (750, 300)
    assert request.ship_on == here.shop.core.clock.now().date()


def test_without_an_address_it_is_refused_and_may_be_booked_again(warehouse):
    here = warehouse(ship_to=None)
    here.book()
    assert here.parcel.booking.status == "refused"
    (event,) = here.events(BookingRefused)
    assert "no address" in event.problems[0]
    here.book()
    assert len(here.events(BookingWanted)) == 2


def test_a_carriers_no_is_told(warehouse):
    here = warehouse(transport=RecordedTransport([HttpResponse(422, body=b'{"code": "too_heavy", "message": "No."}')]))
    here.book()
    (event,) = here.events(BookingRefused)
    assert (event.code, event.problems) == ("too_heavy", ("No.",))


def test_a_parcel_has_one_booking_at_a_time(warehouse):
    here = warehouse()
    here.book()
    with pytest.raises(TransitionRefused, match="has a booking"):
        here.book()


@pytest.mark.parametrize("command", ["recall", "pack"])
def test_a_box_with_a_label_stays_as_it_was_weighed(warehouse, command):
    here = warehouse()
    here.book()
    with pytest.raises(TransitionRefused, match="VoidBooking"):
        here.shop.handle(RecallWork(here.order, "F1") if command == "recall" else PackParcel(here.order, "F1", "P1"))


def test_a_booking_is_taken_back_and_another_may_be_made(warehouse):
    here = warehouse()
    here.book()
    here.do(VoidBooking(here.order, "P1"))
    assert here.parcel.booking.status == "voided"
    assert len(here.events(VoidWanted)) == len(here.events(BookingVoided)) == 1
    with pytest.raises(NotFound, match="no label"):
        here.shop.label(here.order, "P1")
    here.do(Ship(here.order, "P1"))
    assert here.parcel.tracking == ""
    here.book()
    assert here.parcel.booking.status == "booked"
    assert here.parcel.tracking == here.parcel.booking.tracking


def test_a_void_that_is_refused_leaves_the_booking(warehouse):
    here = warehouse()
    here.book()
    here.shop.core.performing._transport = RecordedTransport([HttpResponse(422, body=b'{"code": "too_late"}')])
    here.do(VoidBooking(here.order, "P1"))
    assert here.parcel.booking.status == "booked"
    assert here.events(VoidRefused)[0].code == "too_late"


def test_only_what_is_booked_is_taken_back(warehouse):
    here = warehouse()
    with pytest.raises(NotFound):
        here.do(VoidBooking(here.order, "P1"))


def test_a_parcel_that_left_before_the_carrier_answered_gets_its_number_then(warehouse):
    here = warehouse(["unreached"])
    here.book()
    here.do(Ship(here.order, "P1"))
    assert here.parcel.tracking == ""
    here.shop.core.clock.advance(minutes=1)
    here.shop.work(until_idle=True)
    assert here.parcel.tracking == here.parcel.booking.tracking != ""


def test_what_was_booked_by_hand_is_recorded(warehouse):
    here = warehouse()
    command = RecordBooking(
        here.order, "P1", "other", "parcel", "R9", "T9", cost=Money(500, "EUR"),
        labels=(LabelImage("application/pdf", b"%PDF-1.7"),),
    )  # fmt: skip
    here.do(command)
    assert here.shop.handle(command).events == ()
    here.do(Ship(here.order, "P1"))
    assert (here.parcel.carrier, here.parcel.tracking) == ("other", "T9")
    assert here.shop.label(here.order, "P1").content == b"%PDF-1.7"


@pytest.mark.parametrize(
    ("fields", "path"), [({"weight_grams": 0}, "weight_grams"), ({"length_mm": -1}, "length_mm"), ({"service": "a b"}, "service")]
)  # fmt: skip
def test_a_booking_that_cannot_be_is_refused_where_it_stands(warehouse, fields, path):
    here = warehouse()
    given = {
        "order": here.order,
        "parcel": "P1",
        "carrier": "memory",
        "service": "standard",
        "weight_grams": 750,
    } | fields
    with pytest.raises(InvalidCommand) as caught:
        here.shop.handle(BookParcel(**given))
    assert path in (caught.value.fields.get("path"), caught.value.fields.get("what"))


def test_an_unknown_carrier_is_named_with_the_nearest(warehouse):
    here = warehouse()
    with pytest.raises(NotFound, match="Did you mean 'memory'"):
        here.shop.handle(BookParcel(here.order, "P1", "memry", "standard", 750))


def test_a_carrier_that_cannot_is_not_asked(warehouse):
    here = warehouse(capabilities=("rate", "book"))
    here.book()
    with pytest.raises(InvalidCommand, match="cannot void"):
        here.shop.handle(VoidBooking(here.order, "P1"))


def test_the_carrier_of_a_shipment_is_put_right(warehouse):
    here = warehouse()
    with pytest.raises(TransitionRefused):
        here.shop.handle(CorrectShipment(here.order, "P1", "other", "T1", "handed to another van"))
    here.do(Ship(here.order, "P1", carrier="memory", tracking="T0"))
    here.do(CorrectShipment(here.order, "P1", "other", "T1", "handed to another van"))
    assert (here.parcel.carrier, here.parcel.tracking) == ("other", "T1")
    assert here.events(ShipmentCorrected)[0].reason == "handed to another van"


# Manifests


def test_a_manifest_lists_every_open_booking_once(warehouse):
    here = warehouse()
    here.book()
    receipt = here.do(ManifestParcels("memory"))
    manifest, document = here.shop.manifest(receipt.result)
    assert (manifest.status, document) == ("made", None)
    assert [(one.order, one.parcel, one.reference) for one in manifest.parcels] == [
        (here.order, "P1", here.parcel.booking.reference)
    ]
    assert here.desk.ledger.entries()[-1]["bookings"] == here.parcel.booking.reference
    assert manifest.reference == here.desk.ledger.entries()[-1]["number"]
    with pytest.raises(InvalidCommand, match="No booking of 'memory' is open"):
        here.shop.handle(ManifestParcels("memory"))
    assert [type(record.event) for record in here.shop.log(limit=1_000).records if "Manifest" in type(record.event).__name__] == [
        ManifestWanted, ManifestMade,
    ]  # fmt: skip


def test_a_booking_that_was_taken_back_is_on_no_manifest(warehouse):
    here = warehouse()
    here.book()
    here.do(VoidBooking(here.order, "P1"))
    with pytest.raises(InvalidCommand):
        here.shop.handle(ManifestParcels("memory"))


def test_after_a_no_the_parcels_are_open_again(warehouse):
    here = warehouse()
    here.book()
    here.shop.core.performing._transport = RecordedTransport([HttpResponse(422, body=b'{"code": "too_early"}')])
    refused = here.do(ManifestParcels("memory")).result
    assert here.shop.manifest(refused)[0].code == "too_early"
    here.shop.core.performing._transport = here.desk
    again = here.do(ManifestParcels("memory")).result
    assert here.shop.manifest(again)[0].status == "made"
    assert len([1 for r in here.shop.log(limit=1_000).records if isinstance(r.event, ManifestRefused)]) == 1


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_after_a_no_what_was_taken_back_stays_so(warehouse, when):
    here = warehouse()
    here.book()
    rival = here.shop.rival(carriers={"memory": MemoryCarrier()}, transport=here.desk)

    def void():
        rival.handle(VoidBooking(here.order, "P1"))
        rival.work(until_idle=True)

    class Refusing:
        """Says no to a list; by then somebody has taken its parcel back, or does before that is recorded."""

        def send(self, request):
            if when == "before":
                void()
            else:
                here.shop.store.before_commit = [void]
            return HttpResponse(422, body=b'{"code": "unknown_parcel"}')

    here.shop.core.performing._transport = Refusing()
    refused = here.do(ManifestParcels("memory")).result
    assert here.shop.manifest(refused)[0].status == "refused"
    assert here.parcel.booking.status == "voided"
    with pytest.raises(InvalidCommand, match="No booking of 'memory' is open"):
        here.shop.handle(ManifestParcels("memory"))


def test_what_is_taken_back_while_a_manifest_is_made_is_not_on_it(warehouse):
    here = warehouse()
    here.book()
    rival = here.shop.rival(carriers={"memory": MemoryCarrier()}, transport=here.desk)

    def void():
        rival.handle(VoidBooking(here.order, "P1"))
        rival.work(until_idle=True)

    here.shop.store.before_commit = [void]
    with pytest.raises(InvalidCommand, match="No booking of 'memory' is open"):
        here.shop.handle(ManifestParcels("memory"))


def test_labels_go_with_their_booking(warehouse):
    here = warehouse()
    here.book()
    key = here.parcel.booking.labels[0]
    assert label_document(here, key) is not None
    here.do(VoidBooking(here.order, "P1"))
    assert label_document(here, key) is None


def label_document(here, key):
    asked = ReadDocument(LABEL, key)
    return here.shop.store.read([asked], tenant="").of(asked)


def test_of_two_manifests_at_the_same_moment_one_has_the_parcels(warehouse):
    here = warehouse()
    here.book()
    rival = here.shop.rival(carriers={"memory": MemoryCarrier()}, transport=here.desk)
    here.shop.store.before_commit = [lambda: rival.handle(ManifestParcels("memory")) and None]
    with pytest.raises(InvalidCommand):
        here.shop.handle(ManifestParcels("memory"))


def test_a_manifest_that_was_closed_by_hand_is_recorded_once(warehouse):
    here = warehouse(["unreached"] * 9)
    here.shop.core.performing._transport = here.desk
    here.book()
    here.shop.core.performing._transport = FaultyTransport(here.desk, ["unreached"])
    manifest = here.do(ManifestParcels("memory")).result
    here.shop.handle(RecordManifest(manifest, "by hand", "application/pdf", b"%PDF-1.7"))
    found, document = here.shop.manifest(manifest)
    assert (found.status, found.reference, document.content) == ("made", "by hand", b"%PDF-1.7")
    with pytest.raises(TransitionRefused):
        here.shop.handle(RecordManifest(manifest, "again"))


def test_an_unknown_manifest_is_not_found(warehouse):
    with pytest.raises(NotFound):
        warehouse().shop.manifest("M1")


def test_a_booking_that_was_taken_back_while_its_manifest_was_under_way_is_on_no_later_one(warehouse):
    here = warehouse()
    here.book()
    here.shop.core.performing._transport = FaultyTransport(here.desk, ["unreached"])
    refused = here.do(ManifestParcels("memory")).result
    here.do(VoidBooking(here.order, "P1"))
    assert here.parcel.booking.status == "voided"
    here.shop.core.performing._transport = RecordedTransport([HttpResponse(422, body=b'{"code": "too_early"}')])
    here.shop.core.clock.advance(minutes=1)
    here.shop.work(until_idle=True)
    assert here.shop.manifest(refused)[0].status == "refused"
    with pytest.raises(InvalidCommand, match="No booking of 'memory' is open"):
        here.shop.handle(ManifestParcels("memory"))


def test_a_booking_that_is_taken_back_at_the_same_moment_is_not_listed(warehouse):
    here = warehouse()
    here.book()
    here.shop.core.performing._transport = FaultyTransport(here.desk, ["unreached"])
    here.do(VoidBooking(here.order, "P1"))
    here.shop.core.clock.advance(minutes=1)
    rival = here.shop.rival(carriers={"memory": MemoryCarrier()}, transport=here.desk)
    here.shop.store.before_commit = [lambda: rival.work(until_idle=True) and None]
    with pytest.raises(InvalidCommand, match="No booking of 'memory' is open"):
        here.shop.handle(ManifestParcels("memory"))
    assert here.parcel.booking.status == "voided"


@pytest.mark.parametrize("carrier", ["memory", "courier"])
def test_what_was_booked_by_hand_is_taken_back_by_hand_and_the_box_can_be_unpacked(warehouse, carrier):
    here = warehouse(capabilities=("rate", "book"))
    here.do(RecordBooking(here.order, "P1", carrier, "parcel", "R9", "T9"))
    with pytest.raises(InvalidCommand, match="RecordVoid"):
        here.do(VoidBooking(here.order, "P1"))
    booking = here.parcel.booking.booking
    with pytest.raises(TransitionRefused):
        here.do(RecordVoid(here.order, "P1", booking, "too_late"))  # nobody has asked: there is no no
    here.do(RecordVoid(here.order, "P1", booking))
    assert here.parcel.booking.status == "voided"
    here.do(RecallWork(here.order, "F1"))
    with pytest.raises(NotFound):
        here.do(RecordVoid(here.order, "P1", booking))


def test_a_guard_is_asked_about_a_void_that_a_person_tells(make_shop):
    asked = []

    class Listening:
        @hookimpl
        def ordercore_guard(self, command):
            asked.append(type(command))

    here = Warehouse(lambda **given: make_shop(plugins=[Listening()], **given))
    here.book()
    here.do(VoidBooking(here.order, "P1"))
    assert VoidBooking in asked
    assert RecordVoid not in asked
    here.do(RecordBooking(here.order, "P1", "memory", "parcel", "R9", "T9"))
    here.do(RecordVoid(here.order, "P1", here.parcel.booking.booking))
    assert RecordVoid in asked


# What somebody tells by hand while a worker is at it


def network(here, *faults):
    here.shop.core.performing._transport = FaultyTransport(here.desk, faults)


def later(here, *faults):
    network(here, *faults)
    here.shop.core.clock.advance(minutes=5)
    here.shop.work(until_idle=True)


def newest_effect(here):
    return here.shop.effects(None)[-1]


def done_outside(here, path):
    return [entry["number"] for entry in here.desk.ledger.entries() if entry["path"] == path]


def voided_by_hand(here):
    here.do(RecordVoid(here.order, "P1", here.parcel.booking.booking))


def booked_by_hand(here, reference):
    here.do(RecordBooking(here.order, "P1", "memory", "standard", reference, "T1", here.parcel.booking.booking))


@pytest.mark.parametrize("again", [False, True])
def test_a_void_that_arrived_is_settled_though_it_was_told_by_hand(warehouse, again):
    here = warehouse()
    here.book()
    network(here, "lost_after")
    here.do(VoidBooking(here.order, "P1"))
    voided_by_hand(here)
    if again:
        here.book()
    later(here)
    assert [row.summary.status for row in here.shop.effects(None)] == ["done"] * (2 + again)
    assert here.parcel.booking.status == ("booked" if again else "voided")
    assert len(done_outside(here, "voids")) == len(here.events(BookingVoided)) == 1


def test_a_person_can_settle_a_void_that_was_told_by_hand(warehouse):
    here = warehouse()
    here.book()
    network(here, "lost_after")
    here.do(VoidBooking(here.order, "P1"))
    voided_by_hand(here)
    here.do(ResolveEffect(newest_effect(here).id, "done", "they told"))
    assert newest_effect(here).summary.status == "done"
    assert here.parcel.booking.status == "voided"


def test_a_no_to_what_was_taken_back_by_hand_changes_nothing(warehouse):
    here = warehouse()
    here.book()
    network(here, "lost_before")
    here.do(VoidBooking(here.order, "P1"))
    voided_by_hand(here)
    here.shop.core.performing._transport = RecordedTransport([HttpResponse(422, body=b'{"code": "unknown_number"}')])
    here.shop.core.clock.advance(minutes=5)
    here.shop.work(until_idle=True)
    assert newest_effect(here).summary.status == "refused"
    assert here.parcel.booking.status == "voided"
    assert here.events(VoidRefused) == []


def test_what_was_taken_back_by_hand_is_not_taken_back_by_a_worker(warehouse):
    here = warehouse()
    here.book()
    network(here, "unreached")
    here.do(VoidBooking(here.order, "P1"))
    voided_by_hand(here)
    later(here)
    assert (newest_effect(here).summary.status, newest_effect(here).summary.code) == ("refused", "transition_refused")
    assert done_outside(here, "voids") == []
    assert here.parcel.booking.status == "voided"


@pytest.mark.parametrize("voided", [False, True])
def test_a_booking_that_was_found_by_hand_is_settled_when_it_is_found_again(warehouse, voided):
    here = warehouse(["lost_after"])
    here.book()
    booked_by_hand(here, here.desk.bookings[0]["number"])
    if voided:
        voided_by_hand(here)
    later(here)
    assert newest_effect(here).summary.status == "done"
    assert here.parcel.booking.status == ("voided" if voided else "booked")
    assert len(here.desk.bookings) == len(here.events(ParcelBooked)) == 1


def test_what_was_booked_by_hand_is_not_booked_by_a_worker(warehouse):
    here = warehouse(["unreached"])
    here.book()
    booked_by_hand(here, "H1")
    later(here)
    assert newest_effect(here).summary.status == "refused"
    assert here.desk.bookings == []
    assert (here.parcel.booking.status, here.parcel.booking.reference) == ("booked", "H1")


def test_a_second_booking_of_one_parcel_waits_for_a_person_who_can_end_it(warehouse):
    here = warehouse(["lost_after"])
    here.book()
    booked_by_hand(here, "H1")
    later(here)
    row = newest_effect(here)
    assert (row.summary.status, row.summary.code) == ("uncertain", "not_recorded:transition_refused")
    here.do(ResolveEffect(row.id, "refused", "they struck it off"))
    assert newest_effect(here).summary.status == "refused"
    assert here.parcel.booking.reference == "H1"


@pytest.mark.parametrize(("fault", "status", "lists"), [("lost_after", "done", 1), ("unreached", "refused", 0)])
def test_a_manifest_that_was_recorded_by_hand_is_settled(warehouse, fault, status, lists):
    here = warehouse()
    here.book()
    network(here, fault)
    manifest = here.do(ManifestParcels("memory")).result
    here.do(RecordManifest(manifest, "by hand"))
    later(here)
    assert newest_effect(here).summary.status == status
    assert len(done_outside(here, "manifests")) == lists
    assert here.shop.manifest(manifest)[0].reference == "by hand"


@pytest.mark.parametrize(("outcome", "code"), [("done", "transition_refused"), ("refused", "")])
def test_a_list_that_the_carrier_took_after_a_no_by_hand_waits_for_a_person_who_can_end_it(warehouse, outcome, code):
    here = warehouse()
    here.book()
    network(here, "lost_after")
    manifest = here.do(ManifestParcels("memory")).result
    here.do(RecordManifest(manifest, code="too_early"))
    later(here)
    row = newest_effect(here)
    assert (row.summary.status, row.summary.code) == ("uncertain", "not_recorded:transition_refused")
    if code:
        with pytest.raises(TransitionRefused):
            here.do(ResolveEffect(row.id, outcome, "they told", "M1"))
    else:
        here.do(ResolveEffect(row.id, outcome, "they struck it off"))
        assert newest_effect(here).summary.status == "refused"
