from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ordercore.order.summary import waiting_sort

FIRST = datetime(2026, 3, 1, tzinfo=UTC)
WAITING = st.tuples(st.integers(-1_000_000, 1_000_000), st.integers(0, 10**6).map(lambda n: FIRST + timedelta(hours=n)))


@given(st.lists(WAITING, max_size=8))
def test_the_highest_priority_is_served_first_then_who_was_placed_earliest(waiting):
    stated = sorted(waiting, key=lambda one: (-one[0], one[1]))
    assert sorted(waiting, key=lambda one: waiting_sort(*one)) == stated
