from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercore.errors import ExceedsQuantity, InvalidCommand
from ordercore.order import CancelLines, ConfirmDelivery, Order, OrderLine, RecordPayment, Ship
from ordercore.order.events import OrderPlaced, PaymentRecorded
from ordercore.order.lines import line_state
from ordercore.order.payment import Payments, payment_status
from ordercore.store import postings_of
from ordercore.values import Money

ID = "shop:1"
NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def owed(story):
    """Five euros."""
    return story.placed(("1", "TEA", 5)).allocated("1", 5)


def paid(kind, amount, reference="r1"):
    return RecordPayment(ID, reference, kind, amount)


def test_money_moves_no_stock(owed):
    (event,) = owed.when(paid("charge", "5.00"))
    assert isinstance(event, PaymentRecorded)
    assert list(postings_of(event)) == []
    assert owed.order.payment_status == "paid"


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ([], "none"),
        ([("authorization", "2.00")], "partially_authorized"),
        ([("authorization", "5.00")], "authorized"),
        ([("authorization", "5.00"), ("void", "5.00")], "voided"),
        ([("charge", "2.00")], "partially_paid"),
        ([("charge", "2.00"), ("charge", "3.00")], "paid"),
        ([("charge", "5.01")], "overpaid"),
        ([("charge", "5.00"), ("refund", "1.00")], "partially_refunded"),
        ([("charge", "5.00"), ("refund", "5.00")], "refunded"),
    ],
)
def test_the_payment_status_follows_from_the_sums(owed, facts, status):
    for n, (kind, amount) in enumerate(facts):
        owed.when(paid(kind, amount, f"r{n}"))
    assert owed.order.payment_status == status


def test_no_more_is_refunded_than_was_charged_or_voided_than_authorized(owed):
    owed.when(paid("charge", "5.00"))
    owed.refused(ExceedsQuantity, paid("refund", "5.01", "r2"), asked=501, there=500)
    owed.refused(ExceedsQuantity, paid("void", "0.01", "r2"), there=0)


def test_a_reference_is_booked_once(owed):
    owed.when(paid("charge", "5.00"))
    assert owed.when(paid("charge", "5.00")) == ()


@pytest.mark.parametrize(
    "amount", ["0", "-1.00", "NaN", "1E+1000000", "0.001", "１", 5, 5.0, True, Decimal("NaN"), Money.minor(5, "USD"),
               Money(1.5, "EUR"), Money(True, "EUR")],
)  # fmt: skip
def test_an_amount_is_exact_positive_and_in_the_orders_currency(owed, amount):
    owed.refused(InvalidCommand, paid("charge", amount))


def test_an_order_that_is_owed_money_is_not_completed(owed):
    owed.when(paid("charge", "4.99"))
    owed.when(Ship(ID))
    owed.when(ConfirmDelivery(ID))
    assert owed.order.status == "confirmed"
    owed.when(paid("charge", "0.01", "r2"))
    assert owed.order.status == "completed"


def test_a_cancelled_order_takes_its_refund(owed):
    owed.when(paid("charge", "5.00"))
    owed.when(CancelLines(ID))
    owed.when(paid("refund", "5.00", "r2"))
    assert (owed.order.status, owed.order.payment_status) == ("cancelled", "refunded")


sums = st.integers(0, 9)


@given(sums, sums, sums, sums, sums)
def test_there_is_a_payment_status_for_all_sums(authorized, charged, refunded, voided, total):
    known = "none authorized partially_authorized partially_paid paid overpaid partially_refunded refunded voided"
    assert payment_status(Payments(authorized, charged, refunded, voided), total) in known.split()


def test_what_was_cancelled_is_not_due(story):
    story.placed(("1", "TEA", 5), ("2", "CUP", 3)).allocated("1", 5).allocated("2", 3)
    story.when(CancelLines(ID, {"1": 5, "2": 1}))
    assert (story.order.total, story.order.due) == (800, 200)
    story.when(paid("charge", "2.00"))
    assert story.order.payment_status == "paid"
    story.when(Ship(ID))
    story.when(ConfirmDelivery(ID))
    assert story.order.status == "completed"


@given(st.integers(1, 50), st.integers(0, 10**6), st.data())
def test_what_is_due_is_the_share_of_what_is_kept_rounded_once_half_to_even(quantity, total, data):
    gone = data.draw(st.integers(0, quantity))
    line = OrderLine("1", "TEA", quantity, total, 2, total)
    state = line_state(line, 0, 0, gone, 0, quantity - gone, 0, 0, 0, ())
    order = Order("shop:1", 1, OrderPlaced("shop", "1", "EUR", (line,), total, NOW), {"1": state})
    kept = Decimal(total) * (quantity - gone) / quantity
    assert order.due == int(kept.quantize(Decimal(1), ROUND_HALF_EVEN))
