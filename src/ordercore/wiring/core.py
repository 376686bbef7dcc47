"""Everything a kernel does, in terms of store calls: written once, driven synchronously or not."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from contextlib import suppress
from contextvars import ContextVar
from datetime import datetime
from functools import partial
from typing import Any, Final, Literal, TypeVar, get_args

from ordercore.codec import Codec
from ordercore.engine import Calls, Engine, Result, Task
from ordercore.errors import (
    BrokenRule,
    ConfigurationError,
    Conflict,
    InsideTransaction,
    NotFound,
    Rejected,
    nearest,
)
from ordercore.flows.shop import Shop
from ordercore.intake import ItemMapping
from ordercore.message import Command, Context, Envelope, Receipt, Recorded
from ordercore.plan import Explanation
from ordercore.policies import Policies
from ordercore.ports import (
    Carrier,
    Channel,
    Clock,
    Declined,
    Ids,
    Notifier,
    RateQuery,
    RateQuote,
    Supplier,
    Transmission,
    Transport,
)
from ordercore.ports.archive import Archive
from ordercore.projection import Follower, Projection, Reaction, delivery_of
from ordercore.readable import brief
from ordercore.sourcing import STRATEGIES
from ordercore.store import AsyncStore, Breach, Page, Store
from ordercore.values import CommandId, Cursor, OrderId, Sku, Stream, instant_of, text_of
from ordercore.views.why import Why, explain_order, why
from ordercore.wiring.adapters import check_instances
from ordercore.wiring.archive_reading import ArchiveReading
from ordercore.wiring.delivery import Delivery, Taken, projected
from ordercore.wiring.effects import Performing
from ordercore.wiring.firing import Firing
from ordercore.wiring.journal import catch_up
from ordercore.wiring.near import suggesting
from ordercore.wiring.parking import Parking
from ordercore.wiring.plugins import Plugins
from ordercore.wiring.receive import Receiver
from ordercore.wiring.report import IDLE, IntakeReport, WorkReport
from ordercore.wiring.routes import KINDS_OF_KEYS, route_of
from ordercore.wiring.telling import Telling
from ordercore.wiring.verify import NOT_READ, verify_claims
from ordercore.wiring.verify_supply import verify_supply
from ordercore.wiring.watch import Watch

R = TypeVar("R")
T = TypeVar("T")

Part = Literal["timers", "followers", "effects"]
PARTS: Final[tuple[Part, ...]] = get_args(Part)
"""What there is to work at."""

_DELIVERING: Final[ContextVar[tuple[int, ...]]] = ContextVar("ordercore.delivering", default=())
"""The kernels inside of whose followers this thread or task is."""

REACTIONS: Final = 100
"""Commands of a reaction that share a commit."""

KEY_MOST: Final = 2_000
"""Characters of a natural key."""


class Core:
    """Immutable wiring and the engine's memory. Safe to share between threads."""

    def __init__(
        self, *, plugins: Plugins | Sequence[object], channels: Mapping[str, Channel], mapping: ItemMapping, strategy: str,
        policies: Policies, clock: Clock, ids: Ids, tenant: str, followers: Sequence[Follower | Reaction | Projection],
        carriers: Mapping[str, Carrier], suppliers: Mapping[str, Supplier], notifiers: Mapping[str, Notifier],
        transport: Transport | None, archive: Archive | None = None,
    ) -> None:  # fmt: skip
        """Register plugins, check names. Raises ConfigurationError."""
        self.plugins = Plugins.of(plugins)
        self.codec = Codec()
        self.codec.register(*self.plugins.events())
        strategies = {**STRATEGIES, **self.plugins.strategies()}
        if strategy not in strategies:
            raise ConfigurationError(
                f"There is no sourcing strategy {strategy!r}.", strategy=strategy, hint=nearest(strategy, strategies)
            )
        adapters = {"carrier": carriers, "supplier": suppliers, "notifier": notifiers}
        check_instances({"channel": channels, **adapters})
        self.shop = Shop(policies, strategies, strategy, adapters)
        self.clock = clock
        self.ids = ids
        self.tenant = tenant
        self.engine = Engine(self.plugins.guard if self.plugins.guarded else None, tenant)
        house = (
            (Watch(self.engine, suggests=policies.replenish in ("suggest", "order")),)
            if policies.replenish != "off"
            else ()
        )
        telling = tuple(Telling(one, self.codec.name_of, tenant) for one in notifiers.values())
        self.followers = (*house, *followers, *self.plugins.projections(), *telling)
        if len({follower.name for follower in self.followers}) < len(self.followers):
            raise ConfigurationError(
                "Two followers have the same name: they would share a cursor.", hint="Give each its own `name`."
            )
        self.instances = tuple(channels)
        self.receiver = Receiver(self.engine, self.shop, clock, {**channels, **carriers, **suppliers}, mapping)
        self.performing = Performing(self.engine, self.shop, clock, transport)
        self.firing = Firing(self.engine, clock, self.performing, self.task)
        self.delivery = Delivery(self.engine, clock, policies.delivery, self.take, self.codec.name_of)
        self.parking = Parking(self.engine, clock, self.delivery, self.followers)
        for follower in self.followers:
            delivery_of(follower, policies.delivery)
        # Once, for to look whether an object fulfils a Protocol takes as long as a commit in memory.
        self._projections = frozenset(one.name for one in self.followers if isinstance(one, Projection))
        self._reactions = frozenset(one.name for one in self.followers if isinstance(one, Reaction))
        self.archive = archive
        if archive is not None:
            self.engine.archive = ArchiveReading(archive, self.codec)
        self.borrows = False
        """Whether the store works on a connection of the host, and may find itself inside its transaction."""

    def use(self, store: Store | AsyncStore) -> None:
        """Say to the store how events are written, and note what it can do."""
        store.use_codec(self.codec)
        self.engine.memory.alone = "multi_process" not in store.capabilities
        self.delivery.shared = "durable" in store.capabilities
        self.borrows = "borrowed_transaction" in store.capabilities

    def brief(self, kind: str, store: object) -> str:
        """The `repr` of a kernel: never the address of its store, which may hold a password."""
        tenant = f"tenant {self.tenant}" if self.tenant else ""
        channels = f"channels {', '.join(self.instances)}" if self.instances else ""
        return brief(kind, f"on {type(store).__name__}", f"strategy {self.shop.default_strategy}", tenant, channels)

    def required_archive(self) -> Archive:
        """Where closed orders are. Raises ConfigurationError without one."""
        if self.archive is None:
            raise ConfigurationError(
                "The kernel has no archive.",
                hint='Build it with archive=ArchiveFolder.at("archive"); on the command line, --archive DIR.',
            )
        return self.archive

    def task(
        self, command: Command[R], *, key: str | None = None, actor: str = "", effective: datetime | None = None,
        expect: int | None = None, cause: str = "", ours: bool = False,
    ) -> Task[R]:  # fmt: skip
        """A command with its context: its natural key wins over `key`, which wins over a fresh id.

        A caller's key that begins like a natural one, or one of `ours`, gets a prefix and so stands for no other command.
        """
        route = route_of(command)
        id = route.key(command) if route.key is not None else ""
        if not id:
            id = self.ids.new("cmd") if key is None else text_of(key, what="Key", most=200, empty=False)
            if key is not None and not ours and key.startswith(KINDS_OF_KEYS):
                id = "key:" + key
        elif len(id) > KEY_MOST or not id.isprintable():
            # What its parts may be is the flow's part, but it is read before the flow has looked at them.
            text_of(id, what="What identifies the command", most=KEY_MOST)
        if actor or cause:
            text_of(actor, what="Actor")
            text_of(cause, what="Cause")
        now = self.clock.now()
        when = now if effective is None else instant_of(effective, what="effective")
        context = Context(CommandId(id), now, when, actor, cause)
        begin = partial(route.flow, command, context, self.shop)
        about = partial(route.stream, command) if key is not None else None
        seen = Stream(route.stream(command) if expect is not None else "")
        return Task(command, context, begin, route.is_order, expect, self.shop.policies.replans, about, seen)

    def tasks(
        self, commands: Iterable[Command[Any] | Envelope[Any]], *, actor: str, effective: datetime | None,
        ours: bool = False,
    ) -> list[Task[Any] | Rejected]:  # fmt: skip
        """Commands with their contexts; what an envelope says of its command goes before what is said for all.

        One that cannot even be named is refused alone, as a value.
        """
        made: list[Task[Any] | Rejected] = []
        for one in commands:
            try:
                if isinstance(one, Envelope):
                    when = effective if one.effective is None else one.effective
                    made.append(
                        self.task(one.command, key=one.key, actor=actor, effective=when, cause=one.cause, ours=ours)
                    )
                else:
                    made.append(self.task(one, actor=actor, effective=effective))
            except Rejected as error:
                made.append(error)
        return made

    def handle(self, task: Task[R]) -> Calls[Receipt[R]]:
        """One command to its receipt."""
        return suggesting(self.engine.run(task), self.tenant)

    def handle_many(self, given: Sequence[Task[Any] | Rejected], group: int) -> Calls[list[Result]]:
        """Commands in groups of at most `group`; those on one stream in successive rounds, in their order."""
        results: list[Result | None] = [one if isinstance(one, Rejected) else None for one in given]
        at = [n for n, result in enumerate(results) if result is None]
        tasks = [task for task in given if isinstance(task, Task)]
        for round_ in _rounds(tasks, group):
            made = yield from self.engine.run_many([tasks[n] for n in round_])
            for n, result in zip(round_, made, strict=True):
                results[at[n]] = result
        return [result for result in results if result is not None]

    def look(self, flow: Generator[Any, Any, T]) -> Calls[T]:
        """A reading flow."""
        return suggesting(self.engine.look(flow), self.tenant)

    def why(self, sku: str, location: str) -> Calls[Why]:
        """The journal of a SKU at a location; the index is brought up to date first."""
        yield from catch_up(self.tenant, self.clock.now())
        return (yield from self.look(why(Sku(sku), location)))

    def explain(self, order: OrderId) -> Calls[Explanation]:
        """Why an order was sourced as it was."""
        yield from catch_up(self.tenant, self.clock.now())
        return (yield from self.look(explain_order(order)))

    def receive(self, transmission: Transmission, *, replay: bool = False) -> Calls[IntakeReport]:
        """Take a transmission in."""
        return self.receiver.receive(transmission, replay=replay)

    def rates(self, carrier: str, query: RateQuery) -> Calls[tuple[RateQuote, ...] | Declined]:
        """What a carrier asks for a parcel."""
        adapter: Carrier = self.shop.adapter("carrier", carrier)
        return (yield from self.performing.ask(adapter.rate(query)))

    def verify(self) -> Calls[tuple[Breach, ...]]:
        """Rows against the log by the store, claims against the orders' counters here, if the log can be read."""
        yield from self._outside("verify")
        breaches: tuple[Breach, ...] = yield lambda store: store.verify(tenant=self.tenant)
        if any(breach.identity in NOT_READ for breach in breaches):
            return breaches
        claims = yield from verify_claims(self.tenant)
        return breaches + claims + (yield from verify_supply(self.tenant))

    def log(self, after: Cursor | None, limit: int) -> Calls[Page]:
        """A stretch of the log."""
        page: Page = yield lambda store: store.read_all(after, limit, tenant=self.tenant)
        return page

    def work(
        self, limit: int, only: Collection[Part] = PARTS, followers: Collection[str] | None = None
    ) -> Calls[WorkReport]:  # fmt: skip
        """Fire timers that are due, deliver to followers, perform effects; each by itself.

        Nothing while this thread or task delivers: a follower that sends a command must not be given the same again.
        """
        if id(self) in _DELIVERING.get():
            return IDLE
        yield from self._outside("work")
        chosen = self._chosen(only, followers)
        owner, firing = self.ids.new("worker"), self.firing
        report = IDLE
        due = bool({"timers", "effects"}.intersection(only)) and (yield from firing.anything_due())
        if due and "timers" in only:
            report += yield from firing.timers(owner, limit)
        if chosen:
            report += yield from self.delivery.deliver_to(chosen, owner, limit)
        if "effects" in only and (due or (not report.idle and (yield from firing.anything_due()))):
            report += yield from firing.effects(owner, limit)
            if report.idle:
                report += yield from firing.strangers(owner, limit)
        return report

    def redeliver(self, follower: str, id: str) -> Calls[WorkReport]:
        """Give parked records to their follower again."""
        yield from self._outside("redeliver")
        return (yield from self.parking.redeliver(follower, id, self.ids.new("worker")))

    def _outside(self, what: str) -> Calls[None]:
        """Raises InsideTransaction: what is sent is recorded as sent before, and a follower reads what is committed."""
        if self.borrows and (yield lambda store: store.in_transaction()):
            raise InsideTransaction(
                f"A transaction of the host is open, and {what} needs transactions of its own.", asked=what
            )

    def _chosen(self, only: Collection[Part], names: Collection[str] | None) -> tuple[Any, ...]:
        for part in only:
            if part not in PARTS:
                raise ConfigurationError(f"There is no part {str(part)[:64]!r} of work.", hint=nearest(part, PARTS))
        for name in names or ():
            self.follower(name)
        if "followers" not in only:
            return ()
        if names is None:
            return self.followers
        return tuple(one for one in self.followers if one.name in names)

    def follower(self, name: str) -> Any:
        """The follower of that name. Raises NotFound."""
        for one in self.followers:
            if one.name == name:
                return one
        raise NotFound.named("follower", name[:64], [one.name for one in self.followers])

    def take(self, follower: Any, records: Sequence[Recorded]) -> Calls[Taken]:
        """Give records to a follower, whatever kind it is. Raises what it raises."""
        token = _DELIVERING.set((*_DELIVERING.get(), id(self)))
        try:
            if isinstance(follower, Watch):
                checks = yield from follower.envelopes(records)
                return Taken(refused=(yield from self._answer(follower.name, checks, again=Conflict)))
            if follower.name in self._projections:
                return (yield from projected(self.engine, follower, records))
            if follower.name in self._reactions:
                # News that others kept from being noted are news still; what a host's reaction meets is its own affair.
                again: type[Rejected] | tuple[()] = Conflict if isinstance(follower, Telling) else ()
                return Taken(
                    refused=(yield from self._answer(follower.name, tuple(follower.react(records)), again=again))
                )
            follower.apply(records)
            return Taken()
        finally:
            with suppress(ValueError):  # of a task that was abandoned, and is cleared away by another
                _DELIVERING.reset(token)

    def _answer(
        self, name: str, envelopes: Sequence[Envelope[Any]], *, again: type[Rejected] | tuple[()] = ()
    ) -> Calls[int]:
        """Send what follows from a page; how many were refused.

        Raises what a command met as a defect, and a refusal that is no answer: then the page comes `again`.
        """
        tasks = self.tasks(envelopes, actor=f"reaction:{name}", effective=None, ours=True)
        results = yield from self.handle_many(tasks, REACTIONS)
        for result in results:
            if isinstance(result, (BrokenRule, again)):
                raise result
        return sum(isinstance(result, Rejected) for result in results)


def _rounds(tasks: Sequence[Task[Any]], group: int) -> Iterable[list[int]]:
    """Indexes in rounds: no round has two commands on one stream, and none overtakes an earlier one of its stream."""
    turn: dict[str, int] = {}
    rounds: list[list[int]] = []
    following: list[int] = []
    for at, task in enumerate(tasks):
        stream = route_of(task.command).stream(task.command)
        first = _with_room(following, turn.get(stream, 0))
        if first == len(rounds):
            rounds.append([])
            following.append(first)
        rounds[first].append(at)
        if len(rounds[first]) >= group:
            following[first] = first + 1
        turn[stream] = first + 1
    return rounds


def _with_room(following: list[int], first: int) -> int:
    """The first round from `first` on that is not full: a full one points past itself, by ever longer steps."""
    while first < len(following) and following[first] != first:
        step = following[first]
        if step < len(following):
            following[first] = step = following[step]
        first = step
    return first
