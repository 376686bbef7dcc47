"""The documents of the demonstration: webhooks as they came over the wire, and files; none of it is about real people."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from email.parser import BytesHeaderParser
from importlib.resources import files
from typing import Final, NamedTuple

from ordercore.cli.shop import channel_of, file_channel
from ordercore.ports import Channel, Clock, Transmission

SECRET: Final = "only-for-the-demonstration"  # noqa: S105  # signs fictitious webhooks that are shipped with it
SHOP: Final = "tea-demo.example.com"


class Delivery(NamedTuple):
    """A shipped document: the file it is in, and the account over which it comes."""

    file: str
    instance: str
    what: str


DELIVERIES: Final = (
    Delivery("web-1001.http", "web", "Shopify JSON"),
    Delivery("web-1002.http", "web", "Shopify JSON"),
    Delivery("web-1003.http", "web", "Shopify JSON"),
    Delivery("web-1004.http", "web", "Shopify JSON"),
    Delivery("web-1005.http", "web", "Shopify JSON"),
    Delivery("wholesale-1.csv", "wholesale", "CSV ; cp1252"),
    Delivery("wholesale-2.csv", "wholesale", "CSV ; cp1252"),
    Delivery("market.csv", "market", "CSV , UTF-8"),
    Delivery("web-1006.http", "web", "Shopify JSON"),
    Delivery("web-1007.http", "web", "Shopify JSON"),
    Delivery("web-1007-cancelled.http", "web", "Shopify JSON"),
)


def channels() -> Mapping[str, Channel]:
    """The three accounts, from installed plugins. Raises ConfigurationError that says what to install."""
    return {
        "web": channel_of("shopify", "web", {"secrets": SECRET, "shop": SHOP}),
        "wholesale": file_channel("csv", "wholesale", table("wholesale.toml")),
        "market": file_channel("csv", "market", table("market.toml")),
    }


def transmission(delivery: Delivery, clock: Clock) -> Transmission:
    """The document as it would come in now."""
    raw = document(delivery.file)
    if not delivery.file.endswith(".http"):
        return Transmission(delivery.instance, "text/csv", raw, received_at=clock.now())
    head, _, body = raw.partition(b"\n\n")
    headers = BytesHeaderParser().parsebytes(head.partition(b"\n")[2])
    media_type = headers.get_content_type()
    return Transmission(delivery.instance, media_type, body, dict(headers.items()), clock.now())


def document(name: str) -> bytes:
    """A file that comes with the demonstration, as it is."""
    return (files("ordercore.cli.demo") / "data" / name).read_bytes()


def table(name: str) -> dict[str, object]:
    """A TOML file that comes with the demonstration."""
    return tomllib.loads(document(name).decode())
