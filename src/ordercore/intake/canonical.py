"""When two documents state the same order: canonical content, its digest, and what differs between two."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from ordercore.ports import LineRequest, OrderRequest
from ordercore.values import Address, Attribute, Money, Price, Quantity

Json = Mapping[str, "Json"] | list["Json"] | str | int | bool | None

MOST_DIFFERENCES: Final = 20

_PERSONAL: Final[Mapping[str, str]] = {"ship_to": "an address", "customer": "a customer"}
"""What is said of a field that may hold personal data: a customer is an e-mail address in many a file."""


def canonical(request: OrderRequest) -> str:
    """The order's content as JSON text that is equal for equal content, whatever document it came in.

    Left out: what is news about money or work (`payment`, `fulfilled`), where a thing stood in the document, and the
    order of the lines. Numbers are in their shortest form. An address is a digest: the text holds no name or street.
    """
    content: dict[str, Json] = {
        "currency": request.currency,
        "customer": request.customer,
        "external_id": request.external_id,
        "instance": request.instance,
        "lines": {line.line_key: _line(line) for line in request.lines},
        "reference": request.reference,
    }
    content |= _given(
        placed_at=request.placed_at.isoformat() if request.placed_at else None,
        ship_to=_address(request.ship_to),
        discount=_money(request.discount),
        tax=_money(request.tax),
        total=_money(request.stated_total),
        attributes=_attributes(request.attributes),
    )
    return json.dumps(content, ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def digest(request: OrderRequest) -> str:
    """SHA-256 of the canonical content, with the name of the algorithm first."""
    return digest_of(canonical(request))


def digest_of(text: str) -> str:
    """The digest of content that is canonical already."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def differences(before: str, after: str) -> tuple[str, ...]:
    """What differs between two canonical texts, such as `lines.2.quantity: 3 -> 5`; at most 20 of them.

    Without a text of before (it may have been erased) there is nothing to say, and the result is empty.
    """
    if not before:
        return ()
    found = list(_compare("", json.loads(before), json.loads(after)))
    rest = len(found) - MOST_DIFFERENCES
    return tuple(found) if rest <= 0 else (*found[:MOST_DIFFERENCES], f"... and {rest} more")


def _line(line: LineRequest) -> dict[str, Json]:
    content: dict[str, Json] = {
        "items": [f"{ref.scheme}:{ref.value}" for ref in line.items],
        "kind": line.kind,
        "quantity": _quantity(line.quantity),
    }
    return content | _given(
        price=_price(line.unit_price),
        title=line.title,
        discount=_money(line.discount),
        tax=_money(line.tax),
        removed=_plain(line.removed) if line.removed else None,
        attributes=_attributes(line.attributes),
    )


def _given(**fields: Json) -> dict[str, Json]:
    """Absent, empty and not yet invented are one and the same: a field added later changes no digest."""
    return {name: value for name, value in fields.items() if value}


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}" if value else "0"


def _quantity(quantity: Quantity) -> str:
    return f"{_plain(quantity.value)} {quantity.unit}".rstrip()


def _price(price: Price | None) -> str | None:
    return f"{_plain(price.decimal)} {price.currency}" if price else None


def _money(money: Money | None) -> str | None:
    return str(money) if money else None


def _attributes(attributes: Mapping[str, Attribute]) -> dict[str, Json]:
    return {name: f"#{_plain(value)}" if isinstance(value, Decimal) else value for name, value in attributes.items()}


def _address(address: Address | None) -> str | None:
    if address is None:
        return None
    point = address.point
    parts: list[Json] = [
        address.country,
        address.name,
        list(address.lines),
        address.city,
        address.region,
        address.postal_code,
        address.phone,
        address.email,
        [point.latitude_e6, point.longitude_e6] if point else None,
    ]
    return f"{address.country} {hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]}"


def _compare(path: str, before: object, after: object) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted(before.keys() | after.keys()):
            yield from _compare(f"{path}.{name}" if path else name, before.get(name), after.get(name))
    elif before != after:
        yield f"{path}: {_shown(path, before)} -> {_shown(path, after)}"


def _shown(path: str, value: object) -> str:
    if value is None:
        return "none"
    if path in _PERSONAL:
        return _PERSONAL[path]
    return json.dumps(value)[:80] if isinstance(value, dict | list) else str(value)[:80]
