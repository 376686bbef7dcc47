"""Decisions on suppliers and what they supply: upserts by content."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Final, Protocol

from ordercore.errors import At, InvalidCommand
from ordercore.message import Event
from ordercore.supply import commands as c
from ordercore.supply.documents import Supplier, Supply
from ordercore.supply.events import SupplierPut, SupplyPut
from ordercore.values import MAX_QUANTITY, Money, Price, Quantity, Sku, code_of, exponent_of, text_of, units_of

LONGEST_DAYS: Final = 3_650
REMINDERS_MOST: Final = 10
RANK_MOST: Final = 999_999


class SupplyItem(Protocol):
    """The facts of an item that the supply side needs; the catalog's `Item` is one."""

    @property
    def sku(self) -> Sku:
        """The SKU."""

    @property
    def unit(self) -> str:
        """The unit it is sold in."""

    @property
    def scale(self) -> int:
        """Decimal digits of its smallest unit."""

    @property
    def tracked(self) -> bool:
        """Whether it has stock."""

    def to_units(self, quantity: int | Quantity, *, what: str = ...) -> int:
        """Smallest units of a quantity as written. Raises InvalidCommand."""


class ItemBook(Protocol):
    """Where items are looked up; the catalog's view is one."""

    def item(self, sku: str, *, path: str = ...) -> SupplyItem:
        """An item by its SKU. Raises NotFound with `path`."""


def put_supplier(known: Supplier | None, command: c.PutSupplier) -> Sequence[Event]:
    """A supplier as given; nothing happens if it is already so."""
    with At("code"):
        code = code_of(command.code, what="code")
    with At("currency"):
        exponent_of(command.currency)
    with At("instance"):
        instance = code_of(command.instance, what="instance") if command.instance else ""
    supplier = Supplier(
        code, text_of(command.name, what="Name"), command.currency, instance,
        _within(command.lead_time_days, "lead_time_days", LONGEST_DAYS),
        _within(command.answer_within_hours, "answer_within_hours", 24 * LONGEST_DAYS),
        _within(command.reminders, "reminders", REMINDERS_MOST),
        _amount(command.approve_up_to, command.currency, "approve_up_to"),
        _within(command.over_receipt_percent, "over_receipt_percent", 100),
        _amount(command.minimum_order, command.currency, "minimum_order") or 0, command.active,
    )  # fmt: skip
    if known is not None and known.currency != supplier.currency:
        raise InvalidCommand(
            f"{code} is paid in {known.currency}: its purchases and costs are.", path="currency",
            hint="Define another supplier for another currency.",
        )  # fmt: skip
    return [] if supplier == known else [SupplierPut(supplier)]


def not_bought(sku: str, **where: str) -> InvalidCommand:
    """The refusal of what has no stock."""
    return InvalidCommand(
        f"{sku} is not tracked: it has no stock to buy.", sku=sku, **where,
        hint='What is not tracked is always there: PutItem(tracking="none").',
    )  # fmt: skip


def put_supply(known: Supply | None, command: c.PutSupply, item: SupplyItem, supplier: Supplier) -> Sequence[Event]:
    """What a supplier supplies, as given; nothing happens if it is already so."""
    if not item.tracked:
        raise not_bought(item.sku, path="sku")
    lead = command.lead_time_days
    if type(command.rank) is not int or abs(command.rank) > RANK_MOST:
        raise InvalidCommand(
            "A rank is an int within a million.", path="rank", hint="The lowest rank is asked first."
        )  # fmt: skip
    with At("supplier_sku"):
        theirs = text_of(command.supplier_sku, what="supplier_sku", most=64)
    supply = Supply(
        item.sku, supplier.code, theirs, cost_of(command.unit_cost, supplier.currency, "unit_cost"),
        units_at(item, command.pack, "pack"),
        units_at(item, command.minimum, "minimum") if command.minimum is not None else 0,
        None if lead is None else _within(lead, "lead_time_days", LONGEST_DAYS), command.rank, command.active,
    )  # fmt: skip
    return [] if supply == known else [SupplyPut(supply)]


def lead_time(supply: Supply | None, supplier: Supplier) -> timedelta:
    """How long it takes from this supplier."""
    days = supply.lead_time_days if supply is not None else None
    return timedelta(days=supplier.lead_time_days if days is None else days)


def units_at(item: SupplyItem, quantity: int | Quantity, path: str) -> int:
    """Smallest units, at least one. Raises InvalidCommand with `path`."""
    with At(path):
        return units_of(item.to_units(quantity, what=path), what=path)


def cost_of(value: str | Decimal | Money | Price | None, currency: str, path: str) -> Price | None:
    """A cost of one unit of sale in the supplier's currency. Raises InvalidCommand."""
    if value is None:
        return None
    with At(path):
        if isinstance(value, Price):
            if value.currency != currency:
                raise InvalidCommand(
                    f"A cost in {value.currency} from a supplier that is paid in {currency}.",
                    hint=f"Convert it to {currency}: rates are the host's.",
                )
            price = value
        else:
            price = Price.of(value, currency)
        if price.amount < 0:
            raise InvalidCommand("A cost is not negative.", hint="Leave it out where it is not known.")
        return price


def _amount(value: str | Decimal | Money | None, currency: str, path: str) -> int | None:
    if value is None:
        return None
    with At(path):
        amount = value if isinstance(value, Money) else Money.of(value, currency)
        if amount.currency != currency or amount.amount < 0:
            raise InvalidCommand(
                f"An amount in {currency}, not below zero.", hint=f"The supplier is paid in {currency}."
            )
        return amount.amount


def _within(value: int, path: str, most: int) -> int:
    with At(path):
        number = units_of(value, what=path, least=0)
        if number > min(most, MAX_QUANTITY):
            raise InvalidCommand(
                f"{path} is at most {most}.", most=most, hint="Look at its unit: days, hours, times or percent."
            )
        return number
