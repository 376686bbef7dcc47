"""S4 positions, S5 guards, floors and shortages, S6 claimants."""

from __future__ import annotations

import random

import pytest
from attrs import evolve

from ordercore.errors import BrokenRule
from ordercore.store import BUCKETS, Batch, Conflicted, Floor, Short, Shortage, Store
from ordercore.testing.model import Model
from ordercore.testing.rules.subject import Subject, commit_all, rows, units
from ordercore.testing.sample_events import (
    HERE,
    THERE,
    Move,
    append,
    batch,
    delivery,
    moved,
    narrow,
    order,
    receive,
    release,
    reserve,
    scrap,
    ship,
)
from ordercore.values import Place, Sku


def short(sku: str, missing: int, *, place: Place = HERE, lot: str = "", bucket: str = "available") -> Shortage:
    """A shortage of own stock."""
    return Shortage(Sku(sku), place, lot, "", bucket, missing)


def shortages(store: Store, refused: Batch) -> set[Shortage]:
    """What a batch is short of; it must be refused for that."""
    result = store.commit(refused)
    assert isinstance(result, Short), result
    assert len(set(result.shortages)) == len(result.shortages)
    return set(result.shortages)


class StockRules(Subject):
    """S4 to S6."""

    seeds: int = 3
    """Random histories of S4.6."""
    steps: int = 120
    """Batches of each."""

    def test_s4_1_rows_are_the_sum_of_the_postings(self, store: Store) -> None:
        through = moved(receive("TEA", 5), reserve("TEA", 5, "1"), ship("TEA", 3, "1"))
        commit_all(store, order("a", *through.moves))
        assert units(store, "TEA") == {"reserved": 2}
        backwards = (ship("CUP", 1, "1"), reserve("CUP", 1, "1"), receive("CUP", 1))
        commit_all(store, order("b", *backwards))
        assert units(store, "CUP") == {}

    def test_s4_2_place_lot_and_owner_are_part_of_the_key(self, store: Store) -> None:
        commit_all(
            store,
            delivery("a", receive("TEA", 1), receive("TEA", 2, THERE), receive("TEA", 4, owner="ACME")),
            delivery("b", receive("CUP", 8), receive("tea", 16), receive("TEA", 32, "transfer/T1")),
        )
        assert units(store, "TEA") == {"available": 1}
        assert units(store, "TEA", THERE) == {"available": 2}
        assert units(store, "TEA", owner="ACME") == {"available": 4}
        assert units(store, "CUP") == {"available": 8}
        assert units(store, "tea") == {"available": 16}
        assert units(store, "TEA", "transfer/T1") == {"available": 32}

    def test_s4_3_every_bucket_is_kept_apart(self, store: Store) -> None:
        into = [Move("TEA", n, "supplier", "", HERE, bucket, claimant="1") for n, bucket in enumerate(BUCKETS, start=1)]
        commit_all(store, order("a", *into))
        assert units(store, "TEA") == {bucket: n for n, bucket in enumerate(BUCKETS, start=1)}

    def test_s4_4_outside_places_have_no_row(self, store: Store) -> None:
        commit_all(store, delivery("a", receive("TEA", 3)), delivery("b", scrap("TEA", 1)))
        assert {key[1] for key in rows(store, "TEA")} == {HERE}

    def test_s4_5_lots_stand_below_a_pool(self, store: Store) -> None:
        commit_all(store, delivery("in", receive("TEA", 5, lot="L1"), receive("TEA", 3, lot="L2")))
        assert units(store, "TEA") == {"available": 8}
        commit_all(store, order("a", reserve("TEA", 4, "1")))
        assert units(store, "TEA") == {"available": 4, "reserved": 4}
        assert units(store, "TEA", lot="L1") == {"available": 5}
        commit_all(store, order("narrow", narrow("TEA", 4, "1", "L1"), stream="order/a", expected=1))
        assert units(store, "TEA") == {"available": 4, "reserved": 4}
        assert units(store, "TEA", lot="L1") == {"available": 1, "reserved": 4}
        commit_all(store, order("ship", ship("TEA", 4, "1", lot="L1"), stream="order/a", expected=2))
        assert units(store, "TEA") == {"available": 4}
        assert units(store, "TEA", lot="L1") == {"available": 1}
        assert units(store, "TEA", lot="L2") == {"available": 3}

    def test_s4_6_a_random_history_ends_in_the_rows_of_a_model(self, store: Store) -> None:
        for seed in range(self.seeds):
            model = Model(random.Random(seed), prefix=f"{seed}-")  # noqa: S311  # chance by a seed
            for number in range(self.steps):
                asked = model.next_batch(f"{seed}.{number}")
                model.expect(asked, store.commit(asked))
            assert rows(store, *model.skus) == model.rows(), seed
        assert store.verify() == ()

    def test_s4_7_quantities_are_exact_beyond_any_float(self, store: Store) -> None:
        giant = 2**53 + 1
        commit_all(store, delivery("a", receive("TEA", giant)), delivery("b", receive("TEA", 2**61)))
        commit_all(store, order("c", reserve("TEA", giant, "1")))
        assert units(store, "TEA") == {"available": 2**61, "reserved": giant}

    def test_s5_1_no_bucket_falls_below_zero_and_none_is_clamped(self, store: Store) -> None:
        commit_all(store, delivery("in", receive("TEA", 3)))
        assert shortages(store, order("a", reserve("TEA", 5, "1"))) == {short("TEA", 2)}
        assert units(store, "TEA") == {"available": 3}
        commit_all(store, delivery("more", receive("TEA", 1)))
        assert units(store, "TEA") == {"available": 4}
        commit_all(store, order("b", reserve("TEA", 2, "1")))
        over = order("c", ship("TEA", 3, "1"), stream="order/b", expected=1)
        assert shortages(store, over) == {short("TEA", 1, bucket="reserved")}
        assert units(store, "TEA") == {"available": 2, "reserved": 2}

    def test_s5_2_the_last_unit_can_be_taken(self, store: Store) -> None:
        commit_all(store, delivery("in", receive("TEA", 3)), order("a", reserve("TEA", 3, "1")))
        assert units(store, "TEA") == {"reserved": 3}
        assert shortages(store, order("b", reserve("TEA", 1, "1"))) == {short("TEA", 1)}

    def test_s5_3_every_short_row_is_named_and_by_how_much(self, store: Store) -> None:
        commit_all(store, delivery("in", receive("TEA", 3), receive("CUP", 9), receive("BOX", 1, THERE)))
        wanted = order(
            "a",
            reserve("TEA", 2, "1"), reserve("CUP", 9, "2"), reserve("BOX", 3, "3", THERE),
            reserve("TEA", 2, "4"), reserve("PEN", 7, "5"),
        )  # fmt: skip
        assert shortages(store, wanted) == {short("TEA", 1), short("BOX", 2, place=THERE), short("PEN", 7)}
        assert units(store, "CUP") == {"available": 9}

    def test_s5_4_pool_and_lot_are_both_guarded(self, store: Store) -> None:
        commit_all(store, delivery("in", receive("TEA", 5, lot="L1"), receive("TEA", 5, lot="L2")))
        of_lot = delivery("a", scrap("TEA", 6, lot="L1"))
        assert shortages(store, of_lot) == {short("TEA", 1, lot="L1")}
        commit_all(store, order("b", reserve("TEA", 8, "1")))
        of_pool = delivery("c", scrap("TEA", 3, lot="L1"))
        assert shortages(store, of_pool) == {short("TEA", 1)}
        assert units(store, "TEA", lot="L1") == {"available": 5}

    def test_s5_5_a_floor_stays_available(self, store: Store) -> None:
        commit_all(store, delivery("in", receive("TEA", 10)))
        floor = [Floor(Sku("TEA"), HERE, 4)]
        assert shortages(store, order("a", reserve("TEA", 8, "1"), floors=floor)) == {short("TEA", 2)}
        commit_all(store, order("b", reserve("TEA", 6, "1"), floors=floor))
        assert units(store, "TEA") == {"available": 4, "reserved": 6}
        commit_all(store, order("c", reserve("TEA", 1, "1")))
        nothing_there = order("d", reserve("CUP", 2, "1"), floors=[Floor(Sku("CUP"), HERE, 3)])
        assert shortages(store, nothing_there) == {short("CUP", 5)}

    def test_s5_6_a_floor_asks_only_who_takes(self, store: Store) -> None:
        commit_all(store, delivery("in", receive("TEA", 2)), order("a", reserve("TEA", 1, "1")))
        floor = (Floor(Sku("TEA"), HERE, 50),)
        commit_all(store, evolve(delivery("more", receive("TEA", 1)), floors=floor))
        commit_all(store, order("b", ship("TEA", 1, "1"), stream="order/a", expected=1, floors=floor))
        commit_all(store, order("c", receive("TEA", 3), reserve("TEA", 2, "1"), floors=floor))
        commit_all(store, order("d", receive("CUP", 1), floors=floor))
        assert units(store, "TEA") == {"available": 3, "reserved": 2}

    def test_s5_7_goods_of_others_are_guarded_apart(self, store: Store) -> None:
        commit_all(store, delivery("in", receive("TEA", 9), receive("TEA", 2, owner="ACME", lot="L1")))
        wanted = delivery("a", scrap("TEA", 3, owner="ACME", lot="L1"))
        missing = {evolve(short("TEA", 1), owner="ACME"), evolve(short("TEA", 1, lot="L1"), owner="ACME")}
        assert shortages(store, wanted) == missing
        commit_all(store, delivery("b", scrap("TEA", 2, owner="ACME", lot="L1")))
        assert units(store, "TEA") == {"available": 9}
        assert shortages(store, delivery("c", scrap("TEA", 10))) == {short("TEA", 1)}

    def test_s5_8_of_several_floors_the_highest_holds_and_only_for_its_own_row(self, store: Store) -> None:
        commit_all(store, delivery("in", receive("TEA", 9), receive("TEA", 9, THERE), receive("CUP", 9, lot="L1")))
        floors = [Floor(Sku("TEA"), HERE, minimum) for minimum in (2, 5, -7)]
        assert shortages(store, order("a", reserve("TEA", 6, "1"), floors=floors)) == {short("TEA", 2)}
        elsewhere = order("b", reserve("TEA", 9, "1", THERE), reserve("TEA", 4, "2"), floors=floors)
        commit_all(store, elsewhere)
        # A lot has no floor of its own: the pool above it has.
        of_lot = evolve(delivery("c", scrap("CUP", 9, lot="L1")), floors=(Floor(Sku("CUP"), HERE, 3),))
        assert shortages(store, of_lot) == {short("CUP", 3)}
        commit_all(store, evolve(of_lot, floors=(Floor(Sku("CUP"), HERE, -3),)))

    def test_s6_1_a_batch_moves_claimed_units_only_with_their_stream(self, store: Store) -> None:
        with pytest.raises(BrokenRule):
            batch("a", append("order/1", None, moved(reserve("TEA", 1, "1"))))
        with pytest.raises(BrokenRule):
            batch("a", append("order/1", 0, moved(reserve("TEA", 1, ""))))
        assert rows(store, "TEA") == {}

    def test_s6_2_one_claimant_never_lives_on_the_units_of_another(self, store: Store) -> None:
        commit_all(store, delivery("in", receive("TEA", 10)))
        commit_all(store, order("1", reserve("TEA", 3, "1")), order("2", reserve("TEA", 3, "1")))
        commit_all(store, order("shipped", ship("TEA", 3, "1"), stream="order/1", expected=1))
        # The bucket still has the 3 units of order 2: only the version says that order 1 has none left.
        again = store.commit(order("again", ship("TEA", 3, "1"), stream="order/1", expected=1))
        assert isinstance(again, Conflicted), again
        assert units(store, "TEA") == {"available": 4, "reserved": 3}

    def test_s6_3_a_change_of_claimant_checks_both_streams(self, store: Store) -> None:
        commit_all(store, delivery("in", receive("TEA", 3)), order("1", reserve("TEA", 3, "1")))

        def swap(name: str, first: int, second: int) -> Batch:
            give, take = moved(release("TEA", 2, "1")), moved(reserve("TEA", 2, "1"))
            streams = append("order/1", first, give), append("order/2", second, take)
            # Nothing becomes available in between, so a floor has nothing to say.
            return batch(name, *streams, floors=[Floor(Sku("TEA"), HERE, 9)])

        commit_all(store, swap("a", 1, 0))
        assert units(store, "TEA") == {"reserved": 3}
        for name, first, second in (("b", 1, 1), ("c", 2, 0)):
            assert isinstance(store.commit(swap(name, first, second)), Conflicted)
        assert shortages(store, order("d", release("TEA", 4, "1"), stream="order/1", expected=2)) == {
            short("TEA", 1, bucket="reserved")
        }
