from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercore.ports import Decoded, ItemRef, LineRequest, OrderRequest, Problem, SourceVersion, Transmission
from ordercore.values import Money, Price, Quantity

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
VERSIONS = st.builds(
    SourceVersion,
    at=st.none() | st.integers(0, 3).map(lambda hours: NOON + timedelta(hours=hours)),
    seq=st.none() | st.integers(0, 3),
)


def line(quantity, price, **more):
    return LineRequest("1", (ItemRef("sku", "TEA"),), Quantity.of(quantity, ""), Price.of(price, "EUR"), **more)


def test_header_names_are_kept_in_lower_case():
    assert Transmission("shop", "text/csv", b"", headers={"X-Topic": "A"}).headers == {"x-topic": "A"}


def test_the_repr_of_a_transmission_shows_neither_headers_nor_body():
    shown = repr(Transmission("shop", "text/csv", b"a person's name", headers={"authorization": "a credential"}))
    assert "person" not in shown
    assert "credential" not in shown


@pytest.mark.parametrize(
    ("quantity", "price", "total"),
    [("3", "2.55", 765), ("0.125", "1.00", 12), ("0.375", "1.00", 38), ("1000", "0.0005", 50), ("-2", "1.50", -300)],
)
def test_a_line_is_rounded_once_half_to_even(quantity, price, total):
    assert line(quantity, price).gross == total


def test_a_total_is_lines_less_discounts_with_tax():
    lines = (line("3", "2.00", discount=Money.of("1.00", "EUR")), line("1", "4.00", tax=Money.of("0.80", "EUR")))
    order = OrderRequest("shop", "1", "EUR", lines, discount=Money.of("2.00", "EUR"), tax=Money.of("0.30", "EUR"))
    assert order.total == 600 - 100 + 400 + 80 - 200 + 30


def test_a_line_without_a_price_adds_nothing():
    assert LineRequest("1", (), Quantity(Decimal(5), "")).total == 0


@given(VERSIONS, VERSIONS)
def test_of_two_versions_at_most_one_is_newer(one, other):
    forth, back = one.newer_than(other), other.newer_than(one)
    assert (forth, back) in [(None, None), (True, False), (False, True)]


def test_a_version_by_time_outranks_one_by_number():
    assert SourceVersion(NOON + timedelta(1), seq=1).newer_than(SourceVersion(NOON, seq=9)) is True
    assert SourceVersion(seq=2).newer_than(SourceVersion(NOON)) is None


def test_a_warning_alone_rejects_nothing():
    warning, reject = (Problem("code", severity, "", "") for severity in ("warning", "reject"))
    assert Decoded(problems=(warning, reject)).rejected == (reject,)
