"""What every new order says of itself: its id, currency, customer, address. Of placing and of adopting."""

from __future__ import annotations

from ordercore.errors import At, InvalidCommand, at
from ordercore.order.fields import code_at, text_at
from ordercore.values import Address, OrderId, country_of, exponent_of


def order_id(channel: str, external_id: str) -> OrderId:
    """The id of the order that a channel calls `external_id`: readable, and the same whenever it is derived."""
    return OrderId(f"{channel}:{external_id}")


def identity(channel: str, external_id: str) -> OrderId:
    """The id of the order, its parts checked. Raises InvalidCommand with the path of the part."""
    return order_id(code_at(channel, "channel"), text_at(external_id, "external_id", most=128, empty=False))


def check_head(currency: str, customer: str, ship_to: Address | None, priority: int) -> None:
    """What every new order says of itself. Raises InvalidCommand with the path of the field."""
    try:
        exponent_of(currency)
    except InvalidCommand as error:
        raise at(error, "currency") from None
    text_at(customer, "customer", most=128)
    if ship_to is not None:
        _check_address(ship_to)
    if type(priority) is not int or abs(priority) > 1_000_000:
        raise InvalidCommand(
            "A priority is an int within a million.", path="priority", hint="Higher is served first; 0 is usual."
        )


def _check_address(address: Address) -> None:
    with At("ship_to.country"):
        country_of(address.country)
    for what, text in (("name", address.name), ("city", address.city), ("region", address.region)):
        text_at(text, f"ship_to.{what}")
    for n, text in enumerate(address.lines):
        text_at(text, f"ship_to.lines[{n}]")
    for what, text in (("postal_code", address.postal_code), ("phone", address.phone), ("email", address.email)):
        text_at(text, f"ship_to.{what}")
