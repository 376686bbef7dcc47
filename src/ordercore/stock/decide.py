"""Decisions on stock: a command, item facts and what is known in; events out. Whether units are there, the store decides.

Balances are guarded where they are changed, so nothing here compares with a balance that was read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from ordercore.errors import At, ExceedsQuantity, InvalidCommand, NotFound, StaleCount, TransitionRefused
from ordercore.lifecycle import RESERVATION, TRANSFER
from ordercore.message import Context
from ordercore.plan import Demand, Leg, Plan
from ordercore.stock import commands as c
from ordercore.stock import events as e
from ordercore.stock.lines import (
    BUCKETS_IN,
    ItemBook,
    bucket_of,
    lot_of,
    quantity_of,
    reason_of,
    require_lines,
    stocked,
)
from ordercore.stock.lots import LotFacts
from ordercore.stock.receipt import ReceivedUnits
from ordercore.stock.reservation import Reservation
from ordercore.stock.transfer import Goods, Transfer, TransferUnits
from ordercore.values import (
    MAX_QUANTITY,
    LineId,
    Money,
    Place,
    Price,
    Sku,
    text_of,
    units_of,
)

LONGEST_SECONDS: Final = 30 * 24 * 3600
"""A cart keeps stock for at most thirty days."""

# Goods that come in


def receive(command: c.ReceiveStock, items: ItemBook, place: Place, most: int) -> e.StockReceived:
    """What came in at `place`, lines of the same goods summed; who sent it under which id was checked for the stream."""
    lines = received_units(require_lines(command.lines, most), items)
    return e.StockReceived(place, lines, command.source, command.external_id)


def open_balance(command: c.OpenBalance, items: ItemBook, place: Place, most: int) -> e.StockOpened:
    """What the books of a running shop say stands at `place`."""
    return e.StockOpened(place, command.reference, received_units(require_lines(command.lines, most), items))


def received_units(lines: Iterable[c.Received | c.Opening], items: ItemBook) -> tuple[ReceivedUnits, ...]:
    """Lines in smallest units, those of one SKU, lot, bucket and cost as one. Raises InvalidCommand, NotFound."""
    sums: dict[ReceivedUnits, int] = {}
    for n, line in enumerate(lines):
        path = f"lines[{n}]."
        item = stocked(items, line.sku, path)
        quantity = quantity_of(item, line.quantity, path)
        lot = lot_of(item, line.lot, path)
        if line.expires is not None and (not lot or type(line.expires) is not date):
            why = "must be a date" if lot else f"is for lots, and {item.sku} has none"
            raise InvalidCommand(
                f"{path}expires {why}.", path=f"{path}expires", hint="Such as date(2027, 1, 31), of a lot."
            )
        bucket = bucket_of(line.bucket, f"{path}bucket")
        cost, digits, currency = _cost_of(line.unit_cost, line.currency, path)
        goods = ReceivedUnits(item.sku, 0, bucket, lot, cost, digits, currency)
        with At(f"{path}quantity"):
            sums[goods] = units_of(sums.get(goods, 0) + quantity, what=f"{path}quantity")
    return tuple(goods._replace(quantity=quantity) for goods, quantity in sums.items())


def _cost_of(value: str | Decimal | Money | Price | None, currency: str, path: str) -> tuple[int, int, str]:
    """(amount, digits, currency) of a unit cost; (0, 0, "") if it is not known."""
    if value is None:
        return 0, 0, ""
    with At(f"{path}unit_cost"):
        known = value.currency if isinstance(value, Money | Price) else currency
        if not known:
            raise InvalidCommand("A unit cost needs a currency.", hint='Such as currency="EUR".')
        if currency and currency != known:
            raise InvalidCommand(f"A unit cost in {known} on a line in {currency}.", hint="One line, one currency.")
        price = value if isinstance(value, Price) else Price.of(value, known)
        if price.amount < 0:
            raise InvalidCommand("A unit cost is not negative.", hint="Leave it out where it is not known.")
        return price.amount, price.digits, price.currency


def lots_after(
    lines: Iterable[c.Received | c.Opening], known: Mapping[Goods, LotFacts | None], received_at: datetime
) -> dict[Goods, LotFacts]:
    """Facts of lots that are new, or whose expiry date was not known; a lot has one expiry date, for good.

    `known` has the SKU and lot of every line as written. Raises InvalidCommand for another date than the known one.
    """
    changed: dict[Goods, LotFacts] = {}
    for n, line in enumerate(lines):
        goods = (Sku(line.sku), line.lot)
        if not line.lot:
            continue
        before = changed.get(goods) or known.get(goods)
        if before is None:
            changed[goods] = LotFacts(*goods, received_at, line.expires)
        elif line.expires is not None and before.expires is None:
            changed[goods] = LotFacts(*goods, before.received_at, line.expires)
        elif line.expires is not None and before.expires != line.expires:
            raise InvalidCommand(
                f"Lot {line.lot} of {line.sku} expires on {before.expires}, not on {line.expires}.",
                path=f"lines[{n}].expires", sku=line.sku, lot=line.lot, hint="Goods that expire on another day are another lot.",
            )  # fmt: skip
    return changed


# Stock that turned out otherwise


def adjust(command: c.AdjustStock, items: ItemBook, place: Place) -> e.StockAdjusted:
    """A difference that somebody found, with the reason."""
    item = stocked(items, command.sku, "")
    lot = lot_of(item, command.lot, "")
    change = command.change
    if type(change) is not int or not change or abs(change) > MAX_QUANTITY:
        raise InvalidCommand(
            f"change must be an int other than 0, within {MAX_QUANTITY} units.", path="change",
            hint="Negative: units are missing; positive: more than the books say.",
        )  # fmt: skip
    return e.StockAdjusted(place, item.sku, bucket_of(command.bucket, "bucket"), change, reason_of(command.reason), lot)


def count(
    command: c.CountStock, items: ItemBook, place: Place, expected: int, last: e.LastCount | None, context: Context
) -> e.StockCounted:
    """An observation at the effective time, where the books said `expected`. Raises StaleCount behind a newer one."""
    effective = context.effective
    item = stocked(items, command.sku, "")
    lot = lot_of(item, command.lot, "")
    bucket = bucket_of(command.bucket, "bucket")
    with At("counted"):
        counted = units_of(command.counted, what="counted", least=0)
    if effective > context.now:
        # It would make every count until then a stale one.
        raise InvalidCommand(
            "Nobody can count what will be.", path="effective", hint="Count as of now, or of a time that has passed."
        )
    if last is not None and effective < last.effective:
        raise StaleCount(
            f"{item.sku} was counted at {place} at {last.effective.isoformat()}; this count is of "
            f"{effective.isoformat()}.",
            sku=item.sku, place=place, newest=last.effective.isoformat(), hint="The newer count stands; nothing to do.",
        )  # fmt: skip
    return e.StockCounted(place, item.sku, bucket, counted, expected, lot)


def move(command: c.MoveStock, items: ItemBook, place: Place) -> e.StockMoved:
    """Units change bucket, or are scrapped."""
    item = stocked(items, command.sku, "")
    quantity = quantity_of(item, command.quantity, "")
    lot = lot_of(item, command.lot, "")
    source = bucket_of(command.source, "source")
    target = bucket_of(command.target, "target", (*BUCKETS_IN, "scrap"))
    if source == target:
        raise InvalidCommand(
            f"The units stand in {source} already.", path="target", hint="A move goes to another bucket."
        )
    return e.StockMoved(place, item.sku, quantity, source, target, reason_of(command.reason), lot)


# Transfers


def send(
    known: Transfer | None, command: c.SendTransfer, items: ItemBook, source: Place, target: Place, most: int
) -> e.TransferSent:
    """Units leave `source` towards `target`. Raises TransitionRefused if the transfer was sent before."""
    if known is not None:
        TRANSFER.require(known.status, "SendTransfer")
    if source == target:
        raise InvalidCommand(
            "A transfer goes to another location.", path="target", hint="MoveStock changes the bucket at one location."
        )
    sums: dict[Goods, int] = {}
    for n, line in enumerate(require_lines(command.lines, most)):
        path = f"lines[{n}]."
        item = stocked(items, line.sku, path)
        _add(sums, (item.sku, lot_of(item, line.lot, path)), quantity_of(item, line.quantity, path), path)
    return e.TransferSent(command.transfer, source, target, _rows(sums))


def arrive(transfer: Transfer, command: c.ReceiveTransfer, most: int) -> e.TransferReceived:
    """Units of the transfer arrived or are missing; never more than are under way. Raises ExceedsQuantity."""
    TRANSFER.require(transfer.status, "ReceiveTransfer")
    if not command.missing:
        require_lines(command.lines, most)
    else:
        require_lines((*command.lines, *command.missing), most)
    reason = reason_of(command.reason, required=bool(command.missing))
    arrived, missing = _sums("lines", command.lines), _sums("missing", command.missing)
    both = dict(arrived)
    for goods, quantity in missing.items():
        both[goods] = both.get(goods, 0) + quantity
    for goods, quantity in both.items():
        progress = transfer.goods.get(goods)
        there = progress.in_transit if progress is not None else 0
        if quantity > there:
            with At(_first(command, goods)):
                raise ExceedsQuantity.of(
                    "in transit", "/".join(filter(None, goods)), quantity, there,
                    hint="Ask for at most what is there." if progress is not None else "Name SKU and lot as they were sent.",
                )  # fmt: skip
    return e.TransferReceived(transfer.id, transfer.target, _rows(arrived), _rows(missing), reason)


def _sums(field: str, lines: Sequence[c.TransferLine]) -> dict[Goods, int]:
    sums: dict[Goods, int] = {}
    for n, line in enumerate(lines):
        path = f"{field}[{n}]."
        with At(f"{path}quantity"):
            _add(sums, (Sku(line.sku), line.lot), units_of(line.quantity, what=f"{path}quantity"), path)
    return sums


def _add(sums: dict[Goods, int], goods: Goods, quantity: int, path: str) -> None:
    with At(f"{path}quantity"):
        sums[goods] = units_of(sums.get(goods, 0) + quantity, what=f"{path}quantity")


def _rows(sums: Mapping[Goods, int]) -> tuple[TransferUnits, ...]:
    return tuple(TransferUnits(sku, quantity, lot) for (sku, lot), quantity in sums.items())


def _first(command: c.ReceiveTransfer, goods: Goods) -> str:
    for field, lines in (("lines", command.lines), ("missing", command.missing)):
        for n, line in enumerate(lines):
            if (line.sku, line.lot) == goods:
                return f"{field}[{n}].quantity"
    return "lines"


# Carts


def wanted(command: c.ReserveCart, items: ItemBook, pins: Mapping[str, Place], most: int) -> tuple[Demand, ...]:
    """The cart's lines as demands; `pins` are the places of the locations that lines name."""
    demands: dict[LineId, Demand] = {}
    for n, line in enumerate(require_lines(command.lines, most)):
        path = f"lines[{n}]."
        with At(f"{path}line_id"):
            name = LineId(text_of(line.line_id, what=f"{path}line_id", most=64, empty=False))
            if name in demands:
                raise InvalidCommand(
                    f"Line {name!r} is there twice.",
                    line=name,
                    hint="Lines have ids of their own; two may have one SKU.",
                )
        item = stocked(items, line.sku, path)
        if not item.active:
            raise NotFound(
                f"{path}sku: {item.sku} is not sold any more.",
                kind="item",
                name=item.sku,
                path=f"{path}sku",
                hint="PutItem(..., active=True) sells it again.",
            )
        quantity = quantity_of(item, line.quantity, path)
        demands[name] = Demand(name, item.sku, quantity, pins[line.location] if line.location else None)
    return tuple(demands.values())


def reserve(known: Reservation | None, command: c.ReserveCart, plan: Plan, context: Context) -> e.ReservationMade:
    """Keep what was planned; what an open reservation of the cart held is given back in the same event."""
    expires_at = expiry_of(command.expires_after_seconds, context.now)
    replaced: tuple[Leg, ...] = ()
    if known is not None:
        require_open(known, "ReserveCart", context.now)
        replaced = known.contents
    return e.ReservationMade(plan.legs, expires_at, plan.strategy, plan.version, replaced)


def require_open(known: Reservation, command: str, now: datetime) -> None:
    """The reservation is soft and not overdue. Raises TransitionRefused."""
    state = known.status_at(now)
    if command not in RESERVATION.allowed[state]:
        raise TransitionRefused(
            f"reservation is {state}: {command} is not possible.",
            machine="reservation", state=state, asked=command, allowed=tuple(sorted(RESERVATION.allowed[state])),
            hint="It is over for good: keep stock for a new cart.",
        )  # fmt: skip


def extend(known: Reservation, command: c.ExtendReservation, context: Context) -> e.ReservationExtended:
    """Keep it until another time."""
    require_open(known, "ExtendReservation", context.now)
    return e.ReservationExtended(expiry_of(command.expires_after_seconds, context.now))


def release(known: Reservation) -> e.ReservationReleased:
    """Give it back; an overdue one too, for nobody else did yet."""
    RESERVATION.require(known.status, "ReleaseReservation")
    return e.ReservationReleased(known.contents)


def expire(known: Reservation, now: datetime) -> e.ReservationExpired:
    """Give it back because its time is up. Raises TransitionRefused before that."""
    RESERVATION.require(known.status, "ExpireReservation")
    if now < known.expires_at:
        raise TransitionRefused(
            f"The reservation of cart {known.cart} is kept until {known.expires_at.isoformat()}.",
            machine="reservation", state="soft", asked="ExpireReservation", expires_at=known.expires_at.isoformat(),
            allowed=tuple(sorted(RESERVATION.allowed["soft"] - {"ExpireReservation"})),
            hint="ReleaseReservation gives it up before.",
        )  # fmt: skip
    return e.ReservationExpired(known.contents)


def expiry_of(seconds: int, now: datetime) -> datetime:
    """When a reservation ends that begins `now`. Raises InvalidCommand outside of 1 second to 30 days."""
    with At("expires_after_seconds"):
        units_of(seconds, what="expires_after_seconds")
        if seconds > LONGEST_SECONDS:
            raise InvalidCommand(
                f"expires_after_seconds is at most {LONGEST_SECONDS}, which are 30 days.",
                most=LONGEST_SECONDS,
                hint="ExtendReservation keeps it longer.",
            )
    return now + timedelta(seconds=seconds)
