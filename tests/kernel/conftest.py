"""A furnished kernel on each store, and a store between a command's read and its commit."""

import pytest

from ordercore import Kernel, PutItem, PutLocation
from ordercore.store.memory import MemoryStore
from ordercore.store.sqlite import SQLiteStore
from ordercore.testing import CountedIds, ManualClock, assert_consistent, given_stock

FURNITURE = (
    PutItem("TEA", "Tea"),
    PutItem("CUP", "Cup", safety_stock=1),
    PutItem("MILK", "Milk", tracking="lot"),
    PutItem("KG", unit="kg", scale=3),
    PutItem("OLD", active=False),
    PutItem("postage", tracking="none", delivery="service"),
    PutLocation("WH1", "One"),
    PutLocation("WH2", "Two", steps=("pick", "pack", "ship"), rank=1),
)


class Between:
    """A store that does something once between the read and the commit of a command, or loses the answer."""

    def __init__(self, store):
        self.store = store
        self.before_commit = []
        self.after_commit = []
        self.commits = 0

    def __getattr__(self, name):
        return getattr(self.store, name)

    def commit(self, batch):
        if not batch.command_id:
            return self.store.commit(batch)  # a lease of a follower, no command
        self.commits += 1
        if self.before_commit:
            answer = self.before_commit.pop(0)()
            if answer is not None:
                return answer
        result = self.store.commit(batch)
        if self.after_commit:
            return self.after_commit.pop(0)(result)
        return result

    def commit_many(self, batches):
        if self.before_commit:
            self.before_commit.pop(0)()
        return self.store.commit_many(batches)


class Shop(Kernel):
    """A kernel whose store can be interrupted; `rival` is another one on the same store."""

    def rival(self, **options):
        return Kernel(self.store.store, clock=self.core.clock, ids=self.core.ids, **options)

    def length(self):
        return len(self.log(limit=100_000).records)

    def units(self, sku, location="WH1"):
        row = next((row for row in self.stock(sku).rows if row.place == f"loc/{location}"), None)
        return dict(row.buckets) if row is not None else {}


def open_store(kind, folder):
    return MemoryStore() if kind == "memory" else SQLiteStore(folder / "shop.db", synchronous="NORMAL")


@pytest.fixture(scope="session")
def furniture():
    return FURNITURE


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture(params=["memory", "sqlite"])
def make_shop(request, tmp_path, clock):
    """Makes a furnished kernel with options; what it did must be consistent at the end."""
    made = []

    def make(**options):
        store = Between(open_store(request.param, tmp_path))
        shop = Shop(store, clock=clock, ids=CountedIds(), **options)
        for command in FURNITURE:
            shop.handle(command)
        made.append(shop)
        return shop

    yield make
    for shop in made:
        assert_consistent(shop)
        shop.close()


@pytest.fixture
def shop(make_shop):
    return make_shop()


@pytest.fixture
def stocked(shop):
    """Five TEA at each location, four CUP at WH1, two lots of MILK."""
    given_stock(shop, {"WH1": {"TEA": 5, "CUP": 4, "MILK": {"L1": 2, "L2": 2}}, "WH2": {"TEA": 5}})
    return shop
