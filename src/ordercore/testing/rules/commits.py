"""S1 commit is all or nothing, S2 idempotency, S3 versions and conflicts."""

from __future__ import annotations

from datetime import timedelta

from attrs import evolve

from ordercore.store import (
    Batch,
    Conflicted,
    Duplicate,
    Floor,
    Mismatched,
    PutDocument,
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
