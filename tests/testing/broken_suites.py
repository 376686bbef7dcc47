"""The suite on every broken store; run by `test_broken_stores.py`, which asserts that the named rules catch it."""

from functools import partial

import broken_stores
import pytest

from ordercore.store.memory import MemoryStore
from ordercore.store.sqlite import SQLiteStore
from ordercore.testing import StoreSuite


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
