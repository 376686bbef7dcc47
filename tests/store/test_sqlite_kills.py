"""Kill -9 of processes that write to one file: what was acknowledged is there. A killed process is no power cut."""

from functools import partial

import pytest

from ordercore.store.sqlite import SQLiteStore
from ordercore.testing.crash import survive_kills


@pytest.fixture
def factory(tmp_path):
    return partial(SQLiteStore, tmp_path / "shop.db")


def test_five_kills_of_two_writers_lose_nothing(factory, record_property):
    toll = survive_kills(factory, rounds=5, writers=2)
    assert toll.acknowledged >= 5
    record_property("figures", f"SQLite, 2 writers killed: {toll}")


@pytest.mark.slow
def test_many_kills_lose_none_of_fifty_thousand_orders(factory, record_property):
    toll = survive_kills(factory, orders=50_000, writers=2, longest=5)
    record_property("figures", f"SQLite, 2 writers killed: {toll}")
