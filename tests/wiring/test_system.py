"""Ids of a kernel that is given none."""

import os
from threading import Thread
from uuid import RFC_4122, UUID

import pytest

from ordercore.wiring.system import TimeOrderedIds


def test_ids_are_uuids_of_version_7_in_the_order_in_which_they_were_given():
    ids = TimeOrderedIds()
    given = [ids.new("cmd") for _ in range(5_000)]
    assert given == sorted(set(given))
    for id in given[::500]:
        prefix, _, number = id.partition("_")
        assert (prefix, UUID(number).version, UUID(number).variant) == ("cmd", 7, RFC_4122)


def test_threads_never_get_the_same_id():
    ids, given = TimeOrderedIds(), []
    threads = [Thread(target=lambda: given.extend([ids.new("cmd") for _ in range(2_000)])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(given)) == 8_000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_does_not_go_on_counting_where_its_parent_stands(monkeypatch):
    monkeypatch.setattr("ordercore.wiring.system.time_ns", lambda: ids._last >> 80 and (ids._last >> 80) * 1_000_000)
    ids = TimeOrderedIds()
    ids.new("cmd")
    mine = ids._last
    monkeypatch.setattr("ordercore.wiring.system.getpid", lambda: -1)
    ids.new("cmd")
    assert ids._last != mine + 1
    second = ids._last
    ids.new("cmd")
    assert ids._last == second + 1
