"""S10 reading: snapshots, streams, offers, the log and its cursor."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from attrs import evolve

from ordercore.errors import BrokenRule, InvalidCommand
from ordercore.message import Context
from ordercore.store import (
    BUCKETS,
    PutDocument,
    ReadChange,
    ReadCounter,
    ReadDocument,
    ReadDocuments,
    ReadHead,
    ReadLog,
    ReadOffers,
    ReadPositions,
    ReadStream,
    SetTimer,
    Store,
)
from ordercore.testing.rules.subject import Subject, commit_all, committed, events, log
from ordercore.testing.sample_events import (
    HERE,
    NOW,
    THERE,
    Noted,
    Sheet,
    append,
    batch,
    context,
    delivery,
    moved,
    order,
    receive,
    reserve,
)
from ordercore.values import CommandId, Cursor, Sku, Stream


def history(store: Store) -> None:
    """Six batches, seven log rows, ten events."""
    commit_all(
        store,
        batch("a", append("order/1", 0, Noted("1"), Noted("2"), Noted("3"))),
        batch("b", append("order/2", 0, Noted("4"))),
        batch("c", append("order/1", 3, Noted("5")), append("order/3", 0, Noted("6"), Noted("7"))),
        batch("d", append("order/2", 1, Noted("8"))),
        batch("e", append("order/4", 0, Noted("9"))),
        batch("f", append("order/1", 4, Noted("10"))),
    )


def texts(store: Store) -> list[str]:
    """What was noted, in the order of the log."""
    return [record.event.text for record in log(store) if isinstance(record.event, Noted)]


class ReadingRules(Subject):
    """S10."""

    def test_s10_1_one_read_answers_every_query(self, store: Store) -> None:
        commit_all(
            store, batch("a", append("order/1", 0, Noted("one")), bumps=["seen"]), delivery("b", receive("T", 1))
        )
        commit_all(store, batch("c", documents=[PutDocument("sheet", "1", Sheet("one"))]))
        stream, head, positions = ReadStream(Stream("order/1")), ReadHead(Stream("order/1")), ReadPositions((Sku("T"),))
        counter, document, twice = ReadCounter("seen"), ReadDocument("sheet", "1"), ReadHead(Stream("order/1"))
        snapshot = store.read([stream, head, positions, counter, document, twice])
        assert snapshot.of(stream).events == (Noted("one"),)
        assert snapshot.of(head) == snapshot.of(twice) == snapshot.of(stream).version == 1
        assert list(snapshot.of(positions)) == [("T", HERE, "", "")]
        assert snapshot.of(counter) == 1
        assert snapshot.of(document) is not None

    def test_s10_2_what_is_not_there_reads_as_empty(self, store: Store) -> None:
        stream, offers, log_of = ReadStream(Stream("order/1")), ReadOffers((Sku("T"),)), ReadLog(Stream("order/1"))
        positions, documents = ReadPositions((Sku("T"),)), ReadDocuments("sheet")
        snapshot = store.read([stream, offers, log_of, positions, documents])
        assert (snapshot.of(stream).version, tuple(snapshot.of(stream).events)) == (0, ())
        assert not any(snapshot.of(offers).get(Sku("T"), {}))
        assert tuple(snapshot.of(log_of)) == ()
        assert dict(snapshot.of(positions)) == {}
        assert tuple(snapshot.of(documents)) == ()
        assert store.read([]).answers == {}

    def test_s10_3_a_stream_can_be_read_from_any_version(self, store: Store) -> None:
        history(store)
        for after in range(7):
            query = ReadStream(Stream("order/1"), after)
            head = store.read([query]).of(query)
            assert head.version == 5
            assert tuple(head.events) == tuple(Noted(n) for n in ("1", "2", "3", "5", "10")[after:])

    def test_s10_4_positions_are_read_by_sku_and_place(self, store: Store) -> None:
        commit_all(store, delivery("a", receive("TEA", 1, lot="L"), receive("TEA", 2, THERE), receive("CUP", 3)))
        everywhere, here = ReadPositions((Sku("TEA"), Sku("CUP"))), ReadPositions((Sku("TEA"), Sku("CUP")), HERE)
        snapshot = store.read([everywhere, here])
        tea_here = {("TEA", HERE, "", ""), ("TEA", HERE, "L", "")}
        assert set(snapshot.of(everywhere)) == {*tea_here, ("TEA", THERE, "", ""), ("CUP", HERE, "", "")}
        assert set(snapshot.of(here)) == {*tea_here, ("CUP", HERE, "", "")}

    def test_s10_5_an_offer_is_own_stock_that_is_available(self, store: Store) -> None:
        commit_all(
            store,
            delivery("a", receive("TEA", 5, lot="L1"), receive("TEA", 2, THERE), receive("TEA", 9, owner="ACME")),
            delivery("b", receive("CUP", 1), receive("CUP", 4, "quota/shopify@WH1")),
            order("c", reserve("CUP", 1, "1"), reserve("TEA", 1, "2")),
        )
        query = ReadOffers((Sku("TEA"), Sku("CUP")))
        offers = store.read([query]).of(query)
        found = {sku: dict(places) for sku, places in offers.items() if places}
        assert found == {"TEA": {HERE: 4, THERE: 2}, "CUP": {"quota/shopify@WH1": 4}}

    def test_s10_6_a_snapshot_stays_as_it_was_read(self, store: Store) -> None:
        commit_all(store, delivery("a", receive("TEA", 5)), batch("b", append("order/1", 0, Noted("one"))))
        positions, offers, stream = (
            ReadPositions((Sku("TEA"),)),
            ReadOffers((Sku("TEA"),)),
            ReadStream(Stream("order/1")),
        )
        snapshot = store.read([positions, offers, stream])
        commit_all(store, delivery("c", receive("TEA", 1)), batch("d", append("order/1", 1, Noted("two"))))
        assert snapshot.of(positions)[Sku("TEA"), HERE, "", ""][0] == 5
        assert snapshot.of(offers)[Sku("TEA")][HERE] == 5
        assert snapshot.of(stream).events == (Noted("one"),)

    def test_s10_7_the_log_tells_everything_about_an_event(self, store: Store) -> None:
        week_ago = NOW - timedelta(days=7)
        said = context("a", now=NOW, effective=week_ago, actor="anna")
        commit_all(store, batch("a", append("order/1", 0, Noted("one"), Noted("two")), at=said))
        first, second = log(store)
        assert (first.event, first.stream, first.version, first.command_id) == (Noted("one"), "order/1", 1, "a")
        assert (first.recorded_at, first.effective_at) == (NOW, week_ago)
        assert (first.actor, first.cause, first.correlation) == ("anna", "test", "suite")
        assert (second.event, second.version, second.command_id) == (Noted("two"), 2, "a")

    def test_s10_8_the_log_is_in_the_order_of_the_commits(self, store: Store) -> None:
        self.needs("global_order")
        history(store)
        assert texts(store) == [str(n) for n in range(1, 11)]

    def test_s10_9_pages_of_any_size_give_the_same_log(self, store: Store) -> None:
        history(store)
        whole = log(store)
        assert len(whole) == 10
        for limit in range(1, 9):
            assert log(store, limit=limit) == whole
        first = store.read_all(None, 1)
        assert [record.version for record in first.records] == [1, 2, 3]  # a log row is never split

    def test_s10_10_the_end_of_the_log_is_a_place_to_wait(self, store: Store) -> None:
        empty = store.read_all(None, 10)
        assert (tuple(empty.records), empty.cursor, empty.lag) == ((), None, 0)
        history(store)
        end = store.read_all(None, 100)
        assert end.lag == 0
        nothing = store.read_all(end.cursor, 100)
        assert (tuple(nothing.records), nothing.cursor, nothing.lag) == ((), end.cursor, 0)
        commit_all(store, batch("g", append("order/9", 0, Noted("11"))))
        assert [record.event for record in store.read_all(end.cursor, 100).records] == [Noted("11")]

    def test_s10_11_a_page_says_how_much_lies_behind_it(self, store: Store) -> None:
        history(store)
        first = store.read_all(None, 3)
        rest = store.read_all(first.cursor, 100)
        assert first.lag == len({(record.command_id, record.stream) for record in rest.records})
        assert rest.lag == 0

    def test_s10_19_a_page_of_nothing_says_how_much_there_is(self, store: Store) -> None:
        history(store)
        first = store.read_all(None, 3)
        for cursor in (None, first.cursor):
            nothing, rest = store.read_all(cursor, 0), store.read_all(cursor, 100)
            assert (tuple(nothing.records), nothing.cursor) == ((), cursor)
            assert nothing.lag == len({(record.command_id, record.stream) for record in rest.records})

    def test_s10_12_records_can_be_read_by_stream_and_by_position(self, store: Store) -> None:
        history(store)
        whole = log(store)
        by_stream = ReadLog(Stream("order/1"))
        # All events of a log row may share a position: asking for it gives them all.
        wanted = {whole[3].position, whole[9].position}
        by_position = ReadLog(positions=sorted(wanted))
        snapshot = store.read([by_stream, by_position])
        assert list(snapshot.of(by_stream)) == [record for record in whole if record.stream == "order/1"]
        found = list(snapshot.of(by_position))
        assert sorted(found, key=whole.index) == [record for record in whole if record.position in wanted]
        both = ReadLog(Stream("order/1"), positions=sorted(wanted))
        of_stream = [record for record in whole if record.position in wanted and record.stream == "order/1"]
        assert list(store.read([both]).of(both)) == of_stream

    def test_s10_13_a_position_is_a_cursor(self, store: Store) -> None:
        history(store)
        result = committed(store.commit(batch("g", append("order/9", 0, Noted("11"), Noted("12")))))
        commit_all(store, batch("h", append("order/9", 2, Noted("13"))))
        assert [record.event for record in log(store, result.position)] == [Noted("13")]

    def test_s10_14_the_past_of_a_row_is_what_it_holds_less_its_changes_since(self, store: Store) -> None:
        def since(minutes: int) -> dict[str, int]:
            query = ReadChange((Sku("TEA"), HERE, "", ""), NOW + timedelta(minutes=minutes))
            row = store.read([query]).of(query)
            return {bucket: units for bucket, units in zip(BUCKETS, row, strict=True) if units}

        def effective(minutes: int) -> Context:
            return evolve(context(f"at {minutes}"), effective=NOW + timedelta(minutes=minutes))

        commit_all(
            store,
            batch("a", append("in/1", 0, moved(receive("TEA", 5))), at=effective(0)),
            batch("b", append("in/2", 0, moved(receive("TEA", 3), receive("CUP", 9))), at=effective(2)),
            batch("c", append("in/3", 0, moved(receive("TEA", 1))), at=effective(1)),
        )
        assert [since(minutes) for minutes in (-1, 0, 1, 2)] == [
            {"available": 9}, {"available": 4}, {"available": 3}, {},
        ]  # fmt: skip
        of_lot = delivery("d", receive("TEA", 2, lot="L1", owner="ACME"))
        commit_all(store, evolve(of_lot, context=effective(3)))
        lot = ReadChange((Sku("TEA"), HERE, "L1", "ACME"), NOW + timedelta(minutes=2))
        assert store.read([lot]).of(lot)[0] == 2
        assert [since(minutes) for minutes in (1, 2)] == [{"available": 3}, {}]

    def test_s10_15_a_sku_asked_for_twice_is_answered_once_and_none_is_nothing(self, store: Store) -> None:
        commit_all(store, delivery("a", receive("TEA", 3)))
        positions, offers = ReadPositions((Sku("TEA"), Sku("TEA"))), ReadOffers((Sku("TEA"), Sku("TEA")))
        no_positions, no_offers, no_records = ReadPositions(()), ReadOffers(()), ReadLog()
        snapshot = store.read([positions, offers, no_positions, no_offers, no_records])
        assert {key: row[0] for key, row in snapshot.of(positions).items()} == {("TEA", HERE, "", ""): 3}
        assert {sku: dict(found) for sku, found in snapshot.of(offers).items()} == {"TEA": {HERE: 3}}
        assert (dict(snapshot.of(no_positions)), dict(snapshot.of(no_offers))) == ({}, {})
        assert tuple(snapshot.of(no_records)) == ()

    def test_s10_16_times_are_exact_and_of_any_zone(self, store: Store) -> None:
        there = timezone(timedelta(hours=5, minutes=45))
        now, long_ago = NOW + timedelta(microseconds=1), datetime(1871, 5, 1, 12, 0, 0, 999_999, tzinfo=there)
        asked = batch("a", append("order/1", 0, Noted("one")), at=context("a", now=now, effective=long_ago))
        due = datetime(2199, 12, 31, 23, 59, 59, 999_999, tzinfo=there)
        commit_all(store, evolve(asked, timers=(SetTimer("expire", "1", due),)))
        (record,) = log(store)
        assert (record.recorded_at, record.effective_at) == (now, long_ago)
        assert store.next_due() == due
        assert store.lease_due("me", due - timedelta(microseconds=1), timedelta(minutes=1)) == ()
        (leased,) = store.lease_due("me", due, timedelta(microseconds=3))
        assert (leased.due, leased.until) == (due, due + timedelta(microseconds=3))
        for unzoned in (
            evolve(asked, command_id=CommandId("b"), context=context("b", now=NOW.replace(tzinfo=None))),
            batch("c", timers=[SetTimer("expire", "2", NOW.replace(tzinfo=None))]),
        ):
            with pytest.raises(BrokenRule):
                store.commit(unzoned)
        assert len(log(store)) == 1
        assert store.next_due() == due

    def test_s10_20_a_stream_reads_so_many_events_at_most(self, store: Store) -> None:
        for number in range(5):
            commit_all(
                store, batch(f"{number}", append("order/1", 2 * number, Noted(f"{number}a"), Noted(f"{number}b")))
            )
        whole = events(store, "order/1")
        for after in range(12):
            for limit in (0, 1, 2, 3, 20):
                query = ReadStream(Stream("order/1"), after, limit)
                found = store.read([query]).of(query)
                assert (found.version, found.events) == (10, whole[after : after + limit])
        several = [ReadStream(Stream("order/1"), after, 2) for after in range(8)]
        snapshot = store.read(several)
        assert [snapshot.of(query).events for query in several] == [whole[after : after + 2] for after in range(8)]
        none = ReadStream(Stream("order/none"), 0, 1)
        assert store.read([none]).of(none).version == 0

    def test_s10_17_what_was_read_is_settled(self, store: Store) -> None:
        commit_all(store, delivery("a", receive("TEA", 1)))
        assert store.read([ReadOffers((Sku("TEA"),))]).settled
        assert store.read([ReadHead(Stream("order/1")), ReadPositions((Sku("TEA"),))]).settled
        assert store.read([]).settled

    def test_s10_18_what_is_no_cursor_is_refused_and_nothing_is_skipped(self, store: Store) -> None:
        history(store)
        for cursor in ("next", "-1", "1; drop table log", "\N{ARABIC-INDIC DIGIT ONE}", ""):
            with pytest.raises(InvalidCommand):
                store.read_all(Cursor(cursor), 10)
            with pytest.raises(InvalidCommand):
                store.checkpoint("shelf", None, Cursor(cursor))
        assert store.cursor_of("shelf") is None
