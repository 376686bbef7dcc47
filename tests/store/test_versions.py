"""Releases side by side: schemas that only grow, events of several versions in one log, what is derived made anew."""

import shutil
from contextlib import contextmanager
from unittest.mock import patch

import pytest
from attrs import frozen

from ordercore import Kernel, Line, PlaceOrder, PutItem, PutLocation, ReceiveStock
from ordercore.codec import Codec
from ordercore.errors import SchemaVersion, UnknownEvent
from ordercore.message import Event, EventType
from ordercore.projection import JOURNAL
from ordercore.stock import Received
from ordercore.store import Committed, PutDocument, ReadDocument, ReadStream, without_postings
from ordercore.store.migrations import Migration
from ordercore.store.sqlite import SQLiteStore, schema
from ordercore.store.transfer import DocumentRow
from ordercore.testing.sample_events import DOCUMENTS, EVENTS, Sheet, append, batch, sample_codec

ADDED = "-- compatible: {}\nalter table ordercore_document add column note text not null default '';\n"


@contextmanager
def next_release(compatible):
    """A release that knows one more migration, which workers of version `compatible` can live with."""
    number = schema.VERSION + 1
    more = Migration(
        number, "note", compatible, ADDED.format(compatible), "alter table ordercore_document drop column note;\n"
    )
    with patch.object(schema, "MIGRATIONS", (*schema.MIGRATIONS, more)), patch.object(schema, "VERSION", number):
        yield


def opened(path):
    store = SQLiteStore(path)
    store.use_codec(sample_codec())
    return store


def put(store, name):
    """Write a document and read it back."""
    assert isinstance(store.commit(batch(name, documents=[PutDocument("sheet", name, Sheet(name))])), Committed)
    query = ReadDocument("sheet", name)
    return store.read([query]).of(query).body == Sheet(name)


def versions(store):
    with store._database.session() as session:
        return session.execute("select version, compatible from ordercore_schema").fetchone()


def test_old_and_new_workers_share_a_file_whose_migration_only_adds(tmp_path):
    path = tmp_path / "shop.db"
    old = opened(path)
    assert put(old, "before")
    with next_release(schema.VERSION):
        new = opened(path)
        assert versions(new) == (schema.VERSION, schema.VERSION - 1)
        assert put(new, "new")
    assert put(old, "old, still open")
    another = opened(path)
    assert put(another, "old, opened later")
    assert versions(another)[0] == schema.VERSION + 1, "nobody takes a file back"
    for store in (old, new, another):
        assert store.verify() == ()
        store.close()


def test_an_old_worker_is_told_that_it_cannot_live_with_a_migration(tmp_path):
    path = tmp_path / "shop.db"
    opened(path).close()
    with next_release(schema.VERSION + 1):
        new = opened(path)
        assert put(new, "new")
        new.close()
    before = path.read_bytes()
    with pytest.raises(SchemaVersion) as refused:
        opened(path)
    assert (refused.value.found, refused.value.known) == (schema.VERSION + 1, schema.VERSION)
    assert path.read_bytes() == before


@frozen
class Weighed(Event):
    """What has been three releases old: `kilos`, then `grams`, then `weight_grams` and who weighed."""

    weight_grams: int
    by: str = ""


without_postings(Weighed)

STEPS = {
    1: lambda old: {"grams": old["kilos"] * 1000},
    2: lambda old: {"weight_grams": old["grams"], "by": "nobody"},
}


def release(number):
    """The codec of a release, which writes this version of the event."""
    codec = Codec()
    codec.register(*EVENTS, *DOCUMENTS)
    if number == 3:
        codec.register(EventType("sample.weighed", 3, Weighed, STEPS))
    return codec


def stored(store, n, fields):
    """An event as release n has written it."""
    text = f'[["sample.weighed",{n},{fields}]]'
    with patch.object(Codec, "dump_events", lambda *_: text):
        assert isinstance(store.commit(batch(f"w{n}", append("order/1", n - 1, Weighed(1)))), Committed)


def test_a_log_of_three_releases_reads_as_one_and_is_never_rewritten(tmp_path):
    store = SQLiteStore(tmp_path / "shop.db")
    store.use_codec(release(3))
    for n, fields in ((1, '{"kilos":2}'), (2, '{"grams":300}'), (3, '{"weight_grams":4,"by":"me"}')):
        stored(store, n, fields)
    query = ReadStream("order/1")
    assert store.read([query]).of(query).events == (Weighed(2000, "nobody"), Weighed(300, "nobody"), Weighed(4, "me"))
    with store.export() as export:
        assert [row.events for row in export.log()] == [
            '[["sample.weighed",1,{"kilos":2}]]', '[["sample.weighed",2,{"grams":300}]]',
            '[["sample.weighed",3,{"weight_grams":4,"by":"me"}]]',
        ]  # fmt: skip
    assert store.verify() == ()
    store.close()


def test_an_event_of_a_newer_release_stops_readers_and_is_named(tmp_path):
    store = SQLiteStore(tmp_path / "shop.db")
    store.use_codec(release(3))
    store.commit(batch("known", append("order/0", 0, Weighed(7))))
    stored(store, 1, '{"kilos":2}')
    text = '[["sample.weighed",4,{"ounces":9}]]'
    with patch.object(Codec, "dump_events", lambda *_: text):
        store.commit(batch("newer", append("order/1", 1, Weighed(1))))
    query = ReadStream("order/1")
    for use in (lambda: store.read([query]), lambda: store.read_all(None), store.rebuild):
        with pytest.raises(UnknownEvent, match=r"Position 3: .*version 4; this release knows up to 3") as stopped:
            use()
        assert stopped.value.position == "3"
    # What lies before it is read, what it would say is not guessed, and the row stays as it is.
    assert [record.event for record in store.read_all(None, 1).records] == [Weighed(7)]
    assert [(one.identity, one.where) for one in store.verify()] == [("unreadable", "position 3")]
    store.close()


def test_what_is_derived_can_be_thrown_away_at_any_time(tmp_path):
    def answers(kernel):
        return (
            kernel.stock("TEA"), kernel.order("web:1"), kernel.orders(), kernel.timeline("web:1"),
            kernel.why("TEA", "WH1"), kernel.explain("web:1"), kernel.verify(),
        )  # fmt: skip

    path = tmp_path / "shop.db"
    with Kernel(SQLiteStore(path)) as kernel:
        for command in (
            PutItem("TEA"), PutLocation("WH1"), ReceiveStock("WH1", [Received("TEA", 9)], "supplier", "GR-1"),
            PlaceOrder("web", "1", "EUR", [Line("TEA", 2, "3.50")]),
        ):  # fmt: skip
            kernel.handle(command)
        was = answers(kernel)
    without = tmp_path / "without.db"
    shutil.copy(path, without)
    # Rows of stock, the journal and its cursor, and all that an engine remembers.
    store = SQLiteStore(without)
    with store._database.session() as session:
        session.execute("update ordercore_position set available = 0, reserved = 7")
        session.execute("delete from ordercore_document where kind = ?", (JOURNAL,))
        session.execute("delete from ordercore_consumer where name = ?", (JOURNAL,))
    with Kernel(store) as kernel:
        assert kernel.verify() != ()
        store.rebuild()
        assert answers(kernel) == was
        with store.export() as export:
            assert [one for one in export.documents(JOURNAL) if isinstance(one, DocumentRow)]
