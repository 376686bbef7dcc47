"""The same batches, in the same groups, come to the same results and contents in both stores."""

import random
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ordercore.store import (
    CancelTimer,
    Committed,
    Conflicted,
    DeleteDocument,
    Duplicate,
    Floor,
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


@settings(max_examples=30)
@given(st.integers(0, 2**32))
def test_memory_and_sqlite_come_to_the_same(seed):
    memory, source = MemoryStore(), Source(seed)
    with tempfile.TemporaryDirectory() as folder:
        sqlite = SQLiteStore(Path(folder) / "shop.db", synchronous="NORMAL")
        sqlite.use_codec(sample_codec())
        try:
            for _ in range(20):
                group = source.group(memory)
                if len(group) == 1:
                    assert sqlite.commit(group[0]) == memory.commit(group[0])
                else:
                    assert sqlite.commit_many(group) == memory.commit_many(group)
            assert contents(sqlite, source.number) == contents(memory, source.number)
        finally:
            sqlite.close()


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
