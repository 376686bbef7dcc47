"""Rules of the stateful machine: everything that is asked of stock, carts and time."""

from __future__ import annotations

from typing import Any, Final, cast

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from ordercore.catalog import PutItem, PutLocation
from ordercore.catalog.commands import WorkStep
from ordercore.stock import (
    AdjustStock,
    CartLine,
    CountStock,
    ExpireReservation,
    ExtendReservation,
    MoveStock,
    OpenBalance,
    Opening,
    Received,
    ReceiveStock,
    ReceiveTransfer,
    ReleaseReservation,
    ReserveCart,
    SendTransfer,
    TransferLine,
)
from ordercore.store import location_place
from ordercore.testing.shopkeeping import LOCATIONS, SKUS, Shopkeeping
from ordercore.values import Sku

CARTS_MOST: Final = 4

_SKU: Final = st.sampled_from(SKUS)
_AT: Final = st.sampled_from(LOCATIONS)
_LOT: Final = st.sampled_from(["L1", "L1", "L2"])
_LATE: Final = st.sampled_from([0, 0, 0, 3])
_BUCKET: Final = st.sampled_from(["available", "available", "available", "quality_control", "damaged"])
_INVENTORY: Final = st.sampled_from(["open", "count", "count", "found", "lost", "pass", "break"])
_CART: Final = st.sampled_from([f"C{n}" for n in range(CARTS_MOST)])


def _lot(sku: str, lot: str) -> str:
    return lot if sku == "MILK" else ""


class StockRules(Shopkeeping):
    """Receiving, adjusting, counting, moving, transferring; carts; time."""

    @rule(sku=_SKU, at=_AT, units=st.integers(1, 5), lot=_LOT, bucket=_BUCKET, late=_LATE)
    def receives(self, sku: str, at: str, units: int, lot: str, bucket: Any, late: int) -> None:
        """Goods come in."""
        line = Received(sku, units, _lot(sku, lot), bucket=bucket)
        self.send(ReceiveStock(at, [line], "dock", self.next_name("r")), late=late)

    @rule(sku=_SKU, at=_AT, lot=_LOT, bucket=_BUCKET, late=_LATE, units=st.integers(1, 3), what=_INVENTORY)
    def takes_stock(self, sku: str, at: str, lot: str, bucket: Any, late: int, units: int, what: str) -> None:
        """Stock turns out otherwise, is counted, is taken over, or changes bucket."""
        lot = _lot(sku, lot)
        if what == "open":
            self.send(OpenBalance(at, self.next_name("b"), [Opening(sku, units, lot)]))
        elif what == "count":
            self.send(CountStock(at, sku, 2 * (units - 1), lot, bucket), late=late)
        elif what in ("found", "lost"):
            change = units if what == "found" else -units
            self.send(AdjustStock(at, sku, change, what, lot, bucket), late=late)
        elif what == "pass":
            self.send(MoveStock(at, sku, units, bucket, "available", what, lot))
        else:
            self.send(MoveStock(at, sku, units, bucket, "scrap" if late else "damaged", what, lot))

    @rule(sku=_SKU, source=_AT, to=_AT, units=st.integers(1, 4), lot=_LOT)
    def sends_transfer(self, sku: str, source: str, to: str, units: int, lot: str) -> None:
        """Units leave for another location."""
        line = TransferLine(sku, units, _lot(sku, lot))
        self.send(SendTransfer(self.next_name("T"), source, to, [line]))

    @precondition(lambda self: bool(self.books.transfers))
    @rule(number=st.integers(0, 5), units=st.integers(0, 3), missing=st.integers(0, 1))
    def receives_transfer(self, number: int, units: int, missing: int) -> None:
        """Units arrive, or are missing."""
        names = list(self.books.transfers)
        transfer = self.books.transfers[names[number % len(names)]]
        ((sku, lot), _) = next(iter(transfer.goods.items()))
        arrived = [TransferLine(sku, units, lot)] if units else []
        gone = [TransferLine(sku, missing, lot)] if missing else []
        self.send(ReceiveTransfer(transfer.id, arrived, gone, "lost" if gone else ""))

    @rule(
        cart=_CART, seconds=st.sampled_from([60, 900, 7200]),
        lines=st.lists(st.tuples(_SKU, st.integers(1, 3), st.sampled_from(["", "", *LOCATIONS])), min_size=1, max_size=2),
    )  # fmt: skip
    def reserves_cart(self, cart: str, seconds: int, lines: list[tuple[str, int, str]]) -> None:
        """Stock is kept for a cart, or for more or less than it held."""
        if cart in self.books.carts and self.books.carts[cart].status != "soft":
            cart = self.next_name("C")
        wanted = [CartLine(str(n), sku, units, pin) for n, (sku, units, pin) in enumerate(lines)]
        self.send(ReserveCart(cart, wanted, seconds))

    @precondition(lambda self: bool(self.books.carts))
    @rule(number=st.integers(0, 5), what=st.sampled_from(["extend", "release", "expire"]))
    def changes_cart(self, number: int, what: str) -> None:
        """A cart is kept longer or given up."""
        soft = [name for name, cart in self.books.carts.items() if cart.status == "soft"]
        names = soft if soft and number else list(self.books.carts)
        cart = names[number % len(names)]
        if what == "extend":
            self.send(ExtendReservation(cart, 600))
        elif what == "release":
            self.send(ReleaseReservation(cart))
        else:
            self.send(ExpireReservation(cart))

    @rule(what=st.sampled_from(["TEA", "CUP", "WH1", "SHOP"]), floor=st.integers(0, 2))
    def changes_catalog(self, what: str, floor: int) -> None:
        """More or less stock is kept back, a location sells or does not."""
        if what in SKUS:
            self.send(PutItem(what, self.range.items[Sku(what)].name, safety_stock=floor))
        else:
            known = self.range.locations[location_place(what)]
            steps = cast(tuple[WorkStep, ...], known.steps)
            self.send(PutLocation(what, known.name, steps=steps, rank=known.rank, sellable=floor > 0))

    @rule(minutes=st.sampled_from([0, 1, 10, 240]))
    def time_goes_by(self, minutes: int) -> None:
        """The clock moves on, and whatever is due happens."""
        self.clock.advance(minutes=minutes)
        self.work()
        self.look()
