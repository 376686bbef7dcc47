"""Lines of a new order as they are agreed: ids, units, exact prices, totals rounded once. Of placing and of adopting."""

from __future__ import annotations

from collections.abc import Container

from ordercore.catalog import Item
from ordercore.errors import At, InvalidCommand, at
from ordercore.order import Line, OrderLine
from ordercore.order.decide import amount_of
from ordercore.order.fields import text_at
from ordercore.values import MAX_MINOR, LineId, Price

_new = tuple.__new__  # see `order.lines`


def line_name(given: str, n: int, names: Container[str]) -> LineId:
    """The id of the n-th line: as given, or its number. Raises InvalidCommand with its path."""
    if given:
        text_at(given, f"lines[{n}].line_id", most=64)
    name = given or str(n + 1)
    if name in names:
        raise InvalidCommand(
            f"lines[{n}].line_id {name!r} is used twice.",
            path=f"lines[{n}].line_id",
            hint="Leave all of them out for 1, 2, 3.",
        )
    return LineId(name)


def line_at(n: int, line: Line, item: Item, name: LineId, currency: str, exponent: int) -> OrderLine:
    """The n-th line, see `order_line`. Raises InvalidCommand with the path of the field."""
    try:
        return order_line(line, item, name, currency, exponent)
    except InvalidCommand as error:
        path = f"lines[{n}].{error.fields['path']}" if "path" in error.fields else f"lines[{n}]"
        raise InvalidCommand(
            f"lines[{n}]: {error.message}", **{**error.fields, "path": path}, hint=error.hint
        ) from None


def order_line(line: Line, item: Item, name: LineId, currency: str, exponent: int) -> OrderLine:
    """A line as agreed: units, exact price, total rounded once. Raises InvalidCommand naming the field."""
    try:
        quantity = item.to_units(line.quantity, what="quantity")
    except InvalidCommand as error:
        raise at(error, "quantity") from None
    value = line.unit_price
    if type(value) is Price:
        price = value
        if price.currency != currency:
            raise InvalidCommand(
                f"unit_price in {price.currency} on an order in {currency}.", path="unit_price",
                hint="One order, one currency.",
            )  # fmt: skip
        if type(price.amount) is not int or not exponent <= price.digits <= 12 or price.amount > MAX_MINOR:
            raise InvalidCommand(
                "unit_price is not a price.", path="unit_price", hint='Make it by Price.of("12.50", currency).'
            )
    else:
        try:
            price = Price.of(value, currency)  # type: ignore[arg-type]  # not a Price here
        except InvalidCommand as error:
            raise at(error, "unit_price") from None
    if price.amount < 0:
        raise InvalidCommand(
            "unit_price is negative.", path="unit_price", hint="A discount goes into `discount`, a refund is a return."
        )
    total = (
        price.amount * quantity
        if price.digits == exponent and not item.scale
        else price.line_total(quantity, item.scale)
    )
    discount = tax = 0
    if line.discount is not None:
        with At("discount"):
            discount = amount_of(line.discount, currency)
        if not 0 <= discount <= total:
            raise InvalidCommand(
                "discount is negative or more than the line.",
                path="discount",
                hint="A discount is at most the line's total.",
            )
    if line.tax is not None:
        with At("tax"):
            tax = amount_of(line.tax, currency)
        if tax < 0:
            raise InvalidCommand(
                "tax is negative.", path="tax", hint="Tax is added to the line; leave it out for none."
            )
    tracking = item.tracking
    return _new(OrderLine, (
        name, item.sku, quantity, price.amount, price.digits, total - discount + tax, tracking != "none",
        item.delivery in ("ship", "pickup"), item.scale, discount, tax, tracking == "lot", line.location,
    ))  # fmt: skip
