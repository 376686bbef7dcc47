"""A manifest: the parcels that are handed to a carrier together, closed once; a stream of references, no quantities."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from attrs import evolve, frozen

from ordercore.errors import BrokenRule
from ordercore.flow import Folder
from ordercore.message import Event
from ordercore.store import without_postings
from ordercore.values import OrderId, Stream


class ManifestEntry(NamedTuple):
    """A parcel on a manifest: `booking` is the outside effect that booked it, `reference` the carrier's name of that."""

    order: OrderId
    parcel: str
    booking: str
    reference: str


@frozen
class ManifestWanted(Event):
    """These bookings of a carrier are handed over together; no other manifest has them."""

    carrier: str
    parcels: tuple[ManifestEntry, ...]


@frozen
class ManifestMade(Event):
    """The carrier has closed the list; `document`: whether it gave one to print."""

    reference: str
    document: bool = False


@frozen
class ManifestRefused(Event):
    """The carrier did not take the list: its parcels wait for another."""

    code: str
    problems: tuple[str, ...] = ()


without_postings(ManifestWanted, ManifestMade, ManifestRefused)


@frozen
class ManifestDocument:
    """The list as the carrier wants it printed."""

    media_type: str
    content: bytes


@frozen
class Manifest:
    """A manifest as its events have made it; `status` is wanted, made or refused."""

    id: str
    carrier: str
    parcels: tuple[ManifestEntry, ...]
    status: str = "wanted"
    reference: str = ""
    code: str = ""


def manifest_stream(manifest: str) -> Stream:
    """The stream of a manifest."""
    return Stream("manifest/" + manifest)


def fold_manifest(manifest: Manifest | None, new: Iterable[Event], stream: Stream) -> Manifest | None:
    """The manifest after these events; None if there never was one."""
    for event in new:
        if isinstance(event, ManifestWanted):
            manifest = Manifest(stream.partition("/")[2], event.carrier, event.parcels)
        elif manifest is None:
            raise BrokenRule(f"A stream of a manifest begins with ManifestWanted, not {type(event).__name__}.")
        elif isinstance(event, ManifestMade):
            manifest = evolve(manifest, status="made", reference=event.reference)
        elif isinstance(event, ManifestRefused):
            manifest = evolve(manifest, status="refused", code=event.code)
    return manifest


MANIFESTS: Final = Folder("manifest", fold_manifest)
