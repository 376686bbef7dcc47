from hypothesis import given
from hypothesis import strategies as st

from ordercore.readable import brief
from ordercore.readable.words import cut


@given(st.text(), st.text(max_size=300), st.lists(st.text(max_size=200)))
def test_a_repr_is_one_line_of_at_most_120_characters(kind, name, facts):
    said = brief(kind, name, *facts)
    assert len(said) <= 120
    assert said.isprintable()
    assert said.startswith("<")
    assert said.endswith(">")


def test_a_repr_leaves_out_what_there_is_not():
    assert brief("Order", "web:1", "confirmed", "", "2 lines") == "<Order web:1: confirmed, 2 lines>"
    assert brief("WorkReport", "", "idle") == "<WorkReport: idle>"
    assert brief("Timeline", "web:1") == "<Timeline web:1>"


@given(st.text(max_size=20), st.integers(1, 20))
def test_what_is_cut_says_so(text, most):
    short = cut(text, most)
    assert len(short) <= most
    assert short.endswith("…") or len(text) <= most
