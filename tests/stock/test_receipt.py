from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from ordercore.errors import InvalidCommand, NotFound
from ordercore.stock import OpenBalance, Opening, Received, ReceiveStock
from ordercore.stock.decide import lots_after, open_balance, receive
from ordercore.stock.lots import LotFacts
from ordercore.stock.receipt import ReceivedUnits
from ordercore.store import postings_of
from ordercore.values import Money, Price, Quantity

HERE = "loc/WH1"
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def received(items, *lines):
    return receive(ReceiveStock("WH1", lines), items, HERE, 10_000).lines


def refused(items, *lines):
    with pytest.raises((InvalidCommand, NotFound)) as caught:
        received(items, *lines)
    return caught.value.path


def test_quantities_of_other_units_become_smallest_units(items):
    assert received(items, Received("TEA", Quantity.of("2", "case"))) == (ReceivedUnits("TEA", 24),)
    assert received(items, Received("COFFEE", Quantity.of("1.250", "kg"))) == (ReceivedUnits("COFFEE", 1250),)


def test_lines_of_the_same_goods_are_summed_and_of_others_are_not(items):
    lines = received(
        items,
        Received("MILK", 1, "L1"), Received("MILK", 2, "L2"), Received("MILK", 3, "L1"),
        Received("MILK", 4, "L1", bucket="damaged"), Received("MILK", 5, "L1", unit_cost="1.00", currency="EUR"),
    )  # fmt: skip
    assert lines == (
        ReceivedUnits("MILK", 4, "available", "L1"),
        ReceivedUnits("MILK", 2, "available", "L2"),
        ReceivedUnits("MILK", 4, "damaged", "L1"),
        ReceivedUnits("MILK", 5, "available", "L1", 100, 2, "EUR"),
    )


@pytest.mark.parametrize(
    ("cost", "currency", "kept"),
    [
        ("2.5", "EUR", (250, 2, "EUR")),
        (Decimal("0.0125"), "EUR", (125, 4, "EUR")),
        (Money.of("2.50", "USD"), "", (250, 2, "USD")),
        (Price.of("0.015", "USD"), "USD", (15, 3, "USD")),
        (None, "EUR", (0, 0, "")),
    ],
)
def test_a_unit_cost_is_kept_exactly(items, cost, currency, kept):
    (line,) = received(items, Received("TEA", 1, unit_cost=cost, currency=currency))
    assert (line.cost, line.digits, line.currency) == kept


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("lines[1].sku", Received("COFEE", 1)),
        ("lines[1].sku", Received("POSTAGE", 1)),
        ("lines[1].quantity", Received("TEA", 0)),
        ("lines[1].quantity", Received("TEA", -1)),
        ("lines[1].quantity", Received("TEA", True)),
        ("lines[1].quantity", Received("TEA", 1.5)),
        ("lines[1].quantity", Received("TEA", 10**9 + 1)),
        ("lines[1].quantity", Received("TEA", 2**70)),
        ("lines[1].quantity", Received("TEA", Quantity.of("0", ""))),
        ("lines[1].quantity", Received("TEA", Quantity.of("0.5", ""))),
        ("lines[1].quantity", Received("TEA", Quantity.of("1", "pallet"))),
        ("lines[1].lot", Received("MILK", 1)),
        ("lines[1].lot", Received("MILK", 1, "a/b")),
        ("lines[1].lot", Received("TEA", 1, "L1")),
        ("lines[1].expires", Received("TEA", 1, expires=date(2026, 5, 1))),
        ("lines[1].expires", Received("MILK", 1, "L1", NOW)),
        ("lines[1].bucket", Received("TEA", 1, bucket="reserved")),
        ("lines[1].unit_cost", Received("TEA", 1, unit_cost="1.00")),
        ("lines[1].unit_cost", Received("TEA", 1, unit_cost="-1.00", currency="EUR")),
        ("lines[1].unit_cost", Received("TEA", 1, unit_cost="1E+1000000", currency="EUR")),
        ("lines[1].unit_cost", Received("TEA", 1, unit_cost="1.00", currency="EURO")),
        ("lines[1].unit_cost", Received("TEA", 1, unit_cost=Money.of("1.00", "USD"), currency="EUR")),
    ],
)
def test_a_line_that_cannot_be_is_refused_with_its_path(items, path, line):
    assert refused(items, Received("CUP", 1), line) == path


def test_two_lines_of_the_same_goods_are_bounded_together(items):
    assert refused(items, Received("TEA", 10**9), Received("TEA", 1)) == "lines[1].quantity"


def test_no_lines_and_too_many_lines_are_refused(items):
    assert refused(items) == "lines"
    with pytest.raises(InvalidCommand) as caught:
        receive(ReceiveStock("WH1", [Received("TEA", 1)] * 4), items, HERE, 3)
    assert (caught.value.path, caught.value.count, caught.value.most) == ("lines", 4, 3)


def test_an_opening_balance_comes_from_the_opening_account(items):
    event = open_balance(OpenBalance("WH1", "day-1", [Opening("TEA", 5, bucket="damaged")]), items, HERE, 10)
    (posting,) = postings_of(event)
    assert (posting.source, posting.target, posting.target_bucket) == ("opening", HERE, "damaged")


def test_a_lot_is_known_from_its_first_receipt_on():
    line = Received("MILK", 1, "L1", date(2026, 5, 1))
    facts = lots_after([line, line], {("MILK", "L1"): None}, NOW)
    assert facts == {("MILK", "L1"): LotFacts("MILK", "L1", NOW, date(2026, 5, 1))}
    assert lots_after([line], facts, datetime(2026, 4, 1, tzinfo=UTC)) == {}


def test_an_expiry_date_may_be_learned_later_but_not_change():
    known = {("MILK", "L1"): LotFacts("MILK", "L1", NOW)}
    learned = lots_after([Received("MILK", 1, "L1", date(2026, 5, 1))], known, datetime(2026, 4, 1, tzinfo=UTC))
    assert learned == {("MILK", "L1"): LotFacts("MILK", "L1", NOW, date(2026, 5, 1))}
    lines = [Received("TEA", 1), Received("MILK", 1, "L1", date(2026, 5, 2))]
    with pytest.raises(InvalidCommand, match="2026-05-01") as caught:
        lots_after(lines, learned, NOW)
    assert caught.value.path == "lines[1].expires"


def test_lots_sort_by_expiry_then_by_arrival():
    early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    in_order = [
        LotFacts("MILK", "C", late, date(2026, 4, 1)),
        LotFacts("MILK", "B", early, date(2026, 5, 1)),
        LotFacts("MILK", "D", early),
        LotFacts("MILK", "A", late),
    ]
    assert sorted(in_order, key=lambda lot: lot.sort) == in_order
