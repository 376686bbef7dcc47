"""The projected balance of a SKU at a location: what is there, what is coming, what is promised away."""

from __future__ import annotations

from attrs import frozen


@frozen
class Balance:
    """The parts of a projected balance, in smallest units, as of one moment; it has no figure of its own.

    `available`: free at the location; `on_order`: still to come on approved purchases within the lead time;
    `in_transfer`: on the way from another location; `waiting`: units of order lines that wait for supply.
    `later`: on approved purchases, but after the lead time, or on a day that nobody has named; `unapproved`: on
    purchases that nobody has approved yet.
    """

    available: int
    on_order: int = 0
    in_transfer: int = 0
    waiting: int = 0
    later: int = 0
    unapproved: int = 0

    @property
    def projected(self) -> int:
        """Free within the lead time, as things stand: what alerts are judged on."""
        return self.available + self.on_order + self.in_transfer - self.waiting

    @property
    def in_stock(self) -> int:
        """Free now, less what waits: what an alert is resolved by."""
        return self.available - self.waiting

    @property
    def position(self) -> int:
        """The projected balance with everything that is coming, whenever and approved or not: what orders are net of.

        Source: the inventory position of (s, S) policies (Silver, Pyke, Peterson, Inventory Management).
        """
        return self.projected + self.later + self.unapproved

    def __str__(self) -> str:
        """`10 free + 12 on order - 6 waiting`."""
        parts = [f"{self.available} free"]
        parts += [f"+ {units} {what}" for units, what in self._more() if units]
        parts += [f"- {self.waiting} waiting"] if self.waiting else []
        return " ".join(parts)

    def _more(self) -> tuple[tuple[int, str], ...]:
        return (
            (self.on_order, "on order"), (self.in_transfer, "in transfer"), (self.later, "on order for later"),
            (self.unapproved, "not approved yet"),
        )  # fmt: skip
