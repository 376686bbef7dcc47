from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from ordercore.order.summary import waiting_sort

PRIORITIES = st.integers(-1_000_000, 1_000_000)
TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


@given(st.lists(st.tuples(PRIORITIES, TIMES), max_size=8))
def test_the_highest_priority_is_served_first_then_who_was_placed_earliest(waiting):
    stated = sorted(waiting, key=lambda one: (-one[0], one[1].isoformat()))
    assert sorted(waiting, key=lambda one: waiting_sort(*one)) == stated
