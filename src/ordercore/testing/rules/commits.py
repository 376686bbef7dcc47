"""S1 commit is all or nothing, S2 idempotency, S3 versions and conflicts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from ordercore.errors import BrokenRule
from ordercore.store import (
    BUCKETS,
    Batch,
    Committed,
    Conflicted,
    Duplicate,
    Floor,
    Mismatched,
    PutDocument,
    ReadHead,
    ReadOutcome,
    Require,
    SetTimer,
    Short,
    Store,
)
from ordercore.testing.rules.subject import (
    Subject,
    commit_all,
    committed,
    counter,
    document,
    events,
    log,
    outcome,
    picture,
    rows,
    units,
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
    moved,
    order,
    receive,
    reserve,
    scrap,
)
from ordercore.values import CommandId, Sku


def full_batch(command_id: str) -> Batch:
    """One of everything that a batch can hold; needs 2 units of TEA and brings in CUP and BOX."""
    return batch(
        command_id,
        append(f"order/{command_id}", 0, moved(reserve("TEA", 2, "1")), Noted("placed")),
        append(f"receipt/{command_id}", 0, moved(receive("CUP", 3), receive("BOX", 1))),
        documents=[PutDocument("sheet", command_id, Sheet("new"), expected=0)],
        requires=[Require("seen", 0)],
        bumps=["supply/CUP"],
        timers=[SetTimer("expire", command_id, NOW)],
        command=Sample(command_id, "full"),
    )


def refusals(whole: Batch) -> dict[str, Batch]:
    """The same batch with one reason each to be refused."""
    return {
        "shortage": evolve(whole, appends=(*whole.appends, append("scrap/1", 0, moved(scrap("TEA", 100))))),
        "floor": evolve(whole, floors=(Floor(Sku("TEA"), HERE, 100),)),
        "stream": evolve(whole, appends=(*whole.appends, append("order/0", 7, Noted("late")))),
        "counter": evolve(whole, requires=(Require("supply/CUP", 5),)),
        "document": evolve(whole, documents=(*whole.documents, PutDocument("sheet", "x", Sheet("x"), expected=3))),
        "other command": evolve(whole, command_id=CommandId("taken")),
    }


class CommitRules(Subject):
    """S1 to S3."""

    def test_s1_1_a_committed_batch_is_there_as_a_whole(self, store: Store) -> None:
        commit_all(store, delivery("stock", receive("TEA", 5)), full_batch("a"))
        assert events(store, "order/a") == (moved(reserve("TEA", 2, "1")), Noted("placed"))
        assert units(store, "TEA") == {"available": 3, "reserved": 2}
        assert units(store, "CUP") == {"available": 3}
        held = document(store, "sheet", "a")
        assert held is not None
        assert held.body == Sheet("new")
        assert counter(store, "supply/CUP") == 1
        assert store.next_due() == NOW
        assert len(log(store)) == 4

    def test_s1_2_a_refused_batch_leaves_nothing(self, store: Store) -> None:
        commit_all(store, delivery("stock", receive("TEA", 5)), delivery("taken", receive("TEA", 1)))
        for reason, refused in refusals(full_batch("a")).items():
            before = picture(store, refused)
            result = store.commit(refused)
            assert isinstance(result, Short | Conflicted | Mismatched), (reason, result)
            assert picture(store, refused) == before, reason
        assert store.verify() == ()

    def test_s1_3_a_refused_batch_leaves_its_id_free(self, store: Store) -> None:
        assert isinstance(store.commit(order("a", reserve("TEA", 1, "1"))), Short)
        commit_all(store, delivery("stock", receive("TEA", 1)))
        committed(store.commit(order("a", reserve("TEA", 1, "1"))))
        assert units(store, "TEA") == {"reserved": 1}

    def test_s1_4_a_batch_without_events_is_a_batch(self, store: Store) -> None:
        only = batch("a", documents=[PutDocument("sheet", "1", Sheet("one"))], bumps=["seen"])
        result = committed(store.commit(only))
        assert result.position is None
        assert counter(store, "seen") == 1
        known = outcome(store, "a")
        assert known is not None
        assert known.appended == ()
        assert log(store) == []
        assert isinstance(store.commit(only), Duplicate)

    def test_s1_5_the_result_names_the_new_versions_and_the_last_position(self, store: Store) -> None:
        commit_all(store, batch("a", append("order/1", 0, Noted("one"))))
        result = committed(
            store.commit(
                batch("b", append("order/1", 1, Noted("two"), Noted("three")), append("order/2", 0, Noted("other")))
            )
        )
        assert dict(result.versions) == {"order/1": 3, "order/2": 1}
        assert result.position is not None
        assert log(store, result.position) == []
        assert result.position == log(store)[-1].position

    def test_s1_6_of_several_reasons_the_first_one_counts(self, store: Store) -> None:
        commit_all(store, batch("a", append("order/1", 0, Noted("one")), append("order/2", 0, Noted("one"))))
        commit_all(store, batch("b", documents=[PutDocument("sheet", "1", Sheet("one"))], bumps=["seen", "looked"]))
        appends = append("order/1", 5, moved(reserve("TEA", 1, "1"))), append("order/2", 6, Noted("late"))
        whole = batch(
            "late",
            *appends,
            requires=[Require("seen", 7), Require("looked", 8)],
            documents=[PutDocument("sheet", "1", Sheet("late"), expected=9)],
        )

        def told(asked: Batch) -> tuple[int, int]:
            result = store.commit(asked)
            assert isinstance(result, Conflicted), result
            return result.expected, result.actual

        assert isinstance(store.commit(evolve(whole, command_id=CommandId("a"))), Mismatched)
        assert told(whole) == (5, 1)
        first = append("order/1", 1, moved(reserve("TEA", 1, "1")))
        assert told(evolve(whole, appends=(first, appends[1]))) == (6, 1)
        whole = evolve(whole, appends=(first,))
        assert told(whole) == (7, 1)
        assert told(evolve(whole, requires=whole.requires[1:])) == (8, 1)
        assert told(evolve(whole, requires=())) == (9, 1)
        assert isinstance(store.commit(evolve(whole, requires=(), documents=())), Short)

    def test_s1_7_a_batch_and_a_read_may_be_of_any_size(self, store: Store) -> None:
        skus = [f"SKU-{n}" for n in range(1_200)]
        giant = batch(
            "giant",
            *(append(f"note/{n}", 0, Noted(f"{n}")) for n in range(1_000)),
            append("in/1", 0, *(moved(*(receive(sku, 2) for sku in part)) for part in (skus[:700], skus[700:]))),
            append("in/2", 0, Noted("x" * 1_000_000)),
            documents=[PutDocument("sheet", f"{n}", Sheet(f"{n}")) for n in range(700)],
            timers=[SetTimer("expire", f"{n}", NOW) for n in range(700)],
            bumps=[f"seen/{n}" for n in range(700)],
        )
        commit_all(store, giant)
        assert rows(store, *skus) == {(sku, HERE, "", ""): (2, *(0,) * (len(BUCKETS) - 1)) for sku in skus}
        heads = [ReadHead(append.stream) for append in giant.appends]
        snapshot = store.read(heads)
        assert [snapshot.of(head) for head in heads] == [len(append.events) for append in giant.appends]
        assert len(events(store, "in/2")[0].text) == 1_000_000  # type: ignore[attr-defined]  # it is a Noted
        assert len(store.lease_due("me", NOW, timedelta(minutes=1), 1_000)) == 700
        known = outcome(store, "giant")
        assert known is not None
        assert len(known.events) == 1_003
        group = [order(f"{n}", reserve(skus[n], 1, "1")) for n in range(400)]
        assert all(isinstance(result, Committed) for result in store.commit_many(group))

    def test_s1_8_names_are_what_they_are_letter_by_letter(self, store: Store) -> None:
        names = [
            "a",
            "A",
            "a ",
            " a",
            "á",
            "a\N{COMBINING ACUTE ACCENT}",
            "ß",
            "ss",
            "%",
            "_",
            "a'b",
            'a"b',
            "a\\b",
            "茶",
        ]
        for name in names:
            made = batch(
                name,
                append(f"order/{name}", 0, Noted(name), moved(receive(name, 1, lot=name))),
                documents=[PutDocument(name, name, Sheet(name), expected=0, tag=name, sort=name)],
                bumps=[name],
                timers=[SetTimer(name, name, NOW)],
                at=context(name, actor=name),
            )
            commit_all(store, made)
        for name in names:
            assert events(store, f"order/{name}")[0] == Noted(name)
            held = document(store, name, name)
            assert held is not None
            assert (held.revision, held.body, held.tag) == (1, Sheet(name), name)
            assert counter(store, name) == 1
            assert units(store, name) == units(store, name, lot=name) == {"available": 1}
            assert [each.key for each in store.lease_due("me", NOW, timedelta(minutes=1), kind=name)] == [name]
            end = store.read_all(None, 1).cursor
            committed(store.checkpoint(name, None, end))
        assert [record.actor for record in log(store)][::2] == names

    def test_s2_1_the_same_command_again_is_a_duplicate(self, store: Store) -> None:
        commit_all(store, delivery("stock", receive("TEA", 5)))
        first = committed(store.commit(order("a", reserve("TEA", 2, "1"))))
        before = picture(store, order("a", reserve("TEA", 2, "1")))
        again = store.commit(order("a", reserve("TEA", 2, "1")))
        assert isinstance(again, Duplicate), again
        assert again.first.events == (moved(reserve("TEA", 2, "1")),)
        assert again.first.position == first.position
        assert picture(store, order("a", reserve("TEA", 2, "1"))) == before

    def test_s2_2_another_command_under_a_used_id_is_a_mismatch(self, store: Store) -> None:
        commit_all(store, batch("a", append("order/1", 0, Noted("one")), command=Sample("a", "first")))
        other = batch("a", append("order/2", 0, Noted("two")), command=Sample("a", "second"))
        before = picture(store, other)
        assert store.commit(other) == Mismatched(CommandId("a"))
        assert picture(store, other) == before

    def test_s2_3_only_the_command_decides_whether_it_is_the_same(self, store: Store) -> None:
        commit_all(store, batch("a", append("order/1", 0, Noted("one")), command=Sample("a")))
        later = context("a", now=NOW + timedelta(hours=1), actor="somebody else")
        again = store.commit(
            batch("a", append("order/1", 1, Noted("decided anew")), command=Sample("a", note=""), at=later)
        )
        assert isinstance(again, Duplicate), again
        assert again.first.events == (Noted("one"),)
        assert again.first.at == NOW

    def test_s2_4_a_repeat_is_recognized_before_anything_else_is_checked(self, store: Store) -> None:
        commit_all(store, delivery("stock", receive("TEA", 1)), order("a", reserve("TEA", 1, "1")))
        commit_all(store, batch("later", append("order/a", 1, Noted("more")), bumps=["seen"]))
        stale = evolve(
            order("a", reserve("TEA", 1, "1")),
            requires=(Require("seen", 0),),
            documents=(PutDocument("sheet", "1", Sheet("one"), expected=4),),
        )
        assert isinstance(store.commit(stale), Duplicate)

    def test_s2_5_the_outcome_of_a_command_can_be_asked_for(self, store: Store) -> None:
        assert outcome(store, "a") is None
        refused = order("a", reserve("TEA", 1, "1"))
        assert isinstance(store.commit(refused), Short)
        assert outcome(store, "a") is None
        commit_all(store, batch("old", append("order/1", 0, Noted("zero"))))
        result = committed(
            store.commit(
                batch("a", append("order/1", 1, Noted("one"), Noted("two")), append("order/2", 0, Noted("three")))
            )
        )
        known = outcome(store, "a")
        assert known is not None
        assert known.command_id == "a"
        assert known.at == NOW
        assert known.position == result.position
        assert known.appended == (("order/1", 2, (Noted("one"), Noted("two"))), ("order/2", 1, (Noted("three"),)))

    def test_s2_6_a_read_says_whether_the_command_was_the_same(self, store: Store) -> None:
        commit_all(store, batch("a", append("order/1", 0, Noted("one")), command=Sample("a", "first")))
        same = ReadOutcome(CommandId("a"), Sample("a", "first"))
        other = ReadOutcome(CommandId("a"), Sample("a", "second"))
        unknown = ReadOutcome(CommandId("b"), Sample("b"))
        snapshot = store.read([same, other, unknown])
        found, differs = snapshot.of(same), snapshot.of(other)
        assert found is not None
        assert found.matches
        assert found.events == (Noted("one"),)
        assert differs is not None
        assert not differs.matches
        assert snapshot.of(unknown) is None

    def test_s2_7_without_a_command_nobody_asks_whether_it_was_the_same(self, store: Store) -> None:
        commit_all(store, batch("a", append("order/1", 0, Noted("one")), command=Sample("a", "first")))
        asked = ReadOutcome(CommandId("a"))
        known, found = outcome(store, "a"), store.read([asked]).of(asked)
        assert known is not None
        assert known.matches
        assert found == known

    def test_s2_8_without_an_id_nothing_is_known_again(self, store: Store) -> None:
        nameless = batch("", documents=[PutDocument("sheet", "1", Sheet("one"))], bumps=["seen"])
        for revision in (1, 2):
            committed(store.commit(nameless))
            held = document(store, "sheet", "1")
            assert held is not None
            assert held.revision == revision
        other = batch("", documents=[PutDocument("sheet", "1", Sheet("two"), 2)], command=Sample("another"))
        group = [other, batch("a", append("order/1", 0, Noted("one"))), other]
        first, _, second = store.commit_many(group)
        assert isinstance(first, Committed)
        assert isinstance(second, Conflicted)
        assert store.outcome(CommandId("")) is None
        with pytest.raises(BrokenRule):
            batch("", append("order/1", 1, Noted("two")))

    def test_s3_1_a_version_is_the_number_of_events(self, store: Store) -> None:
        assert version(store, "order/1") == 0
        commit_all(store, batch("a", append("order/1", 0, Noted("one"), Noted("two"), Noted("three"))))
        assert version(store, "order/1") == 3
        commit_all(store, batch("b", append("order/1", 3, Noted("four"))))
        assert version(store, "order/1") == 4
        assert [record.version for record in log(store)] == [1, 2, 3, 4]

    def test_s3_2_a_stale_version_is_a_conflict_that_says_both(self, store: Store) -> None:
        commit_all(store, batch("a", append("order/1", 0, Noted("one"), Noted("two"))))
        for expected in (0, 1, 3):
            late = store.commit(batch(f"late {expected}", append("order/1", expected, Noted("late"))))
            assert isinstance(late, Conflicted), late
            assert (late.expected, late.actual) == (expected, 2)
            assert "order/1" in late.what
        assert events(store, "order/1") == (Noted("one"), Noted("two"))

    def test_s3_3_every_stream_of_a_batch_is_checked(self, store: Store) -> None:
        commit_all(store, batch("a", append("order/1", 0, Noted("one")), append("order/2", 0, Noted("one"))))
        for first, second in ((0, 1), (1, 0)):
            late = batch(
                f"late {first}{second}",
                append("order/1", first, Noted("late")),
                append("order/2", second, Noted("late")),
            )
            result = store.commit(late)
            assert isinstance(result, Conflicted), result
            assert (result.expected, result.actual) == (0, 1)
        assert len(log(store)) == 2

    def test_s3_4_without_an_expected_version_events_go_to_the_end(self, store: Store) -> None:
        commit_all(store, batch("a", append("order/1", None, Noted("one"))))
        commit_all(store, batch("b", append("order/1", None, Noted("two"))))
        assert events(store, "order/1") == (Noted("one"), Noted("two"))
        assert rows(store, "TEA") == {}

    def test_s3_5_an_append_without_events_compares_and_adds_nothing(self, store: Store) -> None:
        commit_all(store, batch("a", append("order/1", 0, Noted("one"))))
        late = store.commit(batch("late", append("order/1", 0), bumps=["seen"]))
        assert isinstance(late, Conflicted), late
        assert (late.expected, late.actual) == (0, 1)
        result = committed(store.commit(batch("b", append("order/1", 1), append("order/2", None), bumps=["seen"])))
        assert (result.position, dict(result.versions)) == (None, {"order/1": 1, "order/2": 0})
        assert (len(log(store)), counter(store, "seen")) == (1, 1)

    def test_s3_6_appends_of_a_batch_to_one_stream_follow_each_other(self, store: Store) -> None:
        one, two, three = (append("order/1", n, Noted(f"{n}")) for n in range(3))
        result = committed(store.commit(batch("a", one, append("order/2", 0, Noted("x")), two, three)))
        assert dict(result.versions) == {"order/1": 3, "order/2": 1}
        assert events(store, "order/1") == (Noted("0"), Noted("1"), Noted("2"))
        assert [record.version for record in log(store)] == [1, 1, 2, 3]
        late = store.commit(batch("late", append("order/1", 3, Noted("3")), append("order/1", 3, Noted("4"))))
        assert isinstance(late, Conflicted), late
        assert (late.expected, late.actual) == (3, 4)
        assert version(store, "order/1") == 3
