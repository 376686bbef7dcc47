"""S20 rows in and out of a store: what `ordercore copy` and the archive are made of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from attrs import evolve

from ordercore.errors import BrokenRule, Corrupted
from ordercore.store import Duplicate, Mismatched, PutDocument, ReadCounter, SetTimer, Store
from ordercore.store.memory import MemoryStore
from ordercore.store.transfer import (
    ConsumerRow,
    CounterRow,
    DocumentRow,
    Export,
    LogRow,
    StoredRow,
    TimerRow,
    transfer_of,
)
from ordercore.testing.rules.commits import full_batch
from ordercore.testing.rules.subject import (
    Subject,
    commit_all,
    committed,
    counter,
    document,
    log,
    outcome,
    units,
    unverified,
    version,
)
from ordercore.testing.sample_events import (
    HERE,
    NOW,
    Noted,
    Sample,
    Sheet,
    append,
    batch,
    context,
    delivery,
    order,
    receive,
    reserve,
    sample_codec,
    scrap,
)
from ordercore.values import Cursor, Sku, Stream

MINUTE = timedelta(minutes=1)


@contextmanager
def exported(store: Store, tenant: str = "") -> Iterator[Export]:
    """A snapshot of a store."""
    with transfer_of(store).export(tenant=tenant) as export:
        yield export


def all_rows(store: Store, tenant: str = "") -> list[StoredRow]:
    """Everything there is, in the order in which it may be taken in."""
    with exported(store, tenant) as export:
        return [
            *export.ids(), *export.log(), *export.documents(), *export.counters(), *export.timers(),
            *export.consumers(),
        ]  # fmt: skip


def placeless(rows: list[StoredRow]) -> list[StoredRow]:
    """The same without what is the store's own: positions, and the order of what has none."""
    log: list[StoredRow] = [row._replace(position=None) for row in rows if isinstance(row, LogRow) and row.stream]
    others: list[StoredRow] = [
        row._replace(position=None) if isinstance(row, LogRow) else row
        for row in rows
        if not (isinstance(row, LogRow) and row.stream)
    ]
    return log + sorted(others, key=repr)


def moved_into(target: Store, rows: list[StoredRow], tenant: str = "") -> None:
    """All of it, and the balances."""
    transfer = transfer_of(target)
    transfer.take(rows, tenant=tenant)
    transfer.rebuild(tenant=tenant)


def fill(store: Store, tenant: str = "") -> None:
    """Some of everything."""
    commit_all(
        store,
        delivery("in", receive("TEA", 5, lot="L1"), receive("CUP", 3), tenant=tenant),
        evolve(full_batch("a"), tenant=tenant),
        batch("nothing", tenant=tenant),
        evolve(order("o1", reserve("CUP", 2, "1")), tenant=tenant),
        evolve(delivery("out", scrap("TEA", 3, lot="L1")), tenant=tenant, context=context(
            "out", now=NOW + 2 * MINUTE, effective=NOW + MINUTE, actor="me")),
        batch("b", append("order/o1", 1, Noted("ü\u2028"), Noted("more")), append("order/o2", 0, Noted("x")),
              documents=[PutDocument("sheet", "x/1", Sheet("one"), None, "tag", "2")],
              bumps=["c", "c"], timers=[SetTimer("expire", "9", NOW + MINUTE)], tenant=tenant),
        batch("c", documents=[PutDocument("sheet", "x/1", Sheet("two"), 1, "tag", "1")], tenant=tenant),
    )  # fmt: skip


def other_store() -> MemoryStore:
    """The one that every store has to agree with."""
    store = MemoryStore()
    store.use_codec(sample_codec())
    return store


class TransferRules(Subject):
    """S20."""

    def test_s20_1_what_is_taken_in_is_all_that_was_there(self, store: Store) -> None:
        self.needs("transfer")
        source = other_store()
        fill(source)
        moved_into(store, all_rows(source))
        nowhere = Cursor("")
        there_and_here = [[evolve(one, position=nowhere) for one in log(each)] for each in (source, store)]
        assert there_and_here[0] == there_and_here[1]
        for name in ("in", "a", "nothing", "o1", "out", "b", "c"):
            there, here = outcome(source, name), outcome(store, name)
            assert there is not None
            assert here is not None
            assert evolve(here, position=None) == evolve(there, position=None)
        assert document(store, "sheet", "x/1") == document(source, "sheet", "x/1")
        assert counter(store, "c") == 2
        assert store.next_due() == source.next_due()
        for sku in ("TEA", "CUP"):
            for lot in ("", "L1"):
                assert units(store, sku, lot=lot) == units(source, sku, lot=lot)
        assert store.verify() == ()

    def test_s20_2_and_comes_out_as_it_went_in_text_and_checksum_included(self, store: Store) -> None:
        self.needs("transfer")
        fill(store)
        rows, there = all_rows(store), other_store()
        moved_into(there, rows)
        again = all_rows(there)
        assert placeless(again) == placeless(rows)
        with exported(store) as here, exported(there) as copied:
            held = {key: row for key, row in here.balances() if any(row)}
            assert {key: row for key, row in copied.balances() if any(row)} == held
            assert here.counts() == copied.counts()
            assert (here.counts().log, here.counts().ids) == (len([one for one in rows if _in_log(one)]), 2)

    def test_s20_3_a_command_that_was_taken_in_is_known_and_a_stream_goes_on(self, store: Store) -> None:
        self.needs("transfer")
        source = other_store()
        fill(source)
        moved_into(store, all_rows(source))
        assert isinstance(store.commit(order("o1", reserve("CUP", 2, "1"))), Duplicate)
        assert isinstance(store.commit(batch("o1", command=Sample("o1", "other"))), Mismatched)
        assert isinstance(store.commit(batch("nothing")), Duplicate)
        committed(store.commit(batch("on", append("order/o1", 3, Noted("on")))))
        committed(store.commit(order("o3", reserve("CUP", 1, "1"))))
        assert version(store, "order/o1") == 4
        assert log(store)[-2].stream == "order/o1"
        assert store.verify() == ()

    def test_s20_4_taking_again_changes_nothing(self, store: Store) -> None:
        self.needs("transfer")
        source = other_store()
        fill(source)
        rows = all_rows(source)
        moved_into(store, rows[:4])
        moved_into(store, rows)
        before = all_rows(store)
        moved_into(store, rows)
        assert all_rows(store) == before
        assert placeless(before) == placeless(rows)

    @unverified
    def test_s20_5_what_does_not_fit_is_refused_whole(self, store: Store) -> None:
        self.needs("transfer")
        source = other_store()
        fill(source)
        rows = [row for row in all_rows(source) if isinstance(row, LogRow) and row.stream is not None]
        transfer_of(store).take(rows[:2])
        before = all_rows(store)
        other = rows[0]._replace(fingerprint=b"1" * 17)
        ahead = rows[2]._replace(version=9)
        for wrong in (other, ahead):
            with pytest.raises(BrokenRule):
                transfer_of(store).take([CounterRow("n", 1), rows[2], wrong] if wrong is other else [wrong])
            assert all_rows(store) == before
        with pytest.raises(Corrupted):
            transfer_of(store).take([rows[2]._replace(crc=rows[2].crc ^ 1)])
        assert all_rows(store) == before

    def test_s20_6_balances_are_made_from_the_log_and_from_nothing_else(self, store: Store) -> None:
        self.needs("transfer")
        source = other_store()
        fill(source)
        transfer_of(store).take(all_rows(source))
        assert units(store, "CUP") == {}
        transfer_of(store).rebuild()
        assert units(store, "CUP") == {"available": 4, "reserved": 2}
        self.damage(store, (Sku("CUP"), HERE, "", ""), "available", 4)
        assert store.verify() != ()
        transfer_of(store).rebuild()
        assert units(store, "CUP") == {"available": 4, "reserved": 2}
        assert store.verify() == ()

    def test_s20_7_a_follower_goes_on_where_it_stood(self, store: Store) -> None:
        self.needs("transfer")
        commit_all(store, delivery("before", receive("TEA", 1), tenant="other"))
        source = other_store()
        fill(source)
        for name, limit in (("first", 1), ("third", 3), ("end", 100)):
            committed(source.checkpoint(name, None, source.read_all(None, limit).cursor))
        moved_into(store, all_rows(source))
        for name in ("first", "third", "end"):
            behind = [record.event for record in log(store, store.cursor_of(name))]
            assert behind == [record.event for record in log(source, source.cursor_of(name))]
        with exported(store) as export:
            assert sorted(export.consumers()) == [
                ConsumerRow("end", len(list(export.log()))), ConsumerRow("first", 1), ConsumerRow("third", 2),
            ]  # fmt: skip

    def test_s20_8_an_export_is_one_snapshot(self, store: Store) -> None:
        self.needs("transfer")
        fill(store)
        before = all_rows(store)
        with exported(store) as export:
            rows: list[StoredRow] = [*export.ids()]
            commit_all(store, batch("late", append("order/late", 0, Noted("late")), bumps=["c"]))
            rows += [*export.log(), *export.documents(), *export.counters(), *export.timers(), *export.consumers()]
        assert rows == before
        assert len(all_rows(store)) == len(before) + 1

    def test_s20_9_rows_are_read_from_a_cursor_and_by_stream_and_documents_by_kind(self, store: Store) -> None:
        self.needs("transfer")
        fill(store)
        with exported(store) as export:
            rows = list(export.log())
            assert list(export.log(rows[2].position)) == rows[3:]
            asked = [Stream("order/o2"), Stream("order/none"), Stream("order/o1")]
            assert [(row.stream, row.version) for row in export.streams(asked)] == [
                ("order/o2", 1), ("order/o1", 1), ("order/o1", 2),
            ]  # fmt: skip
            kept = export.document("sheet", "x/1")
            assert kept is not None
            assert kept in list(export.documents("sheet"))
            assert list(export.documents("none")) == []
            assert export.document("sheet", "none") is None

    def test_s20_10_tenants_do_not_meet(self, store: Store) -> None:
        self.needs("transfer")
        assert transfer_of(store).tenants() == ()
        for tenant in ("b", "", "ba"):
            fill(store, tenant)
        assert transfer_of(store).tenants() == ("", "b", "ba")
        before = all_rows(store, "ba")
        transfer_of(store).clear(tenant="b")
        transfer_of(store).rebuild(tenant="b")
        source = other_store()
        fill(source)
        moved_into(store, all_rows(source), "c")
        assert all_rows(store, "ba") == before
        assert transfer_of(store).tenants() == ("", "b", "ba", "c")
        assert [store.verify(tenant=tenant) for tenant in ("", "b", "ba", "c")] == [()] * 4

    def test_s20_11_clear_leaves_the_log_and_what_is_kept(self, store: Store) -> None:
        self.needs("transfer")
        fill(store)
        committed(store.checkpoint("me", None, store.read_all(None, 1).cursor))
        transfer_of(store).take([DocumentRow("kept", "k", 3, "t", "s", sample_codec().dump_document(Sheet("k")))])
        rows = [row for row in all_rows(store) if isinstance(row, LogRow)]
        transfer_of(store).clear(keep="kept")
        left = all_rows(store)
        assert [row for row in left if isinstance(row, LogRow)] == rows
        assert [type(row) for row in left if not isinstance(row, LogRow)] == [DocumentRow]
        kept = document(store, "kept", "k")
        assert kept is not None
        assert (kept.revision, kept.tag, kept.sort) == (3, "t", "s")
        query = ReadCounter("c")
        assert store.read([query]).of(query) == 0
        assert store.next_due() is None
        assert store.cursor_of("me") is None

    def test_s20_12_a_timer_comes_without_its_lease(self, store: Store) -> None:
        self.needs("transfer")
        self.needs("fencing")
        commit_all(store, batch("a", timers=[SetTimer("expire", "1", NOW)]))
        (lease,) = store.lease_due("me", NOW, MINUTE)
        rows = [row for row in all_rows(store) if isinstance(row, TimerRow)]
        transfer_of(store).take(rows)
        assert store.ack(lease) is False
        (again,) = store.lease_due("you", NOW, MINUTE)
        assert again.fence > lease.fence


def _in_log(row: StoredRow) -> bool:
    return isinstance(row, LogRow) and row.stream is not None
