"""What is personal about an order is erased: everywhere, on request and by age; the log stays and says so."""

from __future__ import annotations

import gzip
from datetime import timedelta

import pytest

from ordercore import Kernel, Line, PlaceOrder, PutItem, PutLocation, ReceiveStock, Ship
from ordercore.errors import Archived, Erased, NotFound
from ordercore.intake import quarantine
from ordercore.order import ConfirmDelivery, ErasePerson, RecordTracking
from ordercore.order.events import PersonErased
from ordercore.order.summary import ErasedAddress
from ordercore.ports import Problem, Transmission
from ordercore.stock import Received
from ordercore.store import PutDocument, ReadDocuments
from ordercore.store.memory import MemoryStore
from ordercore.store.sqlite import SQLiteStore
from ordercore.testing import ManualClock, MemoryChannel
from ordercore.testing.sample_events import batch
from ordercore.upkeep import ArchiveFolder, Upkeep
from ordercore.values import Address

LATER = timedelta(days=100)
HOME = Address(name="Ada Lovelace", lines=("12 Square",), city="London", postal_code="SW1Y 4JH", country="GB")
WORDS = ("Lovelace", "12 Square", "SW1Y", "Left with Charles")


@pytest.fixture(params=["memory", "sqlite"])
def kernel(request, tmp_path):
    """Two customers, three orders of which the last is open; the first has been told about by its carrier."""
    store = MemoryStore() if request.param == "memory" else SQLiteStore(tmp_path / "shop.db", synchronous="NORMAL")
    clock = ManualClock()
    made = Kernel(store, clock=clock, archive=ArchiveFolder.at(tmp_path / "archive"))
    for command in (PutItem("TEA"), PutLocation("WH1"), ReceiveStock("WH1", [Received("TEA", 50)], "supplier", "GR-1")):
        made.handle(command)
    for number in (1, 2, 3):
        customer = "C-2" if number == 2 else "C-1"
        lines = [Line("TEA", 1, "3.50")]
        id = made.handle(PlaceOrder("web", str(number), "EUR", lines, customer=customer, ship_to=HOME)).order_id
        if number < 3:
            made.handle(Ship(id, carrier="Post", tracking=f"P-{number}"))
            (parcel,) = made.order(id).parcels
            told = RecordTracking(id, parcel, "delivered", clock.now(), text="Left with Charles B.")
            made.handle(told)
            if not made.order(id).parcels[parcel].delivered:
                made.handle(ConfirmDelivery(id, parcel))
    yield made
    made.close()


def everything(kernel):
    """All that the store holds, as text."""
    with kernel.store.export() as export:
        rows = [*export.log(), *export.ids(), *export.documents(), *export.counters(), *export.timers()]
    return "\n".join(map(repr, rows))


def archived(kernel):
    """All that the archive holds, as text."""
    archive = kernel.core.archive
    return "\n".join(gzip.decompress(archive.get(name)).decode() for name in archive.names())


def old(kernel):
    kernel.core.clock.advance(LATER)
    kernel.handle(PutItem("LATER"))
    return Upkeep(kernel).archive(kernel.core.clock.now() - timedelta(days=30))


def test_nothing_personal_stands_in_the_log_to_begin_with(kernel):
    with kernel.store.export() as export:
        text = "\n".join(map(repr, [*export.log(), *export.ids()]))
    assert not [word for word in WORDS if word in text]
    assert [fact.text for parcel in kernel.tracking("web:1") for fact in parcel.facts] == ["Left with Charles B."]


def test_an_order_is_erased_and_reads_as_erased(kernel):
    was = kernel.order("web:1")
    assert kernel.person("web:1") == HOME
    receipt = Upkeep(kernel).erase("web:1", reference="T-7", actor="dpo")
    assert receipt.events == (PersonErased("web:1", "T-7"),)
    assert kernel.person("web:1") == ErasedAddress(kernel.core.clock.now())
    assert kernel.order("web:1") == was
    assert [fact.text for parcel in kernel.tracking("web:1") for fact in parcel.facts] == [""]
    assert kernel.person("web:2") == HOME
    record = kernel.log().records[-1]
    assert (record.stream, record.actor) == ("erasure/web:1", "dpo")
    assert kernel.verify() == ()
    again = Upkeep(kernel).erase("web:1", reference="T-7", actor="dpo")
    assert again.events == ()
    with pytest.raises(NotFound):
        Upkeep(kernel).erase("web:none")


def test_all_orders_of_a_customer_are_erased(kernel):
    assert Upkeep(kernel).erase_customer("C-1", reference="T-8") == ("web:1", "web:3")
    assert isinstance(kernel.person("web:3"), ErasedAddress)
    assert kernel.person("web:2") == HOME
    Upkeep(kernel).erase_customer("C-2")
    assert not [word for word in WORDS if word in everything(kernel)]
    assert kernel.verify() == ()


def test_only_closed_orders_are_erased_by_age(kernel):
    now = kernel.core.clock.now()
    assert Upkeep(kernel).erase_before(now - timedelta(days=1)) == ()
    kernel.core.clock.advance(timedelta(days=800))
    assert Upkeep(kernel).erase_before(kernel.core.clock.now() - timedelta(days=730)) == ("web:1", "web:2")
    assert Upkeep(kernel).erase_before(kernel.core.clock.now() - timedelta(days=730)) == ()
    assert kernel.person("web:3") == HOME


def test_what_is_archived_is_erased_there(kernel):
    assert old(kernel).orders == 2
    assert "Lovelace" in archived(kernel)
    with pytest.raises(Archived):
        kernel.handle(ErasePerson("web:1"))
    Upkeep(kernel).erase("web:1", reference="T-9")
    assert "Lovelace" in archived(kernel)  # of the other order
    assert Upkeep(kernel).erase_customer("C-2") == ("web:2",)
    assert not [word for word in WORDS if word in archived(kernel)]
    assert kernel.verify() == Upkeep(kernel).verify_archive() == ()
    Upkeep(kernel).restore("web:1")
    assert kernel.person("web:1") is None
    assert kernel.verify() == Upkeep(kernel).verify_archive() == ()
    assert [record.stream for record in kernel.log(kernel.store.cursor_of("archive")).records][-2:] == [
        "erasure/web:1", "erasure/web:2",
    ]  # fmt: skip


def test_by_age_what_is_archived_is_erased_too(kernel):
    old(kernel)
    assert set(Upkeep(kernel).erase_before(kernel.core.clock.now())) == {"web:1", "web:2"}
    assert not [word for word in WORDS if word in archived(kernel)]
    assert Upkeep(kernel).erase_before(kernel.core.clock.now()) == ()


def test_a_companion_that_nobody_knows_is_erased_as_well(kernel):
    archive = kernel.core.archive

    class Gone(Exception):
        pass

    class Stops:
        def __init__(self, store):
            self.store = store

        def __getattr__(self, name):
            return getattr(self.store, name)

        def archive(self, cut, *, tenant=""):
            raise Gone

    store, kernel.store = kernel.store, Stops(kernel.store)
    with pytest.raises(Gone):
        old(kernel)
    kernel.store = store
    assert "Lovelace" in archived(kernel)
    for number in (1, 2):
        Upkeep(kernel).erase(f"web:{number}")
    assert not [word for word in WORDS if word in archived(kernel)]
    assert list(archive.names())


def test_raw_documents_about_an_erased_order_are_gone(tmp_path):
    clock, channel = ManualClock(), MemoryChannel("web")
    kernel = Kernel(clock=clock, channels={"web": channel})
    kernel.handle(PutItem("TEA"))
    kernel.handle(PutLocation("WH1"))
    kernel.handle(ReceiveStock("WH1", [Received("TEA", 50)], "supplier", "GR-1"))
    kernel.handle(PlaceOrder("web", "1", "EUR", [Line("TEA", 1, "3.50")], ship_to=HOME))
    sent = Transmission("web", "application/json", b'{"name": "Ada Lovelace"}', {}, clock.now())
    kept, raw = quarantine(sent, (Problem("change_proposed", "reject", "", "It differs.", subject="1"),))
    kernel.store.commit(batch("kept", documents=[
        PutDocument("quarantine", kept.document, kept, None, kept.status, ""), PutDocument("raw", raw.document, raw),
    ]))  # fmt: skip
    Upkeep(kernel).erase("web:1")
    query = ReadDocuments("raw")
    assert kernel.store.read([query]).of(query) == ()
    assert [one.status for one in kernel.quarantine(None)] == ["erased"]
    assert kernel.quarantine() == ()
    with pytest.raises(Erased):
        kernel.replay(kept.document)


def test_by_age_the_bytes_of_what_was_replayed_go_and_those_of_what_is_open_stay(kernel):
    now = kernel.core.clock.now()
    for name, done in (("done", True), ("open", False)):
        sent = Transmission("web", "application/json", f'{{"name": "Ada Lovelace {name}"}}'.encode(), {}, now)
        kept, raw = quarantine(sent, (Problem("unknown_item", "reject", "", "No such item.", subject=name),))
        kept = kept.replayed() if done else kept
        put = PutDocument("quarantine", kept.document, kept, None, kept.status, "")
        kernel.store.commit(batch(f"kept {name}", documents=[put, PutDocument("raw", raw.document, raw)]))
    Upkeep(kernel).erase_before(now)
    assert sorted(one.status for one in kernel.quarantine(None)) == ["open", "replayed"]
    Upkeep(kernel).erase_before(now + timedelta(days=1))
    assert sorted(one.status for one in kernel.quarantine(None)) == ["erased", "open"]
    query = ReadDocuments("raw")
    assert len(kernel.store.read([query]).of(query)) == 1
    assert kernel.verify() == ()


def test_an_erased_order_is_not_erased_of_what_its_channel_repeats(kernel):
    Upkeep(kernel).erase("web:1")
    lines = [Line("TEA", 1, "3.50")]
    repeat = kernel.handle(PlaceOrder("web", "1", "EUR", lines, customer="C-1", ship_to=HOME))
    assert repeat.duplicate
    assert isinstance(kernel.person("web:1"), ErasedAddress)
