"""When those who wait may expect their units: earliest receipt first, in the order of the queue."""

from collections import Counter
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercore import Kernel
from ordercore.catalog import PutLocation
from ordercore.errors import NotFound
from ordercore.order import Line, PlaceOrder, WaitingLine
from ordercore.policies import Policies
from ordercore.store import ReadDocuments
from ordercore.store.memory import MemoryStore
from ordercore.supply import (
    AcknowledgePurchase,
    AnsweredLine,
    ApprovePurchase,
    IncomingLine,
    PutSupplier,
    SuggestPurchase,
    WantedLine,
)
from ordercore.testing import CountedIds, ManualClock, given_stock, place
from ordercore.views.expected import hand_out
from ordercore.views.stock import WAITING_MOST

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def waits(order, units, location=""):
    return WaitingLine(order, "1", "TEA", units, 0, NOW, location)


def comes(number, units, day=None, location="WH1", approved=True):
    return IncomingLine(number, "1", "TEA", location, units, date(2026, 3, day) if day else None, approved)


def said(queue, incoming):
    return [(one.order, one.expected_on and one.expected_on.day, one.purchases) for one in hand_out(queue, incoming)]


def test_the_first_of_the_queue_gets_the_first_receipt():
    queue = [waits("a", 3), waits("b", 4), waits("c", 5)]
    assert said(queue, [comes("P-2", 9, 9), comes("P-1", 5, 4)]) == [
        ("a", 4, ("P-1",)), ("b", 9, ("P-1", "P-2")), ("c", 9, ("P-2",)),
    ]  # fmt: skip


def test_who_cannot_be_served_whole_takes_nothing():
    assert said([waits("a", 9), waits("b", 2)], [comes("P-1", 5, 4)]) == [("a", None, ()), ("b", 4, ("P-1",))]


def test_a_pinned_line_takes_what_comes_to_its_place():
    queue = [waits("a", 2, "WH2"), waits("b", 2)]
    assert said(queue, [comes("P-1", 9, 4), comes("P-2", 9, 7, "WH2")]) == [("a", 7, ("P-2",)), ("b", 4, ("P-1",))]


def test_what_nobody_approved_is_not_expected():
    assert said([waits("a", 2)], [comes("P-1", 9, 4, approved=False)]) == [("a", None, ())]


def test_a_receipt_without_a_day_is_the_last():
    assert said([waits("a", 2), waits("b", 2)], [comes("P-1", 2), comes("P-2", 2, 4)]) == [
        ("a", 4, ("P-2",)), ("b", None, ("P-1",)),
    ]  # fmt: skip


@given(
    st.lists(st.integers(1, 9), max_size=8), st.lists(st.tuples(st.integers(1, 9), st.integers(1, 28)), max_size=8),
)  # fmt: skip
def test_no_unit_is_handed_out_twice_and_one_receipt_more_makes_nobody_later(lines, receipts):
    queue = [waits(str(n), units) for n, units in enumerate(lines)]
    incoming = [comes(f"P-{n}", units, day) for n, (units, day) in enumerate(receipts)]
    found = hand_out(queue, incoming)
    assert sum(one.quantity for one in found if one.purchases) <= sum(units for units, _ in receipts)
    more = hand_out(queue[:1], [*incoming, comes("P-X", 9, 14)])
    for before, after in zip(found[:1], more, strict=True):
        if before.purchases:
            assert after.expected_on <= before.expected_on


def test_an_order_and_the_stock_say_when_it_is_expected():
    shop = Kernel(clock=ManualClock(), ids=CountedIds(), policies=Policies(shortage="backorder"))
    given_stock(shop, {"WH1": {"TEA": 1}})
    shop.handle(PutLocation("WH2"))
    order = place(shop, {"TEA": 4})
    assert [str(one) for one in shop.expected(order)] == ["3 wait, nothing is on order for them"]
    shop.handle(PutSupplier("ACME", "EUR", lead_time_days=3))
    shop.handle(SuggestPurchase("ACME", "WH1", [WantedLine("TEA", 12)]))
    assert shop.expected(order)[0].purchases == ()
    shop.handle(ApprovePurchase("ACME-1"))
    assert [str(one) for one in shop.expected(order)] == ["3 expected on 2026-01-08 (ACME-1)"]
    shop.handle(AcknowledgePurchase("ACME-1", [AnsweredLine("1", "changed", 12, date(2026, 1, 15))]))
    view = shop.stock("TEA")
    assert [(one.order, one.expected_on) for one in view.waiting] == [(order, date(2026, 1, 15))]
    assert [(one.quantity, one.purchase) for one in view.incoming] == [(12, "ACME-1")]
    assert "Still to come" in str(view)
    pinned = shop.handle(PlaceOrder("shop", "9", "EUR", [Line("TEA", 1, "1.00", location="WH2")])).result
    assert shop.expected(pinned)[0].purchases == ()


def test_nobody_expects_anything_of_an_order_that_is_not_there():
    with pytest.raises(NotFound):
        Kernel().expected("shop:1")


def test_what_is_free_reads_no_queue_and_a_look_at_stock_no_more_than_it_shows():
    read = Counter()

    class Counted(MemoryStore):
        def read(self, queries, *, tenant=""):
            snapshot = super().read(queries, tenant=tenant)
            for query in queries:
                if isinstance(query, ReadDocuments):
                    read[query.kind] += len(snapshot.of(query))
            return snapshot

    shop = Kernel(Counted(), clock=ManualClock(), ids=CountedIds(), policies=Policies(shortage="backorder"))
    given_stock(shop, {"WH1": {"TEA": 3}, "WH2": {"TEA": 4}})
    for _ in range(7 + WAITING_MOST + 1):
        place(shop, {"TEA": 1})
    read.clear()
    assert (shop.available("TEA"), read) == (0, {})
    with pytest.raises(NotFound):
        shop.available("TEE")
    read.clear()
    assert len(shop.stock("TEA").waiting) == read["waiting"] == WAITING_MOST
