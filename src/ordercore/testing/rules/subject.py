"""The store under test: how a rule gets it, what it declares, and how a rule looks at what it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

import pytest

from ordercore.message import Event, Recorded
from ordercore.store import (
    BUCKETS,
    Batch,
    CommitResult,
    Committed,
    Document,
    Outcome,
    ReadCounter,
    ReadDocument,
    ReadHead,
    ReadPositions,
    ReadStream,
    Row,
    RowKey,
    Store,
)
from ordercore.testing.sample_events import HERE, sample_codec
from ordercore.testing.suite import Suite
from ordercore.values import CommandId, Cursor, Place, Sku, Stream

R = TypeVar("R", bound=Callable[..., None])

TENANTS: Final = ("", "acme")
"""Those that rules write for."""

StoreFactory = Callable[[], Store]
"""Opens the store of one test: creates what it needs the first time, finds what was committed later."""


class Subject(Suite):
    """What a subclass of the suite says about its store. Every flag is checked against `store.capabilities`."""

    plugin = "store"
    page = "docs/stores.md"

    durable: bool = False
    """What `commit` acknowledged is there after kill -9, and the factory opens it again."""
    multi_process: bool = False
    """Several processes may write at the same time; the factory can be pickled."""
    global_order: bool = False
    """The log of all streams has one order, the same for every reader."""
    group_commit: bool = False
    """`commit_many` writes several batches in one transaction."""
    fencing: bool = False
    """A timer's lease carries a fence, and a worker that lost its lease changes nothing."""
    borrowed_transaction: bool = False
    """Writes into a transaction of the host and answers `Pending`; the fixture `host_factory` plays the host."""

    transfer: bool = False
    """Rows can be taken out and put in as they are: the store fulfils `Transfer`."""
    archive: bool = False
    """Closed streams can leave for an archive and come back: the store fulfils `Archiving`."""

    @pytest.fixture
    def store_factory(self) -> StoreFactory:
        """Override this: return a callable without arguments that opens the store of this test.

        The callable is called once for a store in memory; again, for the same contents, where `durable`; in other
        processes, so that it must be possible to pickle it, where `multi_process`.
        """
        self.missing("the fixture store_factory")

    @pytest.fixture
    def store(self, store_factory: StoreFactory, request: pytest.FixtureRequest) -> Iterator[Store]:
        """An empty store; closed after the test, and whatever the test did, it verifies clean by then (S16.4)."""
        opened = open_store(store_factory)
        yield opened
        if not getattr(request.function, "unverified", False):
            breaches = [breach for tenant in TENANTS for breach in opened.verify(tenant=tenant)]
            assert breaches == [], "S16.4: what the test did has left breaches"
        opened.close()

    def damage(self, store: Store, key: RowKey, bucket: str, change: int) -> None:
        """Override this to let S16.3 run: change one bucket of one row behind the store's back."""
        pytest.skip("the suite cannot reach behind this store: damage() is not overridden")


def unverified(rule: R) -> R:
    """A rule that damages its store, or closes it, so that it does not verify clean afterwards."""
    rule.unverified = True  # type: ignore[attr-defined]  # functions take attributes
    return rule


def open_store(factory: StoreFactory) -> Store:
    """Open it and give it a codec that knows the events and documents of the suite."""
    store = factory()
    store.use_codec(sample_codec())
    return store


def committed(result: CommitResult) -> Committed:
    """The result, which must be `Committed`."""
    assert isinstance(result, Committed), result
    return result


def commit_all(store: Store, *batches: Batch) -> None:
    """Commit each, in this order; none may be refused."""
    for batch in batches:
        committed(store.commit(batch))


def rows(store: Store, *skus: str, tenant: str = "") -> dict[RowKey, Row]:
    """All rows of these SKUs that hold something."""
    query = ReadPositions(tuple(Sku(sku) for sku in skus))
    found = store.read([query], tenant=tenant).of(query)
    return {key: tuple(row) for key, row in found.items() if any(row)}


def units(
    store: Store, sku: str, place: str = HERE, *, lot: str = "", owner: str = "", tenant: str = ""
) -> dict[str, int]:
    """Bucket -> units of one row, without the empty buckets."""
    row = rows(store, sku, tenant=tenant).get((Sku(sku), Place(place), lot, owner), ())
    return {bucket: held for bucket, held in zip(BUCKETS, row, strict=False) if held}


def version(store: Store, stream: str, *, tenant: str = "") -> int:
    """How many events the stream has."""
    query = ReadHead(Stream(stream))
    return store.read([query], tenant=tenant).of(query)


def events(store: Store, stream: str, after: int = 0, *, tenant: str = "") -> tuple[Event, ...]:
    """The events of a stream after a version."""
    query = ReadStream(Stream(stream), after)
    return tuple(store.read([query], tenant=tenant).of(query).events)


def document(store: Store, kind: str, key: str, *, tenant: str = "") -> Document | None:
    """One document."""
    query = ReadDocument(kind, key)
    return store.read([query], tenant=tenant).of(query)


def counter(store: Store, name: str, *, tenant: str = "") -> int:
    """A counter's value."""
    query = ReadCounter(name)
    return store.read([query], tenant=tenant).of(query)


def log(store: Store, after: Cursor | None = None, *, limit: int = 1000, tenant: str = "") -> list[Recorded]:
    """The whole log after a cursor, page by page."""
    found: list[Recorded] = []
    while True:
        page = store.read_all(after, limit, tenant=tenant)
        if not page.records:
            return found
        found += page.records
        after = page.cursor


def picture(store: Store, batch: Batch) -> Sequence[object]:
    """Everything that a batch could change, as it is now: equal before and after a batch that was refused."""
    tenant = batch.tenant
    kinds = {(change.kind, change.key) for change in batch.documents}
    return (
        outcome(store, batch.command_id, tenant=tenant),
        [(append.stream, events(store, append.stream, tenant=tenant)) for append in batch.appends],
        rows(store, *{key[0] for key in batch.rows}, tenant=tenant),
        [document(store, kind, key, tenant=tenant) for kind, key in sorted(kinds)],
        [counter(store, bump.counter, tenant=tenant) for bump in batch.bumps],
        store.next_due(tenant=tenant),
        log(store, tenant=tenant),
    )


def outcome(store: Store, command_id: str, *, tenant: str = "") -> Outcome | None:
    """What the store knows of a command id."""
    return store.outcome(CommandId(command_id), tenant=tenant)
