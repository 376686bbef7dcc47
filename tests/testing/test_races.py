from functools import partial

import pytest

from ordercore.store.memory import MemoryStore
from ordercore.store.sqlite import SQLiteStore
from ordercore.testing.racers import count_up
from ordercore.testing.races import race_processes, race_threads


def test_racers_answer_in_the_order_of_their_numbers(tmp_path):
    assert race_threads(MemoryStore(), 3, lambda _, number: number) == [0, 1, 2]
    factory = partial(SQLiteStore, tmp_path / "shop.db")
    assert sum(race_processes(factory, 2, count_up, 3)) >= 3


def test_a_racer_that_fails_fails_the_race_with_its_traceback(tmp_path):
    factory = partial(SQLiteStore, tmp_path / "shop.db")
    with pytest.raises(AssertionError, match=r"in count_up[\s\S]*TypeError"):
        race_processes(factory, 2, count_up, "three")
    with pytest.raises(ZeroDivisionError):
        race_threads(MemoryStore(), 2, lambda _, number: 1 // number)


def test_a_store_that_does_not_open_in_another_process_is_told_apart():
    with pytest.raises(AssertionError, match="NoSuchFolder"):
        race_processes(partial(SQLiteStore, "/NoSuchFolder/shop.db"), 2, count_up, 1)
