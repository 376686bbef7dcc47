"""S7 counters, S8 documents."""

from __future__ import annotations

from datetime import UTC, datetime

from attrs import evolve

from ordercore.store import (
    Batch,
    Committed,
    Conflicted,
    DeleteDocument,
    Document,
    PutDocument,
    ReadDocuments,
    Require,
    RequireUnits,
    Store,
)
from ordercore.store.batch import DocumentChange, Requirement
from ordercore.testing.rules.subject import Subject, commit_all, counter, document
from ordercore.testing.sample_events import (
    HERE,
    Noted,
    Sheet,
    append,
    batch,
    delivery,
    moved,
    order,
    receive,
    reserve,
)
from ordercore.values import Sku


def put(key: str, title: str = "", *, expected: int | None = None, tag: str = "", sort: str = "") -> PutDocument:
    """A sheet to write."""
    return PutDocument("sheet", key, Sheet(title or key), expected, tag, sort)


def keys(store: Store, query: ReadDocuments) -> list[str]:
    """The keys that a query finds, in its order."""
    return [found.key for found in store.read([query]).of(query)]


class RecordRules(Subject):
    """S7 and S8."""

    def test_s7_1_a_bump_adds_one_whatever_the_counter_is(self, store: Store) -> None:
        assert counter(store, "supply/TEA") == 0
        commit_all(store, *(batch(f"{n}", bumps=["supply/TEA"]) for n in range(3)), batch("x", bumps=["supply/CUP"]))
        assert counter(store, "supply/TEA") == 3
        assert counter(store, "supply/CUP") == 1

    def test_s7_2_what_was_read_must_still_hold(self, store: Store) -> None:
        commit_all(store, batch("fresh", append("order/1", 0, Noted("one")), requires=[Require("supply/TEA", 0)]))
        commit_all(store, batch("bump", bumps=["supply/TEA"]))
        late = store.commit(batch("late", append("order/2", 0, Noted("late")), requires=[Require("supply/TEA", 0)]))
        assert isinstance(late, Conflicted), late
        assert (late.expected, late.actual) == (0, 1)
        assert "supply/TEA" in late.what
        commit_all(store, batch("again", append("order/2", 0, Noted("two")), requires=[Require("supply/TEA", 1)]))

    def test_s7_3_a_requirement_speaks_of_the_time_before_the_batch(self, store: Store) -> None:
        for value in range(3):
            commit_all(store, batch(f"{value}", bumps=["catalog"], requires=[Require("catalog", value)]))
        assert counter(store, "catalog") == 3

    def test_s7_4_a_required_row_holds_what_was_read_of_it(self, store: Store) -> None:
        def required(units: int, lot: str = "") -> list[RequireUnits]:
            return [RequireUnits(Sku("TEA"), HERE, "available", units, lot)]

        commit_all(store, batch("none", append("in/1", 0, moved(receive("TEA", 5))), requires=required(0)))
        more = append("in/2", 0, moved(receive("TEA", 1)))
        late = store.commit(batch("late", more, requires=required(4)))
        assert isinstance(late, Conflicted), late
        assert (late.expected, late.actual) == (4, 5)
        commit_all(store, batch("seen", more, requires=[*required(5), *required(0, "L1")]))
        others = delivery("others", receive("TEA", 3, lot="L1", owner="ACME"))
        commit_all(store, others, order("kept", reserve("TEA", 2, "1")))
        of_lot = RequireUnits(Sku("TEA"), HERE, "available", 3, "L1", "ACME")
        of_claims = RequireUnits(Sku("TEA"), HERE, "reserved", 2)
        commit_all(store, batch("both", requires=[of_lot, of_claims]))
        for wrong in (evolve(of_lot, owner=""), evolve(of_claims, units=3)):
            assert isinstance(store.commit(batch("wrong", requires=[wrong])), Conflicted)

    def test_s7_5_in_a_group_what_is_required_is_compared_at_its_turn(self, store: Store) -> None:
        def counting(name: str, value: int, held: int) -> Batch:
            requires: list[Requirement] = [Require("seen", value), RequireUnits(Sku("TEA"), HERE, "available", held)]
            return batch(name, append(f"in/{name}", 0, moved(receive("TEA", 1))), requires=requires, bumps=["seen"])

        group = [
            counting("a", 0, 0),
            counting("b", 1, 1),
            counting("c", 1, 2),
            counting("d", 2, 1),
            counting("e", 2, 2),
        ]
        results = store.commit_many(group)
        assert [type(result) for result in results] == [Committed, Committed, Conflicted, Conflicted, Committed]
        told = [(each.expected, each.actual) for each in results if isinstance(each, Conflicted)]
        assert told == [(1, 2), (1, 2)]
        assert counter(store, "seen") == 3

    def test_s7_6_a_counter_bumped_twice_by_a_batch_goes_up_by_two(self, store: Store) -> None:
        commit_all(store, batch("a", bumps=["seen", "looked", "seen"]))
        assert (counter(store, "seen"), counter(store, "looked")) == (2, 1)
        refused, twice = batch("b", requires=[Require("seen", 0)], bumps=["seen"]), batch("c", bumps=["seen", "seen"])
        assert [type(each) for each in store.commit_many([refused, twice])] == [Conflicted, Committed]
        assert counter(store, "seen") == 4

    def test_s8_1_a_document_comes_back_as_it_was_put(self, store: Store) -> None:
        body = Sheet("Grüße, 茶 \N{TEACUP WITHOUT HANDLE}", 2**61, datetime(2026, 3, 29, 1, 30, tzinfo=UTC), ("a", ""))
        commit_all(store, batch("a", documents=[PutDocument("sheet", "1", body, None, "tag", "sort")]))
        assert document(store, "sheet", "1") == Document("sheet", "1", 1, body, "tag", "sort")
        assert document(store, "sheet", "2") is None
        assert document(store, "other", "1") is None

    def test_s8_2_a_revision_counts_the_writes(self, store: Store) -> None:
        commit_all(store, batch("a", documents=[put("1", "one", expected=0)]))
        commit_all(store, batch("b", documents=[put("1", "two", expected=1)]))
        commit_all(store, batch("c", documents=[put("1", "three")]))
        held = document(store, "sheet", "1")
        assert held is not None
        assert (held.revision, held.body) == (3, Sheet("three"))

    def test_s8_3_an_older_revision_is_a_conflict(self, store: Store) -> None:
        commit_all(store, batch("a", documents=[put("1", "one")]), batch("b", documents=[put("1", "two")]))
        for expected in (0, 1, 3):
            late = store.commit(batch(f"late {expected}", documents=[put("1", "late", expected=expected)]))
            assert isinstance(late, Conflicted), late
            assert (late.expected, late.actual) == (expected, 2)
        missing = store.commit(batch("missing", documents=[put("2", "late", expected=1)]))
        assert isinstance(missing, Conflicted), missing
        held = document(store, "sheet", "1")
        assert held is not None
        assert (held.revision, held.body) == (2, Sheet("two"))

    def test_s8_4_a_deleted_document_is_gone(self, store: Store) -> None:
        commit_all(store, batch("a", documents=[put("1", tag="t"), put("2", tag="t")]))
        commit_all(store, batch("b", documents=[DeleteDocument("sheet", "1"), DeleteDocument("sheet", "never")]))
        assert document(store, "sheet", "1") is None
        assert keys(store, ReadDocuments("sheet", tag="t")) == ["2"]
        assert isinstance(store.commit(batch("c", documents=[put("1", expected=0)])), Committed)

    def test_s8_5_documents_are_listed_by_tag_and_sort(self, store: Store) -> None:
        documents = [
            put("a", tag="open", sort="2"), put("b", tag="open", sort="1"), put("c", tag="done", sort="0"),
            put("d", tag="open", sort="2"), PutDocument("other", "e", Sheet("e"), None, "open", "0"),
        ]  # fmt: skip
        commit_all(store, batch("a", documents=documents))
        assert keys(store, ReadDocuments("sheet")) == ["c", "b", "a", "d"]
        assert keys(store, ReadDocuments("sheet", tag="open")) == ["b", "a", "d"]
        assert keys(store, ReadDocuments("sheet", tag="none")) == []
        assert keys(store, ReadDocuments("sheet", newest_first=True)) == ["d", "a", "b", "c"]

    def test_s8_6_a_list_can_be_read_on(self, store: Store) -> None:
        documents = [put(f"{n:02d}", tag="even" if n % 2 == 0 else "odd", sort=str(n // 4)) for n in range(12)]
        commit_all(store, batch("a", documents=documents))
        for newest_first in (False, True):
            for tag, expected in ((None, range(12)), ("even", range(0, 12, 2))):
                found: list[str] = []
                after: tuple[str, str] | None = None
                while True:
                    query = ReadDocuments("sheet", tag, after, limit=5, newest_first=newest_first)
                    page = store.read([query]).of(query)
                    if not page:
                        break
                    assert len(page) <= 5
                    found += [each.key for each in page]
                    after = page[-1].sort, page[-1].key
                assert found == [f"{n:02d}" for n in (reversed(expected) if newest_first else expected)]

    def test_s8_7_a_document_is_listed_where_its_last_write_put_it(self, store: Store) -> None:
        commit_all(store, batch("a", documents=[put("1", tag="open", sort="1"), put("2", tag="open", sort="2")]))
        commit_all(store, batch("b", documents=[put("1", tag="open", sort="3")]))
        assert keys(store, ReadDocuments("sheet", tag="open")) == ["2", "1"]
        commit_all(store, batch("c", documents=[put("1", tag="done")]))
        assert keys(store, ReadDocuments("sheet", tag="open")) == ["2"]
        assert keys(store, ReadDocuments("sheet", tag="done")) == ["1"]

    def test_s8_8_changes_of_one_document_in_a_batch_follow_each_other(self, store: Store) -> None:
        commit_all(store, batch("a", documents=[put("1", "one", expected=0), put("1", "two", expected=1)]))
        held = document(store, "sheet", "1")
        assert held is not None
        assert (held.revision, held.body) == (2, Sheet("two"))
        anew: list[DocumentChange] = [
            DeleteDocument("sheet", "1"),
            put("1", "three", expected=0),
            put("2"),
            DeleteDocument("sheet", "2"),
        ]
        commit_all(store, batch("b", documents=anew))
        held = document(store, "sheet", "1")
        assert held is not None
        assert (held.revision, held.body) == (1, Sheet("three"))
        assert document(store, "sheet", "2") is None
        late = store.commit(batch("c", documents=[put("1", "four", expected=1), put("1", "five", expected=1)]))
        assert isinstance(late, Conflicted), late
        assert (late.expected, late.actual) == (1, 2)
        assert document(store, "sheet", "1") == held

    def test_s8_9_lists_are_in_the_order_of_code_points(self, store: Store) -> None:
        sorts = [
            "",
            " ",
            "-a",
            "10",
            "9",
            "A",
            "B",
            "Z",
            "_",
            "a",
            "a b",
            "ab",
            "b",
            "z",
            "Ä",
            "ä",
            "é",
            "茶",
            "\U0001f375",
        ]
        assert sorts == sorted(sorts)
        documents = [put(f"{n}", sort=sort, tag="t") for n, sort in enumerate(reversed(sorts))]
        documents += [PutDocument("key", sort, Sheet(sort)) for sort in reversed(sorts) if sort]
        commit_all(store, batch("a", documents=documents))
        everything, tagged = ReadDocuments("sheet"), ReadDocuments("sheet", tag="t", newest_first=True)
        by_key, behind = ReadDocuments("key"), ReadDocuments("sheet", after=("Bee", ""))
        snapshot = store.read([everything, tagged, by_key, behind])
        assert [found.sort for found in snapshot.of(everything)] == sorts
        assert [found.sort for found in snapshot.of(tagged)] == sorts[::-1]
        assert [found.key for found in snapshot.of(by_key)] == sorts[1:]
        assert [found.sort for found in snapshot.of(behind)] == sorts[sorts.index("Z") :]

    def test_s8_10_no_tag_is_a_tag(self, store: Store) -> None:
        commit_all(store, batch("a", documents=[put("1", tag="t"), put("2"), put("3")]))
        assert keys(store, ReadDocuments("sheet", tag="")) == ["2", "3"]
        assert keys(store, ReadDocuments("sheet")) == ["1", "2", "3"]
