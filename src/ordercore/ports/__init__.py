"""The ports: what ordercore asks of channels, and of its surroundings; the values that pass through them."""

from ordercore.ports.channel import Channel, ChannelCapability, ChannelKind, Settings
from ordercore.ports.check import MAX_LINES, check
from ordercore.ports.environment import Clock, Ids
from ordercore.ports.request import ItemRef, LineKind, LineRequest, OrderRequest, PaymentFacts
from ordercore.ports.rows import BadRow, OrderRow, RowSource
from ordercore.ports.transmission import (
    Decoded,
    ExternalKey,
    Ignore,
    Inbound,
    Intent,
    Problem,
    RequestCancel,
    Severity,
    SourceVersion,
    SubmitOrder,
    Transmission,
)

__all__ = [
    "MAX_LINES",
    "BadRow",
    "Channel",
    "ChannelCapability",
    "ChannelKind",
    "Clock",
    "Decoded",
    "ExternalKey",
    "Ids",
    "Ignore",
    "Inbound",
    "Intent",
    "ItemRef",
    "LineKind",
    "LineRequest",
    "OrderRequest",
    "OrderRow",
    "PaymentFacts",
    "Problem",
    "RequestCancel",
    "RowSource",
    "Settings",
    "Severity",
    "SourceVersion",
    "SubmitOrder",
    "Transmission",
    "check",
]
