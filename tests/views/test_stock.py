import pytest

from ordercore.errors import NotFound


def test_stock_is_told_place_by_place_and_bucket_by_bucket(shop):
    view = shop.stock("TEA")
    assert {row.place: dict(row.buckets) for row in view.rows} == {
        "loc/WH1": {"reserved": 2, "damaged": 1},
        "loc/WH2": {"soft_reserved": 1, "reserved": 1},
        "transfer/T1": {"available": 1},
    }
    assert (view.on_hand, view.available, shop.available("TEA")) == (6, 0, 0)


def test_what_is_under_way_is_on_hand_nowhere_and_free_for_nobody(shop):
    rows = {row.place: row for row in shop.stock("TEA").rows}
    assert (rows["transfer/T1"].on_hand, shop.available("TEA")) == (1, 0)


def test_lots_are_listed_below_their_pool(shop):
    (row,) = shop.stock("MILK").rows
    assert (row.available, {lot.lot: dict(lot.buckets) for lot in row.lots}) == (
        4,
        {"L1": {"available": 3}, "L2": {"available": 1}},
    )


def test_an_item_without_stock_has_a_view_and_an_unknown_one_has_none(shop):
    view = shop.stock("KG")
    assert (view.rows, view.on_hand, view.unit, view.scale) == ((), 0, "kg", 3)
    with pytest.raises(NotFound):
        shop.stock("TAE")
    with pytest.raises(NotFound):
        shop.available("TAE")
