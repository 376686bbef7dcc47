"""A history in columns: the same whatever the order of its rows, each row in its document."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercore.intake.history import DOCUMENT, RECEIPT, SHIPMENT, HistoryRules, read_history
from ordercore.intake.history_plan import Earlier, in_order, order_of, supplies
from ordercore.ports import BadRow, OrderRow, Problem
from ordercore.values import Price, Sku

RULES = HistoryRules(reversals=("C*",))
DAY = datetime(2011, 6, 1, 9, tzinfo=UTC)


def row(line, order, sku="TEA", quantity=1, day=0, customer="7"):
    price = Price(250, 2, "GBP")
    return OrderRow(
        line, order, Sku(sku), quantity, price, "GBP", DAY + timedelta(days=day), customer, "GB", "", False, {}
    )


rows = st.lists(
    st.builds(row, st.just(0), st.sampled_from(("1", "2", "3", "C4")), st.sampled_from(("TEA", "CUP")), st.integers(-3, 3)),
    max_size=30,
).map(lambda made: [one._replace(line=n) for n, one in enumerate(made, start=2)])  # fmt: skip


@given(rows)
def test_every_row_stands_in_the_document_of_its_number_in_file_order(made):
    history = read_history(made, RULES)
    assert len(history) == len(made)
    for invoice in history.invoices:
        lines = [history.line[number] for number in history.rows(invoice.number)]
        assert lines == [one.line for one in made if one.order == invoice.name]


@given(rows, rows)
def test_the_digest_is_that_of_the_content(made, other):
    assert read_history(made, RULES).digest() == read_history(made, RULES).digest()
    if made != other:
        assert read_history(made, RULES).digest() != read_history(other, RULES).digest()


def test_other_rules_are_another_history():
    assert read_history([row(2, "1")], RULES).digest() != read_history([row(2, "1")], HistoryRules()).digest()


def test_documents_come_in_the_order_of_their_time_wherever_they_stand_in_the_file():
    history = read_history([row(2, "late", day=9), row(3, "early"), row(4, "late", day=1)], RULES)
    assert [invoice.name for invoice in in_order(history)] == ["early", "late"]
    assert history.invoices[0].moment == DAY + timedelta(days=1)


def test_of_the_same_moment_receipts_come_first_then_shipments_then_documents():
    assert RECEIPT < SHIPMENT < DOCUMENT


def test_a_row_that_cannot_be_read_rejects_its_document_and_only_that():
    bad = BadRow(3, "1", (Problem("ragged_row", "reject", "row 3", "", subject="1"),))
    history = read_history([row(2, "1"), bad, row(4, "2"), BadRow(5, "", bad.problems)], RULES)
    assert [invoice.name for invoice in in_order(history)] == ["2"]
    assert [history.line[number] for number in history.lost()] == [5]


@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_receipt_has_at_most_so_many_skus_and_a_number_of_its_own(most):
    made = [row(n, "1", sku=f"S{n}", quantity=20) for n in range(2, 5)]
    history = read_history(made, HistoryRules(skus_per_receipt=most))
    receipts = supplies(history)
    assert max(len(one.lines) for one in receipts) == most
    assert [one.external_id for one in receipts] == [f"2011-06.{n:03d}" for n in range(1, len(receipts) + 1)]
    assert {one.moment for one in receipts} == {datetime(2011, 5, 31, 23, 59, tzinfo=UTC)}
    assert sum(units for one in receipts for _, units in one.lines) == 3 * 19


def test_earlier_lines_are_those_of_the_same_customer_and_sku_newest_first():
    history = read_history(
        [row(2, "1"), row(3, "2", day=1), row(4, "2", sku="CUP", day=1), row(5, "3", day=2, customer="8"),
         row(6, "C4", quantity=-1, day=3), row(7, "5", day=4)], RULES,
    )  # fmt: skip
    ordered = in_order(history)
    credit = next(invoice for invoice in ordered if invoice.name == "C4")
    found = Earlier.of(history, ordered).newest_first(credit, history.skus.index(Sku("TEA")))
    assert [(invoice.name, line) for invoice, line in found] == [("2", "1"), ("1", "1")]


def test_an_order_is_its_rows_that_sell():
    history = read_history([row(2, "1", quantity=3), row(3, "1", quantity=-1), row(4, "1", sku="CUP")], RULES)
    invoice = history.invoices[0]
    command = order_of(history, "csv", invoice, history.sales(invoice))
    assert [(line.sku, line.quantity) for line in command.lines] == [("TEA", 3), ("CUP", 1)]
    assert (command.external_id, command.customer, command.shortage) == ("1", "7", "backorder")
