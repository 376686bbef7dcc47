"""Several workers on one store: each stretch is one worker's, who lost its lease changes nothing, each record counts once."""

import asyncio
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from functools import partial

import pytest
from attrs import frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordercore import AsyncKernel, Kernel
from ordercore.errors import BrokenRule
from ordercore.flow import read
from ordercore.hooks import hookimpl
from ordercore.message import DocumentType
from ordercore.notifiers import WebhookNotifier
from ordercore.order.events import OrderPlaced
from ordercore.policies import DeliveryPolicy, Policies
from ordercore.projection import FollowerState
from ordercore.stock import CartLine, ReserveCart
from ordercore.store import DeleteDocument, PutDocument, ReadDocument
from ordercore.store.memory import MemoryStore
from ordercore.store.sqlite import SQLiteStore
from ordercore.testing import CountedIds, ManualClock, given_stock, place
from ordercore.testing.transports import RecordedTransport
from ordercore.wiring.firing import PATIENCE
from ordercore_postgres import AsyncPostgresStore, PostgresStore

LEASE = timedelta(seconds=60)
SECRET = "whsec_bm90IGEgc2VjcmV0LCBub3QgYSBzZWNyZXQ="


class DurableMemory(MemoryStore):
    capabilities = MemoryStore.capabilities | {"durable", "multi_process"}


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def open_store(request, tmp_path):
    """Opens the store; a second time for another process."""
    made = []
    match request.param:
        case "memory":
            memory = DurableMemory()
            factory = lambda: memory  # noqa: E731
        case "sqlite":
            factory = partial(SQLiteStore, tmp_path / "s.db", synchronous="NORMAL")
        case _:
            factory = partial(PostgresStore.open, request.getfixturevalue("ordercore_postgres_schema"), migrate=True)

    def opened():
        made.append(factory())
        return made[-1]

    yield opened
    for store in made:
        store.close()


@frozen
class Sales:
    """How many orders a day had."""

    orders: int
    pages: int = 0


class SalesOfDay:
    """A projection that counts, so that a record given twice shows."""

    name = "sales"

    def __init__(self, refuses=None, meanwhile=None):
        self.refuses, self.meanwhile, self.calls = refuses, meanwhile, 0

    def project(self, records):
        self.calls += 1
        if self.refuses and any(self.refuses(record) for record in records):
            raise ValueError("poison")
        asked = ReadDocument("shop.sales", "all")
        known = (yield from read(asked)).of(asked)
        before = known.body if known is not None else Sales(0)
        if self.meanwhile:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()
        more = sum(isinstance(record.event, OrderPlaced) for record in records)
        return [PutDocument("shop.sales", "all", Sales(before.orders + more, before.pages + 1))]

    @hookimpl
    def ordercore_register_events(self):
        return [DocumentType("shop.sales", Sales)]


class Listener:
    """Keeps what it is told; `meanwhile` happens in the middle of the first time."""

    def __init__(self, meanwhile=None, name="listener"):
        self.name, self.meanwhile, self.told = name, meanwhile, []

    def apply(self, records):
        self.told.append([(record.stream, record.version) for record in records])
        if self.meanwhile:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()


def shop_of(store, *followers, clock, **options):
    plugins = [one for one in followers if isinstance(one, SalesOfDay)]
    return Kernel(store, clock=clock, ids=CountedIds(), plugins=plugins, followers=followers, **options)


def fill(shop, orders=3):
    given_stock(shop, {"WH1": {"TEA": 50}})
    for n in range(orders):
        place(shop, {"TEA": 1}, external_id=str(n))


def sales(store):
    query = ReadDocument("shop.sales", "all")
    found = store.read([query]).of(query)
    return found.body.orders if found is not None else 0


def everything(shop):
    return [(record.stream, record.version) for record in shop.log(limit=10_000).records]


# Leases


def test_while_one_worker_is_at_a_stretch_no_other_begins_with_it(open_store):
    clock = ManualClock()
    rival_listener = Listener()
    rival = shop_of(open_store(), rival_listener, clock=clock)
    seen = []

    def meanwhile():
        seen.append(rival.work())
        (row,) = rival.followers()
        seen.append((row.status, row.lease_until))

    listener = Listener(meanwhile)
    shop = shop_of(open_store(), listener, clock=clock)
    fill(shop)
    assert shop.work(until_idle=True).delivered == len(everything(shop))
    report, stands = seen
    assert (report.delivered, report.elsewhere, rival_listener.told) == (0, ("listener",), [])
    assert stands == ("delivering", clock.now() + LEASE)
    assert listener.told == [everything(shop)]
    assert rival.followers()[0].lease_until is None


@pytest.mark.parametrize("kind", [SalesOfDay, Listener])
def test_a_worker_that_slept_past_its_lease_changes_nothing(open_store, kind):
    clock = ManualClock()
    rival = shop_of(open_store(), kind(), clock=clock)
    after = []

    def frozen_in_the_middle():
        clock.advance(seconds=61)
        rival.work(until_idle=True)
        after.append((rival.store.cursor_of(rival.core.followers[0].name), rival.followers(), sales(rival.store)))

    shop = shop_of(open_store(), kind(meanwhile=frozen_in_the_middle), clock=clock)
    fill(shop)
    report = shop.work()
    name = shop.core.followers[0].name
    assert (report.delivered, report.elsewhere) == (0, (name,))
    assert (shop.store.cursor_of(name), shop.followers(), sales(shop.store)) == after[0]
    if kind is SalesOfDay:
        assert sales(shop.store) == 3


def test_a_worker_whose_lease_is_another_s_now_changes_nothing_although_the_cursor_stands(open_store):
    clock = ManualClock()

    class Mute(Listener):
        def apply(self, records):
            raise KeyboardInterrupt

    rival = shop_of(open_store(), Mute(), clock=clock)

    def frozen_in_the_middle():
        clock.advance(seconds=61)
        with suppress(KeyboardInterrupt):  # the other has the lease now, and dies at it
            rival.work()

    shop = shop_of(open_store(), Listener(frozen_in_the_middle), clock=clock)
    fill(shop)
    assert shop.work().elsewhere == ("listener",)
    assert shop.store.cursor_of("listener") is None


def test_what_a_worker_died_at_is_given_out_in_smaller_stretches_and_parked_if_it_kills(open_store):
    """A record that ends the process leaves no failure behind, only leases that ran out."""
    clock = ManualClock()

    class Kills(Listener):
        def apply(self, records):
            if any(isinstance(r.event, OrderPlaced) and r.stream == "order/shop:1" for r in records):
                raise KeyboardInterrupt
            super().apply(records)

    listener = Kills()
    shop = shop_of(open_store(), listener, clock=clock, policies=Policies(delivery=DeliveryPolicy(attempts=3)))
    fill(shop)
    died = 0
    for _ in range(12):
        try:
            shop.work(until_idle=True)
        except KeyboardInterrupt:
            died += 1
        clock.advance(seconds=61)
    assert died == 4  # the stretch, then the record alone as often as the policy says
    (parked,) = shop.parked()
    assert (parked.stream, parked.error, parked.attempts) == ("order/shop:1", "LeaseRanOut", 3)
    told = [one for page in listener.told for one in page]
    assert told == [one for one in everything(shop) if one != ("order/shop:1", 1)]


def test_a_lease_of_a_clock_that_was_ahead_holds_nobody_up(open_store):
    clock = ManualClock()

    class Dies(Listener):
        def apply(self, records):
            raise KeyboardInterrupt

    ahead = shop_of(open_store(), Dies(), clock=ManualClock(clock.now() + timedelta(days=3)))
    fill(ahead)
    with suppress(KeyboardInterrupt):
        ahead.work()
    listener = Listener()
    shop = shop_of(open_store(), listener, clock=clock)
    shop.work(until_idle=True)
    assert [one for page in listener.told for one in page] == everything(shop)


def test_a_lease_is_judged_by_its_own_length():
    now, long = ManualClock().now(), DeliveryPolicy(lease_seconds=3_600)
    leased = FollowerState().leased("worker", now, long, 1)
    for seconds, held in ((0, True), (3_599, True), (3_600, False), (-5, True), (-3_600, True), (-3_601, False)):
        assert leased.held(now + timedelta(seconds=seconds)) is held


def test_a_long_lease_of_one_follower_is_seen_by_kernels_that_do_not_know_it(open_store):
    clock, seen = ManualClock(), []

    def meanwhile():
        clock.advance(minutes=20)
        other = Kernel(open_store(), clock=clock)
        seen.append((other.followers()[0].status, other.resume("listener").status))

    listener = Listener(meanwhile)
    listener.delivery = DeliveryPolicy(lease_seconds=3_600)
    shop = shop_of(open_store(), listener, clock=clock)
    fill(shop)
    assert shop.work(until_idle=True).delivered == len(everything(shop))
    assert seen == [("delivering", "delivering")]


def test_a_wait_of_a_clock_that_was_ahead_holds_nobody_up():
    policy, now = DeliveryPolicy(), ManualClock().now()
    failing = FollowerState().failed("X", now)
    assert failing.delayed(now + timedelta(seconds=policy.retry_most_seconds), stopped=False).waits(now, policy)
    assert not failing.delayed(now + timedelta(days=1), stopped=False).waits(now, policy)


def test_a_clock_that_goes_back_fires_no_timer_twice_and_loses_none(open_store):
    clock = ManualClock()
    shop = shop_of(open_store(), clock=clock)
    rival = shop_of(open_store(), clock=clock)
    fill(shop, 0)
    for n in range(3):
        shop.handle(ReserveCart(f"C{n}", [CartLine("1", "TEA", 1)], 60))
    clock.advance(seconds=60)
    leased = shop.store.lease_due("a worker that stops here", clock.now(), LEASE, 1)
    clock.set(clock.now() - timedelta(hours=1))
    assert shop.work(until_idle=True).idle
    clock.advance(hours=1)
    assert rival.work(until_idle=True).timers == 2
    clock.set(clock.now() - timedelta(minutes=30))
    assert rival.work(until_idle=True).idle
    clock.advance(minutes=32)
    assert shop.work(until_idle=True).timers == 1
    assert not shop.store.ack(leased[0])
    assert shop.available("TEA") == 50


# Exactly once


def test_a_projection_has_cursor_and_documents_in_one_commit(open_store):
    clock = ManualClock()
    shop = shop_of(open_store(), SalesOfDay(), clock=clock)
    fill(shop)
    while not shop.work(limit=2).idle:
        pass
    assert sales(shop.store) == 3
    again = shop_of(open_store(), SalesOfDay(), clock=clock)
    again.work(until_idle=True)
    assert sales(shop.store) == 3


def test_a_projection_may_read_nothing_and_may_delete(open_store):
    class Last:
        name = "last"

        def project(self, records):
            return [DeleteDocument("shop.sales", "none"), PutDocument("shop.sales", "all", Sales(len(records)))]

    shop = Kernel(open_store(), clock=ManualClock(), plugins=[SalesOfDay()], followers=[Last()])
    fill(shop)
    shop.work(until_idle=True)
    assert sales(shop.store) == len(everything(shop))


@pytest.mark.parametrize("wrong", [PutDocument("order", "shop:1", Sales(1)), Sales(1)])
def test_a_projection_writes_documents_of_its_own_kinds_alone(open_store, wrong):
    class Wrong:
        name = "wrong"

        def project(self, records):
            return [wrong]

    shop = shop_of(open_store(), Wrong(), clock=ManualClock())
    fill(shop)
    assert shop.work(until_idle=True).failures == (f"wrong: {BrokenRule.__name__}",)


def test_a_projection_that_was_overtaken_at_its_own_document_is_given_the_same_again(open_store):
    clock = ManualClock()
    store = open_store()

    class Careful(SalesOfDay):
        def project(self, records):
            asked = ReadDocument("shop.sales", "all")
            known = (yield from read(asked)).of(asked)
            if self.meanwhile:
                meanwhile, self.meanwhile = self.meanwhile, None
                meanwhile()
            more = sum(isinstance(record.event, OrderPlaced) for record in records)
            before, revision = (known.body.orders, known.revision) if known else (0, 0)
            return [PutDocument("shop.sales", "all", Sales(before + more), revision)]

    class Other:
        name = "other"

        def project(self, records):
            return [PutDocument("shop.sales", "all", Sales(100))]

    rival = Kernel(open_store(), clock=clock, plugins=[SalesOfDay()], followers=[Other()])
    shop = shop_of(store, Careful(meanwhile=rival.work), clock=clock)
    fill(shop)
    assert shop.work(until_idle=True).failures == ("sales: Conflict",)
    clock.advance(seconds=5)
    shop.work(until_idle=True)
    assert (sales(store), shop.parked()) == (103, ())


@pytest.mark.postgres
def test_an_awaited_store_counts_once_too(ordercore_postgres_schema):
    """Two asynchronous workers on one loop, their calls interleaved by it."""
    clock = ManualClock()
    with Kernel(PostgresStore.open(ordercore_postgres_schema, migrate=True), clock=clock) as shop:
        fill(shop, 12)

    async def run():
        made = [SalesOfDay(), SalesOfDay()]
        workers = [
            AsyncKernel(AsyncPostgresStore.open(ordercore_postgres_schema), clock=clock, plugins=[one], followers=[one])
            for one in made
        ]
        for _ in range(10):
            await asyncio.gather(*(worker.work(limit=5) for worker in workers))
        await workers[0].work(until_idle=True)
        (row,) = await workers[1].followers()
        asked = ReadDocument("shop.sales", "all")
        found = (await workers[0].store.read([asked])).of(asked)
        for worker in workers:
            await worker.close()
        return found.body.orders, row.lag

    assert asyncio.run(run()) == (12, 0)


class KilledError(BaseException):
    """The process is gone."""


class Mortal:
    """A store whose process is gone before or after its nth call."""

    def __init__(self, store, nth, after):
        self.store, self.left, self.after = store, nth, after

    def __getattr__(self, name):
        found = getattr(self.store, name)
        if not callable(found) or name == "use_codec":
            return found

        def call(*args, **options):
            self.left -= 1
            if self.left == 0 and not self.after:
                raise KilledError
            answer = found(*args, **options)
            if self.left == 0:
                raise KilledError
            return answer

        return call


POISON = {"none": None, "poison": lambda r: isinstance(r.event, OrderPlaced) and r.stream == "order/shop:1"}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("poison", POISON)
@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_crash_at_any_store_call_counts_no_record_twice_and_misses_none(kind, poison, after, tmp_path):
    policies = Policies(delivery=DeliveryPolicy(attempts=2, retry_seconds=1))
    expected = 3 if poison == "none" else 2
    for nth in range(1, 1_000, 1 if kind == "memory" else 4):
        store = DurableMemory() if kind == "memory" else SQLiteStore(tmp_path / f"{nth}.db", synchronous="NORMAL")
        clock = ManualClock()
        fill(Kernel(store, clock=clock))
        mortal = Mortal(store, nth, after)
        shop = shop_of(mortal, SalesOfDay(POISON[poison]), clock=clock, policies=policies)
        with suppress(KilledError):
            for _ in range(4):
                shop.work(until_idle=True)
                clock.advance(seconds=2)
        survivor = shop_of(store, SalesOfDay(POISON[poison]), clock=clock, policies=policies)
        for _ in range(6):
            clock.advance(seconds=61)
            survivor.work(until_idle=True)
        (row,) = survivor.followers()
        assert (sales(store), row.lag, row.status) == (expected, 0, "current"), nth
        assert row.parked == (poison != "none"), nth
        if poison != "none":
            healed = shop_of(Mortal(store, nth % 9, after), SalesOfDay(), clock=clock, policies=policies)
            with suppress(KilledError):
                healed.redeliver("sales")
            clock.advance(seconds=61)
            shop_of(store, SalesOfDay(), clock=clock, policies=policies).redeliver("sales")
            assert (sales(store), survivor.parked()) == (3, ()), nth
        store.close()
        if mortal.left > 0:
            assert nth > (10 if poison == "none" else 25)
            return
    raise AssertionError("the work never came to an end")


class Stepping:
    """A worker whose work is done one store call at a time, so that others can come between any two."""

    def __init__(self, store, clock, name, times):
        self.kernel = shop_of(store, SalesOfDay(), Listener(), clock=clock)
        self.kernel.core.ids = CountedIds()
        self.name, self.calls, self.call, self.begun = name, None, None, times

    def step(self):
        if self.calls is None:
            self.begun[self.name] += 1
            self.calls = self.kernel.core.work(2)
            self.call = next(self.calls)
            return
        try:
            self.call = self.calls.send(self.call(self.kernel.store))
        except StopIteration:
            self.calls = None

    def dies(self):
        self.calls = None


STEPS = st.lists(
    st.sampled_from(["a"] * 8 + ["b"] * 8 + ["a dies", "b dies", "lease passes", "order", "second"]), max_size=150
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_however_two_workers_interleave_and_die_each_record_counts_once(steps):
    store, clock = DurableMemory(), ManualClock()
    shop = Kernel(store, clock=clock)
    fill(shop)
    begun = Counter()
    workers = {name: Stepping(store, clock, name, begun) for name in "ab"}
    for n, step in enumerate(steps):
        match step.split():
            case [name] if name in workers:
                workers[name].step()
            case [name, "dies"]:
                workers[name].dies()
            case ["lease", _]:
                clock.advance(seconds=61)
            case ["second"]:
                clock.advance(seconds=1)
            case _:
                place(shop, {"TEA": 1}, external_id=f"more {n}")
    listener = Listener()
    last = shop_of(store, SalesOfDay(), listener, clock=clock)
    for _ in range(3):
        clock.advance(seconds=61)
        last.work(until_idle=True)
    assert sales(store) == sum(isinstance(record.event, OrderPlaced) for record in shop.log(limit=10_000).records)
    told = {
        one
        for worker in (*workers.values(), None)
        for page in (listener if worker is None else worker.kernel.core.follower("listener")).told
        for one in page
    }
    assert told == set(everything(shop))
    assert [row.lag for row in last.followers()] == [0, 0]


# Slow effects


def selling(store, clock, transport, count):
    erp = WebhookNotifier("erp", "https://erp.example/", [SECRET], ["order.placed"])
    shop = Kernel(store, clock=clock, ids=CountedIds(), notifiers={"erp": erp}, transport=transport)
    fill(shop, count)
    shop.work(only=["followers"])
    return shop


class Slow(RecordedTransport):
    """Calls somebody while a request is under way."""

    def __init__(self, meanwhile):
        super().__init__()
        self.meanwhile = meanwhile

    def send(self, request):
        self.meanwhile()
        return super().send(request)


def test_while_an_effect_takes_its_time_another_worker_has_all_the_others(open_store):
    clock = ManualClock()
    others, reports = [], []
    shop = selling(open_store(), clock, Slow(lambda: reports.append(others[0].work(until_idle=True))), 4)
    rest = RecordedTransport()
    others.append(
        Kernel(
            open_store(), clock=clock, ids=shop.core.ids, transport=rest, notifiers=shop.core.shop.adapters["notifier"]
        )
    )
    shop.handle(ReserveCart("C", [CartLine("1", "TEA", 1)], 1))
    clock.advance(seconds=1)
    report = shop.work(only=["effects"])
    assert report.effects == 1
    assert (reports[0].effects, reports[0].timers, len(rest.sent)) == (3, 1, 3)


def test_between_slow_effects_a_worker_looks_at_timers(open_store):
    clock = ManualClock()
    shop = selling(open_store(), clock, Slow(lambda: clock.set(clock.now() + PATIENCE)), 4)
    shop.handle(ReserveCart("C", [CartLine("1", "TEA", 1)], 2))
    report = shop.work(until_idle=True)
    assert (report.effects, report.timers) == (4, 1)
    kinds = [type(record.event).__name__ for record in shop.log(limit=1_000).records]
    assert kinds.index("ReservationExpired") < [n for n, kind in enumerate(kinds) if kind == "EffectDone"][1]


def test_a_worker_does_the_parts_that_it_is_told(open_store):
    clock = ManualClock()
    shop = selling(open_store(), clock, RecordedTransport(), 2)
    shop.handle(ReserveCart("C", [CartLine("1", "TEA", 1)], 1))
    clock.advance(seconds=1)
    assert shop.work(only=["timers"], until_idle=True).effects == 0
    assert shop.work(only=["followers"], until_idle=True).timers == 0
    report = shop.work(only=["effects"], until_idle=True)
    assert (report.effects, report.timers, report.delivered) == (2, 0, 0)
