"""A second account of bookings, manifests and what is done outside, kept from the log alone: a part of `Books`."""

from __future__ import annotations

from typing import Final

from attrs import define, evolve, field, frozen

from ordercore.effects import Effect
from ordercore.effects.state import fold_effect
from ordercore.message import Event, Recorded
from ordercore.order.events import (
    BookingRefused,
    BookingVoided,
    BookingWanted,
    ParcelBooked,
    VoidRefused,
    VoidWanted,
)
from ordercore.order.manifest import Manifest, ManifestEntry, ManifestWanted, fold_manifest

OPEN: Final = ("booked", "voiding")
_BECOMES: Final[dict[type[Event], str]] = {
    BookingRefused: "refused", VoidWanted: "voiding", BookingVoided: "voided", VoidRefused: "booked"
}  # fmt: skip


@frozen
class Booked:
    """One booking from the wish to its end. `before`: what the last event found it as; empty: it had just begun."""

    order: str
    parcel: str
    carrier: str
    status: str
    before: str = ""
    reference: str = ""
    tracking: str = ""


@frozen
class Listed:
    """A manifest, and the bookings that were open when it was wanted: what it ought to list."""

    manifest: Manifest
    ought: frozenset[ManifestEntry]


@define
class Carriage:
    """Bookings by their id, effects and manifests by theirs, as the log says."""

    bookings: dict[str, Booked] = field(factory=dict)
    effects: dict[str, Effect] = field(factory=dict)
    manifests: dict[str, Listed] = field(factory=dict)

    def take(self, kind: str, name: str, record: Recorded) -> None:
        """One more event of the stream `kind`/`name`."""
        event = record.event
        if kind == "effect":
            effect = fold_effect(self.effects.get(name), (event,), record.stream)
            assert effect is not None
            self.effects[name] = effect
        elif kind == "manifest":
            known = self.manifests.get(name)
            manifest = fold_manifest(known.manifest if known else None, (event,), record.stream)
            assert manifest is not None
            ought = self.open(event.carrier) if isinstance(event, ManifestWanted) else known.ought if known else ()
            self.manifests[name] = Listed(manifest, frozenset(ought))
        elif kind == "order":
            self._booking(name, event)

    def _booking(self, order: str, event: Event) -> None:
        if isinstance(event, BookingWanted):
            assert event.booking not in self.bookings, event
            self.bookings[event.booking] = Booked(order, event.parcel, event.carrier, "wanted")
        elif isinstance(event, ParcelBooked):
            known = self.bookings.get(event.booking)
            before = known.status if known else ""
            self.bookings[event.booking] = Booked(
                order, event.parcel, event.carrier, "booked", before, event.reference, event.tracking
            )
        elif (status := _BECOMES.get(type(event))) is not None:
            known = self.bookings[getattr(event, "booking", "")]
            self.bookings[getattr(event, "booking", "")] = evolve(known, status=status, before=known.status)

    def open(self, carrier: str) -> frozenset[ManifestEntry]:
        """Bookings of a carrier that stand and are on no manifest, but for those that the carrier refused."""
        listed = {
            entry.booking
            for one in self.manifests.values()
            if one.manifest.status != "refused"
            for entry in one.manifest.parcels
        }
        return frozenset(
            ManifestEntry(one.order, one.parcel, id, one.reference)  # type: ignore[arg-type]  # a name of a stream
            for id, one in self.bookings.items()
            if one.carrier == carrier and one.status in OPEN and id not in listed
        )

    def unsettled(self, *statuses: str) -> list[Effect]:
        """Effects that are neither done nor refused; with `statuses`, of those."""
        wanted = statuses or ("wanted", "pending", "uncertain")
        return [effect for effect in self.effects.values() if effect.status in wanted]
