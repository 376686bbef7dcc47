"""S19 A connection that the host lends: whatever is written follows the host's transaction, and nothing else is touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Protocol

import pytest

from ordercore.errors import StoreError
from ordercore.store import (
    Batch,
    Committed,
    Conflicted,
    Duplicate,
    Mismatched,
    Pending,
    PutDocument,
    ReadHead,
    SetTimer,
    Short,
    Store,
)
from ordercore.testing.rules.subject import (
    Subject,
    commit_all,
    committed,
    document,
    events,
    log,
    outcome,
    units,
    version,
)
from ordercore.testing.sample_events import (
    NOW,
    Noted,
    Sample,
    Sheet,
    append,
    batch,
    delivery,
    moved,
    order,
    receive,
    reserve,
    sample_codec,
    ship,
)
from ordercore.values import Stream

MINUTE = timedelta(minutes=1)


class BorrowedStore(Store, Protocol):
    """A store on a connection of the host."""

    def in_transaction(self) -> bool:
        """Whether what would be written now waits for a transaction of the host."""
        ...


class BorrowedHost(Protocol):
    """A host as a suite plays it: one connection of its own, a table of its own, and its own means to end a transaction.

    Several hosts of one test are connected to the same database, in which the tables of the store are.
    """

    def store(self, in_transaction: Callable[[], bool] | None = None) -> BorrowedStore:
        """A new store on this host's connection."""
        ...

    def begin(self) -> None:
        """Begin a transaction, so that two hosts may have one open at once where the database can do that."""
        ...

    def commit(self) -> None: ...

    def rollback(self) -> None: ...

    def savepoint(self, name: str) -> None: ...

    def rollback_to(self, name: str) -> None:
        """Undo what was done since the savepoint; it stays."""
        ...

    def write(self, text: str) -> None:
        """A row into the host's own table."""
        ...

    def written(self) -> list[str]:
        """The rows of the host's own table as its connection sees them, in order."""
        ...

    def is_open(self) -> bool:
        """Whether the connection has a transaction open."""
        ...

    def state(self) -> object:
        """Everything about the session that a guest could change: settings, temporary tables, locks, prepared statements."""
        ...

    def close(self) -> None: ...


HostFactory = Callable[[], BorrowedHost]
"""Connects one more host to the database of this test; the first call makes it, with the tables of the store."""


def lent(host: BorrowedHost, in_transaction: Callable[[], bool] | None = None) -> BorrowedStore:
    """A store on the host's connection, with the codec of the suite."""
    store = host.store(in_transaction)
    store.use_codec(sample_codec())
    return store


def pending(store: Store, made: Batch) -> Pending:
    """Commit it; the result, which must be `Pending`."""
    result = store.commit(made)
    assert isinstance(result, Pending), result
    return result


class BorrowedRules(Subject):
    """S19, for stores with `borrowed_transaction`."""

    @pytest.fixture
    def host_factory(self) -> HostFactory:
        """Override this where the store declares `borrowed_transaction`: it connects a host to the database of this test."""
        self.missing("the fixture host_factory")

    @pytest.fixture
    def hosts(self, request: pytest.FixtureRequest) -> Iterator[tuple[BorrowedHost, BorrowedHost]]:
        """The host whose transaction it is, and another that looks on."""
        self.needs("borrowed_transaction")
        factory: HostFactory = request.getfixturevalue("host_factory")
        one, other = factory(), factory()
        yield one, other
        for host in (one, other):
            if host.is_open():
                host.rollback()
            host.close()

    @pytest.fixture
    def host(self, hosts: tuple[BorrowedHost, BorrowedHost]) -> BorrowedHost:
        """The host whose transaction it is."""
        return hosts[0]

    @pytest.fixture
    def borrowed(self, host: BorrowedHost) -> BorrowedStore:
        """The store on its connection, with five units of TEA."""
        store = lent(host)
        commit_all(store, delivery("stock", receive("TEA", 5)))
        return store

    @pytest.fixture
    def onlooker(self, hosts: tuple[BorrowedHost, BorrowedHost]) -> BorrowedStore:
        """A store on the other host's connection."""
        return lent(hosts[1])

    def test_s19_1_a_batch_in_the_hosts_transaction_is_pending_until_its_commit(
        self, host: BorrowedHost, borrowed: BorrowedStore, onlooker: BorrowedStore
    ) -> None:
        host.begin()
        host.write("mine")
        assert dict(pending(borrowed, order("a", reserve("TEA", 2, "1"))).versions) == {Stream("order/a"): 1}
        assert host.is_open()
        assert units(borrowed, "TEA") == {"available": 3, "reserved": 2}
        assert (units(onlooker, "TEA"), version(onlooker, "order/a")) == ({"available": 5}, 0)
        host.commit()
        for store in (borrowed, onlooker):
            assert units(store, "TEA") == {"available": 3, "reserved": 2}
            first = outcome(store, "a")
            assert first is not None
            assert first.position == log(store)[-1].position
            assert store.verify() == ()
        assert host.written() == ["mine"]

    def test_s19_2_a_rollback_of_the_host_leaves_nothing(
        self, host: BorrowedHost, borrowed: BorrowedStore, onlooker: BorrowedStore
    ) -> None:
        host.begin()
        pending(borrowed, order("a", reserve("TEA", 2, "1")))
        pending(borrowed, batch("b", documents=[PutDocument("sheet", "1", Sheet("b"))], bumps=["seen"]))
        pending(borrowed, batch("c", timers=[SetTimer("expire", "1", NOW)]))
        host.rollback()
        for store in (borrowed, onlooker):
            assert (units(store, "TEA"), version(store, "order/a")) == ({"available": 5}, 0)
            assert (document(store, "sheet", "1"), store.next_due()) == (None, None)
            assert [outcome(store, id) for id in "abc"] == [None, None, None]
            assert len(log(store)) == 1
        committed(borrowed.commit(order("a", reserve("TEA", 1, "1"))))
        assert borrowed.verify() == ()

    def test_s19_3_a_savepoint_of_the_host_takes_back_what_came_after_it(
        self, host: BorrowedHost, borrowed: BorrowedStore
    ) -> None:
        host.begin()
        pending(borrowed, order("a", reserve("TEA", 1, "1")))
        host.savepoint("outer")
        pending(borrowed, order("b", reserve("TEA", 1, "1")))
        host.savepoint("inner")
        pending(borrowed, order("c", reserve("TEA", 1, "1")))
        host.rollback_to("inner")
        pending(borrowed, order("d", reserve("TEA", 1, "1")))
        host.rollback_to("outer")
        pending(borrowed, order("e", reserve("TEA", 1, "1")))
        host.commit()
        assert [version(borrowed, f"order/{id}") for id in "abcde"] == [1, 0, 0, 0, 1]
        assert units(borrowed, "TEA") == {"available": 3, "reserved": 2}
        assert borrowed.verify() == ()

    def test_s19_4_a_refusal_undoes_itself_and_leaves_the_transaction_usable(
        self, host: BorrowedHost, borrowed: BorrowedStore
    ) -> None:
        host.begin()
        host.write("before")
        pending(borrowed, order("a", reserve("TEA", 2, "1")))
        short = borrowed.commit(
            batch(
                "b",
                append("order/b", 0, moved(receive("CUP", 1), reserve("TEA", 9, "1"))),
                documents=[PutDocument("sheet", "b", Sheet("b"))],
            )
        )
        assert isinstance(short, Short)
        assert [(one.sku, one.missing) for one in short.shortages] == [("TEA", 6)]
        assert isinstance(borrowed.commit(order("c", expected=3)), Conflicted)
        assert isinstance(borrowed.commit(batch("a", command=Sample("other"))), Mismatched)
        host.write("after")
        pending(borrowed, order("d", ship("TEA", 1, "1"), expected=1, stream="order/a"))
        host.commit()
        assert host.written() == ["before", "after"]
        assert units(borrowed, "TEA") == {"available": 3, "reserved": 1}
        assert (units(borrowed, "CUP"), document(borrowed, "sheet", "b")) == ({}, None)
        assert [version(borrowed, f"order/{id}") for id in "abc"] == [2, 0, 0]
        assert borrowed.verify() == ()

    def test_s19_5_a_repeat_in_the_same_transaction_is_a_duplicate(
        self, host: BorrowedHost, borrowed: BorrowedStore
    ) -> None:
        made = order("a", reserve("TEA", 2, "1"))
        host.begin()
        pending(borrowed, made)
        again = borrowed.commit(made)
        assert isinstance(again, Duplicate)
        assert (again.first.events, again.first.position) == (made.appends[0].events, None)
        host.rollback()
        host.begin()
        pending(borrowed, made)
        host.commit()
        again = borrowed.commit(made)
        assert isinstance(again, Duplicate)
        assert again.first.position is not None
        assert units(borrowed, "TEA") == {"available": 3, "reserved": 2}

    def test_s19_6_each_batch_of_a_group_is_for_itself(self, host: BorrowedHost, borrowed: BorrowedStore) -> None:
        group = [order(id, reserve("TEA", quantity, "1")) for id, quantity in (("a", 2), ("b", 9), ("c", 3), ("d", 1))]
        host.begin()
        host.write("mine")
        results = borrowed.commit_many(group)
        assert [type(result) for result in results] == [Pending, Short, Pending, Short]
        results = borrowed.commit_many([group[0], delivery("e", receive("CUP", 1)), delivery("f", receive("BOX", 1))])
        assert [type(result) for result in results] == [Duplicate, Pending, Pending]
        host.commit()
        assert units(borrowed, "TEA") == {"reserved": 5}
        assert host.written() == ["mine"]
        assert borrowed.verify() == ()

    def test_s19_7_the_log_shows_what_is_committed_and_nothing_is_missed(
        self, hosts: tuple[BorrowedHost, BorrowedHost], borrowed: BorrowedStore, onlooker: BorrowedStore
    ) -> None:
        host, _ = hosts
        before = log(borrowed)
        host.begin()
        pending(borrowed, batch("a", append("order/a", 0, Noted("a"))))
        beside = _try_beside(onlooker, batch("b", append("order/b", 0, Noted("b"))))
        for store in (borrowed, onlooker):
            seen = log(store)
            assert seen[: len(before)] == before or store is borrowed
            assert not [record for record in seen if record.stream == "order/a"]
        page = onlooker.read_all(None, 100)
        host.commit()
        rest = onlooker.read_all(page.cursor, 100)
        noted = [record.stream for record in (*page.records, *rest.records)]
        assert sorted(noted) == sorted(["receipt/stock", "order/a", *(["order/b"] if beside else [])])
        assert log(borrowed) == log(onlooker) == [*page.records, *rest.records]

    def test_s19_8_what_may_be_undone_is_not_settled(self, host: BorrowedHost, borrowed: BorrowedStore) -> None:
        asked = ReadHead(Stream("order/a"))
        assert borrowed.read([asked]).settled
        host.begin()
        host.write("mine")
        pending(borrowed, order("a", reserve("TEA", 1, "1")))
        for queries in ([asked], [asked, ReadHead(Stream("order/b"))]):
            snapshot = borrowed.read(queries)
            assert (snapshot.of(asked), snapshot.settled) == (1, False)
        host.commit()
        assert borrowed.read([asked]).settled

    def test_s19_9_the_session_is_as_it_was(self, host: BorrowedHost, borrowed: BorrowedStore) -> None:
        assert not host.is_open()
        state = host.state()
        _use(borrowed, "outside")
        assert not host.is_open()
        assert host.state() == state
        host.begin()
        within = host.state()
        _use(borrowed, "inside")
        assert host.is_open()
        assert host.state() == within
        host.rollback()
        assert host.state() == state

    def test_s19_10_without_a_transaction_of_the_host_it_is_committed_at_once(
        self, host: BorrowedHost, borrowed: BorrowedStore, onlooker: BorrowedStore
    ) -> None:
        done = committed(borrowed.commit(order("a", reserve("TEA", 2, "1"))))
        assert done.settled
        assert done.position == log(onlooker)[-1].position
        assert not host.is_open()
        assert isinstance(borrowed.commit(order("b", reserve("TEA", 9, "1"))), Short)
        assert not host.is_open()
        assert units(onlooker, "TEA") == {"available": 3, "reserved": 2}

    def test_s19_11_timers_and_followers_follow_the_host(
        self, host: BorrowedHost, borrowed: BorrowedStore, onlooker: BorrowedStore
    ) -> None:
        commit_all(borrowed, batch("t", timers=[SetTimer("expire", "1", NOW), SetTimer("expire", "2", NOW)]))
        end = borrowed.read_all(None, 100).cursor
        host.begin()
        taken = borrowed.lease_due("me", NOW, MINUTE, limit=1)
        assert [lease.key for lease in taken] == ["1"]
        assert borrowed.ack(taken[0])
        effects = batch("f", documents=[PutDocument("sheet", "1", Sheet("f"))])
        assert isinstance(borrowed.checkpoint("shelf", None, end, effects), Pending)
        assert isinstance(borrowed.checkpoint("mail", None, end), Pending)
        assert isinstance(borrowed.checkpoint("mail", None, end), Conflicted)
        assert (borrowed.cursor_of("shelf"), onlooker.cursor_of("shelf")) == (end, None)
        host.rollback()
        assert (borrowed.cursor_of("shelf"), borrowed.cursor_of("mail")) == (None, None)
        assert document(borrowed, "sheet", "1") is None
        host.begin()
        again = borrowed.lease_due("me", NOW, MINUTE)
        assert [lease.key for lease in again] == ["1", "2"]
        assert borrowed.nack(again[0], NOW + MINUTE)
        assert borrowed.ack(again[1])
        assert isinstance(borrowed.checkpoint("shelf", None, end, effects), Pending)
        host.commit()
        assert onlooker.next_due() == NOW + MINUTE
        assert onlooker.cursor_of("shelf") == end

    def test_s19_12_nothing_of_an_undone_transaction_is_remembered(
        self, host: BorrowedHost, borrowed: BorrowedStore, onlooker: BorrowedStore
    ) -> None:
        host.begin()
        pending(borrowed, delivery("a", receive("CUP", 7), receive("BOX", 3, lot="L1")))
        assert units(borrowed, "CUP") == {"available": 7}
        assert units(borrowed, "BOX", lot="L1") == {"available": 3}
        host.savepoint("half")
        pending(borrowed, delivery("b", receive("POT", 2)))
        assert units(borrowed, "POT") == {"available": 2}
        host.rollback_to("half")
        pending(borrowed, delivery("c", receive("PAN", 4)))
        assert (units(borrowed, "POT"), units(borrowed, "PAN")) == ({}, {"available": 4})
        host.rollback()
        committed(onlooker.commit(delivery("d", receive("LID", 1), receive("POT", 5))))
        committed(borrowed.commit(delivery("e", receive("CUP", 2), receive("BOX", 1, lot="L2"))))
        for store in (borrowed, onlooker):
            held = [units(store, sku) for sku in ("CUP", "BOX", "POT", "PAN", "LID")]
            assert held == [{"available": n} if n else {} for n in (2, 1, 5, 0, 1)]
            assert units(store, "BOX", lot="L1") == {}
            assert store.verify() == ()

    def test_s19_13_it_says_whether_a_transaction_of_the_host_is_open(
        self, host: BorrowedHost, borrowed: BorrowedStore
    ) -> None:
        assert not borrowed.in_transaction()
        host.begin()
        assert borrowed.in_transaction()
        host.rollback()
        assert not borrowed.in_transaction()

    def test_s19_14_in_a_test_case_of_the_host_it_counts_as_committed_and_is_not_remembered(
        self, host: BorrowedHost, borrowed: BorrowedStore, onlooker: BorrowedStore
    ) -> None:
        inner = False
        store = lent(host, lambda: inner)
        host.begin()
        assert not store.in_transaction()
        done = committed(store.commit(order("a", reserve("TEA", 2, "1"))))
        assert not done.settled
        assert done.position == log(store)[-1].position
        assert not store.read([ReadHead(Stream("order/a"))]).settled
        host.savepoint("view")
        inner = True
        pending(store, order("b", reserve("TEA", 1, "1")))
        inner = False
        assert [record.stream for record in log(store)][-2:] == ["order/a", "order/b"]
        host.rollback()
        assert len(log(store)) == len(log(onlooker)) == 1
        assert units(store, "TEA") == {"available": 5}

    def test_s19_15_a_closed_store_leaves_the_hosts_connection_open(
        self, host: BorrowedHost, borrowed: BorrowedStore
    ) -> None:
        host.begin()
        pending(borrowed, order("a", reserve("TEA", 1, "1")))
        borrowed.close()
        host.write("mine")
        host.commit()
        assert host.written() == ["mine"]
        assert version(lent(host), "order/a") == 1
        with pytest.raises(StoreError):
            borrowed.commit(order("b", reserve("TEA", 1, "1")))

    def test_s19_16_the_next_transaction_reads_what_others_wrote_meanwhile(
        self, host: BorrowedHost, borrowed: BorrowedStore, onlooker: BorrowedStore
    ) -> None:
        host.begin()
        pending(borrowed, order("a", reserve("TEA", 1, "1")))
        assert len(events(borrowed, "order/a")) == 1
        host.rollback()
        committed(onlooker.commit(batch("x", append("order/a", 0, Noted("theirs"), Noted("twice")))))
        host.begin()
        assert events(borrowed, "order/a") == (Noted("theirs"), Noted("twice"))
        assert isinstance(borrowed.commit(order("a", reserve("TEA", 1, "1"))), Conflicted)
        pending(borrowed, order("y", reserve("TEA", 1, "1"), expected=2, stream="order/a"))
        host.commit()
        assert version(onlooker, "order/a") == 3


def _try_beside(store: Store, made: Batch) -> bool:
    """Commit while the host's transaction is open; False where the database has one writer at a time."""
    try:
        return isinstance(store.commit(made), Committed)
    except StoreError:
        return False


def _use(store: Store, name: str) -> None:
    """A bit of everything."""
    store.commit(order(name, reserve("TEA", 1, "1")))
    store.commit(order(f"{name}-short", reserve("TEA", 99, "1")))
    store.commit_many([delivery(f"{name}-{n}", receive("CUP", n + 1)) for n in range(3)])
    store.read([ReadHead(Stream("order/a")), ReadHead(Stream("order/b"))])
    store.read_all(None, 10)
    store.commit(batch(f"{name}-timer", timers=[SetTimer("expire", name, NOW)]))
    for lease in store.lease_due("me", NOW, MINUTE):
        store.ack(lease)
    store.checkpoint(name, None, store.read_all(None, 1).cursor)
    store.verify()
