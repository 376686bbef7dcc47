"""From an order as a channel states it to the command that places it: names become SKUs, quantities whole units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from attrs import field, frozen

from ordercore.catalog.state import Item
from ordercore.errors import InvalidCommand, did_you_mean
from ordercore.order.commands import Line, PlaceOrder
from ordercore.ports import ItemRef, LineRequest, OrderRequest, Problem, check
from ordercore.values import Money, Price, Sku, sku_of

OWN_SCHEMES: Final = frozenset(("sku", "charge"))
"""Names that are SKUs already, unless the host maps them to others."""

HINTED: Final = 5
"""Among this many first problems, near names are looked up: a document full of unknown ones was not mistyped."""


@frozen
class ItemMapping:
    """The host's own table of names: (instance, scheme, value) to SKU. An empty instance serves them all.

    Names of the schemes `sku` and `charge` that are not in it are taken for SKUs themselves.
    """

    names: Mapping[tuple[str, str, str], str] = field(factory=dict)

    def sku(self, instance: str, ref: ItemRef) -> Sku | None:
        """The SKU that this instance means by this name, or None."""
        names = self.names
        mapped = names.get((instance, ref.scheme, ref.value)) or names.get(("", ref.scheme, ref.value))
        if mapped is None and ref.scheme in OWN_SCHEMES:
            mapped = ref.value
        try:
            return sku_of(mapped) if mapped is not None else None
        except InvalidCommand:
            return None


@frozen
class Converted:
    """The command, if there is one, and everything there is to say about how it came to be."""

    command: PlaceOrder | None
    problems: tuple[Problem, ...] = ()


def skus_of(request: OrderRequest, mapping: ItemMapping = ItemMapping()) -> tuple[Sku, ...]:
    """The SKUs whose items `to_place_order` wants to know, each once."""
    found = (mapping.sku(request.instance, ref) for line in request.lines for ref in line.items)
    return tuple(dict.fromkeys(sku for sku in found if sku is not None))


def to_place_order(request: OrderRequest, items: Mapping[Sku, Item], mapping: ItemMapping = ItemMapping()) -> Converted:
    """The command for a request, or the problems that stand in its way; pure.

    `items` are the known items among `skus_of`. A line is the first of its names that is a known item. Here, and
    nowhere else, quantities become whole numbers of the item's smallest unit. What the channel states for the whole
    order (discount, tax) is spread over the lines by what they come to, exact to the minor unit. A charge of nothing
    (free postage) whose item is not known is left out.
    """
    problems = list(check(request))
    if not _rejected(problems):
        problems += _progress(request)
    found = [(line, _item(request, line, items, mapping, problems)) for line in request.lines]
    if _rejected(problems):
        return Converted(None, tuple(problems))
    kept = [(line, sku) for line, sku in found if sku is not None]
    if not kept:
        problems.append(_problem(request, "no_lines", "", "The order has no line that is more than a free charge."))
    units = [_units(request, line, items[sku], problems) for line, sku in kept]
    spread = list(_spread(request, [line for line, _ in kept], problems))
    if _rejected(problems):
        return Converted(None, tuple(problems))
    lines = tuple(
        Line(
            sku,
            quantity,
            unit_price=line.unit_price or Price.of("0", request.currency),
            line_id=line.line_key,
            discount=discount,
            tax=tax,
        )
        for (line, sku), quantity, (discount, tax) in zip(kept, units, spread, strict=True)
    )
    return Converted(_command(request, lines), tuple(problems))


def _command(request: OrderRequest, lines: tuple[Line, ...]) -> PlaceOrder:
    attributes = dict(request.attributes)
    if request.reference:
        attributes.setdefault("reference", request.reference)
    return PlaceOrder(
        channel=request.instance,
        external_id=request.external_id,
        currency=request.currency,
        lines=lines,
        customer=request.customer,
        ship_to=request.ship_to,
        attributes=attributes,
        placed_at=request.placed_at,
    )


def _rejected(problems: Sequence[Problem]) -> bool:
    return any(problem.severity != "warning" for problem in problems)


def _progress(request: OrderRequest) -> Iterator[Problem]:
    """An order that is under way elsewhere must not be shipped a second time."""
    begun = [line.path or line.line_key for line in request.lines if line.removed or line.fulfilled]
    if begun:
        text = (
            f"The order is under way: units are shipped or taken off at {', '.join(begun[:5])}. "
            "AdoptOrder takes over a running order as it stands."
        )
        yield _problem(request, "already_in_progress", "", text)


def _item(
    request: OrderRequest,
    line: LineRequest,
    items: Mapping[Sku, Item],
    mapping: ItemMapping,
    problems: list[Problem],
) -> Sku | None:
    named = [mapping.sku(request.instance, ref) for ref in line.items]
    known = next((sku for sku in named if sku is not None and sku in items), None)
    if known is None:
        if line.kind != "charge" or line.gross or line.tax:
            problems.append(_unmapped(request, line, items, problems))
        return None
    if line.kind == "charge" and items[known].tracking != "none":
        text = f"A charge is no goods, but {known} moves stock; give it an item with tracking none."
        problems.append(_problem(request, "charge_is_tracked", line.at("sku"), text, raw=known))
    if not items[known].active:
        problems.append(_problem(request, "inactive_item", line.at("sku"), f"{known} is not sold any more.", raw=known))
    return known


def _unmapped(
    request: OrderRequest, line: LineRequest, items: Mapping[Sku, Item], problems: Sequence[Problem]
) -> Problem:
    names = ", ".join(f"{ref.scheme} {ref.value[:64]!a}" for ref in line.items) or "no name at all"
    near = did_you_mean(line.items[0].value[:64], items) if line.items and len(problems) < HINTED else ""
    text = f"No item is known by {names}. {near}".rstrip()
    raw = line.items[0].value[:64] if line.items else None
    return _problem(request, "unmapped_item", line.at("sku"), text, raw=raw)


def _units(request: OrderRequest, line: LineRequest, item: Item, problems: list[Problem]) -> int:
    try:
        return item.to_units(line.quantity)
    except InvalidCommand as error:
        unit = line.quantity.unit
        known = unit in ("", item.unit) or unit in item.units
        exact = known and "whole number" not in error.message
        code = "quantity_out_of_range" if exact else "fractional_quantity" if known else "unknown_unit"
        where = line.at("quantity")
        problems.append(_problem(request, code, where, str(error), raw=f"{line.quantity.value} {unit}".strip()[:64]))
        return 0


def _spread(
    request: OrderRequest, lines: Sequence[LineRequest], problems: list[Problem]
) -> Iterator[tuple[Money | None, Money | None]]:
    """Discount and tax of each line with its part of the order's own."""
    net = [max(line.gross - (line.discount.amount if line.discount else 0), 0) for line in lines]
    if request.discount and request.discount.amount > sum(net):
        text = f"The discount of {request.discount} is more than the order."
        problems.append(_problem(request, "discount_exceeds_order", "discount", text))
        return
    weights = net if any(net) else [1] * len(lines)
    discounts = request.discount.allocate(weights) if request.discount and lines else (None,) * len(lines)
    taxes = request.tax.allocate(weights) if request.tax and lines else (None,) * len(lines)
    for line, discount, tax in zip(lines, discounts, taxes, strict=True):
        yield _plus(line.discount, discount), _plus(line.tax, tax)


def _plus(one: Money | None, other: Money | None) -> Money | None:
    total = one + other if one and other else one or other
    return total if total and total.amount else None


def _problem(request: OrderRequest, code: str, path: str, message: str, raw: str | None = None) -> Problem:
    return Problem(code, "reject", path, message, raw, request.external_id)
