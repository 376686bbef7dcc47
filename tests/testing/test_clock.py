from datetime import UTC, datetime, timedelta, timezone

import pytest

from ordercore.errors import InvalidCommand
from ordercore.hooks import Refusal, hookimpl
from ordercore.stock import CartLine, ExpireReservation, ReserveCart
from ordercore.testing import ManualClock, given_stock


def test_the_time_stands_still_until_it_is_moved():
    clock = ManualClock()
    before = clock.now()
    assert clock.now() == before
    assert clock.advance(seconds=1, minutes=2, hours=3, days=4) == clock.now()
    assert clock.now() - before == timedelta(days=4, hours=3, minutes=2, seconds=1)


def test_the_time_is_aware_and_in_utc():
    clock = ManualClock(datetime(2026, 7, 1, 12, tzinfo=timezone(timedelta(hours=8))))
    assert clock.now() == datetime(2026, 7, 1, 4, tzinfo=UTC)
    assert clock.now().tzinfo is UTC
    assert clock.set(datetime(2027, 1, 1, tzinfo=UTC)) == clock.now() == datetime(2027, 1, 1, tzinfo=UTC)


def test_a_time_without_a_zone_is_refused():
    naive = datetime(2026, 7, 1)  # noqa: DTZ001
    with pytest.raises(InvalidCommand):
        ManualClock(naive)
    with pytest.raises(InvalidCommand):
        ManualClock().set(naive)


@pytest.mark.parametrize(
    ("span", "seconds"),
    [("3d", 259_200), ("1h 30m", 5_400), ("90s", 90), ("1w2d", 777_600), (timedelta(minutes=2), 120)],
)
def test_a_span_is_a_number_with_a_unit_or_several(span, seconds):
    clock = ManualClock()
    before = clock.now()
    assert clock.advance(span, seconds=1) - before == timedelta(seconds=seconds + 1)


@pytest.mark.parametrize("span", ["3", "d", "3 days", "-1d", "1.5h", "x"])
def test_what_is_no_span_is_refused(span):
    with pytest.raises(InvalidCommand, match="no span"):
        ManualClock().advance(span)


def carts_of(kernel):
    return [
        (record.stream, record.recorded_at, record.effective_at)
        for record in kernel.log().records
        if type(record.event).__name__ == "ReservationExpired"
    ]


def test_timers_fire_in_their_order_each_when_it_is_due(ordercore_kernel, ordercore_clock):
    given_stock(ordercore_kernel, {"WH1": {"TEA": 5}})
    start = ordercore_clock.now()
    for cart, seconds in (("late", 7_200), ("early", 600)):
        ordercore_kernel.handle(ReserveCart(cart, [CartLine("1", "TEA", 2)], seconds))
    assert ordercore_kernel.available("TEA") == 1
    assert ordercore_clock.advance(days=3) == start + timedelta(days=3)
    due = [("reservation/early", timedelta(seconds=600)), ("reservation/late", timedelta(seconds=7_200))]
    assert carts_of(ordercore_kernel) == [(stream, start + after, start + after) for stream, after in due]
    assert ordercore_kernel.available("TEA") == 5


def test_only_what_is_due_by_then_fires_and_nothing_fires_backwards(ordercore_kernel, ordercore_clock):
    given_stock(ordercore_kernel, {"WH1": {"TEA": 5}})
    ordercore_kernel.handle(ReserveCart("C", [CartLine("1", "TEA", 2)], 600))
    ordercore_clock.advance(seconds=599)
    assert carts_of(ordercore_kernel) == []
    ordercore_clock.advance(seconds=-599)
    ordercore_clock.set(ordercore_clock.now() + timedelta(days=1))
    assert carts_of(ordercore_kernel) == []
    ordercore_clock.advance()
    assert len(carts_of(ordercore_kernel)) == 1


def test_a_timer_that_a_guard_refuses_does_not_hold_the_clock(ordercore_make_kernel, ordercore_clock):
    class Stubborn:
        @hookimpl
        def ordercore_guard(self, command, state, context):
            return Refusal("never", "Carts do not expire here.") if isinstance(command, ExpireReservation) else None

    kernel = ordercore_make_kernel(plugins=[Stubborn()])
    given_stock(kernel, {"WH1": {"TEA": 5}})
    kernel.handle(ReserveCart("C", [CartLine("1", "TEA", 2)], 600))
    before = ordercore_clock.now()
    assert ordercore_clock.advance("1h") == before + timedelta(hours=1)
    assert kernel.available("TEA") == 3
