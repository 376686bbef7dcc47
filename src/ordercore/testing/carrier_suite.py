"""`CarrierSuite`: subclass it, say what the carrier can do, and pytest checks `docs/carriers.md`.

The tests carry the numbers of that page: `test_k4_2_...` checks K4.2. A single one is overridden by its name.
"""

from __future__ import annotations

from ordercore.testing.carrier_rules.answers import AnswerRules
from ordercore.testing.carrier_rules.bookings import BookingRules

__all__ = ["CarrierSuite"]


class CarrierSuite(BookingRules, AnswerRules):
    """All rules of the carrier contract, for one kind of carrier.

    Give it `kind`, `settings` and a `service`, set the flags that the carrier declares, override `desk()` for a carrier
    that asks somebody and `report()` for one that reports tracking, and name the subclass `Test...`.
    """
