"""A purchase is what its events have made it; its units add up after each, and its status is computed."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercore.errors import BrokenRule, NotFound
from ordercore.supply.events import (
    ApprovalRequested,
    ArrivedUnits,
    LineAnswer,
    OrderedLine,
    Part,
    PurchaseAcknowledged,
    PurchaseApproved,
    PurchaseCancelled,
    PurchaseClosed,
    PurchaseNotSent,
    PurchaseReceived,
    PurchaseRejected,
    PurchaseSent,
    PurchaseSuggested,
    PurchaseUnanswered,
    SupplierReminded,
)
from ordercore.supply.state import fold_purchase

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
DAY, LATER = date(2026, 3, 6), date(2026, 3, 20)
TEA = OrderedLine("1", "TEA", "T-1", 36, expected_on=DAY)
SUGGESTED = PurchaseSuggested("ACME", "WH1", "EUR", (TEA,), None, NOW, DAY)
SENT = (SUGGESTED, PurchaseApproved("policy"), PurchaseSent("x", NOW))


def folded(*events):
    return fold_purchase(None, events, "purchase/ACME-1")


def came(units, over=0):
    return PurchaseReceived("r", "WH1", (ArrivedUnits("1", "TEA", units, over),))


def says(*parts, answer="accepted", cancelled=0):
    return PurchaseAcknowledged((LineAnswer("1", answer, tuple(parts), cancelled),))


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ((SUGGESTED,), "suggested"),
        ((SUGGESTED, ApprovalRequested("too dear")), "awaiting_approval"),
        ((SUGGESTED, PurchaseApproved("person")), "approved"),
        ((SUGGESTED, PurchaseRejected("no")), "rejected"),
        ((SUGGESTED, PurchaseApproved("person"), PurchaseNotSent("bounced")), "approved"),
        (SENT, "sent"),
        ((*SENT, SupplierReminded(1, NOW)), "sent"),
        ((*SENT, says(Part(36, DAY)), ApprovalRequested("dearer")), "repriced"),
        ((*SENT, says(Part(36, DAY)), ApprovalRequested("dearer"), PurchaseApproved("person")), "acknowledged"),
        ((*SENT, ApprovalRequested("dearer"), came(6)), "repriced"),
        ((*SENT, ApprovalRequested("dearer"), came(36)), "received"),
        ((*SENT, PurchaseUnanswered(1)), "sent"),
        ((*SENT, says(Part(36, DAY))), "acknowledged"),
        ((SUGGESTED, PurchaseApproved("policy"), says(Part(36, DAY))), "acknowledged"),
        ((*SENT, says(answer="rejected", cancelled=36)), "cancelled"),
        ((*SENT, PurchaseCancelled("late")), "cancelled"),
        ((*SENT, came(12)), "partially_received"),
        ((*SENT, came(36)), "received"),
        ((*SENT, came(38, 2)), "received"),
        ((*SENT, came(12), PurchaseClosed("no more")), "short_closed"),
    ],
)
def test_the_status_is_computed(events, status):
    assert folded(*events).status == status


def test_who_answered_has_no_time_to_answer_left():
    assert folded(*SENT).answer_due == NOW
    assert folded(*SENT, says(Part(36, DAY))).answer_due is None
    assert folded(*SENT, came(1)).answer_due is None


def test_what_comes_in_is_taken_from_the_first_day():
    line = folded(*SENT, says(Part(12, DAY), Part(24, LATER), answer="changed"), came(15)).lines["1"]
    assert (line.open, line.parts, line.expected_on) == (21, (Part(21, LATER),), LATER)


@pytest.mark.parametrize(
    "wrong",
    [
        (*SENT, came(37)), (*SENT, says(Part(35, DAY))), (*SENT, says(Part(36, DAY), cancelled=1)), (*SENT, came(1, 2)),
        (*SENT, PurchaseCancelled("x"), came(1)),
    ],
)  # fmt: skip
def test_units_that_do_not_add_up_are_a_broken_rule(wrong):
    with pytest.raises(BrokenRule):
        folded(*wrong)


def test_a_stream_begins_with_a_suggestion():
    with pytest.raises(BrokenRule):
        folded(PurchaseSent())
    with pytest.raises(NotFound, match="CUP"):
        folded(SUGGESTED).line_of("CUP")


@given(st.lists(st.integers(1, 20), max_size=8), st.booleans())
def test_every_unit_is_received_open_or_cancelled(parts, closes):
    events = list(SENT)
    for units in parts:
        open_ = folded(*events).open
        events.append(came(units, max(0, units - open_)))
    if closes and folded(*events).open:
        events.append(PurchaseClosed("enough"))
    line = folded(*events).lines["1"]
    assert line.received == sum(parts)
    assert line.ordered == line.received - line.over + line.open + line.cancelled
    assert folded(*events).version == len(events)
