"""Facts of carriers come late, twice and out of order: whatever the order of their coming, they come to the same."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercore.errors import InvalidCommand
from ordercore.order import RecordTracking, Ship
from ordercore.order.commands import TrackingStatus
from ordercore.order.events import ParcelDelivered, TrackingRecorded
from ordercore.order.tracking import TERMINAL, TrackingFact, current, in_order, with_eta
from ordercore.values import Eta

ID = "shop:1"
AT = datetime(2026, 3, 3, tzinfo=UTC)
STATUSES = get_args(TrackingStatus)


def hours(n):
    return AT + timedelta(hours=n)


def fact(n, status, **fields):
    return TrackingFact(hours(n), status, **fields)


FACTS = st.lists(
    st.builds(
        lambda n, status, code, correction: fact(n, status, raw_code=code, correction=correction),
        st.integers(0, 6), st.sampled_from(STATUSES), st.sampled_from(["", "A", "B"]), st.booleans(),
    ),
    max_size=7,
)  # fmt: skip


@given(FACTS, st.randoms(use_true_random=False))
def test_the_order_of_their_coming_does_not_matter(facts, chance):
    shuffled = [*facts, *facts[:3]]
    chance.shuffle(shuffled)
    assert current(frozenset(shuffled)) == current(frozenset(facts))
    assert [one.occurred_at for one in in_order(shuffled)] == sorted(one.occurred_at for one in shuffled)


@given(FACTS, st.integers(0, 6), st.sampled_from(sorted(TERMINAL)), st.integers(0, 6), st.sampled_from(STATUSES))
def test_what_is_terminal_stays_without_a_correction(facts, n, end, later, status):
    facts = [one for one in facts if not one.correction]
    before = current([*facts, fact(n, end)])
    after = current([*facts, fact(n, end), fact(n + 1 + later, status)])
    assert before.status in TERMINAL
    assert after == before


@given(FACTS, st.sampled_from(STATUSES))
def test_a_correction_leads_away_from_anything(facts, status):
    corrected = fact(99, status, correction=True)
    assert current([*facts, corrected]) == corrected


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ([], None),
        ([fact(1, "in_transit"), fact(0, "picked_up")], "in_transit"),
        ([fact(1, "in_transit"), fact(2, "unknown")], "in_transit"),
        ([fact(0, "unknown")], "unknown"),
        ([fact(1, "out_for_delivery"), fact(1, "in_transit")], "out_for_delivery"),
        ([fact(1, "delivered"), fact(2, "in_transit")], "delivered"),
        ([fact(1, "delivered"), fact(2, "delivery_failed", correction=True)], "delivery_failed"),
        ([fact(1, "delivered"), fact(2, "in_transit", correction=True), fact(3, "delivered")], "delivered"),
    ],
    ids=str,
)
def test_the_fact_that_counts_is_the_latest_that_says_something(facts, status):
    found = current(facts)
    assert (found and found.status) == status


# On an order


@pytest.fixture
def away(story):
    story.placed(("1", "TEA", 2)).allocated("1", 2)
    story.when(Ship(ID))
    return story


def report(n, status, **fields):
    return RecordTracking(ID, "P1", status, hours(n), **fields)


def eta(day, as_of=None):
    start = datetime(2026, 3, day, tzinfo=UTC)
    return Eta(start, start + timedelta(hours=23), as_of=as_of)


def test_all_that_a_carrier_says_is_kept_but_its_own_words(away):
    away.when(
        report(1, "delivery_failed", raw_code="X1", location="Ghent", reason="consignee_absent", text="rang twice")
    )
    (kept,) = away.order.parcel("P1").facts
    # Its own words are kept beside the log, for they may name a person.
    assert (kept.raw_code, kept.location, kept.reason, kept.text) == ("X1", "Ghent", "consignee_absent", "")
    assert away.order.parcel("P1").status == "delivery_failed"


def test_the_same_again_in_other_words_adds_nothing(away):
    away.when(report(1, "in_transit", raw_code="X1", text="sorted"))
    assert away.when(report(1, "in_transit", raw_code="X1", text="Sorted.")) == ()


def test_delivery_happens_once_whatever_is_said_later(away):
    assert [type(event) for event in away.when(report(3, "delivered"))] == [TrackingRecorded, ParcelDelivered]
    assert len(away.when(report(4, "in_transit"))) == 1
    assert len(away.when(report(5, "in_transit", correction=True))) == 1
    assert len(away.when(report(6, "delivered"))) == 1
    assert away.line("1") == {"shipped": 2, "delivered": 2}


def test_a_new_estimate_of_a_known_fact_is_news(away):
    away.when(report(1, "in_transit", eta=eta(5)))
    assert away.when(report(1, "in_transit", eta=eta(5))) == ()
    assert len(away.when(report(1, "in_transit", eta=eta(6, hours(2))))) == 1
    parcel = away.order.parcel("P1")
    assert parcel.eta == eta(6, hours(2))
    assert parcel.etas == (eta(5, hours(1)), eta(6, hours(2)))


def test_an_estimate_that_comes_late_does_not_rewind(away):
    away.when(report(5, "in_transit", eta=eta(6)))
    away.when(report(2, "picked_up", eta=eta(4)))
    assert away.order.parcel("P1").eta == eta(6, hours(5))


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"reason": "rain"}, "reason"),
        ({"text": "x" * 501}, "text"),
        ({"eta": Eta(hours(2), hours(1))}, "eta"),
        ({"eta": Eta(datetime(2026, 3, 3), hours(1))}, "eta"),  # noqa: DTZ001
        ({"eta": Eta(hours(1), hours(2), "week")}, "eta.precision"),
        ({"eta": "soon"}, "eta"),
    ],
    ids=str,
)
def test_a_report_that_cannot_be_is_refused_where_it_stands(away, fields, path):
    assert away.refused(InvalidCommand, report(1, "in_transit", **fields)).path == path


@given(st.lists(st.tuples(st.integers(1, 28), st.integers(0, 9)), max_size=6), st.randoms(use_true_random=False))
def test_the_history_of_estimates_does_not_depend_on_the_order_of_their_coming(given_, chance):
    estimates = list({made: eta(day, hours(made)) for day, made in given_}.values())
    shuffled = [*estimates, *estimates[:2]]
    chance.shuffle(shuffled)
    history = ()
    for one in shuffled:
        history = with_eta(history, one)
    assert history == tuple(sorted(estimates, key=lambda one: one.as_of))
