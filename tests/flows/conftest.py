"""Runs flows on a store by the contract alone, one step at a time, so that a test can act between read and commit."""

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

from ordercore.catalog import Item, Location, PutItem, PutLocation
from ordercore.codec import Codec
from ordercore.errors import Insufficient
from ordercore.flow import Guard, Loaded, Read, ReadState, Retry
from ordercore.flows.catalog import CatalogView, ReadCatalog
from ordercore.flows.shop import Shop
from ordercore.message import Context
from ordercore.plan import Site, Sites
from ordercore.store import (
    BUCKETS,
    Batch,
    Committed,
    Duplicate,
    ReadCounter,
    ReadDocument,
    ReadDocuments,
    ReadPositions,
    ReadStream,
    Short,
)
from ordercore.store.memory import MemoryStore
from ordercore.store.sqlite import SQLiteStore
from ordercore.wiring.routes import route_of

START = datetime(2026, 3, 1, 9, tzinfo=UTC)


class Bench:
    """A shop on one store with a clock that stands still until it is moved."""

    def __init__(self, store, shop=None):
        self.store = store
        self.store.use_codec(Codec())
        self.shop = shop or Shop()
        self.now = START
        self.sent = 0
        self.before_commit = []

    def __call__(self, command, *, effective=None, id=None):
        """Handle a command; the receipt is (result, events)."""
        self.sent += 1
        context = Context(id or f"c{self.sent}", self.now, effective or self.now)
        for attempt in range(4):
            decision = self._run(command, context, attempt)
            if self.before_commit:
                self.before_commit.pop()()
            batch = Batch(
                context.command_id, command, context, decision.appends, decision.documents, decision.requires,
                decision.bumps, decision.floors, decision.timers,
            )  # fmt: skip
            result = self.store.commit(batch)
            if isinstance(result, Committed):
                return decision.result, tuple(event for append in batch.appends for event in append.events)
            if isinstance(result, Duplicate):
                return "duplicate", result.first.events
        assert isinstance(result, Short), result
        raise Insufficient([("", one.sku, one.missing) for one in result.shortages], found_by="commit")

    def _run(self, command, context, attempt):
        flow = route_of(command).flow(command, context, self.shop)
        answer = None
        try:
            while True:
                effect = flow.send(answer)
                match effect:
                    case Read():
                        answer = self._read(effect.queries)
                    case Guard():
                        answer = None
                    case Retry():
                        answer = attempt
        except StopIteration as end:
            return end.value

    def _read(self, queries):
        asked = {query: ReadStream(query.stream) for query in queries if isinstance(query, ReadState)}
        plain = [query for query in queries if not isinstance(query, ReadState | ReadCatalog)]
        snapshot = self.store.read([*plain, *asked.values()])
        for query, stream in asked.items():
            head = snapshot.of(stream)
            state = query.folder.fold(None, head.events, query.stream) if head.version else None
            snapshot.answers[id(query)] = Loaded(state, head.version)
        for query in queries:
            if isinstance(query, ReadCatalog):
                snapshot.answers[id(query)] = self._catalog(query.skus)
        return snapshot

    def _catalog(self, skus):
        documents = [ReadDocument("item", sku) for sku in skus]
        places, revision = ReadDocuments("location"), ReadCounter("catalog")
        snapshot = self.store.read([*documents, places, revision])
        items = {found.body.sku: found.body for one in documents if (found := snapshot.of(one)) is not None}
        locations = {one.body.code: one.body for one in snapshot.of(places)}
        assert all(isinstance(one, Item) for one in items.values())
        assert all(isinstance(one, Location) for one in locations.values())
        sites = Sites({at.place: Site(at.place, at.code, rank=at.rank) for at in locations.values() if at.sellable})
        return CatalogView(snapshot.of(revision), items, locations, sites)

    def later(self, **by):
        self.now += timedelta(**by)

    def units(self, sku, place="loc/WH1", lot=""):
        """Bucket -> units of a row, without those that are 0."""
        query = ReadPositions((sku,))
        row = self.store.read([query]).of(query).get((sku, place, lot, ""), ())
        return {bucket: units for bucket, units in zip(BUCKETS, row, strict=False) if units}

    def document(self, kind, key):
        query = ReadDocument(kind, key)
        found = self.store.read([query]).of(query)
        return found.body if found is not None else None

    def policies(self, **changed):
        self.shop = evolve(self.shop, policies=evolve(self.shop.policies, **changed))


@pytest.fixture(scope="session")
def make_bench():
    """A shop on a store: two locations that sell, items in units, with lots, in grams, and one without stock."""
    return furnished


def furnished(store):
    bench = Bench(store)
    for command in (
        PutItem("TEA", "Tea", units={"case": "12"}),
        PutItem("CUP", "Cup"),
        PutItem("MILK", "Milk", tracking="lot"),
        PutItem("COFFEE", "Coffee", unit="kg", scale=3),
        PutItem("POSTAGE", tracking="none", delivery="service"),
        PutLocation("WH1", "One"),
        PutLocation("WH2", "Two", rank=1),
    ):
        bench(command)
    return bench


@pytest.fixture(params=["memory", "sqlite"])
def bench(request, tmp_path):
    """A furnished shop, once on each store, verified at the end."""
    store = MemoryStore() if request.param == "memory" else SQLiteStore(tmp_path / "shop.db", synchronous="NORMAL")
    yield furnished(store)
    assert store.verify() == ()
    store.close()
