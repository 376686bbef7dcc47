from hypothesis import given
from hypothesis import strategies as st

from ordercore.flows.record import waiting_key

NAMES = st.text("1|:/a", min_size=1, max_size=4)


@given(st.tuples(NAMES, NAMES), st.tuples(NAMES, NAMES))
def test_waiting_lines_are_told_apart_and_sorted_by_order_then_line(one, other):
    assert (waiting_key(*one) < waiting_key(*other)) == (one < other)
