"""A channel for tests: orders as Python values in, signed deliveries out, and the reading of them, for real."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from json import dumps
from typing import Any, Final

from attrs import field, fields_dict, frozen

from ordercore.codec import JsonValue, dump, load, parse_json
from ordercore.codec.shape import Many, Record, Shape, Union, members_of, shape_of
from ordercore.errors import AuthenticationFailed, ConfigurationError, InvalidCommand, InvalidInput, did_you_mean
from ordercore.intake import digest
from ordercore.ports import (
    ChannelCapability,
    ChannelKind,
    Decoded,
    ExternalKey,
    Inbound,
    ItemRef,
    LineRequest,
    OrderRequest,
    Problem,
    RequestCancel,
    Settings,
    SourceVersion,
    SubmitOrder,
    Transmission,
    check,
)
from ordercore.testing.channel_rules.sample import PLACED_AT, LineSample, OrderSample
from ordercore.values import Address, Money, Price, Quantity, code_of, country_of, exponent_of, text_of

CAPABILITIES: Final[frozenset[ChannelCapability]] = frozenset(("push", "file"))
SIGNATURE: Final = "x-ordercore-signature"
SECRET: Final = "a secret of tests"  # noqa: S105  # as it says
_WHOLE: Final = Problem("invalid_type", "reject", "$", "A document is an object with a list of orders.")


@frozen
class MemoryChannel:
    """One account of a shop that exists only in tests; signed with `secret`, read without loss."""

    instance: str = "shop"
    secret: str = field(default=SECRET, repr=False)

    @property
    def capabilities(self) -> frozenset[ChannelCapability]:
        """Signed deliveries, and the same bodies from files."""
        return CAPABILITIES

    # What a test gives it

    def delivery(
        self, lines: Iterable[tuple[Any, ...]] | Mapping[str, int] = (("TEA", 1),), *, order: str = "1001",
        transport_id: str = "", **fields: Any,
    ) -> Transmission:  # fmt: skip
        """A signed delivery of one order: lines are (sku, units) or (sku, units, price as text), or units by SKU.

        Further fields are those of `OrderSample`: `currency`, `ship_to`, `placed_at`, `cancelled`, ...
        """
        rows = lines.items() if isinstance(lines, Mapping) else lines
        made = tuple(_line(str(n), *row) for n, row in enumerate(rows, start=1))
        return self.transmission(OrderSample(order, made, **fields), transport_id=transport_id)

    def cancellation(self, order: str = "1001", *, at: datetime = PLACED_AT) -> Transmission:
        """A signed delivery that says an order is cancelled."""
        return self.transmission(OrderSample(order, (), updated_at=at, cancelled=True))

    def transmission(self, *orders: OrderSample, transport_id: str = "") -> Transmission:
        """A signed delivery of these orders."""
        return self.signed(self.write(orders), transport_id=transport_id)

    def signed(self, body: bytes, *, transport_id: str = "") -> Transmission:
        """A signed delivery of any bytes."""
        signature = {SIGNATURE: sign(body, self.secret)}
        return Transmission(self.instance, "application/json", body, signature, transport_id=transport_id)

    def write(self, orders: Sequence[OrderSample]) -> bytes:
        """The document of these orders, unsigned."""
        return dumps({"orders": [_plain(order) for order in orders]}, ensure_ascii=False).encode(
            "utf-8", "surrogatepass"
        )

    # What a kernel asks of it

    def verify(self, transmission: Transmission, *, now: datetime) -> None:
        """Check the signature over the raw bytes. Raises AuthenticationFailed."""
        given = transmission.headers.get(SIGNATURE, "").encode("utf-8", "surrogatepass")
        if not hmac.compare_digest(sign(transmission.body, self.secret).encode(), given):
            raise AuthenticationFailed("The signature does not fit the delivery.", hint=f"It stands in {SIGNATURE}.")

    def decode(self, transmission: Transmission) -> Decoded:
        """Orders and cancellations; what cannot be read is a problem with its path."""
        try:
            document = parse_json(transmission.body)
        except InvalidInput as error:
            return Decoded((), tuple(Problem(code, "reject", path, text) for code, path, text in error.problems))
        orders = document.get("orders") if isinstance(document, dict) else None
        if not isinstance(orders, list):
            return Decoded((), (_WHOLE,))
        if not orders:
            return Decoded((), (Problem("no_orders", "warning", "orders", "The document has no orders."),))
        items: list[Inbound] = []
        problems: list[Problem] = []
        for n, value in enumerate(orders):
            item, found = self._item(value, f"orders[{n}]", transmission.transport_id)
            problems += found
            items += [item] if item else []
        return Decoded(tuple(items), tuple(problems))

    def _item(self, value: JsonValue, path: str, transport: str) -> tuple[Inbound | None, tuple[Problem, ...]]:
        name = value.get("order") if isinstance(value, dict) else None
        subject = name[:64] if isinstance(name, str) else ""
        try:
            order = load(OrderSample, _known(shape_of(OrderSample), value))
            intent = self._intent(order, path)
        except InvalidInput as error:
            found = error.problems
            return None, tuple(Problem(code, "reject", f"{path}.{at}", text, None, subject) for code, at, text in found)
        problems = check(intent.order) if isinstance(intent, SubmitOrder) else ()
        if any(problem.severity != "warning" for problem in problems):
            return None, problems
        said = digest(intent.order) if isinstance(intent, SubmitOrder) else f"cancel/{order.order}"
        key = f"{transport}/{path}" if transport else said
        about = ExternalKey(self.instance, "order", order.order)
        return Inbound(key, about, intent, SourceVersion(order.updated_at), path), problems

    def _intent(self, order: OrderSample, path: str) -> SubmitOrder | RequestCancel:
        """Raises InvalidInput for texts and codes that cannot be."""
        problems = list(_unfit(order))
        if problems:
            raise InvalidInput(problems)
        if order.cancelled:
            return RequestCancel(order.order, at=order.updated_at)
        total = None if order.stated_total is None else Money.of(order.stated_total, order.currency)
        lines = tuple(
            LineRequest(
                line.line_id, (ItemRef("sku", line.sku),), Quantity(line.quantity, ""),
                Price.of(line.price, order.currency), line.title, path=f"{path}.lines[{n}]",
            )
            for n, line in enumerate(order.lines)
        )  # fmt: skip
        return SubmitOrder(
            OrderRequest(
                self.instance,
                order.order,
                order.currency,
                lines,
                order.placed_at,
                ship_to=order.ship_to,
                stated_total=total,
            )
        )


def sign(body: bytes, secret: str) -> str:
    """The signature of these bytes, in hexadecimal."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _line(number: str, sku: str, quantity: int | str | Decimal, price: str | Decimal = "1.00") -> LineSample:
    return LineSample(number, sku, Decimal(quantity), Decimal(price))


def _plain(order: OrderSample) -> dict[str, Any]:
    """With what stands at its default, too, so that a reader of the document sees all there is."""
    lines = [{name: dump(getattr(line, name)) for name in fields_dict(LineSample)} for line in order.lines]
    said = {name: dump(getattr(order, name)) for name in fields_dict(OrderSample)}
    return {**said, "lines": lines, "stated_total": str(order.total)}


def _known(shape: Shape, value: Any) -> Any:
    """The value without members that nobody knows, however deep: a sender may add what it likes."""
    match shape:
        case Record(cls) if isinstance(value, dict):
            members = {member.key: member.shape for member in members_of(cls)}
            return {name: _known(members[name], one) for name, one in value.items() if name in members}
        case Many(item) if isinstance(value, list):
            return [_known(item, one) for one in value]
        case Union(members):
            records = [member for member in members if isinstance(member, Record)]
            return _known(records[0], value) if records else value
        case _:
            return value


def _unfit(order: OrderSample) -> Iterator[tuple[str, str, str]]:
    """What the shape of an order cannot say: which codes there are, and that text is one clean line."""
    lines = [(f"lines[{n}].{name}", getattr(line, name)) for n, line in enumerate(order.lines) for name in _TEXTS]
    for at, text in [("order", order.order), *lines, *_texts(order.ship_to)]:
        try:
            text_of(text, what="Text", empty=not at.endswith(("order", "line_id", "sku")))
        except InvalidCommand:
            yield "invalid_text", at, "Text is one line of at most 200 characters, without control characters."
    try:
        exponent = exponent_of(order.currency)
    except InvalidCommand:
        yield "unknown_currency", "currency", "There is no such currency."
        return
    amounts = [(f"lines[{n}].price", line.price, 12) for n, line in enumerate(order.lines)]
    for at, amount, digits in [*amounts, ("stated_total", order.stated_total or Decimal(0), exponent)]:
        places = amount.normalize().as_tuple().exponent
        if isinstance(places, int) and -places > digits:
            yield "invalid_amount", at, f"An amount has at most {digits} decimal digits here."
    try:
        country_of(order.ship_to.country if order.ship_to else "")
    except InvalidCommand:
        yield "unknown_country", "ship_to.country", "A country is two capital letters."


_TEXTS: Final = ("line_id", "sku", "title")


def _texts(address: Address | None) -> list[tuple[str, str]]:
    if address is None:
        return []
    names = ("name", "city", "region", "postal_code", "phone", "email")
    return [
        *((f"ship_to.{name}", getattr(address, name)) for name in names),
        *(("ship_to.lines", one) for one in address.lines),
    ]


def make(instance: str, settings: Settings) -> MemoryChannel:
    """A channel for one account; the only setting is `secret`. Raises ConfigurationError."""
    for name in settings:
        if name != "secret":
            raise ConfigurationError(f"There is no setting {name[:64]!r}.", hint=did_you_mean(name, ["secret"]))
    try:
        code_of(instance, what="instance")
    except InvalidCommand as error:
        raise ConfigurationError(error.message, hint=error.hint) from None
    secret = settings.get("secret", SECRET)
    if not isinstance(secret, str) or not secret:
        raise ConfigurationError("The setting secret is text.", hint='Such as secret = "...".')
    return MemoryChannel(instance, secret)


KIND: Final = ChannelKind("memory", make, CAPABILITIES)
