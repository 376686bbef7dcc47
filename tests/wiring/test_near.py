"""A name that is not there: what it may have meant, at a price that is known."""

import asyncio

import pytest

from ordercore import AsyncKernel, Kernel, Line, PlaceOrder, PutItem, PutLocation, ReceiveStock, Ship
from ordercore.errors import BrokenRule, ConfigurationError, NotFound, StoreBusy
from ordercore.order import AddHold
from ordercore.order.events import OrderConfirmed, OrderPlaced
from ordercore.stock import Received
from ordercore.store import ReadDocument, ReadDocuments
from ordercore.store.memory import MemoryStore
from ordercore.store.sqlite import SQLiteStore
from ordercore.wiring.near import EACH, SEEKS, SLIPS, slips_of


class Counting(MemoryStore):
    """Counts what is asked of documents, or is busy."""

    asked, busy = 0, False

    def read(self, queries, *, tenant=""):
        if self.busy and any(isinstance(query, ReadDocuments) for query in queries):
            raise StoreBusy("Busy.")
        self.asked += sum(query.limit for query in queries if isinstance(query, ReadDocuments) and query.kind == "item")
        self.asked += sum(isinstance(query, ReadDocument) for query in queries)
        return super().read(queries, tenant=tenant)


@pytest.fixture(scope="module", params=["memory", "sqlite"])
def shop(request, tmp_path_factory):
    """Only asked for what is not there, so it is shared."""
    store = Counting() if request.param == "memory" else SQLiteStore(tmp_path_factory.mktemp("near") / "shop.db")
    with Kernel(store) as kernel:
        kernel.handle_many([PutItem(f"SKU-{n:04d}") for n in range(1_000)])
        for command in (PutItem("TEA"), PutLocation("WH1"), ReceiveStock("WH1", [Received("TEA", 99)])):
            kernel.handle(command)
        for n in range(60):
            kernel.handle(PlaceOrder("web" if n < 59 else "shop", str(1000 + n), "EUR", [Line("TEA", 1)]))
        yield kernel


def order_of(sku, **fields):
    return PlaceOrder("web", "1", "EUR", [Line(sku, 1)], **fields)


@pytest.mark.parametrize(
    ("sku", "hint"),
    [
        ("TAE", "'TEA'"),
        ("tea", "'TEA'"),
        ("SKU-07123", "'SKU-0712'"),
        ("SKU-O712", "'SKU-0712'"),
        ("SUK-0712", "'SKU-0712'"),
        ("SSKU-0712", "'SKU-0712'"),
        ("sku-0999", "'SKU-0999'"),
    ],
)
def test_a_misspelt_sku_names_the_nearest_in_a_large_catalog(shop, sku, hint):
    for ask in (shop.stock, shop.available, lambda sku: shop.why(sku, "WH1"), lambda sku: shop.handle(order_of(sku))):
        with pytest.raises(NotFound) as caught:
            ask(sku)
        assert hint in caught.value.hint
        assert (caught.value.kind, caught.value.name) == ("item", sku)


def test_a_sku_that_is_like_none_is_refused_without_a_guess(shop):
    with pytest.raises(NotFound) as caught:
        shop.stock("XYLOPHONE")
    assert caught.value.hint == ""


@pytest.mark.parametrize(
    ("order", "hint"),
    [("wbe:1001", "Did you mean 'web:1001'?"), ("1059", "Did you mean 'shop:1059'?"), ("web:1059", "'shop:1059'"),
     ("web:10580", "'web:1058'")],
)  # fmt: skip
def test_a_misspelt_order_names_the_nearest(shop, order, hint):
    for ask in (shop.order, shop.timeline, shop.explain, lambda id: shop.handle(Ship(id))):
        with pytest.raises(NotFound) as caught:
            ask(order)
        assert hint in caught.value.hint


def test_slips_are_looked_alike_changed_places_and_one_too_many():
    assert slips_of("A0") == ["AO", "0A", "0", "A"]
    assert slips_of("A") == []


def test_an_empty_shop_says_what_makes_the_first(shop):
    empty = Kernel()
    with pytest.raises(NotFound, match="PutItem defines one"):
        empty.stock("TEA")
    with pytest.raises(NotFound, match="PlaceOrder places one"):
        empty.order("web:1")


def test_a_guess_costs_a_bounded_number_of_documents_and_only_after_a_refusal():
    store = Counting()
    kernel = Kernel(store)
    kernel.handle_many([PutItem(f"SKU-{n:05d}") for n in range(5_000)])
    store.asked = 0
    kernel.stock("SKU-00001")
    asked = store.asked
    assert asked <= 4
    with pytest.raises(NotFound):
        kernel.stock("SKU-" + "X" * 60)
    assert 0 < store.asked - asked <= 4 + (SEEKS + 1) * EACH + SLIPS


def test_a_store_that_is_busy_takes_no_refusal_away():
    store = Counting()
    kernel = Kernel(store)
    store.busy = True
    with pytest.raises(NotFound) as caught:
        kernel.order("web:1")
    assert caught.value.hint == ""


def test_locations_strategies_and_words_of_commands_name_the_nearest(shop):
    for command, hint in (
        (ReceiveStock("WH2", [Received("TEA", 1)]), "'WH1'"),
        (order_of("TEA", strategy="neerest"), "'nearest'"),
    ):
        with pytest.raises(NotFound, match=hint):
            shop.handle(command, key=hint)
    with pytest.raises(ConfigurationError, match="'fewest_parcels'"):
        Kernel(strategy="fewest_parcel")
    with pytest.raises(ConfigurationError, match="One of fewest_parcels, nearest, priority"):
        Kernel(strategy="magic")


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (PlaceOrder, "This is the class: build one, PlaceOrder(...)."),
        (OrderConfirmed(), "Events are what happened; a command asks for it. Did you mean 'ConfirmOrder'"),
        (OrderPlaced, "Events are what happened; a command asks for it."),
        (type("AddHolds", (), {})(), "Did you mean 'AddHold'?"),
        ({"sku": "TEA"}, "Commands are exported from their area"),
    ],
)
def test_what_is_no_command_is_told_what_was_meant(wrong, hint):
    with pytest.raises(BrokenRule) as caught:
        Kernel().handle(wrong)
    assert hint in caught.value.hint


def test_what_stands_in_the_way_is_named():
    kernel = Kernel()
    for command in (PutItem("TEA"), PutLocation("WH1"), ReceiveStock("WH1", [Received("TEA", 9)])):
        kernel.handle(command)
    kernel.handle(order_of("TEA"))
    kernel.handle(AddHold("web:1", "fraud", "fraud", ("ship",)))
    from ordercore.errors import AlreadyExists

    with pytest.raises(AlreadyExists, match="ReleaseHold first"):
        kernel.handle(AddHold("web:1", "fraud", "fraud", ("ship",)))
    with pytest.raises(AlreadyExists, match="Define a new SKU"):
        kernel.handle(PutItem("TEA", scale=2))


def test_the_asynchronous_kernel_guesses_too():
    async def ask():
        kernel = AsyncKernel()
        await kernel.handle(PutItem("TEA"))
        await kernel.stock("TAE")

    with pytest.raises(NotFound, match="Did you mean 'TEA'"):
        asyncio.run(ask())
