import time
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercore.catalog.state import Item
from ordercore.intake import ItemMapping, skus_of, to_place_order
from ordercore.ports import ItemRef, LineRequest, OrderRequest
from ordercore.values import Money, Price, Quantity

ITEMS = {
    "TEA": Item("TEA", units={"case": "12"}),
    "RICE": Item("RICE", unit="kg", scale=3),
    "OLD": Item("OLD", active=False),
    "postage": Item("postage", tracking="none"),
}


def line(key="1", sku="TEA", quantity="1", price="2.50", unit="", **more):
    items = (ItemRef("sku", sku),) if sku else ()
    money = Price.of(price, "EUR") if price is not None else None
    return LineRequest(key, items, Quantity.of(quantity, unit), money, path=f"lines[{key}]", **more)


def order(*lines, **more):
    return OrderRequest("shop", "1001", "EUR", lines, **more)


def codes(request):
    return [(problem.code, problem.path) for problem in to_place_order(request, ITEMS).problems]


def euros(text):
    return Money.of(text, "EUR")


@pytest.mark.parametrize(
    ("sku", "quantity", "unit", "units"),
    [("TEA", "2", "", 2), ("TEA", "2", "unit", 2), ("TEA", "1.5", "case", 18), ("RICE", "1.250", "kg", 1250)],
)
def test_quantities_become_whole_smallest_units_of_the_item(sku, quantity, unit, units):
    command = to_place_order(order(line(sku=sku, quantity=quantity, unit=unit)), ITEMS).command
    assert [(line.sku, line.quantity) for line in command.lines] == [(sku, units)]


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([line(quantity="0")], ("zero_quantity", "lines[1].quantity")),
        ([line(quantity="-1")], ("negative_quantity", "lines[1].quantity")),
        ([line(quantity="1.5")], ("fractional_quantity", "lines[1].quantity")),
        ([line(quantity="1000000001")], ("quantity_out_of_range", "lines[1].quantity")),
        ([line(sku="RICE", quantity="1000001")], ("quantity_out_of_range", "lines[1].quantity")),
        ([line(unit="pallet")], ("unknown_unit", "lines[1].quantity")),
        ([line(sku="COFFEE")], ("unmapped_item", "lines[1].sku")),
        ([line(sku=None)], ("unmapped_item", "lines[1].sku")),
        ([line(sku="../../etc")], ("unmapped_item", "lines[1].sku")),
        ([line(sku="OLD")], ("inactive_item", "lines[1].sku")),
        ([line(kind="charge")], ("charge_is_tracked", "lines[1].sku")),
        ([line(price="-1.00")], ("negative_amount", "lines[1].unit_price")),
        ([line(discount=euros("3.00"))], ("discount_exceeds_line", "lines[1].discount")),
        ([line(tax=euros("-1.00"))], ("negative_amount", "lines[1].tax")),
        ([line(tax=Money.of("1.00", "USD"))], ("mixed_currency", "lines[1].tax")),
        ([attrs.evolve(line(), unit_price=Price.of("1.00", "USD"))], ("mixed_currency", "lines[1].unit_price")),
        ([line(), line()], ("duplicate_line", "")),
        ([], ("no_lines", "")),
        ([line("1", "free", price="0", kind="charge")], ("no_lines", "")),
        ([line(str(n)) for n in range(10_001)], ("too_many_lines", "")),
        ([line(removed=Decimal(1))], ("already_in_progress", "")),
        ([line(fulfilled=Decimal(1))], ("already_in_progress", "")),
        ([line(fulfilled=Decimal(2))], ("count_mismatch", "lines[1]")),
    ],
)
def test_bad_content_is_a_problem_with_its_path_and_nothing_is_placed(lines, problem):
    converted = to_place_order(order(*lines), ITEMS)
    assert converted.command is None
    assert [(found.code, found.path) for found in converted.problems] == [problem]
    assert all(found.subject == "1001" for found in converted.problems)


def test_every_bad_line_is_named_not_only_the_first():
    assert codes(order(line("1", "COFFEE"), line("2", "COCOA"), line("3"))) == [
        ("unmapped_item", "lines[1].sku"),
        ("unmapped_item", "lines[2].sku"),
    ]


def test_an_unknown_item_comes_with_the_nearest_known_one():
    assert "Did you mean 'RICE'?" in to_place_order(order(line(sku="RIC")), ITEMS).problems[0].message


def test_a_total_that_does_not_add_up_is_not_placed():
    assert codes(order(line(quantity="2"), stated_total=euros("5.01"))) == [("total_mismatch", "total")]
    assert codes(order(line(quantity="2"), stated_total=euros("5.00"))) == []


def test_a_missing_price_is_a_warning_and_counts_as_nothing():
    converted = to_place_order(order(line(price=None)), ITEMS)
    assert [problem.severity for problem in converted.problems] == ["warning"]
    assert converted.command.lines[0].unit_price == Price.of("0", "EUR")


def test_the_host_maps_names_per_instance_and_for_all():
    request = order(
        LineRequest("1", (ItemRef("variant", "7"),), Quantity.of("1", ""), Price.of("1", "EUR")),
        LineRequest("2", (ItemRef("gtin", "9"), ItemRef("sku", "TEA")), Quantity.of("1", ""), Price.of("1", "EUR")),
        LineRequest("3", (ItemRef("sku", "oldtea"),), Quantity.of("1", ""), Price.of("1", "EUR")),
    )
    mapping = ItemMapping(
        {("shop", "variant", "7"): "TEA", ("other", "gtin", "9"): "OLD", ("", "sku", "oldtea"): "RICE"}
    )
    assert skus_of(request, mapping) == ("TEA", "RICE")
    assert [line.sku for line in to_place_order(request, ITEMS, mapping).command.lines] == ["TEA", "TEA", "RICE"]


def test_a_charge_is_an_ordinary_line_of_an_untracked_item():
    postage = LineRequest(
        "postage", (ItemRef("charge", "postage"),), Quantity.of("1", ""), Price.of("4.95", "EUR"), kind="charge"
    )
    command = to_place_order(order(line(), postage), ITEMS).command
    assert [(line.line_id, line.sku, line.quantity) for line in command.lines] == [
        ("1", "TEA", 1),
        ("postage", "postage", 1),
    ]


def test_free_postage_needs_no_item():
    request = order(line(), line("2", "collection", price="0", kind="charge"))
    assert [line.sku for line in to_place_order(request, ITEMS).command.lines] == ["TEA"]


def test_the_reference_that_people_use_is_kept():
    assert to_place_order(order(line(), reference="#1001"), ITEMS).command.attributes == {"reference": "#1001"}


def test_a_discount_larger_than_the_order_is_refused():
    assert codes(order(line(), discount=euros("2.51"))) == [("discount_exceeds_order", "discount")]


AMOUNTS = st.integers(0, 100_000)


@given(
    st.lists(st.tuples(st.integers(1, 50), st.integers(0, 10_000), st.integers(0, 100)), min_size=1, max_size=12),
    st.integers(0, 100),
    AMOUNTS,
)
def test_what_is_stated_for_the_order_is_spread_to_the_last_cent(rows, percent, tax):
    lines = [
        line(
            str(n),
            quantity=str(count),
            price=str(Decimal(price) / 100),
            discount=Money(count * price * off // 100, "EUR"),
        )
        for n, (count, price, off) in enumerate(rows)
    ]
    plain = order(*lines)
    request = attrs.evolve(plain, discount=Money(plain.total * percent // 100, "EUR"), tax=Money(tax, "EUR"))
    command = to_place_order(request, ITEMS).command
    total = sum(
        line.unit_price.line_total(line.quantity)
        - (line.discount.amount if line.discount else 0)
        + (line.tax.amount if line.tax else 0)
        for line in command.lines
    )
    assert total == request.total
    assert all(
        (line.discount.amount if line.discount else 0) <= line.unit_price.line_total(line.quantity)
        for line in command.lines
    )


def test_a_document_of_unknown_names_is_looked_through_quickly():
    known = {f"SKU-{n:04d}": Item(f"SKU-{n:04d}") for n in range(1000)}
    lines = [line(str(n), f"SKU-{n:04d}X") for n in range(1000)]
    begun = time.process_time()
    problems = to_place_order(order(*lines), known).problems
    assert time.process_time() - begun < 0.5
    assert len(problems) == 1000
    assert "Did you mean" in problems[0].message
