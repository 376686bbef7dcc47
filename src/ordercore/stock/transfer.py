"""Transfers: units under way between two locations, and what of them arrived.

Identity, per SKU and lot: sent = received + in transit + missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from attrs import frozen

from ordercore.errors import BrokenRule
from ordercore.flow import Folder
from ordercore.message import Event
from ordercore.store import Posting, postings_of
from ordercore.values import Place, Sku, Stream

COUNT: Final = Place("count")

Goods = tuple[Sku, str]
"""(SKU, lot); lot "" for items without lots."""


class TransferUnits(NamedTuple):
    """Smallest units of one SKU and lot on a transfer."""

    sku: Sku
    quantity: int
    lot: str = ""


@frozen
class TransferSent(Event):
    """Available units left a location towards another; in between they stand at the place `transfer/<id>`."""

    transfer: str
    source: Place
    target: Place
    lines: tuple[TransferUnits, ...]


@frozen
class TransferReceived(Event):
    """Units arrived; those `missing` are written off for a reason."""

    transfer: str
    target: Place
    lines: tuple[TransferUnits, ...]
    missing: tuple[TransferUnits, ...] = ()
    reason: str = ""


def transfer_stream(transfer: str) -> Stream:
    """The stream of a transfer."""
    return Stream("transfer/" + transfer)


def transfer_place(transfer: str) -> Place:
    """Where its units stand while they are under way."""
    return Place("transfer/" + transfer)


@postings_of.register
def _(event: TransferSent) -> Iterable[Posting]:
    way = transfer_place(event.transfer)
    return [
        Posting(sku, quantity, event.source, "available", way, "available", lot) for sku, quantity, lot in event.lines
    ]


@postings_of.register
def _(event: TransferReceived) -> Iterable[Posting]:
    way = transfer_place(event.transfer)
    arrived = [
        Posting(sku, quantity, way, "available", event.target, "available", lot) for sku, quantity, lot in event.lines
    ]
    lost = [Posting(sku, quantity, way, "available", COUNT, "", lot) for sku, quantity, lot in event.missing]
    return [*arrived, *lost]


class Progress(NamedTuple):
    """Units of one SKU and lot on a transfer."""

    sent: int
    received: int = 0
    missing: int = 0

    @property
    def in_transit(self) -> int:
        """What is still under way."""
        return self.sent - self.received - self.missing


@frozen
class Transfer:
    """A transfer as its events have made it."""

    id: str
    source: Place
    target: Place
    goods: Mapping[Goods, Progress]

    @property
    def status(self) -> str:
        """in_transit, partially_received or received: computed from quantities."""
        under_way = sum(progress.in_transit for progress in self.goods.values())
        if not under_way:
            return "received"
        return (
            "in_transit"
            if under_way == sum(progress.sent for progress in self.goods.values())
            else "partially_received"
        )


def fold_transfer(transfer: Transfer | None, new: Iterable[Event], stream: Stream) -> Transfer | None:
    """The transfer after these events; None if there never was one. Raises BrokenRule if units do not add up."""
    for event in new:
        if isinstance(event, TransferSent):
            sent = {(sku, lot): Progress(quantity) for sku, quantity, lot in event.lines}
            transfer = Transfer(event.transfer, event.source, event.target, sent)
        elif isinstance(event, TransferReceived) and transfer is not None:
            transfer = Transfer(transfer.id, transfer.source, transfer.target, _arrived(transfer.goods, event))
        else:
            raise BrokenRule(f"A stream of a transfer cannot begin with {type(event).__name__}.", stream=stream)
    return transfer


def _arrived(goods: Mapping[Goods, Progress], event: TransferReceived) -> dict[Goods, Progress]:
    after = dict(goods)
    for sku, quantity, lot in event.lines:
        progress = after[sku, lot]
        after[sku, lot] = progress._replace(received=progress.received + quantity)
    for sku, quantity, lot in event.missing:
        progress = after[sku, lot]
        after[sku, lot] = progress._replace(missing=progress.missing + quantity)
    for (sku, lot), progress in after.items():
        if progress.in_transit < 0:
            raise BrokenRule(
                f"More of {sku} arrived than was sent.", identity="transfer", transfer=event.transfer, sku=sku, lot=lot,
                counters=str(tuple(progress)),
            )  # fmt: skip
    return after


TRANSFERS: Final = Folder("transfer", fold_transfer)
