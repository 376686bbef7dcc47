import pytest

from ordercore import Line, PlaceOrder, PutItem, PutLocation, ReceiveStock
from ordercore.errors import NotFound
from ordercore.projection import CHUNK
from ordercore.stock import AdjustStock, Received
from ordercore.values import GeoPoint


def test_a_journal_leads_from_nothing_to_what_stands_there_now(shop):
    why = shop.why("TEA", "WH1")
    assert [type(movement.event).__name__ for movement in why.movements] == [
        "StockReceived",
        "OrderAllocated",
        "ParcelShipped",
        "ReturnReceived",
        "OrderAllocated",
    ]
    assert [(m.on_hand, m.available) for m in why.movements] == [(5, 5), (5, 2), (2, 2), (3, 2), (3, 0)]
    assert why.movements[1].change == (("available", -3), ("reserved", 3))
    assert why.movements[1].stream == "order/shop:1"


def test_a_journal_grows_with_the_log_and_is_the_same_when_read_again(shop):
    before = shop.why("TEA", "WH2").movements
    assert shop.why("TEA", "WH2").movements == before
    shop.handle(AdjustStock("WH2", "TEA", 2, "found"))
    after = shop.why("TEA", "WH2").movements
    assert after[: len(before)] == before
    assert (after[-1].on_hand - before[-1].on_hand, len(after)) == (2, len(before) + 2)


def test_a_journal_is_complete_beyond_one_chunk_of_its_index(shop):
    receipts = [ReceiveStock("WH1", [Received("KG", 1)], "dock", str(n)) for n in range(CHUNK + 5)]
    shop.handle_many(receipts)
    movements = shop.why("KG", "WH1").movements
    assert (len(movements), movements[-1].on_hand) == (CHUNK + 5, CHUNK + 5)
    shop.handle(AdjustStock("WH1", "KG", -1, "spilt"))
    assert shop.why("KG", "WH1").movements[-1].on_hand == CHUNK + 4


def test_where_nothing_happened_there_is_nothing_to_tell(shop):
    assert shop.why("MILK", "WH2").movements == ()
    with pytest.raises(NotFound):
        shop.why("TAE", "WH1")
    with pytest.raises(NotFound):
        shop.why("TEA", "WH9")


def test_an_explanation_shows_what_was_there_then_not_now(shop):
    told = shop.explain("shop:1")
    assert [(choice.site.code, leg.quantity) for choice in told.chosen for leg in choice.legs] == [("WH1", 3)]
    assert [rejection.place for rejection in told.rejected] == ["loc/WH2"]
    assert told.missing == ()


def test_an_explanation_names_what_was_missing(shop):
    (missing,) = shop.explain("shop:2").missing
    assert (missing.sku, missing.quantity) == ("TEA", 1)


def test_an_order_that_was_never_sourced_has_no_explanation(shop):
    shop.handle(PlaceOrder("shop", "4", "EUR", [Line("TEA", 1)], allocate="manual"))
    with pytest.raises(NotFound):
        shop.explain("shop:4")


def test_distances_are_part_of_an_explanation(shop):
    from ordercore import Address

    shop.handle(PutItem("CUP"))
    shop.handle(PutLocation("WH1", "One", GeoPoint.of("52.52", "13.40")))
    shop.handle(PutLocation("WH2", "Two", GeoPoint.of("48.14", "11.58")))
    for code in ("WH1", "WH2"):
        shop.handle(ReceiveStock(code, [Received("CUP", 5)]))
    address = Address("DE", point=GeoPoint.of("48.78", "9.18"))
    shop.handle(PlaceOrder("shop", "5", "EUR", [Line("CUP", 1)], ship_to=address, strategy="nearest"))
    told = shop.explain("shop:5")
    assert [choice.site.code for choice in told.chosen] == ["WH2"]
    assert told.chosen[0].metres < told.metres["loc/WH1"]
    assert "WH2" in str(told)
