"""S9 timers and fencing."""

from __future__ import annotations

from datetime import datetime, timedelta

from ordercore.store import CancelTimer, Lease, SetTimer, Store
from ordercore.store.batch import TimerChange
from ordercore.testing.rules.subject import Subject, commit_all
from ordercore.testing.sample_events import NOW, batch

MINUTE = timedelta(minutes=1)


def set_timers(store: Store, command_id: str, *timers: tuple[str, datetime], kind: str = "expire") -> None:
    """Set or move timers."""
    commit_all(store, batch(command_id, timers=[SetTimer(kind, key, due) for key, due in timers]))


def lease(store: Store, owner: str, now: datetime, *, limit: int = 100, kind: str | None = None) -> list[Lease]:
    """Lease what is due for ten minutes."""
    return list(store.lease_due(owner, now, 10 * MINUTE, limit, kind=kind))


def keys(leases: list[Lease]) -> list[str]:
    """The keys of leased timers, in order."""
    return [each.key for each in leases]


class TimerRules(Subject):
    """S9."""

    def test_s9_1_due_timers_come_earliest_first(self, store: Store) -> None:
        set_timers(store, "a", ("late", NOW), ("early", NOW - 2 * MINUTE), ("future", NOW + MINUTE))
        set_timers(store, "b", ("other", NOW - MINUTE), kind="remind")
        found = lease(store, "me", NOW)
        assert keys(found) == ["early", "other", "late"]
        assert [each.kind for each in found] == ["expire", "remind", "expire"]
        assert found[0].due == NOW - 2 * MINUTE
        assert found[0].until == NOW + 10 * MINUTE

    def test_s9_2_a_lease_asks_for_a_number_and_a_kind(self, store: Store) -> None:
        set_timers(store, "a", ("1", NOW), ("2", NOW + MINUTE), ("3", NOW + 2 * MINUTE))
        set_timers(store, "b", ("4", NOW), kind="remind")
        later = NOW + 5 * MINUTE
        assert keys(lease(store, "me", later, kind="remind")) == ["4"]
        assert keys(lease(store, "me", later, limit=2)) == ["1", "2"]
        assert keys(lease(store, "me", later, limit=2)) == ["3"]

    def test_s9_3_a_leased_timer_is_nobody_elses_until_the_lease_runs_out(self, store: Store) -> None:
        set_timers(store, "a", ("1", NOW))
        (first,) = lease(store, "me", NOW)
        assert lease(store, "you", NOW + 9 * MINUTE) == []
        assert lease(store, "me", NOW + 9 * MINUTE) == []
        (second,) = lease(store, "you", NOW + 11 * MINUTE)
        assert second.key == "1"
        assert second.fence > first.fence

    def test_s9_4_a_timer_that_was_seen_to_is_gone(self, store: Store) -> None:
        set_timers(store, "a", ("1", NOW), ("2", NOW))
        first, second = lease(store, "me", NOW)
        assert store.ack(first) is True
        assert store.ack(first) is False
        assert lease(store, "me", NOW + 60 * MINUTE) != []
        assert store.ack(second) is False
        assert store.next_due() == NOW

    def test_s9_5_who_lost_the_lease_changes_nothing(self, store: Store) -> None:
        self.needs("fencing")
        set_timers(store, "a", ("1", NOW))
        (stale,) = lease(store, "me", NOW)
        (held,) = lease(store, "you", NOW + 11 * MINUTE)
        assert store.ack(stale) is False
        assert store.nack(stale, NOW + 60 * MINUTE) is False
        assert store.next_due() == NOW
        assert store.ack(held) is True
        assert store.next_due() is None

    def test_s9_6_a_timer_given_back_is_due_when_it_was_said(self, store: Store) -> None:
        set_timers(store, "a", ("1", NOW))
        (first,) = lease(store, "me", NOW)
        assert store.nack(first, NOW + 5 * MINUTE) is True
        assert store.next_due() == NOW + 5 * MINUTE
        assert lease(store, "you", NOW + 4 * MINUTE) == []
        (second,) = lease(store, "you", NOW + 5 * MINUTE)
        assert second.due == NOW + 5 * MINUTE
        assert second.fence > first.fence
        assert store.ack(first) is False

    def test_s9_7_setting_a_timer_again_moves_it(self, store: Store) -> None:
        set_timers(store, "a", ("1", NOW), ("2", NOW))
        (leased, _) = lease(store, "me", NOW)
        set_timers(store, "b", (leased.key, NOW + 5 * MINUTE))
        assert store.ack(leased) is False
        assert keys(lease(store, "you", NOW + 5 * MINUTE)) == [leased.key]

    def test_s9_8_a_cancelled_timer_is_forgotten(self, store: Store) -> None:
        set_timers(store, "a", ("1", NOW), ("2", NOW), ("3", NOW + MINUTE))
        leased = lease(store, "me", NOW, limit=1)
        gone = [CancelTimer("expire", key) for key in ("1", "2", "never")]
        commit_all(store, batch("b", timers=gone))
        assert store.ack(leased[0]) is False
        assert store.next_due() == NOW + MINUTE
        assert keys(lease(store, "you", NOW + 60 * MINUTE)) == ["3"]

    def test_s9_9_the_next_due_time_counts_leased_timers_too(self, store: Store) -> None:
        assert store.next_due() is None
        set_timers(store, "a", ("1", NOW), ("2", NOW + MINUTE))
        assert store.next_due() == NOW
        (first,) = lease(store, "me", NOW)
        assert store.next_due() == NOW
        assert store.ack(first)
        assert store.next_due() == NOW + MINUTE

    def test_s9_10_a_fence_is_never_given_twice(self, store: Store) -> None:
        self.needs("fencing")
        set_timers(store, "a", ("1", NOW))
        (stale,) = lease(store, "me", NOW)
        (held,) = lease(store, "you", NOW + 11 * MINUTE)
        assert store.ack(held) is True
        # The same timer anew, at the same time: what the first worker holds must still open nothing.
        set_timers(store, "b", ("1", NOW))
        (anew,) = lease(store, "she", NOW + 12 * MINUTE)
        assert anew.fence not in {stale.fence, held.fence}
        assert store.ack(stale) is False
        assert store.ack(held) is False
        assert store.ack(anew) is True

    def test_s9_11_what_is_due_at_the_same_time_comes_by_kind_and_key(self, store: Store) -> None:
        set_timers(store, "a", *((key, NOW) for key in ("2", "10", "b", "B", "a")), kind="remind")
        set_timers(store, "b", *((key, NOW) for key in ("2", "1")), kind="expire")
        assert keys(lease(store, "me", NOW, limit=3)) == ["1", "2", "10"]
        assert keys(lease(store, "me", NOW)) == ["2", "B", "a", "b"]

    def test_s9_12_a_clock_that_went_back_takes_no_lease_away(self, store: Store) -> None:
        set_timers(store, "a", ("1", NOW - 90 * MINUTE), ("2", NOW))
        (first,) = lease(store, "me", NOW, limit=1)
        # Its own clock, or that of another worker, is an hour behind: the lease holds, and what is not due then is not.
        assert lease(store, "you", NOW - 60 * MINUTE) == []
        assert lease(store, "you", NOW + 9 * MINUTE, limit=1) != []
        (second,) = [each for each in lease(store, "you", NOW + 10 * MINUTE) if each.key == "1"]
        assert second.fence > first.fence
        # A lease that was taken by the slow clock ends by that clock, and is no weaker for it.
        set_timers(store, "b", ("3", NOW - 90 * MINUTE))
        (slow,) = lease(store, "me", NOW - 60 * MINUTE)
        assert (slow.key, slow.until) == ("3", NOW - 50 * MINUTE)
        (taken,) = [each for each in lease(store, "you", NOW) if each.key == "3"]
        assert taken.fence > slow.fence
        assert store.next_due() == NOW - 90 * MINUTE

    def test_s9_13_a_lease_that_ran_out_counts_until_another_takes_the_timer(self, store: Store) -> None:
        set_timers(store, "a", ("1", NOW), ("2", NOW))
        first, second = lease(store, "me", NOW)
        assert lease(store, "you", NOW + 20 * MINUTE, limit=1)[0].key == "1"
        assert store.ack(first) is False
        assert store.ack(second) is True
        assert store.next_due() == NOW

    def test_s9_14_changes_of_one_timer_in_a_batch_follow_each_other(self, store: Store) -> None:
        gone, kept = ("expire", "gone"), ("expire", "kept")
        changes: list[TimerChange] = [
            SetTimer(*gone, NOW),
            SetTimer(*kept, NOW),
            CancelTimer(*gone),
            CancelTimer(*kept),
        ]
        commit_all(store, batch("a", timers=[*changes, SetTimer(*kept, NOW), SetTimer(*kept, NOW + MINUTE)]))
        assert store.next_due() == NOW + MINUTE
        assert keys(lease(store, "me", NOW + MINUTE)) == ["kept"]

    def test_s9_15_given_back_at_the_same_time_it_is_lost_to_its_worker(self, store: Store) -> None:
        set_timers(store, "a", ("1", NOW))
        (first,) = lease(store, "me", NOW)
        assert store.nack(first, NOW) is True
        assert store.ack(first) is False
        assert store.nack(first, NOW) is False
        (second,) = lease(store, "you", NOW)
        assert second.fence > first.fence

    def test_s9_16_kind_and_key_make_a_timer(self, store: Store) -> None:
        set_timers(store, "a", ("1", NOW))
        set_timers(store, "b", ("1", NOW + MINUTE), kind="remind")
        (leased,) = lease(store, "me", NOW)
        commit_all(store, batch("c", timers=[CancelTimer("remind", "1")]))
        assert store.ack(leased) is True
        assert store.next_due() is None
