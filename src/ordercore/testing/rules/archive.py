"""S21 streams that leave for an archive and come back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from attrs import evolve

from ordercore.errors import Archived
from ordercore.store import (
    Breach,
    Committed,
    Conflicted,
    Duplicate,
    Mismatched,
    PutDocument,
    ReadHead,
    ReadStream,
    Store,
)
from ordercore.store.archived import (
    ARCHIVE,
    CARRIED,
    Back,
    Carried,
    CarriedRow,
    Cut,
    archiving_of,
)
from ordercore.store.memory import MemoryStore
from ordercore.store.posting import COLUMN, WIDTH
from ordercore.store.transfer import DocumentRow, LogRow
from ordercore.testing.rules.subject import Subject, commit_all, committed, document, log, outcome, units, unverified
from ordercore.testing.rules.transfer import all_rows, exported, moved_into, other_store
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
    moved,
    order,
    receive,
    reserve,
    sample_codec,
    scrap,
    ship,
)
from ordercore.values import Place, Sku, Stream

OLD, RECEIPT = Stream("order/old"), Stream("receipt/in")


def fill_shop(store: Store) -> None:
    """An order that is done, one that is not, and the receipt before both."""
    commit_all(
        store,
        delivery("in", receive("TEA", 9)),
        batch("old", append(OLD, 0, moved(reserve("TEA", 2, "1")), Noted("placed")),
              documents=[PutDocument("sheet", "old", Sheet("old"), 0, "tag", "1")]),
        order("new", reserve("TEA", 3, "1")),
        batch("both", append(OLD, 2, Noted("both")), append("order/new", 1, Noted("both"))),
        batch("ship", append(OLD, 3, moved(ship("TEA", 2, "1")))),
        delivery("out", scrap("TEA", 1)),
    )  # fmt: skip


def cut_of(store: Store, *streams: Stream, segment: str = "s1") -> tuple[Cut, list[LogRow], list[DocumentRow]]:
    """What leaves if these do, and what it was: what a driver puts into a segment."""
    with exported(store) as export:
        rows = list(export.streams(streams))
        kept = export.document("sheet", "old")
    documents = [kept] if kept is not None and OLD in streams else []
    heads: dict[Stream, int] = {}
    gained, lost = [0] * WIDTH, [0] * WIDTH
    for row in rows:
        assert row.stream is not None
        heads[row.stream] = row.version + row.size - 1
    if RECEIPT in streams:
        gained[COLUMN["available"]] += 9
    if OLD in streams:
        lost[COLUMN["available"]] += 2
        gained[COLUMN["reserved"]] += 2
        lost[COLUMN["reserved"]] += 2
    carried = Carried(
        Sku("TEA"), min(row.effective for row in rows), max(row.effective for row in rows),
        (CarriedRow(Place(HERE), "", "", tuple(gained), tuple(lost)),),
    )  # fmt: skip
    record = DocumentRow(CARRIED, "TEA", 1, "", "", sample_codec().dump_document(carried))
    names = [(one.kind, one.key, one.revision) for one in documents]
    return Cut(segment, heads, names, [record], carried.latest), rows, documents


def back_of(cut: Cut, rows: Sequence[LogRow], documents: Sequence[DocumentRow]) -> Back:
    """All of it, as it was."""
    (record,) = cut.records
    return Back(cut.segment, rows, documents, (record.kind, record.key, 1), (), [(record.kind, record.key, 1)])


class ArchiveRules(Subject):
    """S21."""

    def gone(self, store: Store, *streams: Stream) -> tuple[Cut, list[LogRow], list[DocumentRow]]:
        """A shop from which these streams have left."""
        self.needs("archive")
        fill_shop(store)
        made = cut_of(store, *streams)
        committed(archiving_of(store).archive(made[0]))
        return made

    def test_s21_1_what_leaves_is_away_and_its_balances_stay(self, store: Store) -> None:
        self.gone(store, OLD, RECEIPT)
        query, head = ReadStream(OLD), ReadHead(OLD)
        snapshot = store.read([query, head])
        assert (snapshot.of(query).version, snapshot.of(query).events, snapshot.of(query).archived) == (4, (), "s1")
        assert snapshot.of(head) == 4
        assert document(store, "sheet", "old") is None
        assert units(store, "TEA") == {"available": 3, "reserved": 3}
        assert store.verify() == ()
        with exported(store) as export:
            assert [row.size for row in export.streams([OLD, RECEIPT])] == [-4, -1]

    def test_s21_2_many_streams_are_told_apart_in_one_read(self, store: Store) -> None:
        self.gone(store, OLD)
        asked = [ReadStream(Stream(name)) for name in (OLD, RECEIPT, "order/new", "order/none", OLD, OLD, OLD)]
        heads = [ReadHead(query.stream) for query in asked]
        snapshot = store.read([*asked, *heads])
        assert [snapshot.of(query).archived for query in asked] == ["s1", "", "", "", "s1", "s1", "s1"]
        assert [snapshot.of(query).version for query in asked] == [4, 1, 2, 0, 4, 4, 4]
        assert [snapshot.of(query) for query in heads] == [4, 1, 2, 0, 4, 4, 4]

    def test_s21_3_the_command_that_began_it_is_still_known(self, store: Store) -> None:
        self.gone(store, OLD, RECEIPT)
        repeat = store.commit(batch("old", append(OLD, 0, Noted("again"))))
        assert isinstance(repeat, Duplicate)
        assert repeat.first.appended == ((OLD, 1, ()),)
        assert not repeat.first.archived
        assert isinstance(store.commit(delivery("in", receive("TEA", 9))), Duplicate)
        assert isinstance(store.commit(batch("in", command=Sample("in", "other"))), Mismatched)
        assert units(store, "TEA")["available"] == 3

    def test_s21_4_of_a_command_whose_own_stream_is_away_that_is_said(self, store: Store) -> None:
        self.gone(store, OLD)
        first = outcome(store, "both")
        assert first is not None
        assert (first.archived, first.appended) == (True, ((Stream("order/new"), 2, (Noted("both"),)),))
        assert outcome(store, "ship") is None

    @pytest.mark.parametrize("expected", [0, 1, 3, 4, 5, None])
    def test_s21_5_nothing_is_appended_to_what_is_away(self, store: Store, expected: int | None) -> None:
        self.gone(store, OLD)
        before = all_rows(store)
        result = store.commit(batch("late", append("order/new", 2, Noted("x")), append(OLD, expected, Noted("late"))))
        assert result == Conflicted(OLD, expected or 0, 4)
        assert store.commit_many([batch("late", append(OLD, expected))]) == [result]
        assert all_rows(store) == before

    def test_s21_6_what_changed_since_it_was_read_does_not_leave(self, store: Store) -> None:
        self.needs("archive")
        fill_shop(store)
        cut, _, _ = cut_of(store, OLD)
        commit_all(store, batch("more", append(OLD, 4, Noted("more"))), delivery("end", receive("TEA", 1)))
        before = all_rows(store)
        assert archiving_of(store).archive(cut) == Conflicted(OLD, 4, 5)
        again = evolve(cut, heads={OLD: 5}, documents=[("sheet", "old", 2)])
        assert archiving_of(store).archive(again) == Conflicted("sheet/old", 2, 1)
        twice = evolve(cut, heads={OLD: 5}, records=[*cut.records, cut.records[0]._replace(kind="sheet", key="old")])
        assert archiving_of(store).archive(twice) == Conflicted("sheet/old", 0, 1)
        later = evolve(again, documents=[], records=[cut.records[0]._replace(revision=2)])
        assert archiving_of(store).archive(later) == Conflicted("carried/TEA", 1, 0)
        assert all_rows(store) == before
        assert store.verify() == ()

    def test_s21_7_what_a_follower_has_not_seen_does_not_leave_nor_the_end_of_the_log(self, store: Store) -> None:
        self.needs("archive")
        fill_shop(store)
        committed(store.checkpoint("slow", None, store.read_all(None, 1).cursor))
        before = all_rows(store)
        cut, _, _ = cut_of(store, OLD)
        result = archiving_of(store).archive(cut)
        assert isinstance(result, Conflicted)
        assert result.what == "slow"
        committed(store.checkpoint("slow", store.cursor_of("slow"), store.read_all(None, 100).cursor))
        last, _, _ = cut_of(store, Stream("receipt/out"))
        result = archiving_of(store).archive(evolve(last, records=[]))
        assert isinstance(result, Conflicted)
        assert result.what == "log"
        committed(archiving_of(store).archive(cut))
        assert [type(row) for row in before] != [type(row) for row in all_rows(store)]

    def test_s21_8_a_reader_from_before_is_told(self, store: Store) -> None:
        self.needs("archive")
        fill_shop(store)
        third = store.read_all(None, 3).cursor
        cut, _, _ = cut_of(store, OLD)
        committed(archiving_of(store).archive(cut))
        for after in (None, third):
            with pytest.raises(Archived):
                store.read_all(after, 100)
        end = store.cursor_of(ARCHIVE)
        assert [record.stream for record in log(store, end)] == ["receipt/out"]
        hot = store.read_all(None, 100, hot=True)
        assert [record.stream for record in hot.records] == [RECEIPT, "order/new", "order/new", "receipt/out"]
        assert hot.lag == 0
        assert store.read_all(None, 1, hot=True).lag in (3, 4)

    def test_s21_9_what_comes_back_is_where_it_was(self, store: Store) -> None:
        self.needs("archive")
        fill_shop(store)
        before = [row for row in all_rows(store) if isinstance(row, LogRow | DocumentRow)]
        cut, rows, documents = cut_of(store, OLD, RECEIPT)
        committed(archiving_of(store).archive(cut))
        commit_all(store, delivery("later", receive("TEA", 1)))
        committed(archiving_of(store).restore(back_of(cut, rows, documents)))
        after = [row for row in all_rows(store) if isinstance(row, LogRow | DocumentRow)]
        assert [row for row in after if not (isinstance(row, LogRow) and row.command_id == "later")] == before
        assert store.verify() == ()
        assert isinstance(store.commit(batch("ship", append(OLD, 3, moved(ship("TEA", 2, "1"))))), Duplicate)
        committed(store.commit(batch("on", append(OLD, 4, Noted("on")))))
        assert units(store, "TEA") == {"available": 4, "reserved": 3}

    def test_s21_10_only_what_is_away_in_this_segment_comes_back(self, store: Store) -> None:
        cut, rows, documents = self.gone(store, OLD, RECEIPT)
        back = back_of(cut, rows, documents)
        before = all_rows(store)
        for wrong in (
            evolve(back, segment="s2"), evolve(back, rows=rows[:1]), evolve(back, expected=("sheet", "none", 1)),
            evolve(back, deletes=[(*back.deletes[0][:2], 2)]), evolve(back, puts=cut.records),
        ):  # fmt: skip
            assert isinstance(archiving_of(store).restore(wrong), Conflicted)
            assert all_rows(store) == before
        committed(archiving_of(store).restore(back))
        assert isinstance(archiving_of(store).restore(back), Conflicted)
        assert store.verify() == ()

    @unverified
    def test_s21_11_a_balance_carried_forward_wrongly_is_found(self, store: Store) -> None:
        self.needs("archive")
        fill_shop(store)
        cut, _, _ = cut_of(store, OLD)
        committed(archiving_of(store).archive(evolve(cut, records=[])))
        breaches = store.verify()
        assert [type(breach) for breach in breaches] == [Breach]
        assert "TEA" in breaches[0].where

    @unverified
    def test_s21_12_late_movements_are_judged_with_what_is_away(self, store: Store) -> None:
        self.gone(store, RECEIPT, OLD)
        yesterday = context("late", now=NOW + timedelta(minutes=1), effective=NOW - timedelta(days=1))
        commit_all(store, evolve(delivery("late", scrap("TEA", 1)), context=yesterday))
        (breach,) = store.verify()
        assert breach.identity == "past_negative"

    def test_s21_13_a_copy_knows_what_is_away_and_takes_it_back(self, store: Store) -> None:
        cut, rows, documents = self.gone(store, OLD, RECEIPT)
        there: MemoryStore = other_store()
        moved_into(there, all_rows(store))
        moved_into(store, all_rows(there), "copy of a copy")
        committed(
            archiving_of(store).restore(
                back_of(cut, [row._replace(position=None) for row in rows], documents), tenant="copy of a copy"
            )
        )
        assert store.verify(tenant="copy of a copy") == ()
        for one in (there, store):
            assert isinstance(one.commit(batch("old", append(OLD, 0, Noted("again")))), Duplicate)
            their = [row._replace(position=None) for row in rows] if one is there else rows
            committed(archiving_of(one).restore(back_of(cut, their, documents)))
            assert one.verify() == ()
            committed(one.commit(batch("on", append(OLD, 4, Noted("on")))))

    def test_s21_14_tenants_do_not_meet(self, store: Store) -> None:
        self.needs("archive")
        commit_all(store, *(evolve(batch("b", append(OLD, 0, Noted("b"))), tenant=tenant) for tenant in ("b", "c")))
        self.gone(store, OLD)
        for tenant in ("b", "c"):
            assert len(log(store, tenant=tenant)) == 1
            query = ReadStream(OLD)
            assert store.read([query], tenant=tenant).of(query).archived == ""
            assert isinstance(store.commit(evolve(batch("on", append(OLD, 1, Noted("on"))), tenant=tenant)), Committed)
