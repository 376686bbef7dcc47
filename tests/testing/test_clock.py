from datetime import UTC, datetime, timedelta, timezone

import pytest

from ordercore.errors import InvalidCommand
from ordercore.testing import ManualClock


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
