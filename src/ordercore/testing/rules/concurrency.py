"""S15 concurrency: races between processes, or threads where the store lives in one process.

At least six racers and stock that sells out: with less, read-modify-write and stale decisions are not seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from ordercore.store import SetTimer, Store
from ordercore.testing.racers import (
    claimed,
    count_up,
    cross,
    empty_the_shelves,
    fight_for_claims,
    follow_together,
    move_or_look,
    repeat_commands,
    see_to_timers,
    sell_out,
    take_last_unit,
    write_or_tail,
    write_what_was_seen,
)
from ordercore.testing.races import race_processes, race_threads
from ordercore.testing.rules.subject import (
    StoreFactory,
    Subject,
    commit_all,
    counter,
    document,
    events,
    log,
    open_store,
    units,
    version,
)
from ordercore.testing.sample_events import NOW, THERE, Noted, Sheet, append, batch, delivery, receive

P = ParamSpec("P")
R = TypeVar("R")


class ConcurrencyRules(Subject):
    """S15."""

    racers: int = 8
    """Of most races."""
    attempts: int = 10_000
    """Of S15.2, in total; a tenth of it can be sold."""

    def race(
        self,
        store: Store,
        factory: StoreFactory,
        count: int,
        worker: Callable[Concatenate[Store, int, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> list[R]:
        """Processes where the store has several, else threads."""
        if self.multi_process:
            return race_processes(factory, count, worker, *args, **kwargs)
        return race_threads(store, count, worker, *args, **kwargs)

    def test_s15_1_the_last_unit_has_one_winner(self, store: Store, store_factory: StoreFactory) -> None:
        skus = [f"LAST-{n}" for n in range(20)]
        commit_all(store, delivery("in", *(receive(sku, 1) for sku in skus)))
        winners = self.race(store, store_factory, self.racers, take_last_unit, skus)
        assert Counter(sku for mine in winners for sku in mine) == Counter(skus)
        assert all(units(store, sku) == {"reserved": 1} for sku in skus)
        assert store.verify() == ()

    def test_s15_2_what_there_is_is_sold_and_no_more(self, store: Store, store_factory: StoreFactory) -> None:
        stock, each = self.attempts // 10, self.attempts // self.racers
        commit_all(store, delivery("in", receive("TEA", stock)))
        sold = self.race(store, store_factory, self.racers, sell_out, each, 25)
        assert sum(sold) == stock
        assert units(store, "TEA") == {"reserved": stock}
        assert len(log(store)) == stock + 1
        assert store.verify() == ()

    def test_s15_3_no_claimant_ever_has_less_than_nothing(self, store: Store, store_factory: StoreFactory) -> None:
        orders = 3
        commit_all(store, delivery("in", receive("TEA", 500)))
        done = self.race(store, store_factory, 6, fight_for_claims, 80, orders)
        histories = [claimed(events(store, f"order/{n}")) for n in range(orders)]
        assert sum(done) == sum(len(history) for history in histories)
        assert min(min(history, default=0) for history in histories) >= 0
        held = sum(history[-1] for history in histories if history)
        assert units(store, "TEA").get("reserved", 0) == held
        assert store.verify() == ()

    def test_s15_4_orders_on_the_same_skus_in_any_order_do_not_block_each_other(
        self, store: Store, store_factory: StoreFactory
    ) -> None:
        skus = [f"SKU-{n}" for n in range(10)]
        commit_all(store, delivery("in", *(receive(sku, 40) for sku in skus)))
        sold: Counter[str] = Counter()
        for got in self.race(store, store_factory, self.racers, empty_the_shelves, skus, 40):
            sold += got
        assert sold == dict.fromkeys(skus, 40)
        assert all(units(store, sku) == {"reserved": 40} for sku in skus)
        assert store.verify() == ()

    def test_s15_5_a_reader_that_follows_writers_misses_nothing(
        self, store: Store, store_factory: StoreFactory
    ) -> None:
        writers = self.racers - 1
        read, *written = self.race(store, store_factory, self.racers, write_or_tail, writers, 60)
        assert sorted(read) == sorted(record for each in written for record in each)
        assert read == [(record.stream, record.version, record.command_id) for record in log(store)]
        for stream in {record[0] for record in read}:
            versions = [record[1] for record in read if record[0] == stream]
            assert versions == list(range(1, len(versions) + 1))

    def test_s15_6_two_workers_never_hold_the_same_timer(self, store: Store, store_factory: StoreFactory) -> None:
        names = [f"{n}" for n in range(150)]
        commit_all(store, batch("set", timers=[SetTimer("expire", name, NOW) for name in names]))
        seen_to = self.race(store, store_factory, 6, see_to_timers, 7, len(names))
        assert sorted(key for keys, _ in seen_to for key in keys) == sorted(names)
        assert sum(len(fences) for _, fences in seen_to) == len(names)
        assert store.next_due() is None

    def test_s15_7_a_command_sent_by_many_is_done_once(self, store: Store, store_factory: StoreFactory) -> None:
        commands = 20
        commit_all(store, delivery("in", receive("TEA", commands * self.racers)))
        told = self.race(store, store_factory, self.racers, repeat_commands, commands)
        for answers in zip(*told, strict=True):
            assert Counter(how for how, _ in answers) == {"first": 1, "again": self.racers - 1}
            assert len({position for _, position in answers}) == 1
        assert units(store, "TEA")["reserved"] == commands

    def test_s15_8_of_those_who_saw_the_same_version_one_writes(
        self, store: Store, store_factory: StoreFactory
    ) -> None:
        mine = self.race(store, store_factory, self.racers, write_what_was_seen, 40)
        assert sorted(number for each in mine for number in each) == list(range(1, version(store, "order/1") + 1))

    def test_s15_9_no_update_of_a_document_is_lost(self, store: Store, store_factory: StoreFactory) -> None:
        done = sum(self.race(store, store_factory, self.racers, count_up, 30))
        held = document(store, "sheet", "1")
        assert held is not None
        assert (held.revision, held.body) == (done, Sheet("count", done))
        assert counter(store, "turn") == done

    def test_s15_10_a_read_never_sees_half_of_a_commit(self, store: Store, store_factory: StoreFactory) -> None:
        commit_all(store, delivery("in", receive("TEA", 50), receive("TEA", 50, THERE)))
        looked, *_ = self.race(store, store_factory, 6, move_or_look, 60)
        assert looked == 60
        assert store.verify() == ()

    def test_s15_11_threads_share_a_store(self, store: Store) -> None:
        attempts, threads = 60, 6
        commit_all(store, delivery("in", receive("TEA", 100)))
        assert sum(race_threads(store, threads, sell_out, attempts, 20)) == 100
        assert units(store, "TEA") == {"reserved": 100}
        assert store.verify() == ()

    def test_s15_12_processes_that_open_a_new_store_at_once_share_it(self, store_factory: StoreFactory) -> None:
        self.needs("multi_process")
        mine = race_processes(store_factory, self.racers, write_what_was_seen, 2)
        store = open_store(store_factory)
        try:
            assert version(store, "order/1") == sum(len(each) for each in mine) == len(log(store))
            assert store.verify() == ()
        finally:
            store.close()

    def test_s15_13_orders_and_groups_that_cross_wait_for_each_other_without_a_deadlock(
        self, store: Store, store_factory: StoreFactory
    ) -> None:
        skus, rounds = [f"SKU-{n:02d}" for n in range(12)], 12
        commit_all(store, delivery("in", *(receive(sku, 10_000) for sku in skus)))
        in_step = max(self.race(store, store_factory, self.racers, cross, rounds, skus, False))
        crossed = max(self.race(store, store_factory, self.racers, cross, rounds, skus, True))
        # A deadlock is found after a second or so, and everybody behind it has waited meanwhile.
        assert crossed < 4 * in_step + 2, f"{crossed:.1f} s where those who do not cross took {in_step:.1f} s"
        sold = 2 * 2 * rounds * self.racers
        assert all(units(store, sku) == {"available": 10_000 - sold, "reserved": sold} for sku in skus)
        assert store.verify() == ()

    def test_s15_14_of_several_workers_of_a_follower_one_takes_each_page(
        self, store: Store, store_factory: StoreFactory
    ) -> None:
        names = [f"{number}" for number in range(90)]
        commit_all(store, *(batch(f"in {name}", append(f"note/{name}", 0, Noted(name))) for name in names))
        pages = self.race(store, store_factory, self.racers, follow_together, 3)
        assert [counter(store, f"told/in {name}") for name in names] == [1] * len(names)
        assert sum(pages) == len(names) / 3
        assert store.cursor_of("counting") == store.read_all(None, 1_000).cursor
