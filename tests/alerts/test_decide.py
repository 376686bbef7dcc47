"""When an alert is raised, worsens, is covered and resolves: one per crossing, whatever the balance does."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercore.alerts import AcknowledgeAlert, AssignAlert, ResolveAlert, SnoozeAlert, WakeAlert
from ordercore.alerts.decide import Watched, attend, judge
from ordercore.alerts.events import (
    AlertAcknowledged,
    AlertAnswered,
    AlertAssigned,
    AlertAwoken,
    AlertCovered,
    AlertRaised,
    AlertRearmed,
    AlertReopened,
    AlertResolved,
    AlertSnoozed,
    AlertWorsened,
    Finding,
)
from ordercore.alerts.state import fold_alert
from ordercore.balance import Balance
from ordercore.errors import BrokenRule, InvalidCommand, TransitionRefused
from ordercore.message import Context

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
WATCHED = Watched("TEA", "WH1", reorder_point=10, clear_above=12, safety_stock=4, owner="buying")
ABOUT = Context("c1", NOW, NOW)


class Case:
    """One alert, fed with balances."""

    def __init__(self, watched=WATCHED):
        self.watched, self.alert = watched, None

    def sees(self, available, on_order=0, waiting=0):
        return self.add(judge(self.alert, self.watched, Finding(Balance(available, on_order, waiting=waiting)), NOW))

    def asks(self, command, at=NOW):
        return self.add(attend(self.alert, command, Context("c", at, at)))

    def add(self, events):
        self.alert = fold_alert(self.alert, events, "alert/WH1:TEA")
        return [type(event) for event in events]


@pytest.mark.parametrize(
    ("balance", "kind"),
    [(11, None), (10, "below_reorder_point"), (4, "below_reorder_point"), (3, "below_safety_stock"), (0, "stock_out")],
)
def test_an_alert_names_the_worst_level_that_was_crossed(balance, kind):
    case = Case()
    assert case.sees(balance) == ([AlertRaised] if kind else [])
    assert (case.alert.kind if case.alert else None) == kind


def test_a_safety_stock_above_the_reorder_point_raises_it_too():
    case = Case(Watched("TEA", "WH1", reorder_point=2, clear_above=3, safety_stock=6))
    assert case.sees(6) == []
    assert case.sees(5) == [AlertRaised]
    assert case.sees(6) == [AlertResolved]


def test_waiting_units_count_against_what_is_free():
    assert Case().sees(12, waiting=2) == [AlertRaised]


def test_what_is_on_order_keeps_it_from_being_raised():
    assert Case().sees(0, on_order=11) == []


def test_one_crossing_raises_one_alert():
    case = Case()
    assert [case.sees(units) for units in (10, 9, 10, 11, 12, 10)] == [[AlertRaised], [], [], [], [], []]
    assert case.sees(13) == [AlertResolved]
    assert case.sees(10) == [AlertRaised]
    assert case.alert.number == 2


def test_it_worsens_and_never_says_that_it_got_better():
    case = Case()
    assert [case.sees(units) for units in (9, 3, 0, 3, 9)] == [[AlertRaised], [AlertWorsened], [AlertWorsened], [], []]


def test_it_is_covered_by_what_is_on_order_and_resolved_by_what_is_there():
    case = Case()
    case.sees(5)
    assert case.sees(5, on_order=20) == [AlertCovered]
    assert (case.alert.status, case.sees(5, on_order=20)) == ("covered", [])
    assert case.sees(15, on_order=10) == [AlertResolved]
    assert case.alert.resolved == "supply"


def test_a_covered_alert_opens_again_at_the_next_crossing():
    case = Case()
    case.sees(5)
    case.sees(5, on_order=20)
    assert case.sees(5, on_order=20, waiting=15) == [AlertReopened]
    assert (case.alert.crossing, case.alert.number, case.alert.status) == (2, 1, "open")
    assert case.sees(20, waiting=15) == []


def test_a_crossing_is_answered_once():
    case = Case()
    case.sees(5)
    case.add([AlertAnswered("ACME-1", 1)])
    with pytest.raises(BrokenRule, match="second time"):
        case.add([AlertAnswered("ACME-2", 1)])


def test_what_was_ordered_and_is_not_enough_is_another_crossing():
    case = Case()
    case.sees(5)
    case.add([AlertAnswered("ACME-1", 1)])
    assert (case.alert.answer, case.sees(0)) == ("ACME-1", [AlertWorsened])
    enough, short = Balance(0, 30, waiting=25, later=10), Balance(0, 30, waiting=25, later=5)
    assert judge(case.alert, case.watched, Finding(enough), NOW, used_up=True) == []
    assert judge(case.alert, case.watched, Finding(short), NOW) == []
    assert case.add(judge(case.alert, case.watched, Finding(short), NOW, used_up=True)) == [AlertReopened]
    assert (case.alert.crossing, case.alert.answer, case.alert.status) == (2, "", "open")


def test_what_a_person_closed_is_quiet_until_the_balance_was_above():
    case = Case()
    case.sees(5)
    assert case.asks(ResolveAlert("WH1:TEA", "end of season")) == [AlertResolved]
    assert [case.sees(units) for units in (5, 0, 12)] == [[], [], []]
    assert case.sees(13) == [AlertRearmed]
    assert case.sees(10) == [AlertRaised]


def test_without_levels_an_open_alert_is_over():
    case = Case()
    case.sees(5)
    case.watched = Watched("TEA", "WH1", 10, 12, active=False)
    assert case.sees(5) == [AlertResolved]
    assert case.sees(5) == []
    case.watched = WATCHED
    assert case.sees(5) == [AlertRaised]


def test_it_is_acknowledged_snoozed_woken_and_assigned():
    case = Case()
    case.sees(5)
    assert case.asks(AcknowledgeAlert("WH1:TEA")) == [AlertAcknowledged]
    later = NOW + timedelta(days=1)
    assert case.asks(SnoozeAlert("WH1:TEA", later)) == [AlertSnoozed]
    with pytest.raises(TransitionRefused):
        case.asks(WakeAlert("WH1:TEA"))
    assert case.asks(WakeAlert("WH1:TEA"), later) == [AlertAwoken]
    assert case.asks(AssignAlert("WH1:TEA", "warehouse")) == [AlertAssigned]
    assert case.asks(AssignAlert("WH1:TEA", "warehouse")) == []
    assert (case.alert.status, case.alert.owner) == ("open", "warehouse")


def test_nobody_snoozes_into_the_past():
    case = Case()
    case.sees(5)
    with pytest.raises(InvalidCommand):
        case.asks(SnoozeAlert("WH1:TEA", NOW))


def test_what_is_resolved_stays_resolved():
    case = Case()
    case.sees(5)
    case.asks(ResolveAlert("WH1:TEA"))
    for command in (AcknowledgeAlert("x"), SnoozeAlert("x", NOW), AssignAlert("x", "y"), ResolveAlert("x")):
        with pytest.raises(TransitionRefused):
            attend(case.alert, command, ABOUT)


def test_two_open_alerts_of_one_name_are_a_broken_rule():
    case = Case()
    case.sees(5)
    with pytest.raises(BrokenRule):
        fold_alert(case.alert, [case.alert.raised], "alert/WH1:TEA")


def test_a_stream_begins_with_an_alert():
    with pytest.raises(BrokenRule):
        fold_alert(None, [AlertAnswered("P-1", 1)], "alert/WH1:TEA")


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30)), max_size=30))
def test_between_two_crossings_the_projected_balance_was_above_where_it_clears(balances):
    case, above = Case(), True
    for available, on_order, waiting in balances:
        projected = available + on_order - waiting
        above = above or projected > WATCHED.clear
        crossed = {AlertRaised, AlertReopened} & set(case.sees(available, on_order, waiting))
        assert bool(crossed) == (above and projected <= WATCHED.trigger)
        above = above and not crossed
        assert case.sees(available, on_order, waiting) == []
