"""What the replay of a history writes down beside its effects: how far it is, and how each reversal was taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from attrs import field, frozen

from ordercore.values import LineId, OrderId, Sku


class TakenRow(NamedTuple):
    """What a row that takes something back came to, in units; with a `code`, nothing: it is in quarantine."""

    row: int
    sku: Sku
    cancelled: int = 0
    returned: int = 0
    adjusted: int = 0
    code: str = ""

    @property
    def kind(self) -> str:
        """Where the row stands in the account: one of the ways, or several together."""
        ways = (("cancelled", self.cancelled), ("returned", self.returned), ("adjusted", self.adjusted))
        return " and ".join(way for way, units in ways if units)


class TakenUnits(NamedTuple):
    """Units of an order line that a reversal cancels or brings back."""

    how: Literal["cancel", "return"]
    order: OrderId
    line: LineId
    quantity: int


@frozen
class ReversalTaken:
    """How one document that takes something back was understood, when its turn came; its effects follow from this.

    Written before them, so that an import that was killed in between does the same again and nothing else.
    """

    invoice: str
    rows: tuple[TakenRow, ...]
    units: tuple[TakenUnits, ...] = ()


@frozen
class HistoryProgress:
    """How far a history has been replayed: all steps before `at` are done. `counts` are what they came to."""

    digest: str
    at: tuple[int, int, int]
    counts: Mapping[str, int] = field(factory=dict)
    complete: bool = False
