"""A second account of a shop, kept from its log alone: what the kernel, its rows and its documents must agree with.

Written without `rows_of` and without what the kernel remembers, so that a mistake there does not hide itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from attrs import define, field

from ordercore.catalog import Item, Location
from ordercore.flows.record import WAITING
from ordercore.kernel import Kernel
from ordercore.message import Recorded
from ordercore.order import Order, WaitingLine, evolve_order
from ordercore.order.decide import work_status
from ordercore.order.events import PickShorted
from ordercore.stock.reservation import Reservation, fold_reservation
from ordercore.stock.transfer import Transfer, fold_transfer
from ordercore.store import BUCKETS, Posting, ReadDocuments, ReadPositions, postings_of
from ordercore.testing.carriage import Carriage
from ordercore.values import Cursor, OrderId, Place, Sku, Stream

Account = tuple[Sku, Place, str, str, str]
"""(sku, place, lot or "" for the pool, owner, bucket or "" outside)."""

PAGE: Final = 10_000


class Step(NamedTuple):
    """One change of a status: of which machine, whose, from what, by which command, to what."""

    machine: str
    name: str
    before: str
    command: str
    after: str


@define
class Books:
    """Orders, carts, transfers and balances as the log says; `orders_touched` are those of the last records taken."""

    cursor: Cursor | None = None
    length: int = 0
    orders: dict[OrderId, Order] = field(factory=dict)
    carts: dict[str, Reservation] = field(factory=dict)
    transfers: dict[str, Transfer] = field(factory=dict)
    balance: Counter[Account] = field(factory=Counter)
    shorted: dict[tuple[OrderId, str], set[Place]] = field(factory=dict)
    versions: Counter[Stream] = field(factory=Counter)
    carriage: Carriage = field(factory=Carriage)
    news: tuple[Recorded, ...] = ()
    orders_touched: dict[OrderId, Order | None] = field(factory=dict)
    carts_touched: dict[str, Reservation | None] = field(factory=dict)
    transfers_touched: dict[str, Transfer | None] = field(factory=dict)

    def follow(self, kernel: Kernel) -> None:
        """Take whatever came into the log since the last time."""
        records: list[Recorded] = []
        while True:
            page = kernel.log(self.cursor, limit=PAGE)
            self.cursor = page.cursor
            if not page.records:
                break
            records += page.records
            if len(page.records) < PAGE and not page.lag:
                break
        self.take(records)

    def take(self, records: Iterable[Recorded]) -> None:
        """Take recorded events."""
        self.news = tuple(records)
        self.carriage.moves.clear()
        self.orders_touched, self.carts_touched, self.transfers_touched = {}, {}, {}
        for record in self.news:
            self.length += 1
            self.versions[record.stream] += 1
            for posting in postings_of(record.event):
                self._post(posting)
            kind, _, name = record.stream.partition("/")
            self.carriage.take(kind, name, record)
            if kind == "order":
                self._order(OrderId(name), record)
            elif kind == "reservation":
                cart = self.carts.get(name)
                self.carts_touched.setdefault(name, cart)
                after = fold_reservation(cart, (record.event,), record.stream)
                assert after is not None
                self.carts[name] = after
            elif kind == "transfer":
                transfer = self.transfers.get(name)
                self.transfers_touched.setdefault(name, transfer)
                folded = fold_transfer(transfer, (record.event,), record.stream)
                assert folded is not None
                self.transfers[name] = folded

    def _order(self, id: OrderId, record: Recorded) -> None:
        before = self.orders.get(id)
        self.orders_touched.setdefault(id, before)
        self.orders[id] = evolve_order(before, record.event, id)
        if isinstance(record.event, PickShorted):
            for moved in record.event.contents:
                self.shorted.setdefault((id, moved.line), set()).add(moved.place)

    def _post(self, posting: Posting) -> None:
        sides = (
            (posting.source, posting.source_bucket, -posting.quantity),
            (posting.target, posting.target_bucket, posting.quantity),
        )
        for place, bucket, change in sides:
            if not posting.narrowing:
                self.balance[posting.sku, place, "", posting.owner, bucket] += change
            if posting.lot and bucket:
                self.balance[posting.sku, place, posting.lot, posting.owner, bucket] += change

    def claims(self) -> Counter[Account]:
        """Units that orders and carts hold, by account, pool and lots."""
        held: Counter[Account] = Counter()
        for order in self.orders.values():
            for line in order.lines.values():
                for claim in line.claims:
                    for lot in {"", claim.lot}:
                        held[line.facts.sku, claim.place, lot, claim.owner, claim.bucket] += claim.quantity
        for cart in self.carts.values():
            for leg in cart.contents:
                for lot in {"", leg.lot}:
                    held[leg.sku, leg.place, lot, leg.owner, "soft_reserved"] += leg.quantity
        return held

    def waiting(self) -> Counter[tuple[OrderId, str]]:
        """Units that wait for supply, by order and line."""
        return Counter(
            {
                (id, line.facts.line): line.backordered
                for id, order in self.orders.items()
                for line in order.lines.values()
                if line.backordered
            }
        )

    def steps(self, command: str) -> list[Step]:
        """Status changes by the last records, all of which `command` has caused."""
        made: list[Step] = []
        for id, before in self.orders_touched.items():
            after = self.orders[id]
            if before is None:
                continue
            made.append(Step("order", id, before.status, command, after.status))
            for name, work in before.works.items():
                was, now = work_status(before, work), work_status(after, after.works[name])
                if was != now:
                    made.append(Step("fulfillment order", f"{id} {name}", was, command, now))
        for name, cart in self.carts_touched.items():
            if cart is not None:
                made.append(Step("reservation", name, cart.status, command, self.carts[name].status))
        for name, transfer in self.transfers_touched.items():
            if transfer is not None:
                made.append(Step("transfer", name, transfer.status, command, self.transfers[name].status))
        return made


@define
class Shelves:
    """What the kernel's store says at one moment: balances by account without zeros, waiting lines, the catalog."""

    balance: dict[Account, int]
    waiting: dict[tuple[OrderId, str], WaitingLine]

    @classmethod
    def read(cls, kernel: Kernel, skus: Iterable[Sku]) -> Shelves:
        """One snapshot."""
        positions, waiting = ReadPositions(tuple(skus)), ReadDocuments(WAITING, limit=PAGE)
        snapshot = kernel.store.read((positions, waiting), tenant=kernel.core.tenant)
        balance: dict[Account, int] = {
            (*key, bucket): units
            for key, row in snapshot.of(positions).items()
            for bucket, units in zip(BUCKETS, row, strict=True)
            if units
        }
        lines = [document.body for document in snapshot.of(waiting)]
        return cls(balance, {(line.order, line.line): line for line in lines if isinstance(line, WaitingLine)})


@define(frozen=True)
class Range:
    """The items and locations of a shop, as its catalog has them now."""

    items: Mapping[Sku, Item]
    locations: Mapping[Place, Location]

    @classmethod
    def read(cls, kernel: Kernel) -> Range:
        """One snapshot."""
        items, locations = ReadDocuments("item", limit=PAGE), ReadDocuments("location", limit=PAGE)
        snapshot = kernel.store.read((items, locations), tenant=kernel.core.tenant)
        found = [document.body for document in snapshot.of(items)]
        places = [document.body for document in snapshot.of(locations)]
        return cls(
            {item.sku: item for item in found if isinstance(item, Item)},
            {at.place: at for at in places if isinstance(at, Location)},
        )
