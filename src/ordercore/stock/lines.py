"""What every stock command checks the same way: items, lots, quantities, and where in the command something is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol, TypeVar, get_args

from ordercore.errors import At, InvalidCommand, did_you_mean
from ordercore.stock.commands import IntoBucket
from ordercore.values import Quantity, Sku, code_of, text_of, units_of

T = TypeVar("T")
BUCKETS_IN: Final[tuple[str, ...]] = get_args(IntoBucket)
"""Buckets that goods may come into; the claimed ones are only ever entered for a claimant."""


class StockItem(Protocol):
    """The facts of an item that stock needs; the catalog's `Item` is one."""

    @property
    def sku(self) -> Sku:
        """The SKU."""

    @property
    def tracking(self) -> str:
        """How its stock is kept: none, quantity or lot."""

    @property
    def active(self) -> bool:
        """Whether it is still sold."""

    def to_units(self, quantity: int | Quantity, *, what: str = ...) -> int:
        """Smallest units of a quantity as written. Raises InvalidCommand."""


class ItemBook(Protocol):
    """Where items are looked up; the catalog's view is one."""

    def item(self, sku: str, *, path: str = ...) -> StockItem:
        """An item by its SKU. Raises NotFound with `path`."""


def require_lines(lines: Sequence[T], most: int, *, path: str = "lines") -> Sequence[T]:
    """At least one line, at most `most`. Raises InvalidCommand."""
    if not lines:
        raise InvalidCommand(
            "At least one line is needed.", path=path, hint="A command without lines would say nothing."
        )
    if len(lines) > most:
        raise InvalidCommand(
            f"{len(lines)} lines are more than the {most} of one command.", path=path, count=len(lines), most=most,
            hint="Send them as several commands.",
        )  # fmt: skip
    return lines


def stocked(items: ItemBook, sku: str, path: str) -> StockItem:
    """An item that has stock. Raises NotFound, and InvalidCommand for an untracked item."""
    item = items.item(sku, path=f"{path}sku")
    if item.tracking == "none":
        raise InvalidCommand(
            f"{item.sku} is not tracked: it has no stock.", sku=item.sku, path=f"{path}sku",
            hint="Fees and services are order lines only; leave the line out.",
        )  # fmt: skip
    return item


def lot_of(item: StockItem, lot: str, path: str) -> str:
    """The lot, which items with lots must name and others must not. Raises InvalidCommand."""
    with At(f"{path}lot"):
        if item.tracking != "lot":
            if lot:
                raise InvalidCommand(
                    f"{item.sku} has no lots.", sku=item.sku, hint='Lots need an item with tracking "lot".'
                )
            return ""
        if not lot:
            raise InvalidCommand(
                f"{item.sku} has lots: name one.", sku=item.sku, hint="It stands on the goods or their delivery note."
            )
        return code_of(lot, what=f"{path}lot")


def quantity_of(item: StockItem, quantity: int | Quantity, path: str) -> int:
    """Smallest units, at least one. Raises InvalidCommand."""
    with At(f"{path}quantity"):
        return units_of(item.to_units(quantity, what=f"{path}quantity"), what=f"{path}quantity")


def bucket_of(bucket: str, path: str, known: Sequence[str] = BUCKETS_IN) -> str:
    """A bucket that goods may stand in without a claimant. Raises InvalidCommand."""
    if bucket in known:
        return bucket
    raise InvalidCommand(
        f"{path} {str(bucket)[:32]!r} is not a bucket for this.", path=path,
        hint=did_you_mean(str(bucket)[:32], known) or f"One of {', '.join(known)}.",
    )  # fmt: skip


def reason_of(reason: str, *, required: bool = True) -> str:
    """Why it is done, in one line. Raises InvalidCommand."""
    with At("reason"):
        return text_of(reason, what="reason", empty=not required)
