"""Closed orders leave for an archive: what is still known of them, how they come back, and crashes at every step."""

import asyncio
import gzip
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordercore import AsyncKernel, Kernel, Line, PlaceOrder, PutItem, PutLocation, ReceiveStock, Ship
from ordercore.errors import Archived, ConfigurationError, Corrupted, Mismatch, NotFound, Rejected
from ordercore.order import CancelLines, ConfirmDelivery
from ordercore.stock import CountStock, Received
from ordercore.store import Conflicted
from ordercore.store.memory import MemoryStore
from ordercore.store.sqlite import SQLiteStore
from ordercore.testing import ManualClock
from ordercore.upkeep import ArchiveFolder, Upkeep
from ordercore.values import Address
from ordercore.wiring import archiving

LATER = timedelta(days=100)
HOME = Address(name="Ada Lovelace", lines=("12 Square",), city="London", postal_code="SW1Y 4JH", country="GB")


@pytest.fixture(params=["memory", "sqlite"])
def opened(request, tmp_path):
    """A kernel by whether it has an archive, over one store."""
    store = MemoryStore() if request.param == "memory" else SQLiteStore(tmp_path / "shop.db", synchronous="NORMAL")
    clock = ManualClock()

    def kernel(*, archive=True, to=None):
        folder = to or ArchiveFolder.at(tmp_path / "archive")
        return Kernel(store, clock=clock, archive=folder if archive else None)

    kernel.clock = clock
    yield kernel
    store.close()


def order(number, quantity=1, **more):
    return PlaceOrder("web", str(number), "EUR", [Line("TEA", quantity, "3.50")], ship_to=HOME, **more)


def fill(kernel, orders=6):
    """Orders that are delivered but for the last one, which waits to be shipped."""
    for command in (PutItem("TEA"), PutLocation("WH1"), ReceiveStock("WH1", [Received("TEA", 50)], "supplier", "GR-1")):
        kernel.handle(command)
    for number in range(orders):
        id = kernel.handle(order(number, number + 1)).order_id
        if number < orders - 1:
            kernel.handle(Ship(id, carrier="Post", tracking=f"P-{number}"), key=f"ship {number}")
            for parcel in kernel.order(id).parcels:
                kernel.handle(ConfirmDelivery(id, parcel))
    return kernel


def shop(opened, orders=6):
    """The same, long ago."""
    kernel = fill(opened(), orders)
    opened.clock.advance(LATER)
    kernel.handle(PutItem("LATER"))
    return kernel


def left(kernel, clock):
    return Upkeep(kernel).archive(clock.now() - timedelta(days=30))


def test_closed_orders_leave_and_the_books_stay_right(opened):
    kernel = shop(opened)
    before = kernel.stock("TEA")
    report = left(kernel, opened.clock)
    assert (report.orders, report.blocked) == (5, ())
    assert report.streams == 6  # the receipt as well
    assert kernel.stock("TEA") == before
    assert kernel.verify() == ()
    assert Upkeep(kernel).verify_archive() == ()
    assert [row.id for row in kernel.orders()] == ["web:5"]
    again = left(kernel, opened.clock)
    assert (again.orders, again.segments) == (0, ())


def test_an_archived_order_is_read_through_and_refused_to_commands(opened):
    kernel = shop(opened)
    was, story = kernel.order("web:2"), kernel.timeline("web:2")
    left(kernel, opened.clock)
    assert kernel.order("web:2") == was
    assert kernel.timeline("web:2") == story
    assert kernel.tracking("web:2")
    with pytest.raises(Archived) as refused:
        kernel.handle(CancelLines("web:2", None, "late"))
    assert refused.value.segment
    for ask in (lambda one: one.order("web:2"), lambda one: one.timeline("web:2"), lambda one: one.explain("web:2")):
        with pytest.raises(Archived):
            ask(opened(archive=False))


def test_an_asynchronous_kernel_reads_through_as_well(opened):
    kernel = shop(opened)
    was, story = kernel.order("web:2"), kernel.timeline("web:2")
    left(kernel, opened.clock)
    waiting = AsyncKernel(kernel.store, clock=opened.clock, archive=kernel.core.archive)
    assert asyncio.run(waiting.order("web:2")) == was
    assert asyncio.run(waiting.timeline("web:2")) == story
    with pytest.raises(Archived):
        asyncio.run(AsyncKernel(kernel.store, clock=opened.clock).order("web:2"))


def test_what_was_done_is_not_done_again(opened):
    kernel = shop(opened)
    left(kernel, opened.clock)
    for fresh in (kernel, opened(archive=False)):
        repeat = fresh.handle(order(2, 3))
        assert (repeat.duplicate, repeat.order_id) == (True, "web:2")
        receipt = fresh.handle(ReceiveStock("WH1", [Received("TEA", 50)], "supplier", "GR-1"))
        assert receipt.duplicate
        with pytest.raises(Mismatch):
            fresh.handle(order(2, 4))
        with pytest.raises(Archived):
            fresh.handle(Ship("web:2", carrier="Post", tracking="P-2"), key="ship 2")
        results = fresh.handle_many([order(1, 2), order(9, 1), CancelLines("web:3", None, "late")])
        assert [getattr(one, "duplicate", one) for one in results][:1] == [True]
        assert isinstance(results[2], Archived)
        assert fresh.verify() == ()


def test_what_comes_back_is_as_it_was(opened):
    kernel = shop(opened)
    left(kernel, opened.clock)
    assert Upkeep(kernel).restore("web:2") > 0
    assert Upkeep(kernel).restore("web:2") == 0
    alone = opened(archive=False)
    assert alone.order("web:2").statuses[0] == "completed"
    assert [row.id for row in kernel.orders()] == ["web:2", "web:5"]
    assert kernel.verify() == Upkeep(kernel).verify_archive() == ()
    (segment,) = {one.partition(".")[0] for one in kernel.core.archive.names()}
    assert Upkeep(kernel).restore_segment(segment) > 0
    assert len(alone.orders()) == 6
    assert kernel.verify() == Upkeep(kernel).verify_archive() == ()
    with pytest.raises(NotFound):
        Upkeep(kernel).restore_segment(segment)
    with pytest.raises(NotFound):
        Upkeep(kernel).restore("web:none")
    assert left(kernel, opened.clock).orders == 5
    assert kernel.verify() == Upkeep(kernel).verify_archive() == ()


def test_segments_hold_no_personal_data_but_what_is_erasable(opened):
    kernel = shop(opened)
    left(kernel, opened.clock)
    archive = kernel.core.archive
    texts = {name: gzip.decompress(archive.get(name)).decode() for name in archive.names()}
    assert {name.partition(".")[2] for name in texts} == {"segment", "personal"}
    assert [name.partition(".")[2] for name, text in texts.items() if "Lovelace" in text] == ["personal"]


def test_the_journal_begins_with_what_is_carried_forward(opened):
    kernel = shop(opened)
    was = kernel.why("TEA", "WH1").movements[-1]
    left(kernel, opened.clock)
    now = kernel.why("TEA", "WH1").movements[-1]
    assert (now.on_hand, now.available) == (was.on_hand, was.available)
    with pytest.raises(Archived):
        kernel.explain("web:5")


def test_a_count_of_a_moment_whose_books_are_archived_is_refused(opened):
    kernel = shop(opened)
    left(kernel, opened.clock)
    with pytest.raises(Archived):
        kernel.handle(CountStock("WH1", "TEA", 3), effective=opened.clock.now() - LATER - timedelta(days=1))
    kernel.handle(CountStock("WH1", "TEA", 29))
    assert kernel.verify() == ()


def test_what_is_young_or_open_or_unseen_by_a_follower_stays(opened):
    kernel = shop(opened)
    assert Upkeep(kernel).archive(opened.clock.now() - LATER - timedelta(days=1)).orders == 0
    store = kernel.store
    store.checkpoint("slow", None, store.read_all(None, 1).cursor)
    report = left(kernel, opened.clock)
    assert report.orders == 0
    assert [line.split()[0] for line in report.blocked] == ["slow"]
    assert list(kernel.core.archive.names()) == []
    assert kernel.verify() == ()
    store.checkpoint("slow", store.cursor_of("slow"), store.read_all(None, 10_000).cursor)
    cancelled = Upkeep(kernel).archive(opened.clock.now(), statuses=("cancelled",), most=2)
    assert (cancelled.orders, cancelled.streams) == (0, 1)


def test_many_leave_in_passes_and_what_stays_is_not_looked_at_again(opened):
    kernel = shop(opened, orders=9)
    young = kernel.handle(order(40, 1)).order_id
    kernel.handle(Ship(young, carrier="Post", tracking="P-40"))
    for parcel in kernel.order(young).parcels:
        kernel.handle(ConfirmDelivery(young, parcel))
    opened.clock.advance(timedelta(seconds=1))
    kernel.handle(PutItem("LAST"))
    with patch.object(archiving, "_PASS", 2):
        assert Upkeep(kernel).archive(opened.clock.now(), most=3).streams == 3
        report = left(kernel, opened.clock)
    assert (report.streams, report.orders, report.blocked) == (6, 5, ())
    assert kernel.verify() == Upkeep(kernel).verify_archive() == ()
    assert left(kernel, opened.clock).streams == 0


@pytest.mark.parametrize("moment", ["before the other has deleted", "after the other has deleted"])
def test_an_archivist_who_is_refused_takes_nothing_away_from_another(opened, monkeypatch, tmp_path, moment):
    """Both leave with the same orders, so with the same files; the store lets one of them through."""
    kernel = shop(opened)
    folder = ArchiveFolder.at(tmp_path / "archive")
    archive, delete = kernel.store.archive, ArchiveFolder.delete
    deleted, committed = [], []

    def refused(cut, *, tenant=""):
        monkeypatch.setattr(kernel.store, "archive", archive)
        return Conflicted("log", 1, 1)

    def too_late(self, name):
        monkeypatch.setattr(ArchiveFolder, "delete", delete)
        if moment == "before the other has deleted":
            committed.append(left(kernel, opened.clock))
        delete(self, name)
        deleted.append(name)

    def while_deleting(cut, *, tenant=""):
        for name in list(folder.names()):
            folder.delete(name)
        return archive(cut, tenant=tenant)

    if moment == "before the other has deleted":
        monkeypatch.setattr(kernel.store, "archive", refused)
        monkeypatch.setattr(ArchiveFolder, "delete", too_late)
        assert not left(kernel, opened.clock).segments
        assert deleted
    else:
        monkeypatch.setattr(kernel.store, "archive", while_deleting)
        committed.append(left(kernel, opened.clock))
    assert committed[0].segments
    assert Upkeep(kernel).verify_archive() == ()
    for segment in committed[0].segments:
        assert Upkeep(kernel).restore_segment(segment)
    assert kernel.verify() == ()


def test_without_an_archive_nothing_leaves(opened):
    with pytest.raises(ConfigurationError):
        Upkeep(opened(archive=False)).archive(datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("harm", ["gone", "flipped", "other"])
def test_a_damaged_archive_is_found(opened, harm, tmp_path):
    kernel = shop(opened)
    left(kernel, opened.clock)
    (file,) = (tmp_path / "archive").glob("*.segment")
    if harm == "gone":
        file.unlink()
    else:
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(bytes(content) if harm == "flipped" else b"")
    (breach,) = Upkeep(kernel).verify_archive()
    assert breach.identity == "archive"
    assert kernel.verify() == ()
    with pytest.raises((NotFound, Corrupted)):
        opened().order("web:2")


class Stopped(Exception):
    """The process is gone."""


class Stopping:
    """An archive or store whose nth change is the last, whether it was made or not."""

    def __init__(self, inner, steps, verbs):
        self._inner, self._steps, self._verbs = inner, steps, verbs

    def __getattr__(self, name):
        found = getattr(self._inner, name)
        if name not in self._verbs:
            return found

        def change(*given, **named):
            nth, stop = next(self._steps), self._steps.stop
            if nth == stop and not stop % 2:
                raise Stopped
            result = found(*given, **named)
            if nth == stop:
                raise Stopped
            return result

        return change


class Steps:
    """Numbers one after the other, and the one to stop at."""

    def __init__(self, stop):
        self._numbers, self.stop = count(), stop

    def __next__(self):
        return next(self._numbers)


def test_a_crash_at_any_step_loses_nothing(tmp_path):
    stopped, stop = True, 0
    while stopped:
        clock = ManualClock()
        store = SQLiteStore(tmp_path / f"{stop}.db", synchronous="NORMAL")
        folder = ArchiveFolder.at(tmp_path / f"archive{stop}")
        steps = Steps(stop)
        kernel = fill(Kernel(store, clock=clock, archive=folder))
        clock.advance(LATER)
        kernel.handle(PutItem("LATER"))
        was = {row.id: kernel.order(row.id) for row in kernel.orders()}
        breaking = Kernel(store, clock=clock, archive=Stopping(folder, steps, ("put", "delete")))
        breaking.store = Stopping(store, steps, ("archive", "restore"))
        try:
            stopped = False
            left(breaking, clock)
            Upkeep(breaking).restore("web:1")
        except Stopped:
            stopped = True
        assert kernel.verify() == Upkeep(kernel).verify_archive() == ()
        assert {id: Kernel(store, clock=clock, archive=folder).order(id) for id in was} == was
        left(kernel, clock)
        Upkeep(kernel).restore("web:1")
        assert kernel.verify() == Upkeep(kernel).verify_archive() == ()
        assert sorted(row.id for row in kernel.orders()) == ["web:1", "web:5"]
        store.close()
        stop += 1
    assert stop > 4


DO = st.one_of(
    st.tuples(st.just("place"), st.integers(0, 6)),
    st.tuples(st.just("deliver"), st.integers(0, 6)),
    st.tuples(st.just("receive"), st.integers(0, 3)),
    st.tuples(st.just("wait"), st.integers(1, 60)),
    st.tuples(st.just("archive"), st.integers(2, 20)),
    st.tuples(st.just("restore"), st.integers(0, 3)),
)


class Bytes(dict):
    """An archive in memory."""

    def put(self, name, content):
        self[name] = content

    def get(self, name):
        if name not in self:
            raise NotFound.named("segment", name)
        return self[name]

    def delete(self, name):
        self.pop(name, None)

    def names(self):
        return sorted(self)


def told(kernel, what, number):
    """Do it, and say what came of it in a way that archiving must not change."""
    id = f"web:{number}"
    try:
        if what == "place":
            receipt = kernel.handle(order(number, number % 3 + 1))
            return (receipt.duplicate, receipt.result)
        if what == "receive":
            return kernel.handle(ReceiveStock("WH1", [Received("TEA", 2)], "supplier", f"GR-{number}")).duplicate
        if what == "deliver":
            receipt = kernel.handle(Ship(id, carrier="Post", tracking=f"P-{number}"))
            for parcel in kernel.order(id).parcels:
                kernel.handle(ConfirmDelivery(id, parcel))
            return receipt.result
    except Archived:
        return "refused"
    except Rejected as error:
        return error.code if error.code in ("not_found", "insufficient") else "refused"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(DO, min_size=8, max_size=40))
def test_a_shop_that_archives_answers_as_one_that_does_not(steps):
    clock = ManualClock()
    kernel, plain = Kernel(clock=clock, archive=Bytes()), Kernel(clock=clock)
    for each in (kernel, plain):
        fill(each, 4)
    for what, number in steps:
        if what == "wait":
            clock.advance(timedelta(days=number))
        elif what == "archive":
            clock.advance(timedelta(days=number))
            for each in (kernel, plain):
                each.handle(PutItem("TEA", f"Tea of {clock.now().isoformat()}"))
            Upkeep(kernel).archive(clock.now() - timedelta(days=number // 2))
        elif what == "restore":
            with suppress(NotFound):
                Upkeep(kernel).restore(f"web:{number}")
        else:
            assert told(kernel, what, number) == told(plain, what, number)
    assert kernel.stock("TEA") == plain.stock("TEA")
    for row in plain.orders():
        assert kernel.order(row.id) == plain.order(row.id)
        entries = [[(one.version, one.text, one.actor) for one in each.timeline(row.id)] for each in (kernel, plain)]
        assert entries[0] == entries[1]
    ends = [each.why("TEA", "WH1").movements[-1] for each in (kernel, plain) if each.why("TEA", "WH1").movements]
    assert len({(one.on_hand, one.available) for one in ends}) <= 1
    assert kernel.verify() == Upkeep(kernel).verify_archive() == ()
    for segment in Upkeep(kernel).segments():
        Upkeep(kernel).restore_segment(segment.name)
    assert [row.id for row in kernel.orders()] == [row.id for row in plain.orders()]
    assert kernel.verify() == Upkeep(kernel).verify_archive() == ()
