"""Which units of an order a command is about: those that are ready, those asked for, the lots they come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from attrs import field

from ordercore.errors import ExceedsQuantity, InvalidCommand, TransitionRefused
from ordercore.internal import internal
from ordercore.order import commands as c
from ordercore.order.fields import units_at
from ordercore.order.fulfillment import Parcel
from ordercore.order.lines import Claim, LineQuantity, LineState, Moved
from ordercore.order.state import Order
from ordercore.values import LineId, Place, Sku

_new = tuple.__new__  # see `lines`
AT_MOST: Final = "Ask for at most what is there."
BEFORE: Final = "The steps come in order: release, pick, pack, ship; the order shows where its units stand."


def moved_of(line: LineState, claim: Claim, quantity: int, to_lot: str = "") -> Moved:
    """Some units of a claim as what moves them."""
    return Moved(
        line.facts.line, line.facts.sku, claim.place, claim.bucket, quantity, claim.lot, claim.owner, claim.work, to_lot
    )


def all_of(line: LineState, claim: Claim) -> Moved:
    """A claim as what moves it: its fields are the middle of a `Moved`."""
    facts = line[0]
    return _new(Moved, (facts[0], facts[1], *claim, ""))


def of_work(order: Order, work: str, buckets: Sequence[str]) -> tuple[Moved, ...]:
    """What a fulfillment order still holds in these buckets."""
    return tuple([
        all_of(line, claim)
        for line in order.lines.values()
        for claim in line.claims
        if claim[5] == work and claim[1] in buckets
    ])  # fmt: skip


def check_contents(contents: Sequence[c.Content] | None) -> None:
    """What is named is some units of lines; None, that is all there is, is another wish."""
    if contents is None:
        return
    if not contents:
        raise InvalidCommand("contents names nothing.", path="contents", hint="Leave it out for all there is.")
    for n, content in enumerate(contents):
        units_at(content.quantity, f"contents[{n}].quantity")


def choose(
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


def by_line(contents: Iterable[Moved]) -> tuple[LineQuantity, ...]:
    """Units by line, in the order they first stand there."""
    sums: dict[LineId, int] = {}
    for moved in contents:
        line, quantity = moved[0], moved[4]
        sums[line] = sums[line] + quantity if line in sums else quantity
    return tuple([_new(LineQuantity, pair) for pair in sums.items()])


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


def parcel_refused(parcel: Parcel, asked: str) -> TransitionRefused:
    """The command does not fit what has become of the parcel."""
    if parcel.delivered:
        return TransitionRefused.of("parcel", "delivered", asked, ("RecordTracking", "ReceiveReturn"))
    if parcel.shipped:
        return TransitionRefused.of("parcel", "shipped", asked, ("RecordTracking", "ConfirmDelivery"))
    return TransitionRefused.of("parcel", "packed", asked, ("PackParcel", "Ship"))
