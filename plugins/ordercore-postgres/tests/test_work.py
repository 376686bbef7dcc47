"""What is sent to `ordercore_commit`: the same text with either JSON library, and the short form of changes where it does."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercore.errors import BrokenRule
from ordercore.testing.sample_events import HERE, Move, order, reserve, sample_codec
from ordercore_postgres import work
from ordercore_postgres.work import Work, as_json, merged

VALUES = st.recursive(
    st.none() | st.integers(-(2**62), 2**62) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
)


@pytest.fixture(scope="module")
def plain():
    """The encoder where msgspec is not installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "msgspec.json", None)
        return work._encoder()


@given(value=VALUES)
def test_it_is_the_same_text_with_and_without_msgspec(plain, value):
    assert as_json(value) == plain(value)


def test_text_that_is_not_unicode_is_refused():
    with pytest.raises(BrokenRule, match="cannot be stored"):
        as_json(["\ud800"])


def test_only_what_is_promised_is_sent_in_the_short_form():
    codec = sample_codec()
    promised = Work(order("o1", reserve("TEA", 2, "o1/1")), codec)
    released = Work(order("o2", Move("TEA", 2, HERE, "reserved", HERE, "released", claimant="o2/1")), codec)
    assert "a" in merged([promised])
    assert "a" not in merged([released])
    assert "a" not in merged([promised, released])
