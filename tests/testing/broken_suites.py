"""The suite on every broken store; run by `test_broken_stores.py`, which asserts that the named rules catch it."""

from functools import partial

import broken_stores
import pytest

from ordercore.store.memory import MemoryStore
from ordercore.store.sqlite import SQLiteStore
from ordercore.testing import StoreSuite
from ordercore.testing.sqlite_host import host_database, store_on_lent_connections


class InMemory(StoreSuite):
    """A broken store in memory."""

    global_order = group_commit = fencing = transfer = archive = True
    broken: type[MemoryStore]
    caught_by: tuple[str, ...] = ()

    @pytest.fixture
    def store_factory(self):
        return self.broken

    attempts = 2_000


class OnDisk(StoreSuite):
    """A broken store in a file, raced by processes."""

    durable = multi_process = global_order = group_commit = fencing = transfer = archive = True
    broken: type[SQLiteStore]
    caught_by: tuple[str, ...] = ()

    @pytest.fixture
    def store_factory(self, tmp_path):
        return partial(self.broken, tmp_path / "shop.db", synchronous="NORMAL")  # kills are survived all the same

    attempts = 2_000


class OnLentConnection(StoreSuite):
    """A broken store on a connection that a host lends; outside of its transactions it is as any other."""

    durable = multi_process = global_order = group_commit = fencing = borrowed_transaction = True
    broken: type[SQLiteStore]
    caught_by: tuple[str, ...] = ()

    @pytest.fixture
    def store_factory(self, tmp_path):
        return partial(store_on_lent_connections, tmp_path / "host.db")

    @pytest.fixture
    def host_factory(self, tmp_path):
        host_database(tmp_path / "host.db")
        return partial(broken_stores.BrokenHost, tmp_path / "host.db", self.broken)


class TestReadModifyWrite(InMemory):
    broken = broken_stores.ReadModifyWrite
    caught_by = ("s15_2", "s15_11")


class TestNoIdempotency(InMemory):
    broken = broken_stores.NoIdempotency
    caught_by = ("s2_1", "s2_2", "s11_3", "s15_7")


class TestClampedBalance(InMemory):
    broken = broken_stores.ClampedBalance
    caught_by = ("s5_1", "s5_3", "s4_6", "s15_1", "s15_2")


class TestClaimantSwapped(InMemory):
    broken = broken_stores.ClaimantSwapped
    caught_by = ("s6_2", "s6_3", "s15_3")


class TestPostingLost(InMemory):
    broken = broken_stores.PostingLost
    caught_by = ("s4_2", "s4_6", "s16_1")


class TestForgottenRollback(InMemory):
    broken = broken_stores.ForgottenRollback
    caught_by = ("s1_2", "s11_2")


class TestHeadComparedBefore(InMemory):
    broken = broken_stores.HeadComparedBefore
    caught_by = ("s15_8",)


class TestTornRead(InMemory):
    broken = broken_stores.TornRead
    caught_by = ("s15_10",)


class TestFencelessTimers(InMemory):
    broken = broken_stores.FencelessTimers
    caught_by = ("s9_4", "s9_5", "s9_7", "s9_10")


class TestSharedHouse(InMemory):
    broken = broken_stores.SharedHouse
    caught_by = ("s13_1", "s13_2", "s13_3")


class TestHastyLog(InMemory):
    broken = broken_stores.HastyLog
    caught_by = ("s10_9",)


class TestSequenceCursor(InMemory):
    broken = broken_stores.SequenceCursor
    caught_by = ("s15_5",)


class TestDirtyLog(InMemory):
    broken = broken_stores.DirtyLog
    caught_by = ("s15_5",)


class TestDoubledDelivery(InMemory):
    broken = broken_stores.DoubledDelivery
    caught_by = (
        "s10_9",
        "s15_5",
    )


class TestSwallowedConflict(InMemory):
    broken = broken_stores.SwallowedConflict
    caught_by = (
        "s3_2",
        "s3_3",
        "s7_2",
        "s8_3",
        "s15_8",
    )


class TestMissingSavepoint(InMemory):
    broken = broken_stores.MissingSavepoint
    caught_by = (
        "s11_1",
        "s11_2",
    )


class TestNothingUndoneInGroups(InMemory):
    broken = broken_stores.NothingUndoneInGroups
    caught_by = ("s11_2",)


class TestUnsortedLocks(InMemory):
    broken = broken_stores.UnsortedLocks
    caught_by = ("s15_13",)


class TestForgottenTenant(InMemory):
    broken = broken_stores.ForgottenTenant
    caught_by = ("s13_2",)


class TestOutcomeWithoutFingerprint(InMemory):
    broken = broken_stores.OutcomeWithoutFingerprint
    caught_by = (
        "s2_2",
        "s2_6",
        "s11_3",
    )


class TestLotNotApplied(InMemory):
    broken = broken_stores.LotNotApplied
    caught_by = (
        "s4_5",
        "s4_6",
    )


class TestFenceReused(InMemory):
    broken = broken_stores.FenceReused
    caught_by = ("s9_10",)


class TestRequiredAfterBump(InMemory):
    broken = broken_stores.RequiredAfterBump
    caught_by = (
        "s7_3",
        "s7_5",
    )


class TestCursorApart(InMemory):
    broken = broken_stores.CursorApart
    caught_by = (
        "s12_2",
        "s15_14",
    )


class TestTwoRelays(InMemory):
    broken = broken_stores.TwoRelays
    caught_by = ("s15_14",)


class TestClockBelieved(InMemory):
    broken = broken_stores.ClockBelieved
    caught_by = ("s9_12",)


class TestTiesByChance(InMemory):
    broken = broken_stores.TiesByChance
    caught_by = ("s9_11",)


class TestOrderOfADictionary(InMemory):
    broken = broken_stores.OrderOfADictionary
    caught_by = ("s8_9",)


class TestShortageFirst(InMemory):
    broken = broken_stores.ShortageFirst
    caught_by = ("s1_6",)


class TestReadModifyWriteOnDisk(OnDisk):
    broken = broken_stores.ReadModifyWriteOnDisk
    attempts = 800
    caught_by = ("s15_2",)


class TestHeadComparedBeforeOnDisk(OnDisk):
    broken = broken_stores.HeadComparedBeforeOnDisk
    caught_by = ("s15_3", "s15_8")


class TestHastyAcknowledgment(OnDisk):
    broken = broken_stores.HastyAcknowledgment
    caught_by = ("s14_3",)


class TestIdsOfRefusedBatches(OnDisk):
    broken = broken_stores.IdsOfRefusedBatches
    caught_by = ("s17_1",)


class TestBalancesKept(OnDisk):
    broken = broken_stores.BalancesKept
    caught_by = ("s17_3",)


class TestCommitsForTheHost(OnLentConnection):
    broken = broken_stores.CommitsForTheHost
    caught_by = ("s19_1",)


class TestSaysCommitted(OnLentConnection):
    broken = broken_stores.SaysCommitted
    caught_by = ("s19_1", "s19_2")


class TestRollsTheHostBack(OnLentConnection):
    broken = broken_stores.RollsTheHostBack
    caught_by = ("s19_4",)


class TestSetsTheSession(OnLentConnection):
    broken = broken_stores.SetsTheSession
    caught_by = ("s19_9",)


class TestSettledTooSoon(OnLentConnection):
    broken = broken_stores.SettledTooSoon
    caught_by = ("s19_8",)
