"""The carrier of the demonstration: its account, what it reports, and the files of its labels."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

from ordercore.cli.demo.documents import SECRET, table
from ordercore.cli.plugged import plugins
from ordercore.errors import NotFound
from ordercore.kernel import Kernel
from ordercore.order.commands import TrackingStatus
from ordercore.ports import Carrier, Transmission
from ordercore.values import OrderId

POST: Final = "parcel-post"
_TYPES: Final = {"application/pdf": "pdf", "application/zpl": "zpl"}


def carrier() -> Carrier:
    """The account. Raises ConfigurationError that says what to install."""
    return plugins().carrier("table", POST, table("parcel-post.toml"))


def report(tracking: str, status: TrackingStatus, at: datetime, place: str) -> Transmission:
    """What the carrier sends: signed, in its own form."""
    event = {"number": tracking, "code": status.upper(), "at": at.isoformat(), "place": place}
    body = json.dumps({"events": [event]}).encode()
    signature = "sha256=" + hmac.new(SECRET.encode(), body, "sha256").hexdigest()
    return Transmission(POST, "application/json", body, {"x-signature": signature}, at)


def write_labels(kernel: Kernel, orders: Iterable[OrderId], folder: Path) -> list[Path]:
    """Every label of these orders' parcels, as files."""
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for order in orders:
        for parcel in kernel.order(order).parcels:
            for media_type, ending in _TYPES.items():
                try:
                    label = kernel.label(order, parcel, media_type)
                except NotFound:
                    continue
                path = folder / f"{order.replace(':', '-')}-{parcel}.{ending}"
                path.write_bytes(label.content)
                written.append(path)
    return written
