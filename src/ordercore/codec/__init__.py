"""Codecs: events and documents as a store keeps them, commands as the outside world sends them."""

from ordercore.codec.registry import Codec

__all__ = ["Codec"]
