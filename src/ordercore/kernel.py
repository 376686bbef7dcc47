"""The kernel: one object, one verb. `handle` changes things, nouns read them."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Self, TypeVar

from ordercore.alerts import AlertSummary
from ordercore.engine import Calls
from ordercore.errors import BrokenRule, InvalidCommand, Rejected
from ordercore.intake import ItemMapping, Quarantined
from ordercore.message import Command, Envelope, Receipt
from ordercore.order import Order
from ordercore.order.manifest import Manifest
from ordercore.order.summary import ErasedAddress
from ordercore.plan import Explanation
from ordercore.policies import Policies
from ordercore.ports import (
    Carrier,
    Channel,
    Clock,
    Declined,
    Ids,
    LabelDocument,
    Notifier,
    RateQuery,
    RateQuote,
    Supplier,
    Transmission,
    Transport,
)
from ordercore.ports.archive import Archive
from ordercore.projection import Follower, ParkedRecord, ParkedStatus, Projection, Reaction
from ordercore.store import Breach, Page, Store
from ordercore.supply import Purchase, PurchaseSummary
from ordercore.values import Address, Cursor, OrderId, Sku
from ordercore.views import EffectRow, FollowerRow, OrderRow, ParcelTracking, StockView, Timeline, Why
from ordercore.views.alerts import alerts
from ordercore.views.effects import effects
from ordercore.views.expected import Expected, expected
from ordercore.views.orders import order, orders
from ordercore.views.purchases import purchase, purchases
from ordercore.views.stock import available, stock
from ordercore.views.timeline import timeline
from ordercore.views.tracking import label, manifest, person, tracking
from ordercore.wiring import Core, IntakeReport, PluginInfo, Plugins, SystemClock, TimeOrderedIds, WorkReport
from ordercore.wiring.core import PARTS, Part
from ordercore.wiring.open import open_store
from ordercore.wiring.receive import quarantined
from ordercore.wiring.waking import Wake, woken

R = TypeVar("R")
T = TypeVar("T")


class Kernel:
    """Orders, stock and allocation over one store; immutable wiring, safe to share between threads.

    Without a store it keeps everything in memory. `plugins` are modules or objects with hook functions, `channels`
    accounts by instance, as are `carriers`, `suppliers` and `notifiers`; `transport` sends what those want sent,
    in `work`. `wake` is called after a commit to a durable store, to tell whoever works that there may be something to
    do; over a connection that the host lends it is called before the host's commit. `archive` is where closed orders are
    that left the store. `strategy` is the sourcing strategy that is used unless a command names another. `clock`, `ids`
    and `tenant` are arguments, so that nothing here looks at the machine behind the host's back.
    """

    def __init__(
        self, store: Store | None = None, *, plugins: Plugins | Sequence[object] = (),
        channels: Mapping[str, Channel] | None = None, mapping: ItemMapping | None = None, strategy: str = "nearest",
        policies: Policies | None = None, clock: Clock | None = None, ids: Ids | None = None, tenant: str = "",
        followers: Sequence[Follower | Reaction | Projection] = (), carriers: Mapping[str, Carrier] | None = None,
        suppliers: Mapping[str, Supplier] | None = None, notifiers: Mapping[str, Notifier] | None = None,
        transport: Transport | None = None, wake: Wake | None = None, archive: Archive | None = None,
    ) -> None:  # fmt: skip
        """Wire it up. Raises ConfigurationError for plugins or names that cannot work."""
        self.core = Core(
            plugins=plugins, channels=channels or {}, mapping=mapping or ItemMapping(), strategy=strategy,
            policies=policies or Policies(), clock=clock or SystemClock(), ids=ids or TimeOrderedIds(), tenant=tenant,
            followers=followers, carriers=carriers or {}, suppliers=suppliers or {}, notifiers=notifiers or {},
            transport=transport, archive=archive,
        )  # fmt: skip
        self.store = store if store is not None else open_store("memory://")
        self.core.use(self.store)
        # A store that is gone with the process has no worker of its own: everything due happens in `handle`.
        self._works_itself = "durable" not in self.store.capabilities
        self._wake = wake

    @classmethod
    def open(
        cls, url: str, *, plugins: Plugins | Sequence[object] = (), channels: Mapping[str, Channel] | None = None,
        mapping: ItemMapping | None = None, strategy: str = "nearest", policies: Policies | None = None,
        clock: Clock | None = None, ids: Ids | None = None, tenant: str = "", followers: Sequence[Follower | Reaction | Projection] = (),
        carriers: Mapping[str, Carrier] | None = None,
        suppliers: Mapping[str, Supplier] | None = None, notifiers: Mapping[str, Notifier] | None = None,
        transport: Transport | None = None, wake: Wake | None = None, archive: Archive | None = None,
    ) -> Self:  # fmt: skip
        """A kernel over a store by URL: `sqlite:///shop.db`, `sqlite:////var/lib/shop.db`, `memory://`.

        Raises ConfigurationError for an unknown scheme, StoreError for a file that cannot be used.
        """
        plugins = Plugins.of(plugins)
        return cls(
            open_store(url, plugins), plugins=plugins, channels=channels, mapping=mapping, strategy=strategy,
            policies=policies, clock=clock, ids=ids, tenant=tenant, followers=followers, carriers=carriers,
            suppliers=suppliers, notifiers=notifiers, transport=transport, wake=wake, archive=archive,
        )  # fmt: skip

    @classmethod
    def from_config(cls, path: str | Path, *, environ: Mapping[str, str] | None = None, **given: Any) -> Self:
        """A kernel as a TOML file describes it (`docs/configuration.md`); `given` are further arguments.

        `environ` holds the secrets that the file names; without it, the environment of the process. Raises
        ConfigurationError with the file, the path of each wrong key and the nearest known name.
        """
        from ordercore.wiring.config import read_configuration  # reading files strictly takes a while to load

        config = read_configuration(Path(path), os.environ if environ is None else environ)
        return cls(open_store(config.store, config.plugins), **{**config.arguments(), **given})

    @property
    def plugins(self) -> tuple[PluginInfo, ...]:
        """Every plugin there is; those with problems were left out."""
        return self.core.plugins.infos

    def __repr__(self) -> str:
        """`<Kernel on MemoryStore: strategy nearest>`."""
        return self.core.brief("Kernel", self.store)

    def _drive(self, calls: Calls[T]) -> T:
        """Make each store call and send back what it returned."""
        try:
            call = next(calls)
            while True:
                try:
                    answer = call(self.store)
                except Exception as error:  # noqa: BLE001  # the flow may know what to do about it
                    call = calls.throw(error)
                else:
                    call = calls.send(answer)
        except StopIteration as end:
            value: T = end.value
            return value

    def handle(
        self, command: Command[R], *, key: str | None = None, actor: str = "", effective: datetime | None = None,
        expect: int | None = None, cause: str = "",
    ) -> Receipt[R]:  # fmt: skip
        """Do what the command asks, once, or raise a Rejected and change nothing.

        `key`: idempotency key (a fresh one without it; natural keys win); `effective`: when it is true in the world;
        `expect`: the version of the stream that the caller saw. Raises Rejected subclasses and StoreError.
        """
        core = self.core
        task = core.task(command, key=key, actor=actor, effective=effective, expect=expect, cause=cause)
        receipt = self._drive(core.handle(task))
        self._committed()
        return receipt

    def handle_many(
        self,
        commands: Iterable[Command[Any] | Envelope[Any]],
        *,
        actor: str = "",
        effective: datetime | None = None,
        group: int = 200,
    ) -> list[Receipt[Any] | Rejected | BrokenRule]:
        """Independent commands, `group` to a commit; one result each, in the same order. Refusals are values here.

        So is a defect that one of them meets (BrokenRule, with what a plugin raised as its cause); a StoreError is
        raised. Commands on one stream see each other in their order; across streams commands of one group do not. An
        `Envelope` gives a command its own key and effective time.
        """
        tasks = self.core.tasks(commands, actor=actor, effective=effective)
        results = self._drive(self.core.handle_many(tasks, group))
        self._committed()
        return results

    def _committed(self) -> None:
        """Do what is due, or wake who does."""
        if self._works_itself:
            self._work_if_due()
        elif self._wake is not None:
            woken(self._wake)

    def _work_if_due(self) -> None:
        core = self.core
        if core.followers:
            self.work(until_idle=True)
            return
        due = self.store.next_due(tenant=core.tenant)
        if due is not None and due <= core.clock.now():
            self.work(until_idle=True)

    def work(
        self, *, until_idle: bool = False, limit: int = 500, only: Collection[Part] = PARTS,
        followers: Collection[str] | None = None,
    ) -> WorkReport:  # fmt: skip
        """Make everything due happen: timers, followers, outside effects. Any number of workers may call it at once.

        `only` some of "timers", "followers", "effects"; of followers only those named in `followers`. Raises NotFound
        for a follower there is not.
        """
        report = more = self._drive(self.core.work(limit, only, followers))
        while until_idle and not more.idle:  # what failed is not tried again at once, so that this ends
            more = self._drive(self.core.work(limit, only, followers))
            report += more
        return report

    def receive(self, instance: str, transmission: Transmission) -> IntakeReport:
        """Take a document in over a channel. Whatever is wrong with it is kept, with path and reason.

        Raises AuthenticationFailed if it does not prove its sender, NotFound for an unknown instance.
        """
        if transmission.instance != instance:
            raise InvalidCommand(
                f"A transmission of {transmission.instance!r} came in at {instance!r}.",
                path="transmission.instance",
                hint="Both name the account of the channel.",
            )
        return self._taken_in(self.core.receive(transmission))

    def _taken_in(self, calls: Calls[IntakeReport]) -> IntakeReport:
        report = self._drive(calls)
        self._committed()
        return report

    def tracking(self, order_id: str) -> tuple[ParcelTracking, ...]:
        """Each parcel of an order: what its carrier says, and the estimate beside the promise. Raises NotFound."""
        return self._drive(self.core.look(tracking(OrderId(order_id), self.core.clock.now())))

    def rates(self, carrier: str, query: RateQuery) -> tuple[RateQuote, ...] | Declined:
        """What a carrier asks for a parcel, cheapest first, or why it does not take it. It is asked now, over the transport.

        Raises NotFound for an unknown carrier, and what the transport raises.
        """
        return self._drive(self.core.rates(carrier, query))

    def label(self, order_id: str, parcel: str, media_type: str = "") -> LabelDocument:
        """A label of a booked parcel; with `media_type` (`application/pdf`, ...) of that. Raises NotFound."""
        return self._drive(self.core.look(label(OrderId(order_id), parcel, media_type)))

    def manifest(self, manifest_id: str) -> tuple[Manifest, LabelDocument | None]:
        """Parcels handed over together, and the list to print if the carrier gave one. Raises NotFound."""
        return self._drive(self.core.look(manifest(manifest_id)))

    def effects(
        self, status: str | None = "uncertain", *, after: tuple[str, str] | None = None, limit: int = 100
    ) -> tuple[EffectRow, ...]:
        """What is done outside, oldest first: those that wait for a person, of another status, or (None) all."""
        return self._drive(self.core.look(effects(status, after=after, limit=limit)))

    def followers(self) -> tuple[FollowerRow, ...]:
        """Where each follower stands: how far behind, what failed and when it is tried again, who is at it."""
        return self._drive(self.core.parking.followers())

    def parked(
        self, follower: str | None = None, *, status: ParkedStatus = "parked", limit: int = 100
    ) -> tuple[ParkedRecord, ...]:
        """Records that a follower could not take, oldest first, or (`status="dropped"`) that were given up."""
        return self._drive(self.core.parking.parked(follower, status, limit))

    def redeliver(self, follower: str, id: str = "") -> WorkReport:
        """Give its parked records to a follower again, or only that with this id. Raises NotFound.

        They come after what was recorded later: for a follower whose order matters, park nothing.
        """
        return self._drive(self.core.redeliver(follower, id))

    def drop_parked(self, id: str, *, reason: str, actor: str = "") -> ParkedRecord:
        """Give a parked record up for good; it is kept with the reason. Raises NotFound."""
        return self._drive(self.core.parking.drop(id, reason, actor))

    def resume(self, follower: str) -> FollowerRow:
        """Try a follower that failed or stopped again at the next `work`. Raises NotFound."""
        return self._drive(self.core.parking.resume(follower))

    def quarantine(self, status: str | None = "open", *, limit: int = 100) -> tuple[Quarantined, ...]:
        """Documents that wait for a person, oldest first; `status=None` also those that were replayed."""
        return self._drive(self.core.look(quarantined(status, limit=limit)))

    def replay(self, document: str) -> IntakeReport:
        """Take a quarantined document in again, after what was wrong has been put right. Raises NotFound."""
        transmission = self._drive(self.core.look(self.core.receiver.stored(document)))
        return self._taken_in(self.core.receive(transmission, replay=True))

    def order(self, order_id: str) -> Order:
        """The order as it stands. Raises NotFound."""
        return self._drive(self.core.look(order(OrderId(order_id))))

    def orders(
        self, status: str | None = None, *, after: tuple[str, str] | None = None, limit: int = 100,
        newest_first: bool = False,
    ) -> tuple[OrderRow, ...]:  # fmt: skip
        """A page of orders by the time of placing."""
        return self._drive(self.core.look(orders(status, after=after, limit=limit, newest_first=newest_first)))

    def timeline(self, name: str) -> Timeline:
        """What happened to an order, to `purchase/<number>` or to `alert/<name>`, oldest first. Raises NotFound."""
        return self._drive(self.core.look(timeline(name)))

    def stock(self, sku: str) -> StockView:
        """Stock of a SKU, place by place. Raises NotFound."""
        return self._drive(self.core.look(stock(Sku(sku))))

    def available(self, sku: str) -> int:
        """Units of a SKU that are free, over all locations. Raises NotFound."""
        return self._drive(self.core.look(available(Sku(sku))))

    def alerts(
        self, status: str | None = "open", *, owner: str | None = None, after: str | None = None, limit: int = 100
    ) -> tuple[AlertSummary, ...]:
        """Alerts, the newest of each SKU and location; `status` None: whatever it is; with `owner` only theirs.

        They come by their names; `after` is the name that the next page begins after.
        """
        return self._drive(self.core.look(alerts(status, owner=owner, after=after, limit=limit)))

    def purchase(self, number: str) -> Purchase:
        """The purchase as it stands. Raises NotFound."""
        return self._drive(self.core.look(purchase(number)))

    def purchases(
        self, status: str | None = None, *, after: tuple[str, str] | None = None, limit: int = 100,
        newest_first: bool = False,
    ) -> tuple[PurchaseSummary, ...]:  # fmt: skip
        """A page of purchases by the time they were suggested."""
        return self._drive(self.core.look(purchases(status, after=after, limit=limit, newest_first=newest_first)))

    def expected(self, order_id: str) -> tuple[Expected, ...]:
        """When the lines of an order that wait may expect their units, from what is on order now. Raises NotFound."""
        return self._drive(self.core.look(expected(OrderId(order_id))))

    def why(self, sku: str, location: str) -> Why:
        """The journal of a SKU at a location: what happened, and what stood there after each. Raises NotFound."""
        return self._drive(self.core.why(sku, location))

    def explain(self, order_id: str) -> Explanation:
        """Why an order's first plan chose its locations, and why not the others. Raises NotFound."""
        return self._drive(self.core.explain(OrderId(order_id)))

    def log(self, after: Cursor | None = None, *, limit: int = 1000) -> Page:
        """The log from a cursor on: recorded events in order, none missed."""
        return self._drive(self.core.log(after, limit))

    def verify(self) -> tuple[Breach, ...]:
        """Every breach of an identity, of rows, log, lots and claims; empty when the books are right."""
        return self._drive(self.core.verify())

    def person(self, order_id: str) -> Address | ErasedAddress | None:
        """Where an order goes; that it was erased, if it was; None if nobody said. Raises NotFound."""
        return self._drive(self.core.look(person(OrderId(order_id))))

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def __enter__(self) -> Self:
        """The kernel, closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()
