"""Orders: the REST-shaped object of the platform as an order request."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

import attrs

from ordercore.errors import InvalidCommand
from ordercore.intake import digest
from ordercore.ports import (
    ExternalKey,
    Ignore,
    Inbound,
    Intent,
    ItemRef,
    LineRequest,
    OrderRequest,
    PaymentFacts,
    Problem,
    RequestCancel,
    SourceVersion,
    SubmitOrder,
    check,
)
from ordercore.values import Address, GeoPoint, Money, Price, Quantity, country_of, exponent_of
from ordercore_shopify.node import Node
from ordercore_shopify.settings import ShopSettings

ONE: Final = Quantity(Decimal(1), "")


def inbound_of(
    order: Node, *, instance: str, topic: str, transport: str, settings: ShopSettings
) -> tuple[Inbound | None, tuple[Problem, ...]]:
    """One order object as an intent, or the problems for which it cannot be one.

    The problems of an order whose id can be read have it as their subject.
    """
    external_id = order.identity("id")
    if not external_id:
        order.refuse("missing_order_id", "id", "An order without an id.")
        return None, tuple(order.problems)
    intent: Intent
    updated = order.time("updated_at")
    if order.flag("test") and not settings.accept_tests:
        intent = Ignore("a test order of the platform")
    elif topic == "orders/cancelled" or order.value.get("cancelled_at") is not None:
        intent = RequestCancel(external_id, order.text("cancel_reason"), order.time("cancelled_at"))
    else:
        intent = SubmitOrder(_request(order, external_id, instance, settings))
        if not order.problems:
            order.problems.extend(_placed(problem) for problem in check(intent.order))
    problems = tuple(attrs.evolve(problem, subject=external_id) for problem in order.problems)
    if any(problem.severity != "warning" for problem in problems):
        return None, problems
    key = transport or (digest(intent.order) if isinstance(intent, SubmitOrder) else f"cancel/{external_id}")
    subject = ExternalKey(instance, "order", external_id)
    return Inbound(key, subject, intent, SourceVersion(updated) if updated else None, order.path), problems


def _request(order: Node, external_id: str, instance: str, settings: ShopSettings) -> OrderRequest:
    currency = order.text("currency")
    try:
        exponent_of(currency)
    except InvalidCommand as error:
        order.refuse("unknown_currency", "currency", str(error), raw=currency[:8])
        return OrderRequest(instance, external_id, "", ())
    on_top = not order.flag("taxes_included")
    lines = (*_items(order, currency, on_top=on_top), *_charges(order, currency, on_top=on_top))
    customer = order.node("customer")
    total = _positive(order, "total_price", currency)
    _positive(order, "subtotal_price", currency)
    request = OrderRequest(
        instance,
        external_id,
        currency,
        lines,
        placed_at=order.time("processed_at") or order.time("created_at") or order.time("updated_at"),
        reference=order.text("name"),
        customer=customer.identity("id") if customer else "",
        ship_to=_address(order),
        discount=_rest(order.money("total_discounts", currency), [line.discount for line in lines]),
        tax=_rest(order.money("total_tax", currency), [line.tax for line in lines]) if on_top else None,
        stated_total=total,
        payment=_payment(order, currency, total),
    )
    return _tolerant(order, request) if settings.tolerate_totals else request


def _placed(problem: Problem) -> Problem:
    """With the platform's own names of members."""
    if problem.path == "total":
        return attrs.evolve(problem, path="total_price")
    return attrs.evolve(problem, path=problem.path.replace(".unit_price", ".price"))


def _positive(order: Node, name: str, currency: str) -> Money | None:
    amount = order.money(name, currency)
    if amount and amount.amount < 0:
        order.refuse("negative_amount", name, f"{amount} is below zero.")
    return amount


def _tolerant(order: Node, request: OrderRequest) -> OrderRequest:
    stated = request.stated_total
    if stated is None or order.problems or stated.amount == request.total:
        return request
    text = f"The lines come to {Money(request.total, request.currency)}, but the order says {stated}."
    order.problems.append(Problem("total_mismatch", "warning", "total_price", text))
    return attrs.evolve(request, stated_total=None)


def _rest(whole: Money | None, parts: list[Money | None]) -> Money | None:
    """What the order states over and above what its lines have; what they have may be all there is."""
    if whole is None:
        return None
    rest = whole.amount - sum(part.amount for part in parts if part)
    return Money(rest, whole.currency) if rest > 0 else None


def _items(order: Node, currency: str, *, on_top: bool) -> Iterator[LineRequest]:
    for line in order.nodes("line_items"):
        key = line.identity("id")
        if not key:
            line.refuse("missing_line_key", "id", "A line without an id.")
        quantity = line.whole("quantity")
        if quantity is None:
            if "quantity" not in line.value or line.value["quantity"] is None:
                line.refuse("missing_quantity", "quantity", "A line without a quantity.")
            quantity = 1
        yield LineRequest(
            key,
            tuple(_names(line)),
            Quantity(Decimal(quantity), ""),
            line.price("price", currency),
            title=line.text("title"),
            discount=_discount(line, currency),
            tax=_tax(line, currency) if on_top else None,
            removed=Decimal(_removed(line, quantity)),
            fulfilled=Decimal(_fulfilled(line, quantity)),
            path=line.path,
        )


def _names(line: Node) -> Iterator[ItemRef]:
    sku, variant = line.text("sku"), line.identity("variant_id")
    if sku:
        yield ItemRef("sku", sku)
    if variant:
        yield ItemRef("shopify_variant", variant)


def _removed(line: Node, quantity: int) -> int:
    current = line.whole("current_quantity")
    return quantity - current if current is not None else 0


def _fulfilled(line: Node, quantity: int) -> int:
    """What the platform believes to be shipped; absent on lines that it has not begun with."""
    status = line.text("fulfillment_status")
    open_units = line.whole("fulfillable_quantity") if status == "partial" else None
    if open_units is not None:
        return quantity - open_units
    return quantity if status in ("fulfilled", "partial") else 0


def _discount(line: Node, currency: str) -> Money | None:
    """The parts of discounts that fall on this line; older documents have no such parts, only a sum."""
    if isinstance(line.value.get("discount_allocations"), list):
        return _sum([part.money("amount", currency) for part in line.nodes("discount_allocations")], currency)
    return _sum([line.money("total_discount", currency)], currency)


def _tax(line: Node, currency: str) -> Money | None:
    return _sum([tax.money("price", currency) for tax in line.nodes("tax_lines")], currency)


def _sum(parts: list[Money | None], currency: str) -> Money | None:
    total = sum(part.amount for part in parts if part)
    return Money(total, currency) if total else None


def _charges(order: Node, currency: str, *, on_top: bool) -> Iterator[LineRequest]:
    """Postage, duties, fees and tips: what the customer pays for and nobody picks from a shelf."""
    for number, line in enumerate(order.nodes("shipping_lines"), start=1):
        if line.flag("is_removed"):
            continue
        code = line.text("code")
        names = (ItemRef("shopify_shipping", code),) if code else ()
        yield LineRequest(
            f"shipping-{line.identity('id') or number}",
            (*names, ItemRef("charge", "postage")),
            ONE,
            line.price("price", currency),
            title=line.text("title"),
            kind="charge",
            discount=_discount(line, currency),
            tax=_tax(line, currency) if on_top else None,
            path=line.path,
        )
    stated = [("duties", "original_total_duties"), ("fees", "original_total_additional_fees")]
    if not any(line.get("tip") for line in _objects(order, "line_items")):
        stated.append(("tip", "total_tip_received"))
    for name, member in stated:
        amount = order.money(member, currency)
        if amount and amount.amount:
            price = Price.of(amount, currency)
            yield LineRequest(name, (ItemRef("charge", name),), ONE, price, kind="charge", path=member)


def _objects(order: Node, name: str) -> Iterator[dict[str, object]]:
    members = order.value.get(name)
    for member in members if isinstance(members, list) else []:
        if isinstance(member, dict):
            yield dict(member)


def _payment(order: Node, currency: str, total: Money | None) -> PaymentFacts:
    status, open_amount = order.text("financial_status"), order.money("total_outstanding", currency)
    if total and status == "paid":
        return PaymentFacts(status, total)
    if total and open_amount and status == "partially_paid":
        return PaymentFacts(status, total - open_amount)
    return PaymentFacts(status)


def _address(order: Node) -> Address | None:
    node = order.node("shipping_address")
    if node is None:
        return None
    country = node.text("country_code")
    try:
        country_of(country)
    except InvalidCommand:
        node.refuse("unknown_country", "country_code", "A country is two capital letters.")
        country = ""
    name = node.text("name") or f"{node.text('first_name')} {node.text('last_name')}".strip()
    return Address(
        country,
        name,
        tuple(line for line in (node.text("company"), node.text("address1"), node.text("address2")) if line),
        node.text("city"),
        node.text("province_code") or node.text("province"),
        node.text("zip"),
        node.text("phone"),
        order.text("contact_email") or order.text("email"),
        _point(node),
    )


def _point(node: Node) -> GeoPoint | None:
    """The platform's guess of where that is; one that is no point on the globe is no loss."""
    north, east = node.value.get("latitude"), node.value.get("longitude")
    degrees = [Decimal(part) if type(part) is int else part for part in (north, east)]
    first, second = degrees
    if not isinstance(first, str | Decimal) or not isinstance(second, str | Decimal):
        return None
    try:
        return GeoPoint.of(first, second)
    except InvalidCommand:
        return None
