"""A second account of bookings, manifests and what is done outside, kept from the log alone: a part of `Books`."""

from __future__ import annotations

from typing import Final, NamedTuple

from attrs import define, evolve, field, frozen

from ordercore.effects import Effect
from ordercore.effects.events import (
    EffectDone,
    EffectFailed,
    EffectRefused,
    EffectResolved,
    EffectStarted,
    EffectUncertain,
    EffectWanted,
)
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
from ordercore.order.manifest import (
    Manifest,
    ManifestEntry,
    ManifestMade,
    ManifestRefused,
    ManifestWanted,
    fold_manifest,
)
from ordercore.testing.network import CARRIER

OPEN: Final = ("booked", "voiding")
_BECOMES: Final[dict[type[Event], str]] = {
    BookingRefused: "refused", VoidWanted: "voiding", BookingVoided: "voided", VoidRefused: "booked"
}  # fmt: skip
_COMES_OF: Final[dict[type[Event], str]] = {
    ParcelBooked: "RecordBooking", BookingRefused: "RefuseBooking", VoidWanted: "VoidBooking",
    BookingVoided: "RecordVoid", VoidRefused: "RecordVoid", ManifestMade: "RecordManifest",
    ManifestRefused: "RecordManifest", EffectStarted: "StartEffect", EffectDone: "SettleEffect",
    EffectRefused: "SettleEffect", EffectFailed: "SettleEffect", EffectUncertain: "SettleEffect",
    EffectResolved: "ResolveEffect",
}  # fmt: skip
"""By which command an event comes; those of a carrier's answer are in the batch of another one."""


class Move(NamedTuple):
    """One step of something that is carried: of which machine, whose, from what, by which command, to what."""

    machine: str
    name: str
    before: str
    command: str
    after: str


@frozen
class Booked:
    """One booking from the wish to its end."""

    order: str
    parcel: str
    carrier: str
    status: str
    reference: str = ""
    tracking: str = ""


@frozen
class Listed:
    """A manifest, and the bookings that were open when it was wanted: what it ought to list."""

    manifest: Manifest
    ought: frozenset[ManifestEntry]


def _is_ours(event: Event) -> bool:
    return isinstance(event, EffectWanted) and event.instance == CARRIER and event.kind.startswith("carrier.")


@define
class Carriage:
    """Bookings by their id, effects and manifests by theirs, as the log says; `moves` of the last records taken.

    Effects are those through the machine's own carrier: what a host sends to others is not looked at.
    """

    bookings: dict[str, Booked] = field(factory=dict)
    effects: dict[str, Effect] = field(factory=dict)
    manifests: dict[str, Listed] = field(factory=dict)
    moves: list[Move] = field(factory=list)

    def take(self, kind: str, name: str, record: Recorded) -> None:
        """One more event of the stream `kind`/`name`."""
        event = record.event
        if kind == "effect" and (name in self.effects or _is_ours(event)):
            before = self.effects.get(name)
            effect = fold_effect(before, (event,), record.stream)
            assert effect is not None
            self.effects[name] = effect
            self._moved("effect", name, before.status if before else "", event, effect.status)
        elif kind == "manifest":
            known = self.manifests.get(name)
            manifest = fold_manifest(known.manifest if known else None, (event,), record.stream)
            assert manifest is not None
            ought = self.open(event.carrier) if isinstance(event, ManifestWanted) else known.ought if known else ()
            self.manifests[name] = Listed(manifest, frozenset(ought))
            self._moved("manifest", name, known.manifest.status if known else "", event, manifest.status)
        elif kind == "order":
            self._booking(name, event)

    def _booking(self, order: str, event: Event) -> None:
        if isinstance(event, BookingWanted):
            assert event.booking not in self.bookings, event
            self.bookings[event.booking] = Booked(order, event.parcel, event.carrier, "wanted")
        elif isinstance(event, ParcelBooked):
            before = self.bookings.get(event.booking)
            self.bookings[event.booking] = Booked(
                order, event.parcel, event.carrier, "booked", event.reference, event.tracking
            )
            self._moved("booking", event.booking, before.status if before else "", event, "booked")
        elif (status := _BECOMES.get(type(event))) is not None:
            id = getattr(event, "booking", "")
            known = self.bookings[id]
            self.bookings[id] = evolve(known, status=status)
            self._moved("booking", id, known.status, event, status)

    def _moved(self, machine: str, name: str, before: str, event: Event, after: str) -> None:
        """Beginnings are no moves."""
        if before:
            self.moves.append(Move(machine, name, before, _COMES_OF[type(event)], after))

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
