"""Order lines: what was ordered, and at which step each of its units stands.

Identity, checked after every event: every ordered unit is in exactly one place,
`ordered = cancelled + short + unallocated + backordered + claims + shipped`, and what came back or arrived is
part of what was shipped: `delivered + lost <= shipped`, `returned <= shipped - lost`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, Literal, NamedTuple

from attrs import field, frozen

from ordercore.errors import BrokenRule, ExceedsQuantity
from ordercore.message import Event
from ordercore.plan import Leg
from ordercore.store import Posting, postings_of, without_postings
from ordercore.values import Attribute, Destination, LineId, Place, Sku

_new = tuple.__new__
"""What the constructor of a NamedTuple calls: a third of its time, where a line is built for every step of every unit."""

STEPS: Final = ("reserved", "released", "picked", "packed")
"""Claimed buckets in the order a unit passes them."""


class OrderLine(NamedTuple):
    """A line as agreed: smallest units, price in 10**-digits major units, total in minor units; item facts copied."""

    line: LineId
    sku: Sku
    quantity: int
    price: int
    digits: int
    total: int
    tracked: bool = True
    ships: bool = True
    scale: int = 0
    discount: int = 0
    tax: int = 0
    lots: bool = False
    location: str = ""


class LineQuantity(NamedTuple):
    """Units of a line that stand in no stock."""

    line: LineId
    quantity: int


class Claim(NamedTuple):
    """Units kept for a line: where, at which step, for which fulfillment order."""

    place: Place
    bucket: str
    quantity: int
    lot: str = ""
    owner: str = ""
    work: str = ""


class Moved(NamedTuple):
    """Units of a claim that move: all that the posting rule needs. `to_lot` narrows a claim on the pool to a lot."""

    line: LineId
    sku: Sku
    place: Place
    bucket: str
    quantity: int
    lot: str = ""
    owner: str = ""
    work: str = ""
    to_lot: str = ""


class LineState(NamedTuple):
    """Where the units of one line stand."""

    facts: OrderLine
    unallocated: int
    backordered: int = 0
    cancelled: int = 0
    short: int = 0
    shipped: int = 0
    delivered: int = 0
    lost: int = 0
    returned: int = 0
    claims: tuple[Claim, ...] = ()

    @property
    def claimed(self) -> int:
        """Units kept in stock for this line, at any step."""
        return sum(claim.quantity for claim in self.claims)

    def at(self, bucket: str) -> int:
        """Units at one step."""
        return sum(claim.quantity for claim in self.claims if claim.bucket == bucket)

    @property
    def open(self) -> int:
        """Units that are neither shipped nor given up."""
        return self.facts.quantity - self.cancelled - self.short - self.shipped


Lines = Mapping[LineId, LineState]


@frozen
class OrderPlaced(Event):
    """An order came in; prices, totals and item facts are frozen in it. `total` is in minor units."""

    channel: str
    external_id: str
    currency: str
    lines: tuple[OrderLine, ...]
    total: int
    placed_at: datetime
    customer: str = ""
    destination: Destination = Destination()
    priority: int = 0
    confirmed: bool = True
    shortage: str = ""
    source_version: str = ""
    attributes: Mapping[str, Attribute] = field(factory=dict)
    promised_by: datetime | None = None


@frozen
class OrderConfirmed(Event):
    """The order stands."""


@frozen
class OrderAllocated(Event):
    """Units were bound to stock at a place by a strategy; `waiting` says where on the line they stood before."""

    legs: tuple[Leg, ...]
    strategy: str
    rule_version: int
    waiting: Literal["unallocated", "backordered"] = "unallocated"


@frozen
class LinesBackordered(Event):
    """No stock for these units: they wait for new supply."""

    lines: tuple[LineQuantity, ...]


@frozen
class LinesCancelled(Event):
    """Units given up: those that waited, and claims that return to free stock."""

    unallocated: tuple[LineQuantity, ...] = ()
    backordered: tuple[LineQuantity, ...] = ()
    contents: tuple[Moved, ...] = ()
    reason: str = ""


@frozen
class LinesFulfilled(Event):
    """Untracked lines of an order where nothing ships are done at once."""

    lines: tuple[LineQuantity, ...]


without_postings(OrderPlaced, OrderConfirmed, LinesBackordered, LinesFulfilled)


@postings_of.register
def _(event: OrderAllocated) -> Iterable[Posting]:
    return [
        _new(Posting, (sku, quantity, place, "available", place, "reserved", lot, owner, line, False))
        for line, sku, place, quantity, lot, owner in event.legs
    ]


@postings_of.register
def _(event: LinesCancelled) -> Iterable[Posting]:
    return move_postings(event.contents, "available")


def move_postings(contents: Iterable[Moved], bucket: str, outside: Place | None = None) -> list[Posting]:
    """Postings that take the units of claims to a bucket where they stand, or to an outside place; bound to lots first.

    Narrowing changes the lot row alone: the unit was claimed from the pool before, now the lot says which.
    """
    postings = [
        _new(Posting, (sku, quantity, place, step, outside or place, bucket, to_lot or lot, owner, line, False))
        for line, sku, place, step, quantity, lot, owner, _, to_lot in contents
    ]
    narrowing = [
        Posting(m.sku, m.quantity, m.place, "available", m.place, m.bucket, m.to_lot, m.owner, m.line, narrowing=True)
        for m in contents
        if m[8] and not m[5]
    ]
    return narrowing + postings if narrowing else postings


def placed_lines(lines: Iterable[OrderLine]) -> dict[LineId, LineState]:
    """All units unallocated."""
    return {line[0]: _new(LineState, (line, line[2], 0, 0, 0, 0, 0, 0, 0, ())) for line in lines}


def allocate(lines: Lines, event: OrderAllocated) -> dict[LineId, LineState]:
    """Units that waited are claimed at a place."""
    after = dict(lines)
    backordered = event.waiting == "backordered"
    for line, _, place, quantity, lot, owner in event.legs:
        facts, unallocated, waiting, cancelled, gone, shipped, delivered, lost, returned, claims = after[line]
        if backordered:
            waiting -= quantity
        else:
            unallocated -= quantity
        claims = add_claim(claims, _new(Claim, (place, "reserved", quantity, lot, owner, "")))
        after[line] = line_state(
            facts, unallocated, waiting, cancelled, gone, shipped, delivered, lost, returned, claims
        )
    return after


def backorder(lines: Lines, event: LinesBackordered) -> dict[LineId, LineState]:
    """Unallocated units wait for supply."""
    after = dict(lines)
    for line, quantity in event.lines:
        state = after[line]
        after[line] = checked(
            state._replace(unallocated=state.unallocated - quantity, backordered=state.backordered + quantity)
        )
    return after


def cancel(lines: Lines, event: LinesCancelled) -> dict[LineId, LineState]:
    """Units are given up, whatever step they stood at before shipping."""
    after = dict(lines)
    for line, quantity in event.unallocated:
        state = after[line]
        after[line] = checked(
            state._replace(unallocated=state.unallocated - quantity, cancelled=state.cancelled + quantity)
        )
    for line, quantity in event.backordered:
        state = after[line]
        after[line] = checked(
            state._replace(backordered=state.backordered - quantity, cancelled=state.cancelled + quantity)
        )
    for moved in event.contents:
        state = after[moved.line]
        after[moved.line] = checked(
            state._replace(cancelled=state.cancelled + moved.quantity, claims=take_claim(state.claims, moved))
        )
    return after


def fulfill(lines: Lines, fulfilled: Iterable[LineQuantity]) -> dict[LineId, LineState]:
    """Untracked units are done: shipped and delivered at once."""
    after = dict(lines)
    for line, quantity in fulfilled:
        state = after[line]
        after[line] = checked(
            state._replace(
                unallocated=state.unallocated - quantity,
                shipped=state.shipped + quantity,
                delivered=state.delivered + quantity,
            )
        )
    return after


def add_claim(claims: tuple[Claim, ...], added: Claim) -> tuple[Claim, ...]:
    """Join with the claim of the same place, step, lot, owner and work, if there is one."""
    if not claims:
        return (added,)
    place, bucket, quantity, lot, owner, work = added
    for n, claim in enumerate(claims):
        if claim[0] == place and claim[1] == bucket and claim[3] == lot and claim[4] == owner and claim[5] == work:
            return (*claims[:n], Claim(place, bucket, claim[2] + quantity, lot, owner, work), *claims[n + 1 :])
    return (*claims, added)


STANDS: Final = "`kernel.order(id)` shows where the units of each line stand."


def take_claim(claims: tuple[Claim, ...], moved: Moved) -> tuple[Claim, ...]:
    """Remove units of exactly this claim; refuses more than it holds."""
    line, _, place, bucket, quantity, lot, owner, work, _ = moved
    for n, claim in enumerate(claims):
        if claim[0] == place and claim[1] == bucket and claim[3] == lot and claim[4] == owner and claim[5] == work:
            left = claim[2] - quantity
            if left < 0:
                raise ExceedsQuantity.of(bucket, line, quantity, claim[2], STANDS)
            if left == 0:
                return claims[:n] + claims[n + 1 :]
            return (*claims[:n], Claim(place, bucket, left, lot, owner, work), *claims[n + 1 :])
    raise ExceedsQuantity.of(bucket, line, quantity, 0, STANDS)


def move_claims(
    lines: Lines, contents: Iterable[Moved], bucket: str, work: str | None = None
) -> dict[LineId, LineState]:
    """Units go to another step at their place, for `work` (None: the one they are in), in their lot if narrowed."""
    after = dict(lines)
    for moved in contents:
        line, _, place, _, quantity, lot, owner, former, to_lot = moved
        facts, a, b, c, d, e, f, g, h, claims = after[line]
        target = _new(Claim, (place, bucket, quantity, to_lot or lot, owner, former if work is None else work))
        # Mostly all of a line moves at once.
        claims = (target,) if claims == (moved[2:8],) else add_claim(take_claim(claims, moved), target)
        after[line] = line_state(facts, a, b, c, d, e, f, g, h, claims)
    return after


def checked(line: LineState) -> LineState:
    """The same line, if its units add up."""
    line_state(*line)
    return line


def line_state(
    facts: OrderLine, unallocated: int, backordered: int, cancelled: int, short: int, shipped: int, delivered: int,
    lost: int, returned: int, claims: tuple[Claim, ...],
) -> LineState:  # fmt: skip
    """A line that keeps the line-quantity identities; a breach is a defect found before anything is written."""
    total = unallocated + backordered + cancelled + short + shipped
    for claim in claims:
        total += claim[2]
    line = _new(
        LineState, (facts, unallocated, backordered, cancelled, short, shipped, delivered, lost, returned, claims)
    )
    if (
        total != facts[2]
        or unallocated < 0
        or backordered < 0
        or delivered + lost > shipped
        or returned > shipped - lost
    ):
        raise BrokenRule(
            f"Line {facts.line!r}: its units do not add up.", identity="line_quantity", line=facts.line,
            ordered=facts.quantity, found=total, counters=str(line[1:9]),
        )  # fmt: skip
    return line
