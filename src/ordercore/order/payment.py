"""Payment: facts from the provider, and the status they amount to. Minor units of the order's currency."""

from __future__ import annotations

from typing import NamedTuple

from attrs import frozen

from ordercore.message import Event
from ordercore.store import without_postings


class Payments(NamedTuple):
    """Sums by kind, and the references already recorded."""

    authorized: int = 0
    charged: int = 0
    refunded: int = 0
    voided: int = 0
    references: frozenset[str] = frozenset()


@frozen
class PaymentRecorded(Event):
    """The provider said so: `kind` is authorization, charge, refund or void."""

    reference: str
    kind: str
    amount: int


without_postings(PaymentRecorded)

_FIELD = {"authorization": "authorized", "charge": "charged", "refund": "refunded", "void": "voided"}


def record(payments: Payments, event: PaymentRecorded) -> Payments:
    """Add one fact."""
    name = _FIELD[event.kind]
    return payments._replace(
        **{name: getattr(payments, name) + event.amount}, references=payments.references | {event.reference}
    )


def payment_status(payments: Payments, due: int) -> str:
    """How the payments stand to what is `due`.

    One of none, authorized, partially_authorized, partially_paid, paid, overpaid, partially_refunded, refunded, voided.
    """
    if payments.charged:
        if payments.refunded >= payments.charged:
            return "refunded"
        if payments.refunded:
            return "partially_refunded"
        if payments.charged == due:
            return "paid"
        return "overpaid" if payments.charged > due else "partially_paid"
    if payments.authorized > payments.voided:
        return "authorized" if payments.authorized - payments.voided >= due else "partially_authorized"
    return "voided" if payments.voided else "none"
