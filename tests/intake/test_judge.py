from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercore.intake import Seen, judge
from ordercore.ports import (
    ExternalKey,
    Ignore,
    Inbound,
    ItemRef,
    LineRequest,
    OrderRequest,
    RequestCancel,
    SourceVersion,
    SubmitOrder,
)
from ordercore.values import Price, Quantity

START = datetime(2026, 3, 1, tzinfo=UTC)


def at(hours):
    return SourceVersion(START + timedelta(hours=hours)) if hours is not None else None


def order(quantity=1, hours=None):
    line = LineRequest("1", (ItemRef("sku", "TEA"),), Quantity(Decimal(quantity), ""), Price.of("2.50", "EUR"))
    return inbound(SubmitOrder(OrderRequest("shop", "1001", "EUR", (line,))), hours)


def cancel(hours=None, lines=()):
    return inbound(RequestCancel("1001", "changed their mind", lines=lines), hours)


def inbound(intent, hours):
    return Inbound("key", ExternalKey("shop", "order", "1001"), intent, at(hours))


def run(*deliveries):
    """The outcomes of deliveries one after the other, as a kernel would write down what was seen."""
    seen, outcomes = None, []
    for delivery in deliveries:
        verdict = judge(delivery, seen)
        seen = verdict.seen or seen
        outcomes.append(verdict.problems[0].code if verdict.problems else verdict.outcome)
    return outcomes


@pytest.mark.parametrize(
    ("deliveries", "outcomes"),
    [
        ([order()], ["place"]),
        ([order(), order()], ["place", "unchanged"]),
        ([order(1, 1), order(1, 5), order(2, 3)], ["place", "unchanged", "stale"]),
        ([order(1, 1), order(2, 2)], ["place", "change_proposed"]),
        ([order(2, 2), order(1, 1)], ["place", "stale"]),
        ([order(1), order(2)], ["place", "content_differs"]),
        ([order(1, 1), order(2, 1)], ["place", "content_differs"]),
        ([order(1, 1), order(2)], ["place", "content_differs"]),
        ([order(1, 1), cancel(2), cancel(2)], ["place", "cancel", "unchanged"]),
        ([order(1, 1), cancel(2), order(1, 1)], ["place", "cancel", "unchanged"]),
        ([cancel(2), order(1, 1)], ["ignored", "stale"]),
        ([cancel(2), order(1, 3)], ["ignored", "cancelled_before"]),
        ([cancel(), order()], ["ignored", "stale"]),
        ([cancel(lines=(("1", Quantity(Decimal(1), "")),))], ["unknown_order"]),
        ([inbound(Ignore("a test"), None)], ["ignored"]),
    ],
)
def test_the_decision_table(deliveries, outcomes):
    assert run(*deliveries) == outcomes


def test_a_proposed_change_says_what_it_would_change():
    verdict = judge(order(3, 2), judge(order(1, 1), None).seen)
    assert verdict.problems[0].message == "A newer version changes the order: lines.1.quantity: 1 -> 3."
    assert verdict.problems[0].subject == "1001"
    assert verdict.seen is None


def test_some_units_cancelled_leave_the_order_open():
    seen = judge(order(), None).seen
    assert judge(cancel(lines=(("1", Quantity(Decimal(1), "")),)), seen).seen is None


@given(st.permutations([order(1, 1), order(1, 2), cancel(3)]))
def test_deliveries_in_any_order_never_leave_a_cancelled_order_open(deliveries):
    seen, placed = None, False
    for delivery in deliveries:
        verdict = judge(delivery, seen)
        seen = verdict.seen or seen
        placed = verdict.outcome == "place" or (placed and verdict.outcome != "cancel")
    assert not placed
    assert seen.cancelled


@given(
    st.lists(st.builds(order, st.integers(1, 3), st.none() | st.integers(0, 3)) | st.builds(cancel, st.integers(0, 3)))
)
def test_a_repeat_of_what_was_just_delivered_changes_nothing(deliveries):
    seen = None
    for delivery in deliveries:
        seen = judge(delivery, seen).seen or seen
        again = judge(delivery, seen)
        assert again.outcome not in ("place", "cancel")
        assert again.seen in (None, seen)


def test_an_erased_text_does_not_stop_the_comparison():
    known = Seen("sha256:other", at(1))
    assert "is not kept" in judge(order(1, 2), known).problems[0].message
