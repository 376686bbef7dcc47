from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercore.errors import ExceedsQuantity, InvalidCommand
from ordercore.order import CancelLines, ConfirmDelivery, RecordPayment, Ship
from ordercore.order.events import PaymentRecorded
from ordercore.order.payment import Payments, payment_status
from ordercore.store import postings_of
from ordercore.values import Money

ID = "shop:1"


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
