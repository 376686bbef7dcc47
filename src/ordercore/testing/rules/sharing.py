"""S11 commit_many, S12 checkpoints, S13 tenants: many batches, many readers, many houses in one store."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from attrs import evolve

from ordercore.errors import BrokenRule
from ordercore.store import (
    CancelTimer,
    Committed,
    Conflicted,
    DeleteDocument,
    Duplicate,
    Mismatched,
    PutDocument,
    ReadDocuments,
    ReadLog,
    Require,
    SetTimer,
    Short,
    Store,
)
from ordercore.testing.model import Model
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
    NOW,
    Noted,
    Sample,
    Sheet,
    append,
    batch,
    delivery,
    moved,
    order,
    receive,
    reserve,
)
from ordercore.values import Cursor, Stream

MINUTE = timedelta(minutes=1)


def shelf(number: int) -> PutDocument:
    """A document that a follower keeps."""
    return PutDocument("shelf", "1", Sheet("shelf", number))


class SharingRules(Subject):
    """S11 to S13."""

    groups: int = 40
    """Random groups of S11.1."""

    def test_s11_1_a_group_comes_to_what_its_batches_come_to_one_by_one(self, store: Store) -> None:
        results = store.commit_many(
            [
                delivery("in", receive("TEA", 3)),
                order("a", reserve("TEA", 2, "1")),
                order("b", reserve("TEA", 2, "1")),
                order("c", reserve("TEA", 1, "1")),
                batch("d", append("order/a", 0, Noted("late"))),
                batch("e", append("order/a", 1, Noted("in time"))),
            ]
        )
        kinds = [Committed, Committed, Short, Committed, Conflicted, Committed]
        assert [type(result) for result in results] == kinds
        assert units(store, "TEA") == {"reserved": 3}
        assert events(store, "order/a", 1) == (Noted("in time"),)
        assert version(store, "order/b") == 0
        model = Model(random.Random(11), prefix="m-")  # noqa: S311  # chance by a seed
        for number in range(self.groups):
            group = model.next_group(f"{number}", 1 + number % 9)
            for asked, result in zip(group, store.commit_many(group), strict=True):
                model.expect(asked, result)
        assert rows(store, *model.skus) == model.rows()
        assert store.verify() == ()

    def test_s11_2_a_refused_batch_of_a_group_leaves_nothing(self, store: Store) -> None:
        commit_all(store, delivery("in", receive("TEA", 3)))
        refused = batch(
            "refused",
            append("order/1", 0, moved(receive("NEW", 4), reserve("TEA", 9, "1")), Noted("one")),
            documents=[PutDocument("sheet", "1", Sheet("one"))],
            bumps=["seen"],
            timers=[SetTimer("expire", "1", NOW)],
        )
        before = picture(store, refused)
        first, second, third = store.commit_many(
            [
                batch(name, documents=[PutDocument("sheet", name, Sheet(name))]) if name else refused
                for name in ("x", "", "y")
            ]
        )
        assert isinstance(first, Committed)
        assert isinstance(second, Short)
        assert isinstance(third, Committed)
        assert picture(store, refused) == before
        assert [document(store, "sheet", name) is not None for name in ("x", "y")] == [True, True]
        assert [outcome(store, name) is not None for name in ("x", "refused", "y")] == [True, False, True]
        assert store.verify() == ()

    def test_s11_3_one_id_counts_once_in_a_group(self, store: Store) -> None:
        same = order("a", receive("TEA", 1))
        other = batch("a", append("order/2", 0, Noted("other")), command=Sample("a", "other"))
        first, second, third = store.commit_many([same, same, other])
        assert isinstance(first, Committed)
        assert isinstance(second, Duplicate)
        assert second.first.position == first.position
        assert isinstance(third, Mismatched)
        assert units(store, "TEA") == {"available": 1}

    def test_s11_4_an_empty_group_is_nothing(self, store: Store) -> None:
        assert list(store.commit_many([])) == []
        assert log(store) == []

    def test_s11_5_after_a_group_each_outcome_is_known(self, store: Store) -> None:
        results = store.commit_many([delivery(f"{n}", receive("TEA", 1)) for n in range(5)])
        for number, result in enumerate(results):
            known = outcome(store, f"{number}")
            assert known is not None
            assert known.position == committed(result).position
        assert [record.command_id for record in log(store)] == [f"{n}" for n in range(5)]

    def test_s11_6_a_batch_of_a_group_sees_all_that_went_before_it(self, store: Store) -> None:
        first = batch(
            "a", append("order/1", 0, moved(receive("TEA", 2)), Noted("one")), documents=[shelf(1)], bumps=["seen"],
            timers=[SetTimer("expire", "1", NOW)],
        )  # fmt: skip
        second = batch(
            "b", append("order/1", 2, moved(reserve("TEA", 2, "1"))), append("order/1", None, Noted("end")),
            documents=[evolve(shelf(2), expected=1)], requires=[Require("seen", 1)], bumps=["seen"],
            timers=[SetTimer("expire", "1", NOW + MINUTE)],
        )  # fmt: skip
        stale = batch("c", documents=[evolve(shelf(3), expected=1)])
        third = batch("d", documents=[DeleteDocument("shelf", "1")], timers=[CancelTimer("expire", "1")])
        fourth = batch("e", documents=[evolve(shelf(5), expected=0)], requires=[Require("seen", 2)])
        results = store.commit_many([first, second, stale, third, fourth])
        assert [type(each) for each in results] == [Committed, Committed, Conflicted, Committed, Committed]
        assert units(store, "TEA") == {"reserved": 2}
        assert version(store, "order/1") == committed(results[1]).versions[Stream("order/1")] == 4
        held = document(store, "shelf", "1")
        assert held is not None
        assert (held.revision, held.body) == (1, Sheet("shelf", 5))
        assert store.next_due() is None

    def test_s11_7_a_group_may_hold_batches_of_several_tenants(self, store: Store) -> None:
        group = [
            evolve(order(f"{number}", *moves), tenant=tenant)
            for number, (tenant, moves) in enumerate(
                (
                    ("acme", (receive("TEA", 1),)),
                    ("", (receive("TEA", 2),)),
                    ("acme", (reserve("TEA", 2, "1"),)),
                    ("", (reserve("TEA", 2, "1"),)),
                    ("acme", (reserve("TEA", 1, "1"),)),
                )
            )
        ]
        results = store.commit_many(group)
        assert [type(each) for each in results] == [Committed, Committed, Short, Committed, Committed]
        assert units(store, "TEA") == {"reserved": 2}
        assert units(store, "TEA", tenant="acme") == {"reserved": 1}
        assert [record.command_id for record in log(store, tenant="acme")] == ["0", "4"]

    def test_s12_1_a_follower_moves_its_cursor_and_writes_in_one_commit(self, store: Store) -> None:
        commit_all(store, *(delivery(f"{n}", receive("TEA", 1)) for n in range(4)))
        assert store.cursor_of("shelf") is None
        half = store.read_all(None, 2).cursor
        committed(store.checkpoint("shelf", None, half, batch("f1", documents=[shelf(2)])))
        assert store.cursor_of("shelf") == half
        held = document(store, "shelf", "1")
        assert held is not None
        assert held.body == Sheet("shelf", 2)
        committed(store.checkpoint("shelf", half, store.read_all(half, 2).cursor))
        assert [record.event for record in log(store, store.cursor_of("shelf"))] == []

    def test_s12_2_a_follower_that_was_overtaken_writes_nothing(self, store: Store) -> None:
        commit_all(store, *(delivery(f"{n}", receive("TEA", 1)) for n in range(4)))
        half, end = store.read_all(None, 2).cursor, store.read_all(None, 4).cursor
        committed(store.checkpoint("shelf", None, half, batch("f1", documents=[shelf(2)])))
        late = batch("f2", documents=[shelf(99)])
        for expected in (None, end):
            assert isinstance(store.checkpoint("shelf", expected, end, late), Conflicted)
        held = document(store, "shelf", "1")
        assert held is not None
        assert held.body == Sheet("shelf", 2)
        assert outcome(store, "f2") is None
        assert store.cursor_of("shelf") == half

    def test_s12_3_refused_effects_leave_the_cursor(self, store: Store) -> None:
        commit_all(store, delivery("a", receive("TEA", 1)))
        end = store.read_all(None, 10).cursor
        refused = batch("f1", documents=[shelf(1)], requires=[Require("seen", 7)])
        assert isinstance(store.checkpoint("shelf", None, end, refused), Conflicted)
        assert isinstance(store.checkpoint("shelf", None, end, order("f2", reserve("TEA", 2, "1"))), Short)
        assert store.cursor_of("shelf") is None
        assert document(store, "shelf", "1") is None

    def test_s12_4_a_follower_can_begin_again(self, store: Store) -> None:
        commit_all(store, delivery("a", receive("TEA", 1)))
        end = store.read_all(None, 10).cursor
        committed(store.checkpoint("shelf", None, end))
        committed(store.checkpoint("shelf", end, None))
        assert store.cursor_of("shelf") is None
        committed(store.checkpoint("shelf", None, end))
        assert store.cursor_of("shelf") == end

    def test_s12_5_followers_do_not_know_each_other(self, store: Store) -> None:
        commit_all(store, delivery("a", receive("TEA", 1)))
        end = store.read_all(None, 10).cursor
        committed(store.checkpoint("shelf", None, end))
        assert store.cursor_of("mail") is None
        committed(store.checkpoint("mail", None, Cursor(end or "")))
        assert store.cursor_of("mail") == store.cursor_of("shelf") == end

    def test_s12_6_effects_that_were_written_before_leave_the_cursor(self, store: Store) -> None:
        commit_all(store, *(delivery(f"{n}", receive("TEA", 1)) for n in range(2)))
        half, end = store.read_all(None, 1).cursor, store.read_all(None, 2).cursor
        effects = batch("f1", documents=[shelf(1)], bumps=["told"])
        committed(store.checkpoint("shelf", None, half, effects))
        assert isinstance(store.checkpoint("shelf", half, end, effects), Duplicate)
        other = batch("f1", documents=[shelf(2)], command=Sample("f1", "other"))
        assert isinstance(store.checkpoint("shelf", half, end, other), Mismatched)
        assert (store.cursor_of("shelf"), counter(store, "told")) == (half, 1)

    def test_s12_7_a_follower_writes_only_for_its_own_tenant(self, store: Store) -> None:
        commit_all(store, delivery("a", receive("TEA", 1)))
        end = store.read_all(None, 10).cursor
        with pytest.raises(BrokenRule):
            store.checkpoint("shelf", None, end, evolve(batch("f1", documents=[shelf(1)]), tenant="acme"))
        assert store.cursor_of("shelf") is store.cursor_of("shelf", tenant="acme") is None
        assert document(store, "shelf", "1", tenant="acme") is None

    def test_s12_8_a_follower_that_stays_may_write(self, store: Store) -> None:
        commit_all(store, delivery("a", receive("TEA", 1)))
        end = store.read_all(None, 10).cursor
        for stands in (None, end):
            if stands is not None:
                committed(store.checkpoint("shelf", None, stands))
            committed(store.checkpoint("shelf", stands, stands, batch("", documents=[shelf(1)])))
            committed(store.checkpoint("shelf", stands, stands))
            assert store.cursor_of("shelf") == stands
        held = document(store, "shelf", "1")
        assert held is not None
        assert held.revision == 2

    def test_s13_1_tenants_use_the_same_names_without_meeting(self, store: Store) -> None:
        for tenant, quantity in (("", 1), ("acme", 2), ("zeta", 3)):
            made = batch(
                "a",
                append("order/1", 0, moved(receive("TEA", quantity))),
                documents=[PutDocument("sheet", "1", Sheet(tenant), expected=0, tag="t")],
                requires=[Require("seen", 0)],
                bumps=["seen"],
                timers=[SetTimer("expire", "1", NOW + quantity * MINUTE)],
                command=Sample("a", tenant),
                tenant=tenant,
            )
            committed(store.commit(made))
        for tenant, quantity in (("", 1), ("acme", 2), ("zeta", 3)):
            assert units(store, "TEA", tenant=tenant) == {"available": quantity}
            assert version(store, "order/1", tenant=tenant) == 1
            assert counter(store, "seen", tenant=tenant) == 1
            held = document(store, "sheet", "1", tenant=tenant)
            assert held is not None
            assert (held.revision, held.body) == (1, Sheet(tenant))
            assert store.next_due(tenant=tenant) == NOW + quantity * MINUTE
            assert store.verify(tenant=tenant) == ()

    def test_s13_2_nothing_of_one_tenant_is_seen_by_another(self, store: Store) -> None:
        commit_all(
            store,
            delivery("a", receive("TEA", 1), tenant="acme"),
            batch("b", documents=[PutDocument("sheet", "1", Sheet("1"), tag="t")], tenant="acme"),
            batch("c", timers=[SetTimer("expire", "1", NOW)], tenant="acme"),
        )
        sheets = ReadDocuments("sheet", tag="t")
        for tenant in ("", "acm", "acme2"):
            assert units(store, "TEA", tenant=tenant) == {}
            assert log(store, tenant=tenant) == []
            assert outcome(store, "a", tenant=tenant) is None
            assert store.lease_due("me", NOW, MINUTE, tenant=tenant) == ()
            assert tuple(store.read([sheets], tenant=tenant).of(sheets)) == ()
        assert isinstance(store.commit(order("d", reserve("TEA", 1, "1"))), Short)

    def test_s13_3_each_tenant_has_a_log_timers_and_followers_of_its_own(self, store: Store) -> None:
        for number in range(3):
            for tenant in ("", "acme"):
                made = batch(
                    f"{number}",
                    append("order/1", number, Noted(f"{tenant}{number}")),
                    timers=[SetTimer("expire", f"{number}", NOW)],
                    tenant=tenant,
                )
                committed(store.commit(made))
        texts = [record.event for record in log(store, tenant="acme", limit=1)]
        assert texts == [Noted("acme0"), Noted("acme1"), Noted("acme2")]
        assert store.read_all(None, 100, tenant="acme").lag == 0
        end = store.read_all(None, 100, tenant="acme").cursor
        committed(store.checkpoint("shelf", None, end, tenant="acme"))
        assert store.cursor_of("shelf") is None
        (lease, *_) = store.lease_due("me", NOW, MINUTE, 1, tenant="acme")
        assert store.ack(lease) is False
        assert store.ack(lease, tenant="acme") is True
        assert len(store.lease_due("me", NOW, MINUTE)) == 3

    def test_s13_4_what_one_tenant_holds_opens_nothing_of_another(self, store: Store) -> None:
        for number in range(6):
            for tenant in ("acme", ""):
                note = batch(f"{number}", append(f"order/{number}", 0, Noted(f"{tenant}{number}")), tenant=tenant)
                commit_all(store, evolve(note, timers=(SetTimer("expire", "1", NOW),)))
        cursors = [store.read_all(None, limit, tenant="acme").cursor for limit in range(1, 7)]
        for cursor in cursors:
            assert all(record.event.text in "012345" for record in log(store, cursor))  # type: ignore[attr-defined]  # Noted
        theirs = ReadLog(positions=[cursor for cursor in cursors if cursor is not None])
        assert all(record.event.text in "012345" for record in store.read([theirs]).of(theirs))  # type: ignore[attr-defined]
        (lease,) = store.lease_due("me", NOW, MINUTE, tenant="acme")
        assert store.nack(lease, NOW + 9 * MINUTE) is False
        assert store.next_due() == NOW
        assert store.nack(lease, NOW + 9 * MINUTE, tenant="acme") is True
        assert (store.next_due(), store.next_due(tenant="acme")) == (NOW, NOW + 9 * MINUTE)
