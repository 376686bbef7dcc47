"""Closed orders leave PostgreSQL for an archive, come back there and in a copy, and what is personal is erased."""

from datetime import UTC, datetime, timedelta

import pytest

from ordercore import Address, Kernel, Line, PlaceOrder, PutItem, PutLocation, ReceiveStock, Ship
from ordercore.errors import Archived
from ordercore.order import ConfirmDelivery
from ordercore.order.summary import ErasedAddress
from ordercore.stock import Received
from ordercore.store.copying import copy
from ordercore.store.sqlite import SQLiteStore
from ordercore.testing import ManualClock
from ordercore.upkeep import ArchiveFolder, Upkeep
from ordercore_postgres import PostgresStore

HOME = Address("GB", "Ada Lovelace", ("12 Square",), "London")


@pytest.fixture
def shop(ordercore_postgres_schema, tmp_path):
    """Three orders of long ago, the last of them open."""
    PostgresStore.migrate(ordercore_postgres_schema)
    clock = ManualClock(datetime(2024, 1, 2, tzinfo=UTC))
    folder = ArchiveFolder.at(tmp_path / "archive")
    with Kernel(PostgresStore(ordercore_postgres_schema), clock=clock, archive=folder) as kernel:
        for command in (
            PutItem("TEA"), PutLocation("WH1"), ReceiveStock("WH1", [Received("TEA", 50)], "supplier", "GR-1"),
        ):  # fmt: skip
            kernel.handle(command)
        for number in (1, 2, 3):
            order = PlaceOrder("web", str(number), "EUR", [Line("TEA", number, "3.50")], ship_to=HOME)
            id = kernel.handle(order).order_id
            if number < 3:
                kernel.handle(Ship(id, carrier="Post", tracking=f"P-{number}"))
                for parcel in kernel.order(id).parcels:
                    kernel.handle(ConfirmDelivery(id, parcel))
        clock.advance(timedelta(days=100))
        kernel.handle(PutItem("LATER"))
        yield kernel


def sound(kernel):
    return kernel.verify() == Upkeep(kernel).verify_archive() == ()


def test_orders_leave_and_come_back_here_and_in_a_copy(shop, tmp_path):
    was, why = shop.order("web:1"), shop.why("TEA", "WH1").movements[-1]
    report = Upkeep(shop).archive(shop.core.clock.now() - timedelta(days=30))
    assert (report.orders, report.streams, report.blocked) == (2, 3, ())
    assert shop.order("web:1") == was
    assert shop.handle(PlaceOrder("web", "1", "EUR", [Line("TEA", 1, "3.50")], ship_to=HOME)).duplicate
    with pytest.raises(Archived):
        shop.handle(Ship("web:1", carrier="Post", tracking="P-9"))
    now = shop.why("TEA", "WH1").movements[-1]
    assert (now.on_hand, now.available) == (why.on_hand, why.available)
    assert sound(shop)

    store = SQLiteStore(tmp_path / "copy.db")
    with Kernel(store, clock=shop.core.clock, archive=shop.core.archive) as copied:
        assert copy(shop.store, store, copied.core.codec).differences == ()
        for kernel in (shop, copied):
            assert Upkeep(kernel).restore("web:1") == 3
            assert kernel.order("web:1") == was
            assert [row.id for row in kernel.orders()] == ["web:1", "web:3"]
            assert sound(kernel)


def test_what_is_personal_is_erased_in_store_and_archive(shop):
    Upkeep(shop).archive(shop.core.clock.now() - timedelta(days=30))
    assert set(Upkeep(shop).erase_before(shop.core.clock.now(), reference="T-1", actor="dpo")) == {"web:1", "web:2"}
    Upkeep(shop).erase("web:3")
    assert isinstance(shop.person("web:3"), ErasedAddress)
    Upkeep(shop).restore("web:1")
    assert shop.person("web:1") is None
    assert sound(shop)
