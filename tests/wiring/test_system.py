"""Ids of a kernel that is given none."""

from itertools import pairwise
from threading import Thread
from uuid import RFC_4122, UUID

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


def test_ids_keep_their_order_when_the_clock_is_set_back(monkeypatch):
    ids = TimeOrderedIds()
    first = ids.new("cmd")
    monkeypatch.setattr("ordercore.wiring.system.time_ns", lambda: 1_000_000_000)
    assert ids.new("cmd") > first


def test_a_fork_does_not_go_on_counting_where_its_parent_stands(monkeypatch):
    monkeypatch.setattr("ordercore.wiring.system.time_ns", lambda: 1_800_000_000_000_000_000)
    ids = TimeOrderedIds()
    numbers = [int(ids.new("cmd")[4:], 16) for _ in range(2)]
    monkeypatch.setattr("ordercore.wiring.system.getpid", lambda: -1)
    numbers += [int(ids.new("cmd")[4:], 16) for _ in range(2)]
    assert [later - earlier == 1 for earlier, later in pairwise(numbers)] == [True, False, True]
