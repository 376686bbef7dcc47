"""The channel: signed deliveries of one shop in, orders, cancellations and problems out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from attrs import frozen

from ordercore.codec.strict_json import JsonValue, parse_json
from ordercore.errors import ConfigurationError, InvalidCommand, InvalidInput
from ordercore.ports import (
    ChannelCapability,
    ChannelKind,
    Decoded,
    ExternalKey,
    Ignore,
    Inbound,
    Problem,
    Settings,
    Transmission,
)
from ordercore.values import code_of
from ordercore_shopify.node import Node, clean
from ordercore_shopify.order import inbound_of
from ordercore_shopify.settings import ShopSettings
from ordercore_shopify.signature import header, verify

CAPABILITIES: Final[frozenset[ChannelCapability]] = frozenset(("push", "file"))
TOPICS: Final = frozenset(("orders/create", "orders/updated", "orders/paid", "orders/cancelled"))
MAX_BYTES: Final = 10_000_000
MAX_DEPTH: Final = 32


@frozen
class ShopifyChannel:
    """One shop."""

    instance: str
    settings: ShopSettings

    @property
    def capabilities(self) -> frozenset[ChannelCapability]:
        """Signed deliveries, and the same bodies from files."""
        return CAPABILITIES

    def verify(self, transmission: Transmission, *, now: datetime) -> None:
        """Check the signature over the raw bytes. Raises AuthenticationFailed."""
        verify(transmission.body, transmission.headers, self.settings, now)

    def decode(self, transmission: Transmission) -> Decoded:
        """Orders as webhooks carry them; also `{"order": ...}` and `{"orders": [...]}` as the REST interface answers.

        A delivery of a topic that is not about orders is ignored. Nothing is raised: a body is always one message.
        """
        topic = header(transmission.headers, "topic").lower()
        transport = clean(transmission.transport_id or transport_id(transmission))[:100]
        if topic and topic not in TOPICS:
            return Decoded((self._ignored(transmission, topic, transport),))
        try:
            document = parse_json(transmission.body, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH)
        except InvalidInput as error:
            return Decoded((), tuple(Problem(code, "reject", path, text) for code, path, text in error.problems))
        items: list[Inbound] = []
        problems: list[Problem] = []
        for order in _orders(document, problems):
            item, found = inbound_of(
                order,
                instance=self.instance,
                topic=topic,
                # An id is one delivery's; several orders in it need one each.
                transport=f"{transport}/{order.path}".rstrip("/") if transport else "",
                settings=self.settings,
            )
            problems += found
            items += [item] if item else []
        return Decoded(tuple(items), tuple(problems))

    def _ignored(self, transmission: Transmission, topic: str, transport: str) -> Inbound:
        key = transport or hashlib.sha256(transmission.body).hexdigest()
        return Inbound(
            key, ExternalKey(self.instance, "delivery", key), Ignore(f"nothing to do for {clean(topic)[:64]}")
        )


def transport_id(transmission: Transmission) -> str:
    """The id by which the platform says a repeated delivery is known: of the event, else of the webhook call."""
    return header(transmission.headers, "event-id") or header(transmission.headers, "webhook-id")


def _orders(document: JsonValue, problems: list[Problem]) -> Iterator[Node]:
    match document:
        case {"order": dict(order)}:
            yield Node(order, "order", [])
        case {"orders": list(orders)}:
            for place, order in enumerate(orders):
                if isinstance(order, dict):
                    yield Node(order, f"orders[{place}]", [])
                else:
                    problems.append(Problem("invalid_type", "reject", f"orders[{place}]", "An order is an object."))
        case dict():
            yield Node(document, "", [])
        case _:
            problems.append(Problem("invalid_type", "reject", "$", "The document is not an object."))


def make(instance: str, settings: Settings) -> ShopifyChannel:
    """A channel for one shop. Raises ConfigurationError."""
    try:
        code_of(instance, what="instance")
    except InvalidCommand as error:
        raise ConfigurationError(error.message, hint=error.hint) from None
    return ShopifyChannel(instance, ShopSettings.of(settings))


KIND: Final = ChannelKind("shopify", make, CAPABILITIES)
