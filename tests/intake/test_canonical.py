import json
from datetime import UTC, datetime
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercore.intake import canonical, differences, digest
from ordercore.ports import ItemRef, LineRequest, OrderRequest, PaymentFacts
from ordercore.values import Address, Money, Price, Quantity

HOME = Address("GB", name="The Customer", lines=("1 Example Road",), city="Exampleton", email="customer@example.com")


def line(key, quantity="1", price="2.50", **more):
    return LineRequest(key, (ItemRef("sku", "TEA"),), Quantity.of(quantity, ""), Price.of(price, "EUR"), **more)


ORDER = OrderRequest(
    "shop", "1001", "EUR", (line("1"), line("2", "3")), datetime(2026, 3, 1, tzinfo=UTC), ship_to=HOME,
    stated_total=Money.of("10.00", "EUR"), attributes={"gift": True, "weight": Decimal("1.50")},
)  # fmt: skip


@pytest.mark.parametrize(
    "other",
    [
        attrs.evolve(ORDER, payment=PaymentFacts("paid", Money.of("10.00", "EUR"))),
        attrs.evolve(ORDER, lines=tuple(reversed(ORDER.lines))),
        attrs.evolve(ORDER, lines=(line("1", path="rows[1]"), line("2", "3", fulfilled=Decimal(1)))),
        attrs.evolve(ORDER, lines=(line("1", "1.000", "2.5000"), line("2", "3.0"))),
        attrs.evolve(ORDER, attributes={"weight": Decimal("1.5"), "gift": True}),
    ],
    ids=["payment", "line order", "paths and progress", "trailing zeros", "attribute order"],
)
def test_what_is_no_content_changes_no_digest(other):
    assert digest(other) == digest(ORDER)


@pytest.mark.parametrize(
    "other",
    [
        attrs.evolve(ORDER, lines=(line("1"), line("2", "4"))),
        attrs.evolve(ORDER, lines=(line("1"),)),
        attrs.evolve(ORDER, lines=(line("1"), line("2", "3", removed=Decimal(1)))),
        attrs.evolve(ORDER, currency="USD"),
        attrs.evolve(ORDER, ship_to=attrs.evolve(HOME, city="Othertown")),
        attrs.evolve(ORDER, attributes={"gift": True, "weight": "1.5"}),
    ],
    ids=["quantity", "line gone", "units taken off", "currency", "address", "text instead of a number"],
)
def test_other_content_changes_the_digest(other):
    assert digest(other) != digest(ORDER)


def test_the_canonical_text_holds_nothing_personal():
    text = canonical(ORDER)
    assert not any(part in text for part in ("The Customer", "Example", "@"))


def test_a_difference_says_where_and_from_what_to_what():
    changed = attrs.evolve(ORDER, lines=(line("1"), line("2", "5")), ship_to=attrs.evolve(HOME, city="Othertown"))
    assert differences(canonical(ORDER), canonical(changed)) == (
        "lines.2.quantity: 3 -> 5",
        "ship_to: an address -> an address",
    )


def test_without_the_text_of_before_nothing_is_said_of_differences():
    assert differences("", canonical(ORDER)) == ()


def test_a_thousand_differences_are_not_all_listed():
    many = attrs.evolve(ORDER, lines=tuple(line(str(n)) for n in range(1_000)))
    listed = differences(canonical(ORDER), canonical(many))
    assert len(listed) == 21
    assert listed[-1].startswith("... and ")


@given(st.text(max_size=20), st.integers(1, 10**9), st.integers(0, 10**12))
def test_canonical_text_is_ascii_json_and_compares_equal_to_itself(text, quantity, price):
    order = attrs.evolve(
        ORDER,
        reference=text,
        lines=(LineRequest("1", (ItemRef("sku", text),), Quantity(Decimal(quantity), ""), Price(price, 4, "EUR")),),
    )
    content = canonical(order)
    assert content.isascii()
    assert json.loads(content)["reference"] == text
    assert differences(content, content) == ()


def test_a_changed_customer_is_not_quoted():
    before, after = attrs.evolve(ORDER, customer="jane@example.com"), attrs.evolve(ORDER, customer="joe@example.com")
    assert differences(canonical(before), canonical(after)) == ("customer: a customer -> a customer",)
