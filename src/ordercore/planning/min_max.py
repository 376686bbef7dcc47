"""The min/max policy: at the reorder point, order up to a maximum, net of everything that is coming.

Source: the (s, S) policy of inventory theory (Silver, Pyke, Peterson, Inventory Management and Production Planning).
"""

from __future__ import annotations

from ordercore.balance import Balance
from ordercore.supply.arithmetic import Arithmetic


def needed(order_up_to: int, balance: Balance) -> int:
    """Units that are missing to the maximum, with all that is on order, approved or not; never negative."""
    return max(0, order_up_to - balance.position)


def rounded_up(units: int, *, pack: int = 1, minimum: int = 0) -> int:
    """At least `units` and at least `minimum`, in whole packs; 0 for nothing."""
    if units <= 0:
        return 0
    return -(-max(units, minimum) // pack) * pack


def suggest(
    *, order_up_to: int, reorder_point: int, balance: Balance, pack: int = 1, minimum: int = 0, lead_time_days: int = 0
) -> Arithmetic | None:
    """What to order, with its arithmetic; None where what is coming is enough."""
    wanted = needed(order_up_to, balance)
    if not wanted:
        return None
    quantity = rounded_up(wanted, pack=pack, minimum=minimum)
    return Arithmetic(quantity, wanted, order_up_to, reorder_point, balance, pack, minimum, lead_time_days)
