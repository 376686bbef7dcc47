"""The identities of what is carried: orders show what the carrier has in its books, no more and no less.

Asserted between two accounts that know nothing of each other: the log, and the ledger of the carrier's desk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from ordercore.effects import Effect
from ordercore.effects.state import outside_key
from ordercore.flows.booking import BOOK, VOID
from ordercore.flows.manifest import MANIFEST_KIND
from ordercore.kernel import Kernel
from ordercore.lifecycle import BOOKING, EFFECT, MANIFEST
from ordercore.order import Order
from ordercore.testing.carriage import Booked, Carriage
from ordercore.testing.network import Network
from ordercore.wiring.firing import LEASE

_MACHINES = {machine.name: machine for machine in (BOOKING, MANIFEST, EFFECT)}
_PATHS = {BOOK: "bookings", VOID: "voids", MANIFEST_KIND: "manifests"}


def nothing_is_done_twice_outside(carriage: Carriage, network: Network, tenant: str) -> None:
    """Whatever is lost on the way, the carrier has done each effect once at most, and nothing that nobody wanted."""
    done = Counter((entry["path"], entry["key"]) for entry in network.desk.ledger.entries())
    wanted = {(_PATHS[one.kind], outside_key(tenant, id)) for id, one in carriage.effects.items() if one.kind in _PATHS}
    assert not {key: times for key, times in done.items() if times > 1}
    assert done.keys() <= wanted, done.keys() - wanted


def what_is_settled_is_so_outside(carriage: Carriage, network: Network, tenant: str) -> None:
    """What is said to be done the carrier has done, under that reference; what is said not to be it has not."""
    numbers = {entry["key"]: entry["number"] for entry in network.desk.ledger.entries()}
    for id, effect in carriage.effects.items():
        if effect.kind not in _PATHS:
            continue  # what goes to suppliers and notifiers no desk of a carrier has seen
        number = numbers.get(outside_key(tenant, id))
        if effect.status == "done":
            assert number is not None, effect
            assert effect.reference in ("", number), (effect, number)
        elif effect.status == "refused" or (effect.status == "wanted" and not effect.unsure):
            assert number is None, (effect, number)


def bookings_are_what_the_carrier_has(carriage: Carriage, network: Network, tenant: str) -> None:
    """Each booking that stands is one at the desk that was not taken back; one that does not stand shows no number."""
    entries = {entry["number"]: entry for entry in network.desk.bookings}
    gone = network.gone()
    for id, one in carriage.bookings.items():
        effect = carriage.effects.get(id)
        if effect is None:
            continue  # told by hand: made where nobody looked
        if one.status in ("wanted", "refused"):
            assert (one.reference, one.tracking) == ("", ""), one
            continue
        entry = entries[one.reference]
        assert entry["key"] == outside_key(tenant, id), (one, entry)
        assert entry["reference"] == f"{one.order}/{one.parcel}", (one, entry)
        assert one.status == "voiding" or (one.reference in gone) == (one.status == "voided"), one


def a_parcel_has_one_booking_at_a_time(carriage: Carriage, network: Network) -> None:
    """By the log and at the desk: the label of an earlier one is void before there is another."""
    live = Counter((one.order, one.parcel) for one in carriage.bookings.values() if _live(one))
    assert not [key for key, times in live.items() if times > 1]
    gone = network.gone()
    standing = Counter(entry["reference"] for entry in network.desk.bookings if entry["number"] not in gone)
    assert not [parcel for parcel, times in standing.items() if times > 1]


def _live(one: Booked) -> bool:
    return one.status in ("wanted", "booked", "voiding")


def orders_show_their_bookings(carriage: Carriage, orders: Iterable[Order]) -> None:
    """A parcel's booking is the one of the log, with its number; a live booking is of a parcel that is there."""
    touched = {order.id: order for order in orders}
    for id, one in carriage.bookings.items():
        order = touched.get(one.order)  # type: ignore[call-overload]  # a name of a stream
        if order is not None and _live(one):
            shown = order.parcels[one.parcel].booking
            assert (shown.booking, shown.status, shown.reference, shown.tracking) == (
                id,
                one.status,
                one.reference,
                one.tracking,
            ), (one, shown)
    for order in touched.values():
        for parcel in order.parcels.values():
            if parcel.booking is not None:
                assert carriage.bookings[parcel.booking.booking].status == parcel.booking.status, parcel


def what_is_carried_follows_its_lifecycle(carriage: Carriage) -> None:
    """A booking, a manifest, an effect moves only as its table allows."""
    for move in carriage.moves:
        rows = [row for row in _MACHINES[move.machine].transitions if (row.state, row.command) == move[2:4]]
        assert any(move.after in row.targets for row in rows), f"{move}: the table of {move.machine} has no such row"


def nothing_due_is_left(effects: Iterable[Effect], now: datetime, deaths: Iterable[datetime] = ()) -> None:
    """After work, what is to be done outside is done, refused, put off, or waits for a person.

    A worker that was killed (`deaths`: when) held leases of all that was due then: until they end nobody else has it.
    """
    held = [at for at in deaths if now < at + LEASE]
    for effect in effects:
        assert effect.due is None or effect.due > now or any(effect.due <= at for at in held), effect
        assert effect.due is not None or effect.status == "uncertain", effect


def manifests_list_what_is_open(carriage: Carriage, network: Network, tenant: str) -> None:
    """A manifest has every booking that was on none, once, and no other; the carrier was told of just these."""
    told = {entry["key"]: entry for entry in network.desk.ledger.entries() if entry["path"] == "manifests"}
    effects = {effect.part: id for id, effect in carriage.effects.items() if effect.kind == MANIFEST_KIND}
    for id, listed in carriage.manifests.items():
        entries = listed.manifest.parcels
        assert len(entries) == len(set(entries)), entries
        assert set(entries) == listed.ought, (id, set(entries) ^ listed.ought)
        entry = told.get(outside_key(tenant, effects[id]))
        assert (listed.manifest.status == "made") <= (entry is not None), listed
        if entry is not None:
            assert entry["bookings"].split() == [one.reference for one in entries], (id, entry)


def effects_are_listed_as_they_are(carriage: Carriage, kernel: Kernel) -> None:
    """The list of what is done outside says of each effect what its events say."""
    rows = {row.id: row.summary for row in kernel.effects(None, limit=10_000)} if carriage.effects else {}
    assert carriage.effects.keys() <= rows.keys()
    for id, effect in carriage.effects.items():
        assert (rows[id].status, rows[id].due, rows[id].code) == (effect.status, effect.due, effect.code), id
