"""S14 durability, S16 verify, S17 what a store may keep in memory, S18 capabilities."""

from __future__ import annotations

import pickle
from datetime import timedelta
from typing import get_args

from attrs import evolve

from ordercore.store import (
    Breach,
    Capability,
    Conflicted,
    Mismatched,
    PutDocument,
    SetTimer,
    Short,
    Store,
)
from ordercore.testing.crash import survive_kills
from ordercore.testing.rules.commits import full_batch, refusals
from ordercore.testing.rules.subject import (
    TENANTS,
    StoreFactory,
    Subject,
    commit_all,
    committed,
    counter,
    document,
    log,
    open_store,
    picture,
    units,
    unverified,
    version,
)
from ordercore.testing.sample_events import (
    HERE,
    NOW,
    Noted,
    Sheet,
    append,
    batch,
    context,
    delivery,
    moved,
    order,
    receive,
    reserve,
    scrap,
)
from ordercore.values import Sku

MINUTE = timedelta(minutes=1)


class AuditRules(Subject):
    """S14, S16, S17 and S18."""

    crash_rounds: int = 20
    """How often S14.3 kills a writer."""

    @unverified
    def test_s14_1_all_that_was_committed_is_there_after_opening_again(
        self, store: Store, store_factory: StoreFactory
    ) -> None:
        self.needs("durable")
        whole = full_batch("a")
        commit_all(store, delivery("stock", receive("TEA", 5)), whole)
        end = store.read_all(None, 100).cursor
        committed(store.checkpoint("shelf", None, end))
        before = picture(store, whole)
        store.close()
        again = open_store(store_factory)
        try:
            assert picture(again, whole) == before
            assert again.cursor_of("shelf") == end
            assert log(again, end) == []
            commit_all(again, batch("more", append("order/a", 2, Noted("more"))))
            assert [record.event for record in log(again, end)] == [Noted("more")]
            assert again.verify() == ()
        finally:
            again.close()

    @unverified
    def test_s14_2_a_lease_outlives_the_process_that_took_it(self, store: Store, store_factory: StoreFactory) -> None:
        self.needs("durable")
        self.needs("fencing")
        commit_all(store, batch("a", timers=[SetTimer("expire", "1", NOW)]))
        (lease,) = store.lease_due("me", NOW, 10 * MINUTE)
        store.close()
        again = open_store(store_factory)
        try:
            assert again.lease_due("you", NOW + 9 * MINUTE, 10 * MINUTE) == ()
            (newer,) = again.lease_due("you", NOW + 11 * MINUTE, 10 * MINUTE)
            assert newer.fence > lease.fence
            assert again.ack(lease) is False
        finally:
            again.close()

    def test_s14_3_kill_9_loses_nothing_that_was_acknowledged(self, store_factory: StoreFactory) -> None:
        self.needs("durable")
        toll = survive_kills(store_factory, rounds=self.crash_rounds)
        assert toll.acknowledged >= self.crash_rounds

    def test_s16_1_a_store_that_kept_the_contract_verifies_clean(self, store: Store) -> None:
        assert store.verify() == ()
        commit_all(store, delivery("in", receive("TEA", 5, lot="L1"), receive("CUP", 3)), full_batch("a"))
        commit_all(store, delivery("out", scrap("TEA", 3, lot="L1")))
        assert isinstance(store.commit(delivery("short", scrap("TEA", 3, lot="L1"))), Short)
        assert store.verify() == ()

    @unverified
    def test_s16_2_a_balance_that_was_negative_in_the_past_is_listed(self, store: Store) -> None:
        commit_all(store, delivery("in", receive("TEA", 5)))
        yesterday = context("out", now=NOW + MINUTE, effective=NOW - timedelta(days=1))
        commit_all(store, evolve(delivery("out", scrap("TEA", 3)), context=yesterday))
        (breach,) = store.verify()
        assert isinstance(breach, Breach)
        assert "TEA" in breach.where
        assert units(store, "TEA") == {"available": 2}

    @unverified
    def test_s16_3_a_row_that_does_not_follow_from_the_log_is_listed(self, store: Store) -> None:
        commit_all(store, delivery("in", receive("TEA", 5, lot="L1"), receive("CUP", 3)))
        self.damage(store, (Sku("CUP"), HERE, "", ""), "available", 4)
        breaches = store.verify()
        assert [breach for breach in breaches if "CUP" in breach.where]
        assert not [breach for breach in breaches if "TEA" in breach.where]

    def test_s16_4_every_rule_of_the_suite_ends_with_a_look_whether_the_store_verifies(self, store: Store) -> None:
        # The fixture `store` does it after each test; here after everything that a batch can be refused for.
        for tenant in TENANTS:
            commit_all(store, delivery("stock", receive("TEA", 5), tenant=tenant))
            commit_all(store, *(evolve(full_batch(name), tenant=tenant) for name in ("a", "taken")))
            for reason, refused in refusals(full_batch("b")).items():
                result = store.commit(evolve(refused, tenant=tenant))
                assert isinstance(result, Short | Conflicted | Mismatched), (reason, result)
            assert store.verify(tenant=tenant) == ()

    def test_s17_1_nothing_learned_from_a_refused_batch_is_kept(self, store: Store) -> None:
        # New rows on either side of the empty one, whatever order the store writes in.
        refused = order("refused", receive("A-NEW", 5), reserve("M-EMPTY", 1, "1"), receive("Z-NEW", 5))
        for _ in range(2):
            assert isinstance(store.commit(refused), Short)
        commit_all(store, delivery("b", receive("B", 3)), delivery("y", receive("Y", 4)))
        commit_all(store, delivery("a", receive("A-NEW", 7)), delivery("z", receive("Z-NEW", 8)))
        held = {sku: units(store, sku) for sku in ("A-NEW", "B", "M-EMPTY", "Y", "Z-NEW")}
        expected = {"A-NEW": 7, "B": 3, "Y": 4, "Z-NEW": 8}
        assert held == {**{sku: {"available": n} for sku, n in expected.items()}, "M-EMPTY": {}}
        assert store.verify() == ()

    def test_s17_2_nor_within_a_group(self, store: Store) -> None:
        refused = order("refused", receive("A-NEW", 5), reserve("M-EMPTY", 1, "1"), receive("Z-NEW", 5))
        group = [
            delivery("in", receive("TEA", 1)), refused, delivery("b", receive("B", 3)), refused,
            delivery("y", receive("Y", 4)), delivery("a", receive("A-NEW", 7)), delivery("z", receive("Z-NEW", 8)),
        ]  # fmt: skip
        results = store.commit_many(group)
        assert [type(result) is Short for result in results] == [each is refused for each in group]
        expected = {"A-NEW": 7, "B": 3, "TEA": 1, "Y": 4, "Z-NEW": 8}
        assert {sku: units(store, sku) for sku in expected} == {sku: {"available": n} for sku, n in expected.items()}
        assert store.verify() == ()

    def test_s17_3_what_another_process_wrote_is_seen_at_once(self, store: Store, store_factory: StoreFactory) -> None:
        self.needs("multi_process")
        other = open_store(store_factory)
        try:
            for number in range(4):
                here, there = (store, other) if number // 2 else (other, store)
                made = batch(
                    f"{number}",
                    append("order/1", number, moved(receive("TEA", 1))),
                    documents=[PutDocument("sheet", "1", Sheet("sheet"), expected=number)],
                    bumps=["seen"],
                )
                # Read before it is written: what is read once must not be read from memory later.
                for times in (number, number + 1):
                    held = document(there, "sheet", "1")
                    assert version(there, "order/1") == times
                    assert units(there, "TEA").get("available", 0) == times
                    assert counter(there, "seen") == times
                    assert (held.revision if held is not None else 0) == times
                    if times == number:
                        commit_all(here, made)
        finally:
            other.close()

    def test_s18_1_a_store_declares_what_it_can(self, store: Store) -> None:
        told = {name for name in get_args(Capability) if getattr(self, name)}
        assert store.capabilities == told

    def test_s18_2_a_store_for_several_processes_opens_in_each(self, store: Store, store_factory: StoreFactory) -> None:
        self.needs("multi_process")
        commit_all(store, delivery("a", receive("TEA", 1)))
        other = open_store(pickle.loads(pickle.dumps(store_factory)))  # noqa: S301  # its own bytes
        try:
            assert units(other, "TEA") == {"available": 1}
        finally:
            other.close()

    def test_s18_3_closing_twice_is_closing_once(self, store_factory: StoreFactory) -> None:
        opened = open_store(store_factory)
        opened.close()
        opened.close()
