"""Shopify as a channel of ordercore: order webhooks, checked by their signature, read without loss."""

from collections.abc import Iterable
from typing import Final

from ordercore.hooks import hookimpl
from ordercore.ports import ChannelKind
from ordercore_shopify.channel import KIND, ShopifyChannel, transport_id
from ordercore_shopify.settings import Secret, ShopSettings
from ordercore_shopify.signature import sign

__all__ = [
    "ORDERCORE_API",
    "Secret",
    "ShopSettings",
    "ShopifyChannel",
    "ordercore_register_channels",
    "sign",
    "transport_id",
]

ORDERCORE_API: Final = 1
"""The version of ordercore's hooks and ports that this plugin was written for."""


@hookimpl
def ordercore_register_channels() -> Iterable[ChannelKind]:
    """The kind `shopify`."""
    return [KIND]
