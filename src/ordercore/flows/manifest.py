"""Closing the day: every open booking of a carrier on one list, told to the carrier by a worker."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from hashlib import sha256
from typing import Any, Final

from ordercore.effects import Effect
from ordercore.errors import InvalidCommand, NotFound
from ordercore.flow import Decision, Flow, Loaded, ReadState, guard, read
from ordercore.flow import Effect as FlowEffect
from ordercore.flows.booking import able
from ordercore.flows.effects import want
from ordercore.flows.performing import Answer, Performer, Sending
from ordercore.flows.record import OPEN_BOOKING, ORDERS, manifest_counter, open_booking
from ordercore.flows.shop import Shop
from ordercore.lifecycle import MANIFEST
from ordercore.message import Context, Event
from ordercore.order import ManifestParcels, Order, RecordManifest, stream_of
from ordercore.order.manifest import (
    MANIFESTS,
    Manifest,
    ManifestDocument,
    ManifestEntry,
    ManifestMade,
    ManifestRefused,
    ManifestWanted,
    fold_manifest,
    manifest_stream,
)
from ordercore.ports import Manifest as Closed
from ordercore.ports import Op
from ordercore.store import Append, Bump, DeleteDocument, PutDocument, ReadCounter, ReadDocuments, Require
from ordercore.store.batch import DocumentChange
from ordercore.values import OrderId, text_of

MANIFEST_KIND: Final = "carrier.manifest"
DOCUMENT: Final = "manifest"
MOST: Final = 1_000
"""Parcels on one manifest; the rest goes onto the next."""


def flow_manifest_parcels(command: ManifestParcels, context: Context, shop: Shop) -> Flow[str]:
    """Every open booking, in the order they were made; none of them is on another list."""
    able(shop, command.carrier, "manifest")
    waiting, counter = ReadDocuments(OPEN_BOOKING, command.carrier, None, MOST), _counter(command.carrier)
    snapshot = yield from read(waiting, counter)
    yield from guard(command, None)
    entries = tuple(one.body for one in snapshot.of(waiting) if isinstance(one.body, ManifestEntry))
    if not entries:
        raise InvalidCommand(
            f"No booking of {command.carrier!r} is open.", path="carrier",
            hint="BookParcel makes bookings; each is on one manifest.",
        )  # fmt: skip
    id = "M" + sha256(context.command_id.encode()).hexdigest()[:11]
    stream = manifest_stream(id)
    event = ManifestWanted(command.carrier, entries)
    gone: tuple[DocumentChange, ...] = tuple(DeleteDocument(OPEN_BOOKING, entry.booking) for entry in entries)
    decision = Decision(
        id, (Append(stream, 0, (event,)),), gone, (Require(counter.counter, snapshot.of(counter)),),
        (Bump(counter.counter),), states={stream: fold_manifest(None, (event,), stream)},
    )  # fmt: skip
    return want(context, MANIFEST_KIND, command.carrier, stream, part=id).on(decision)


def _counter(carrier: str) -> ReadCounter:
    return ReadCounter(manifest_counter(carrier))


def _load(id: str) -> Generator[FlowEffect, Any, tuple[Manifest, int]]:
    asked: ReadState[Manifest] = ReadState(manifest_stream(id), MANIFESTS)
    loaded: Loaded[Manifest] = (yield from read(asked)).of(asked)
    if loaded.state is None:
        raise NotFound.named("manifest", id)
    return loaded.state, loaded.version


def flow_record_manifest(command: RecordManifest, context: Context, shop: Shop) -> Flow[str]:
    """The carrier's answer. After a no its parcels are open again, but for those taken back meanwhile."""
    manifest, version = yield from _load(command.manifest)
    return (yield from _recorded(manifest, version, command))


def flow_manifest_answer(command: RecordManifest, context: Context, shop: Shop) -> Flow[str]:
    """What became of the effect. It adds nothing to a manifest that was recorded by hand, unless that was a no."""
    manifest, version = yield from _load(command.manifest)
    if manifest.status == "made" or (manifest.status == "refused" and command.code):
        return Decision(manifest.id)
    return (yield from _recorded(manifest, version, command))


def _recorded(manifest: Manifest, version: int, command: RecordManifest) -> Flow[str]:
    MANIFEST.require(manifest.status, "RecordManifest")
    stream = manifest_stream(manifest.id)
    documents: list[DocumentChange] = []
    requires: tuple[Require, ...] = ()
    event: Event
    if command.code:
        event = ManifestRefused(command.code, command.problems)
        standing, required = yield from _standing(manifest)
        documents += [open_booking(manifest.carrier, entry) for entry in standing]
        requires = (required,)
    else:
        event = ManifestMade(text_of(command.reference, what="reference", empty=False), bool(command.content))
        if command.content:
            body = ManifestDocument(command.media_type, command.content)
            documents.append(PutDocument(DOCUMENT, manifest.id, body))
    return Decision(
        manifest.id, (Append(stream, version, (event,)),), tuple(documents), requires,
        states={stream: fold_manifest(manifest, (event,), stream)},
    )  # fmt: skip


def _standing(manifest: Manifest) -> Generator[FlowEffect, Any, tuple[list[ManifestEntry], Require]]:
    """The bookings of a list that stand, and what must not have changed since they were looked at."""
    orders = {entry.order: ReadState(stream_of(entry.order), ORDERS) for entry in manifest.parcels}
    counter = _counter(manifest.carrier)
    snapshot = yield from read(counter, *orders.values())
    states: dict[OrderId, Order | None] = {id: snapshot.of(asked).state for id, asked in orders.items()}
    standing = [entry for entry in manifest.parcels if _stands(states[entry.order], entry)]
    return standing, Require(counter.counter, snapshot.of(counter))


def _stands(order: Order | None, entry: ManifestEntry) -> bool:
    parcel = order.parcels.get(entry.parcel) if order is not None else None
    booking = parcel.booking if parcel is not None else None
    return booking is not None and booking.booking == entry.booking and booking.status in ("booked", "voiding")


def _send(sending: Sending) -> Generator[FlowEffect, Any, Op[Any]]:
    """Not what was recorded by hand meanwhile; but what may have arrived is sent again, to hear of it."""
    manifest, _ = yield from _load(sending.effect.part)
    if not sending.effect.unsure:
        MANIFEST.require(manifest.status, "RecordManifest")
    references: Sequence[str] = [entry.reference for entry in manifest.parcels]
    operation: Op[Any] = sending.adapter.manifest(references, key=sending.key)
    return operation


def _made(effect: Effect, closed: Closed) -> Answer:
    document = closed.document
    command = RecordManifest(
        effect.part, closed.reference, document.media_type if document is not None else "",
        document.content if document is not None else b"",
    )  # fmt: skip
    return Answer(closed.reference, command=command)


def _refused(effect: Effect, code: str, problems: tuple[str, ...]) -> RecordManifest:
    return RecordManifest(effect.part, code=code, problems=problems)


def _by_word(effect: Effect, command: Any) -> Answer:
    return Answer(command.reference, command=RecordManifest(effect.part, command.reference or "by hand"))


# The same key gives the same manifest (K7.2), so it may be sent twice.
MANIFEST_PERFORMER: Final = Performer(
    "carrier", _send, _made, flow_manifest_answer, _refused, _by_word, repeatable=True
)
