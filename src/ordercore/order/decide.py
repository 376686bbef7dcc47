"""Decisions on one order: a command and the state in, events out. Nothing here reads a clock or a store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, assert_never, get_args

from attrs import field

from ordercore.errors import At, ExceedsQuantity, InvalidCommand, NotFound, TransitionRefused
from ordercore.internal import internal
from ordercore.lifecycle import ORDER
from ordercore.message import Context, Event
from ordercore.order import commands as c
from ordercore.order import events as e
from ordercore.order.decide_booking import require_unbooked
from ordercore.order.fields import code_at, one_of, text_at, units_at
from ordercore.order.fulfillment import Parcel, Work
from ordercore.order.holds import require_free, require_new, without
from ordercore.order.lines import STEPS, Claim, LineQuantity, LineState, Moved
from ordercore.order.returns import ReturnedUnits
from ordercore.order.state import Order
from ordercore.order.tracking import REASONS, checked_eta
from ordercore.store import location_place
from ordercore.values import Eta, LineId, Money, Place, Sku, instant_of, units_of

_new = tuple.__new__  # see `lines`
_HOLDS: Final[Mapping[str, str]] = {row.command: row.hold for row in ORDER.transitions if row.hold}
_SHIPPABLE: Final = {"packed": 3, "picked": 2, "released": 1, "reserved": 0}
PICKED_FROM: Final = ("released",)
KINDS_OF_HOLDS: Final[tuple[str, ...]] = get_args(c.HoldKind)
STEPS_HELD: Final[tuple[str, ...]] = get_args(c.Step)
DISPOSITIONS: Final[tuple[str, ...]] = get_args(c.Disposition)
TRACKING: Final[tuple[str, ...]] = get_args(c.TrackingStatus)
PAYMENTS: Final[tuple[str, ...]] = get_args(c.PaymentKind)
SUPPLIER: Final = Place("supplier")


@internal
class WorkFacts:
    """What decisions on work need from outside the order: steps per place, and free lots, earliest expiry first."""

    steps: Mapping[Place, tuple[str, ...]] = field(factory=dict)
    lot_skus: frozenset[Sku] = frozenset()
    lots: Mapping[tuple[Sku, Place], tuple[tuple[str, int], ...]] = field(factory=dict)

    def ready(self, place: Place) -> int:
        """The least step from which units may be shipped at this place."""
        steps = self.steps.get(place, ("ship",))
        return 3 if "pack" in steps else 2 if "pick" in steps else 0


def require(order: Order, command: str) -> None:
    """The lifecycle allows the command in this state and no hold blocks it."""
    ORDER.require(order.statuses[0], command)
    if order.holds and command in _HOLDS:
        require_free(order.holds, _HOLDS[command])


def decide(  # noqa: C901  # one match whose branches call helpers
    order: Order, command: c.OrderCommand, context: Context, facts: WorkFacts
) -> Sequence[Event]:
    """The events that `command` comes to on `order`. Raises a Rejected subclass when it cannot be."""
    require(order, type(command).__name__)
    match command:
        case c.Ship():
            return ship(order, command, facts)
        case c.ReleaseOrder():
            return release(order, command)
        case c.ConfirmDelivery():
            return deliver(order, command)
        case c.PickLines():
            return pick(order, command, facts)
        case c.PackParcel():
            return pack(order, command)
        case c.CancelLines():
            return cancel(order, command)
        case c.RecordTracking():
            return track(order, command)
        case c.ReceiveReturn():
            return take_back(order, command, facts)
        case c.RecallWork():
            return recall(order, command)
        case c.RecordPayment():
            return pay(order, command)
        case c.ConfirmOrder():
            return [e.OrderConfirmed()]
        case c.AddHold():
            require_new(order.holds, code_at(command.hold, "hold"))
            kind, note = one_of(command.kind, KINDS_OF_HOLDS, "kind"), text_at(command.note, "note")
            return [e.HoldAdded(command.hold, kind, _blocked(command), context.now, note)]
        case c.ReleaseHold():
            without(order.holds, command.hold)
            return [e.HoldReleased(command.hold)]
    assert_never(command)


def _blocked(command: c.AddHold) -> tuple[str, ...]:
    if not isinstance(command.blocks, tuple | list):
        raise InvalidCommand("blocks is a tuple of steps.", path="blocks", hint='Such as ("ship",).')
    return tuple([one_of(step, STEPS_HELD, f"blocks[{n}]") for n, step in enumerate(command.blocks)])


def release(order: Order, command: c.ReleaseOrder) -> Sequence[Event]:
    """One fulfillment order per location that holds reserved units."""
    only = location_place(command.location) if command.location else None
    by_place: dict[Place, list[Moved]] = {}
    for line in order.lines.values():
        for claim in line.claims:
            place = claim[0]
            if claim[1] == "reserved" and (only is None or place == only):
                if place not in by_place:
                    by_place[place] = []
                by_place[place].append(_all_of(line, claim))
    if not by_place:
        raise ExceedsQuantity.of("reserved", "", 1, 0, hint="AllocateOrder binds lines to stock first.")
    first = len(order.works) + 1
    return [e.WorkReleased(f"F{first + n}", place, tuple(by_place[place])) for n, place in enumerate(sorted(by_place))]


def recall(order: Order, command: c.RecallWork) -> Sequence[Event]:
    """Everything of the fulfillment order that was not shipped goes back to reserved."""
    order.work(command.fulfillment)
    for parcel in order.parcels.values():
        if parcel.work == command.fulfillment and not parcel.shipped:
            require_unbooked(parcel, "RecallWork")
    contents = _of_work(order, command.fulfillment, ("released", "picked", "packed"))
    if not contents:
        raise ExceedsQuantity.of("at the location", "", 1, 0, hint="Everything of it was shipped or recalled.")
    return [e.WorkRecalled(command.fulfillment, contents, text_at(command.reason, "reason"))]


def pick(order: Order, command: c.PickLines, facts: WorkFacts) -> Sequence[Event]:
    """Released units of the fulfillment order leave the shelf, lot items from named lots."""
    order.work(command.fulfillment)
    _check_contents(command.contents)
    ready = _of_work(order, command.fulfillment, PICKED_FROM)
    chosen = _choose(ready, command.contents, "released", facts)
    return [e.LinesPicked(command.fulfillment, chosen)]


def pack(order: Order, command: c.PackParcel) -> Sequence[Event]:
    """Picked units go into a parcel that was not shipped."""
    work = order.work(command.fulfillment)
    parcel = code_at(command.parcel, "parcel")
    _check_contents(command.contents)
    known = order.parcels.get(parcel)
    if known is not None and (known.shipped or known.work != command.fulfillment):
        raise _parcel_refused(known, "PackParcel")
    if known is not None:
        require_unbooked(known, "PackParcel")
    ready = _of_work(order, command.fulfillment, ("picked",))
    chosen = _choose(ready, command.contents, "picked", None)
    return [e.ParcelPacked(command.fulfillment, parcel, work.place, chosen)]


def ship(order: Order, command: c.Ship, facts: WorkFacts) -> Sequence[Event]:
    """One parcel per location; untracked lines ride with the first shipment of the order."""
    text_at(command.carrier, "carrier")
    text_at(command.tracking, "tracking")
    _check_contents(command.contents)
    known = order.parcels.get(command.parcel) if command.parcel else None
    if known is not None:
        if known.shipped or command.contents is not None:
            raise _parcel_refused(known, "Ship")
        by_place = {known.place: list(known.contents)}
    else:
        by_place = _ready_to_ship(order, command, facts)
    if command.parcel and len(by_place) > 1:
        raise InvalidCommand(
            f"Parcel {command.parcel!r} cannot be handed over at {len(by_place)} locations.", parcel=command.parcel,
            hint="Name a location, or leave the parcel out: each location gets its own.",
        )  # fmt: skip
    carrier, tracking = command.carrier, command.tracking
    booking = known.booking if known is not None else None
    if booking is not None and booking.status == "booked":
        carrier, tracking = carrier or booking.carrier, tracking or booking.tracking
    names = _parcel_names(order, command.parcel)
    services = _services(order)
    events: list[Event] = []
    for place in sorted(by_place):
        events.append(e.ParcelShipped(next(names), place, tuple(by_place[place]), services, carrier, tracking))
        services = ()
    if known is not None and any(fact.status == "delivered" for fact in known.facts):
        # The carrier was quicker than the hand-over was told: with it, the parcel has arrived.
        events.append(e.ParcelDelivered(known.parcel, _by_line(known.contents)))
    return events


def deliver(order: Order, command: c.ConfirmDelivery) -> Sequence[Event]:
    """A parcel, or every parcel under way, arrived."""
    if command.parcel:
        parcel = order.parcel(command.parcel)
        if not parcel.shipped or parcel.delivered:
            raise _parcel_refused(parcel, "ConfirmDelivery")
        parcels = [parcel]
    else:
        parcels = [p for p in order.parcels.values() if p.shipped and not p.delivered]
        if not parcels:
            raise ExceedsQuantity.of("under way", "", 1, 0, hint="Ship first.")
    return [e.ParcelDelivered(p.parcel, _by_line(p.contents)) for p in parcels]


def track(order: Order, command: c.RecordTracking) -> Sequence[Event]:
    """A carrier's fact, and the delivery if that is what it says. A repeat adds nothing and is no error."""
    parcel = order.parcel(command.parcel)
    with At("occurred_at"):
        occurred = instant_of(command.occurred_at, what="occurred_at")
    eta = checked_eta(command.eta, "eta") if command.eta is not None else None
    event = e.TrackingRecorded(
        parcel.parcel, one_of(command.status, TRACKING, "status"), occurred, text_at(command.raw_code, "raw_code"),
        text_at(command.location, "location"), one_of(command.reason, REASONS, "reason"),
        text_at(command.text, "text", most=500), _as_of(eta, occurred), command.correction,
    )  # fmt: skip
    identity = (occurred, command.status, command.raw_code, command.location, command.correction)
    if any(fact.identity == identity for fact in parcel.facts) and (event.eta is None or event.eta in parcel.etas):
        return []
    if command.status == "delivered" and parcel.shipped and not parcel.delivered:
        return [event, e.ParcelDelivered(parcel.parcel, _by_line(parcel.contents))]
    return [event]


AT_MOST: Final = "Ask for at most what is there."
BEFORE: Final = "The steps come in order: release, pick, pack, ship; the order shows where its units stand."


def _as_of(eta: Eta | None, when: datetime) -> Eta | None:
    """The estimate with the time it was made."""
    return Eta(eta.earliest, eta.latest, eta.precision, eta.source, eta.as_of or when) if eta is not None else None


TOO_LATE: Final = "RecallWork unpacks; what was shipped comes back by ReceiveReturn."


def cancel(order: Order, command: c.CancelLines) -> Sequence[Event]:
    """What waits goes first, then reserved units, then work at a location; packed units must be unpacked before."""
    asked = command.quantities
    if asked is None:
        asked = {name: _cancellable(line) for name, line in order.lines.items() if _cancellable(line)}
        if not asked or any(line.at("packed") for line in order.lines.values()):
            with At("quantities"):
                raise ExceedsQuantity.of("open and not packed", "", 1, 0, hint=TOO_LATE)
    unallocated: list[LineQuantity] = []
    backordered: list[LineQuantity] = []
    contents: list[Moved] = []
    if not asked:
        raise InvalidCommand(
            "Nothing to cancel.", path="quantities", hint="Leave it out for all that can be cancelled."
        )
    for name, quantity in asked.items():
        with At(f"quantities[{str(name)[:64]}]"):
            line = order.line(name)
            left = units_of(quantity, what=f"quantities[{name}]")
            if left > _cancellable(line):
                raise ExceedsQuantity.of("open and not packed", name, quantity, _cancellable(line), hint=TOO_LATE)
        for waiting, into in ((line.unallocated, unallocated), (line.backordered, backordered)):
            taken = min(left, waiting)
            if taken:
                into.append(LineQuantity(line.facts.line, taken))
                left -= taken
        for bucket in STEPS[:3]:
            for claim in line.claims:
                taken = min(left, claim.quantity) if claim.bucket == bucket else 0
                if taken:
                    contents.append(_moved(line, claim, taken))
                    left -= taken
    reason = text_at(command.reason, "reason")
    return [e.LinesCancelled(tuple(unallocated), tuple(backordered), tuple(contents), reason)]


def take_back(order: Order, command: c.ReceiveReturn, facts: WorkFacts) -> Sequence[Event]:
    """Units that came back; never more than were shipped, never twice under one return id."""
    return_id = code_at(command.return_id, "return_id")
    if return_id in order.returned:
        raise TransitionRefused.of("return", "received", "ReceiveReturn", (), "A further parcel has its own return id.")
    if not command.lines:
        raise InvalidCommand(
            "A return has at least one line.", path="lines", hint="Such as ReturnedLine(line, quantity)."
        )
    back: dict[LineId, int] = {}
    contents: list[ReturnedUnits] = []
    for n, unit in enumerate(command.lines):
        with At(f"lines[{n}].line"):
            line = order.line(unit.line)
        quantity = units_at(unit.quantity, f"lines[{n}].quantity")
        back[line.facts.line] = back.get(line.facts.line, 0) + quantity
        there = line.shipped - line.lost - line.returned
        if back[line.facts.line] > there:
            with At(f"lines[{n}].quantity"):
                raise ExceedsQuantity.of("shipped and not returned", unit.line, back[line.facts.line], there, AT_MOST)
        disposition = one_of(unit.disposition, DISPOSITIONS, f"lines[{n}].disposition")
        lot = _returned_lot(unit, line, n, facts)
        if not line.facts.tracked:
            disposition = "keep_by_customer"
        contents.append(ReturnedUnits(line.facts.line, line.facts.sku, quantity, disposition, lot))
    place = location_place(command.location)
    return [e.ReturnReceived(return_id, place, tuple(contents), text_at(command.reason, "reason"))]


def _returned_lot(unit: c.ReturnedLine, line: LineState, n: int, facts: WorkFacts) -> str:
    """The lot of goods that have lots, and of no others: rows of a lot are part of a pool that has lots."""
    path, sku = f"lines[{n}].lot", line.facts.sku
    if sku in facts.lot_skus:
        if unit.lot:
            return code_at(unit.lot, path)
        if unit.disposition != "keep_by_customer":
            raise InvalidCommand(
                f"{path} is required: {sku} has lots.",
                path=path,
                hint="It stands on the goods; without them: keep_by_customer.",
            )
    elif unit.lot:
        raise InvalidCommand(f"{path}: {sku} has no lots.", path=path, hint="Leave it out.")
    return ""


def pay(order: Order, command: c.RecordPayment) -> Sequence[Event]:
    """A payment fact; refunds never exceed what was charged. A repeated reference adds nothing."""
    reference, kind = text_at(command.reference, "reference", empty=False), one_of(command.kind, PAYMENTS, "kind")
    if reference in order.payments.references:
        return []
    with At("amount"):
        amount = amount_of(command.amount, order.currency)
    if amount <= 0:
        raise InvalidCommand(
            "A payment's amount is positive.", path="amount", hint="What is given back is a payment of the kind refund."
        )
    paid = order.payments
    with At("amount"):
        if kind == "refund" and paid.refunded + amount > paid.charged:
            raise ExceedsQuantity.of(
                "charged and not refunded (minor units)", "", amount, paid.charged - paid.refunded, AT_MOST
            )
        if kind == "void" and paid.voided + amount > paid.authorized:
            raise ExceedsQuantity.of("authorized (minor units)", "", amount, paid.authorized - paid.voided, AT_MOST)
    return [e.PaymentRecorded(reference, kind, amount)]


def short_pick(order: Order, command: c.ShortPick, facts: WorkFacts) -> e.PickShorted:
    """Units that the shelf did not have; sourcing them again is the flow's part."""
    require(order, "ShortPick")
    order.work(command.fulfillment)
    ready = _of_work(order, command.fulfillment, PICKED_FROM)
    wanted = (c.Content(command.line, units_at(command.quantity, "quantity")),)
    with At("line"):
        order.line(command.line)
    chosen = _choose(ready, wanted, "released", facts)
    return e.PickShorted(command.fulfillment, chosen, text_at(command.reason, "reason"))


def amount_of(value: c.Amount, currency: str) -> int:
    """Minor units of an amount in the order's currency."""
    if isinstance(value, Money):
        if value.currency != currency:
            raise InvalidCommand(f"{value.currency} on an order in {currency}.", hint="One order has one currency.")
        return Money.minor(value.amount, currency).amount
    return Money.of(value, currency).amount


def _moved(line: LineState, claim: Claim, quantity: int, to_lot: str = "") -> Moved:
    return Moved(
        line.facts.line, line.facts.sku, claim.place, claim.bucket, quantity, claim.lot, claim.owner, claim.work, to_lot
    )


def _all_of(line: LineState, claim: Claim) -> Moved:
    """A claim as what moves it: its fields are the middle of a `Moved`."""
    facts = line[0]
    return _new(Moved, (facts[0], facts[1], *claim, ""))


def _cancellable(line: LineState) -> int:
    return line.open - line.at("packed")


def _of_work(order: Order, work: str, buckets: Sequence[str]) -> tuple[Moved, ...]:
    return tuple([
        _all_of(line, claim)
        for line in order.lines.values()
        for claim in line.claims
        if claim[5] == work and claim[1] in buckets
    ])  # fmt: skip


def _check_contents(contents: Sequence[c.Content] | None) -> None:
    """What is named is some units of lines; None, that is all there is, is another wish."""
    if contents is None:
        return
    if not contents:
        raise InvalidCommand("contents names nothing.", path="contents", hint="Leave it out for all there is.")
    for n, content in enumerate(contents):
        units_at(content.quantity, f"contents[{n}].quantity")


def _choose(
    ready: Sequence[Moved], wanted: Sequence[c.Content] | None, step: str, facts: WorkFacts | None
) -> tuple[Moved, ...]:
    """The units asked for out of those that are ready; all of them without a wish. Lot items get their lots."""
    if not ready:
        raise ExceedsQuantity.of(step, "", 1, 0, BEFORE)
    taken: list[Moved] = []
    if wanted is None:
        taken = list(ready)
    else:
        left = {n: moved.quantity for n, moved in enumerate(ready)}
        for content in wanted:
            need = content.quantity
            for nth, moved in enumerate(ready):
                if moved.line != content.line or (content.lot and moved.lot and moved.lot != content.lot):
                    continue
                part = min(need, left[nth])
                if part:
                    named = content.lot if content.lot and not moved.lot else ""
                    taken.append(moved._replace(quantity=part, to_lot=named))
                    left[nth] -= part
                    need -= part
            if need:
                there = sum(m.quantity for m in ready if m.line == content.line)
                raise ExceedsQuantity.of(step, content.line, content.quantity, there, AT_MOST if there else BEFORE)
    return _with_lots(taken, facts) if facts is not None and facts.lot_skus else tuple(taken)


def _with_lots(contents: Iterable[Moved], facts: WorkFacts) -> tuple[Moved, ...]:
    """Bind what claims the pool to lots that are free at the place, earliest expiry first."""
    free = {key: dict(lots) for key, lots in facts.lots.items()}
    bound: list[Moved] = []
    contents = list(contents)
    for moved in contents:
        if moved.to_lot:
            lots = free.setdefault((moved.sku, moved.place), {})
            lots[moved.to_lot] = lots.get(moved.to_lot, 0) - moved.quantity
    for moved in contents:
        if moved.sku not in facts.lot_skus or moved.lot or moved.to_lot:
            bound.append(moved)
            continue
        left = moved.quantity
        lots = free.get((moved.sku, moved.place), {})
        for lot, there in list(lots.items()):
            part = min(left, max(there, 0))
            if part:
                bound.append(moved._replace(quantity=part, to_lot=lot))
                lots[lot] -= part
                left -= part
        if left:
            raise ExceedsQuantity.of(
                "in free lots",
                moved.line,
                moved.quantity,
                moved.quantity - left,
                "Name the lots in contents, or CountStock.",
            )
    return tuple(bound)


def _ready_to_ship(order: Order, command: c.Ship, facts: WorkFacts) -> dict[Place, list[Moved]]:
    """Claims that may be shipped, by place: those at a step that their place does not skip, or beyond."""
    only = location_place(command.location) if command.location else None
    in_parcels = {m.work for p in order.parcels.values() if not p.shipped for m in p.contents}
    least = {place: facts.ready(place) for place in facts.steps}
    ready: list[Moved] = []
    waits_for = ""
    for line in order.lines.values():
        for claim in line.claims:
            place, bucket = claim[0], claim[1]
            if only is not None and place != only:
                continue
            if _SHIPPABLE[bucket] < (least[place] if place in least else facts.ready(place)):
                waits_for = bucket
            elif not (bucket == "packed" and claim[5] in in_parcels):
                ready.append(_all_of(line, claim))
    if not ready:
        if _only_services_left(order) and command.contents is None:
            return {only or SUPPLIER: []}
        raise _nothing_to_ship(order, command, bool(in_parcels), waits_for)
    if len({moved[3] for moved in ready}) > 1:
        ready.sort(key=lambda moved: -_SHIPPABLE[moved.bucket])
    by_place: dict[Place, list[Moved]] = {}
    for moved in _choose(ready, command.contents, "ready to ship", facts):
        place = moved[2]
        if place not in by_place:
            by_place[place] = []
        by_place[place].append(moved)
    return by_place


def _services(order: Order) -> tuple[LineQuantity, ...]:
    return tuple([
        LineQuantity(line.facts.line, line.unallocated)
        for line in order.lines.values()
        if line[1] and not line.facts.tracked
    ])  # fmt: skip


def _nothing_to_ship(order: Order, command: c.Ship, packed: bool, waits_for: str) -> ExceedsQuantity:
    if packed:
        hint = f"Packed parcels are shipped by name: {', '.join(p for p, q in order.parcels.items() if not q.shipped)}."
    elif waits_for:
        hint = f"Units are {waits_for}; their location has steps before ship."
    else:
        hint = "Allocate and release first, or everything was shipped."
    asked = command.contents[0] if command.contents else c.Content("", 1)
    return ExceedsQuantity.of("ready to ship", asked.line, asked.quantity, 0, hint=hint)


def _only_services_left(order: Order) -> bool:
    """Nothing tracked is open, but lines that move no stock are: a supplier ships them, or nobody has to."""
    return not any(line.open for line in order.lines.values() if line.facts.tracked) and bool(_services(order))


def _parcel_names(order: Order, first: str) -> Iterator[str]:
    if first:
        yield code_at(first, "parcel")
    number = len(order.parcels)
    while True:
        number += 1
        name = f"P{number}"
        if name not in order.parcels and name != first:
            yield name


def _by_line(contents: Iterable[Moved]) -> tuple[LineQuantity, ...]:
    sums: dict[LineId, int] = {}
    for moved in contents:
        line, quantity = moved[0], moved[4]
        sums[line] = sums[line] + quantity if line in sums else quantity
    return tuple([_new(LineQuantity, pair) for pair in sums.items()])


def _parcel_refused(parcel: Parcel, asked: str) -> TransitionRefused:
    if parcel.delivered:
        return TransitionRefused.of("parcel", "delivered", asked, ("RecordTracking", "ReceiveReturn"))
    if parcel.shipped:
        return TransitionRefused.of("parcel", "shipped", asked, ("RecordTracking", "ConfirmDelivery"))
    return TransitionRefused.of("parcel", "packed", asked, ("PackParcel", "Ship"))


def work_status(order: Order, work: Work) -> str:
    """open, in_progress, incomplete, closed or cancelled: computed from where its units stand."""
    steps = {claim.bucket for line in order.lines.values() for claim in line.claims if claim.work == work.fulfillment}
    if not steps:
        return "closed" if work.shipped else "cancelled"
    if work.shorted:
        return "incomplete"
    return "open" if steps == {"released"} and not work.shipped else "in_progress"


def unknown_order(order: str) -> NotFound:
    """No such order."""
    return NotFound.named("order", order)
