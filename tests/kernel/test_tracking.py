"""Reports of carriers over `receive`: found by number, recorded once, and the estimate beside the promise."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordercore import Kernel, Ship
from ordercore.codec import dump
from ordercore.errors import AuthenticationFailed, NotFound
from ordercore.order import CorrectShipment
from ordercore.order.events import ParcelDelivered, TrackingRecorded
from ordercore.ports import TrackingUpdate, Transmission
from ordercore.testing import ManualClock, given_stock, place
from ordercore.testing.carrier import MemoryCarrier
from ordercore.values import Eta

PROMISED = datetime(2026, 1, 9, 18, tzinfo=UTC)
DAY = datetime(2026, 1, 6, tzinfo=UTC)


def at(hours):
    return DAY + timedelta(hours=hours)


def update(hours, status, number="T1", **fields):
    return TrackingUpdate(number, status, at(hours), **fields)


def sent(*updates, instance="memory", signature=""):
    body = json.dumps({"events": [dump(one) for one in updates]}).encode()
    return Transmission(instance, "application/json", body, {"x-signature": signature or MemoryCarrier.sign(body)})


class Under:
    """An order that is under way as T1 with the carrier `memory`."""

    def __init__(self, shop):
        self.shop = shop
        given_stock(shop, {"WH1": {"TEA": 9}})
        self.order = place(shop, {"TEA": 2}, promised_by=PROMISED)
        shop.handle(Ship(self.order, carrier="memory", tracking="T1"))

    def told(self, *updates):
        return self.shop.receive("memory", sent(*updates))

    @property
    def parcel(self):
        (found,) = self.shop.tracking(self.order)
        return found

    def events(self, kind):
        return [entry.event for entry in self.shop.timeline(self.order) if isinstance(entry.event, kind)]


@pytest.fixture
def under(make_shop):
    return Under(make_shop(carriers={"memory": MemoryCarrier()}))


def test_a_report_finds_its_parcel_by_the_number(under):
    report = under.told(update(1, "in_transit", raw_code="IT", location="Ghent", text="sorted"))
    assert report.accepted == (under.order,)
    parcel = under.parcel
    assert (parcel.status, parcel.carrier, parcel.tracking) == ("in_transit", "memory", "T1")
    assert [(one.raw_code, one.location, one.text) for one in parcel.facts] == [("IT", "Ghent", "sorted")]
    entry = under.shop.timeline(under.order)[-1]
    assert (entry.actor, entry.effective_at) == ("carrier:memory", min(at(1), under.shop.core.clock.now()))


def test_the_same_report_again_changes_nothing(under):
    report = sent(update(1, "in_transit"), update(2, "delivered"))
    under.shop.receive("memory", report)
    before = under.shop.length()
    assert under.shop.receive("memory", report).problems == ()
    assert under.shop.length() == before
    assert len(under.events(ParcelDelivered)) == 1


def test_the_whole_history_each_time_is_recorded_once(under):
    """Some carriers push all there ever was with every report."""
    history = [update(n, status, raw_code=str(n)) for n, status in enumerate(["picked_up", "in_transit", "delivered"])]
    for length in (1, 2, 3, 3):
        under.told(*history[:length])
    assert len(under.events(TrackingRecorded)) == 3


def test_an_unknown_number_waits_for_a_person_and_is_replayed(under):
    report = under.told(update(1, "in_transit", "T9"), update(1, "in_transit"))
    assert report.accepted == (under.order,)
    assert [problem.code for problem in report.problems] == ["unknown_tracking"]
    (kept,) = under.shop.quarantine()
    other = place(under.shop, {"TEA": 1})
    under.shop.handle(Ship(other, carrier="memory", tracking="T9"))
    assert under.shop.replay(kept.document).problems == ()
    assert under.shop.tracking(other)[0].status == "in_transit"
    assert under.shop.quarantine() == ()


def test_a_corrected_carrier_is_listened_to(under):
    under.shop.handle(CorrectShipment(under.order, "P1", "memory", "T2", "another label was on it"))
    under.told(update(1, "in_transit", "T2"))
    assert (under.parcel.status, under.parcel.tracking) == ("in_transit", "T2")
    report = under.told(update(2, "delivered", "T1"))
    assert [problem.code for problem in report.problems] == ["unknown_tracking"]
    assert under.parcel.status == "in_transit"


def test_parcels_that_share_a_number_share_what_is_said(make_shop):
    shop = make_shop(carriers={"memory": MemoryCarrier()})
    given_stock(shop, {"WH1": {"TEA": 2}, "WH3": {"TEA": 2}})
    order = place(shop, {"TEA": 4})
    shop.handle(Ship(order, carrier="memory", tracking="T1"))
    shop.receive("memory", sent(update(1, "delivered")))
    assert [parcel.status for parcel in shop.tracking(order)] == ["delivered", "delivered"]
    assert shop.order(order).fulfillment_status == "delivered"


def test_who_does_not_prove_to_be_the_carrier_is_not_listened_to(under):
    with pytest.raises(AuthenticationFailed):
        under.shop.receive("memory", sent(update(1, "delivered"), signature="guess"))
    with pytest.raises(NotFound):
        under.shop.receive("nobody", sent(update(1, "delivered"), instance="nobody"))


def test_the_estimate_stands_beside_the_promise_and_never_moves_it(under):
    assert (under.parcel.promised_by, under.parcel.eta, under.parcel.late) == (PROMISED, None, False)
    soon = Eta(PROMISED - timedelta(days=1), PROMISED - timedelta(hours=2))
    later = Eta(PROMISED + timedelta(hours=2), PROMISED + timedelta(hours=9))
    under.told(update(1, "in_transit", eta=soon))
    assert (under.parcel.eta.latest, under.parcel.late) == (soon.latest, False)
    under.told(update(2, "delivery_delayed", reason="weather", eta=later))
    parcel = under.parcel
    assert (parcel.eta.earliest, parcel.late, parcel.promised_by) == (later.earliest, True, PROMISED)
    assert [one.latest for one in parcel.etas] == [soon.latest, later.latest]


@pytest.mark.parametrize(("hours", "late"), [(80, False), (100, True)])
def test_it_is_late_if_it_arrived_after_the_promise(under, hours, late):
    under.told(update(hours, "delivered"))
    under.shop.core.clock.advance(days=30)
    assert under.parcel.late is late


def test_what_has_not_arrived_when_the_promise_passes_is_late(under):
    assert not under.parcel.late
    under.shop.core.clock.set(PROMISED + timedelta(seconds=1))
    assert under.parcel.late


UPDATES = st.lists(
    st.builds(
        lambda hours, status, code: update(hours, status, raw_code=code),
        st.integers(0, 5), st.sampled_from(["picked_up", "in_transit", "delivered", "delivery_failed", "unknown"]),
        st.sampled_from(["", "A"]),
    ),
    min_size=1, max_size=5,
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(UPDATES, st.randoms(use_true_random=False))
def test_however_reports_are_mixed_the_parcel_comes_to_the_same(updates, chance):
    mixed = [*updates, *updates[:2]]
    chance.shuffle(mixed)
    seen = []
    for reports in ([updates], [[one] for one in mixed]):
        under = Under(Kernel(clock=ManualClock(), carriers={"memory": MemoryCarrier()}))
        for report in reports:
            assert under.told(*report).problems == ()
        seen.append((under.parcel.status, under.parcel.facts, under.parcel.delivered))
    assert seen[0] == seen[1]
