"""Where the quantity of a suggestion comes from: every input is kept with it."""

from __future__ import annotations

from attrs import frozen

from ordercore.balance import Balance


@frozen
class Arithmetic:
    """`quantity` = `order_up_to` less the inventory position, at least `minimum`, rounded up to packs.

    All in smallest units. `str` says it in one line.
    """

    quantity: int
    needed: int
    order_up_to: int
    reorder_point: int
    balance: Balance
    pack: int = 1
    minimum: int = 0
    lead_time_days: int = 0

    @property
    def position_after(self) -> int:
        """The inventory position once this is on order."""
        return self.balance.position + self.quantity

    def __str__(self) -> str:
        """`24 = 40 up to - 10 free - 12 on order + 6 waiting, rounded up to packs of 12`."""
        parts = self.balance
        taken = [f"- {parts.available} free"]
        for units, what in (
            (parts.on_order, "on order"), (parts.in_transfer, "in transfer"), (parts.later, "on order for later"),
            (parts.unapproved, "not approved yet"),
        ):  # fmt: skip
            taken += [f"- {units} {what}"] if units else []
        taken += [f"+ {parts.waiting} waiting"] if parts.waiting else []
        text = f"{self.quantity} = {self.order_up_to} up to {' '.join(taken)}"
        if self.minimum > self.needed:
            text += f", at least {self.minimum}"
        return text + (f", rounded up to packs of {self.pack}" if self.pack > 1 else "")
