from functools import partial

import pytest

from ordercore.store.sqlite import SQLiteStore
from ordercore.testing.shoppers import sell_out_to_shoppers


@pytest.mark.parametrize(("skus", "stock", "lines"), [(1, 80, 1), (5, 40, 3)])
def test_eight_shoppers_on_a_file_sell_what_there_is(tmp_path, record_property, skus, stock, lines):
    factory = partial(SQLiteStore, tmp_path / "shop.db", synchronous="NORMAL")
    sale = sell_out_to_shoppers(factory, 8, [f"SKU{n}" for n in range(skus)], stock, lines)
    assert (sale.units, sale.asked_again) == (skus * stock, 0)
    record_property("figures", f"SQLite, 8 shoppers, {skus} SKUs: {sale}")


def test_a_store_that_oversells_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr("ordercore.testing.shoppers.race_processes", lambda *_: [])
    with pytest.raises(AssertionError, match="sold"):
        sell_out_to_shoppers(partial(SQLiteStore, tmp_path / "shop.db"), 8, ["TEA"], 3, 1)
