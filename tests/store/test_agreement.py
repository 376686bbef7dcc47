"""The same batches, in the same groups, come to the same results and contents in all stores."""

import random
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordercore.message import Recorded
from ordercore.store import (
    CancelTimer,
    Committed,
    Conflicted,
    DeleteDocument,
    Duplicate,
    Floor,
    Lease,
    Outcome,
    Page,
    PutDocument,
    ReadCounter,
    ReadDocuments,
    ReadHead,
    ReadOffers,
    ReadOutcome,
    ReadPositions,
    ReadStream,
    Require,
    SetTimer,
    Short,
)
from ordercore.store.memory import MemoryStore
from ordercore.store.posting import WIDTH
from ordercore.store.sqlite import SQLiteStore
from ordercore.testing.sample_events import (
    HERE,
    NOW,
    THERE,
    Noted,
    Sample,
    Sheet,
    append,
    batch,
    moved,
    narrow,
    receive,
    release,
    reserve,
    sample_codec,
    scrap,
    ship,
)

SKUS = ("TEA", "CUP", "BOX")
STREAMS = tuple(f"order/{number}" for number in range(4))
KEYS = ("k1", "k2", "k3")


class Source:
    """Batches by chance, most of which ought to be accepted: the other stores' answers are too easily the same."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.number = 0
        self.heads = Counter()

    def rarely(self):
        return self.chance.random() < 0.04

    def group(self, store):
        """One to six batches that know what the earlier ones of their group will have done."""
        heads = [ReadHead(stream) for stream in STREAMS]
        snapshot = store.read(heads)
        self.heads = Counter({head.stream: snapshot.of(head) for head in heads})
        seen = ReadCounter("seen")
        self.seen = store.read([seen]).of(seen)
        return [self.batch() for _ in range(self.chance.choice((1, 1, 3, 6)))]

    def batch(self):
        chance = self.chance
        self.number += not self.rarely()
        name = f"c{self.number}"
        requires = [Require("seen", self.seen + self.rarely())] if chance.random() < 0.2 else []
        bumps = ["seen"] * chance.choice((0, 0, 0, 1, 2))
        self.seen += len(bumps)
        return batch(
            name,
            *(self.append() for _ in range(chance.choice((0, 1, 1, 1, 2)))),
            documents=[self.document() for _ in range(chance.choice((0, 0, 1, 2)))],
            requires=requires,
            bumps=bumps,
            floors=[Floor("TEA", HERE, chance.randint(-1, 3))] if chance.random() < 0.2 else [],
            timers=[self.timer() for _ in range(chance.choice((0, 0, 1, 2)))],
            command=Sample(name, "other" if self.rarely() else ""),
        )

    def append(self):
        chance, stream = self.chance, self.chance.choice(STREAMS)
        expected = self.heads[stream] + self.rarely()
        events = [self.event() for _ in range(chance.choice((0, 1, 1, 1, 2)))]
        self.heads[stream] += len(events)
        if chance.random() < 0.1:
            expected, events = None, [Noted("at the end") for _ in events]
        return append(stream, expected, *events)

    def event(self):
        chance = self.chance
        if chance.random() < 0.2:
            return Noted(chance.choice("xyz"))
        return moved(*(self.move() for _ in range(chance.randint(1, 3))))

    def move(self):
        chance = self.chance
        sku, place, few = chance.choice(SKUS), chance.choice((HERE, HERE, THERE)), chance.randint(1, 2)
        lot = chance.choice(("L1", "L2")) if sku == "TEA" else ""
        kind = chance.choice((receive, receive, reserve, reserve, reserve, release, ship, scrap, narrow))
        if kind is receive:
            return receive(sku, chance.randint(3, 9), place, lot=lot)
        if kind is scrap:
            return scrap(sku, few, place, lot=lot)
        if kind is narrow and lot:
            return narrow(sku, few, "1", lot, place)
        return kind(sku, few, "1", place) if kind in (reserve, release, ship) else reserve(sku, few, "1", place)

    def document(self):
        chance, key = self.chance, self.chance.choice(KEYS)
        if chance.random() < 0.2:
            return DeleteDocument("sheet", key)
        expected = chance.randint(0, 2) if self.rarely() else None
        return PutDocument(
            "sheet", key, Sheet(key, self.number), expected, chance.choice(("", "t")), chance.choice("ab")
        )

    def timer(self):
        chance, key = self.chance, self.chance.choice(KEYS)
        if chance.random() < 0.3:
            return CancelTimer("expire", key)
        return SetTimer("expire", key, NOW + timedelta(minutes=chance.randint(1, 4)))


NOTHING = (0,) * WIDTH


def contents(store, last):
    queries = [
        *(ReadStream(stream, after) for stream in STREAMS for after in (0, 2)),
        ReadPositions(SKUS), ReadPositions(SKUS, THERE), ReadOffers(SKUS), ReadCounter("seen"),
        ReadDocuments("sheet"), ReadDocuments("sheet", "t", newest_first=True),
        *(ReadOutcome(f"c{number}", Sample(f"c{number}")) for number in range(last + 1)),
    ]  # fmt: skip
    snapshot = store.read(queries)
    leases = store.lease_due("me", NOW + timedelta(minutes=2), timedelta(0))
    return [snapshot.of(query) for query in queries], store.read_all(None), store.next_due(), leases, store.verify()


def plain(value):
    """Without what is each store's own: cursors, of which stays whether there is one, fences, and rows of zeros."""
    match value:
        case Committed() | Outcome():
            inner = {"appended": plain(value.appended)} if isinstance(value, Outcome) else {}
            return evolve(value, position=value.position and "somewhere", **inner)
        case Duplicate():
            return Duplicate(plain(value.first))
        case Recorded():
            return evolve(value, position="somewhere")
        case Page():
            return evolve(value, records=plain(value.records), cursor=value.cursor and "somewhere")
        case Lease():
            return evolve(value, fence=0)
        case list() | tuple() if not hasattr(value, "_fields"):
            return [plain(each) for each in value]
        case dict():
            return {key: plain(each) for key, each in value.items() if each != NOTHING}
        case _:
            return value


def agree(store, seed, groups, seen=lambda value: value):
    """The store and one in memory answer alike to each group, and hold the same in the end."""
    memory, source = MemoryStore(), Source(seed)
    store.use_codec(sample_codec())
    try:
        for _ in range(groups):
            group = source.group(memory)
            if len(group) == 1:
                assert seen(store.commit(group[0])) == seen(memory.commit(group[0]))
            else:
                assert seen(store.commit_many(group)) == seen(memory.commit_many(group))
        assert seen(contents(store, source.number)) == seen(contents(memory, source.number))
    finally:
        store.close()


@settings(max_examples=30)
@given(st.integers(0, 2**32))
def test_memory_and_sqlite_come_to_the_same_to_the_letter(seed):
    with tempfile.TemporaryDirectory() as folder:
        agree(SQLiteStore(Path(folder) / "shop.db", synchronous="NORMAL"), seed, 20)


@pytest.mark.every_postgres
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=8)
@given(seed=st.integers(0, 2**32))
def test_postgresql_and_memory_come_to_the_same_but_for_cursors_and_fences(ordercore_postgres_databases, seed):
    from ordercore_postgres.store import PostgresStore

    with ordercore_postgres_databases.fresh_schema() as address:
        agree(PostgresStore(address, migrate=True, retry_seconds=3), seed, 20, plain)


@pytest.mark.slow
@pytest.mark.every_postgres
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(seed=st.integers(0, 2**32))
def test_postgresql_and_memory_come_to_the_same_for_long(ordercore_postgres_databases, seed):
    from ordercore_postgres.store import PostgresStore

    with ordercore_postgres_databases.fresh_schema() as address:
        agree(PostgresStore(address, migrate=True, retry_seconds=3), seed, 40, plain)


def test_these_batches_are_of_every_kind_and_many_groups_are_accepted_as_a_whole():
    memory, source = MemoryStore(), Source(7)
    kinds, whole = Counter(), Counter()
    for _ in range(400):
        group = source.group(memory)
        results = [type(result) for result in memory.commit_many(group)]
        kinds.update(results)
        whole[len(group) > 1 and set(results) == {Committed}] += 1
    assert min(kinds[kind] for kind in (Committed, Conflicted, Duplicate, Short)) > 15, kinds
    assert whole[True] > 40, whole
