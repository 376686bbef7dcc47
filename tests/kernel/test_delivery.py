"""Followers that fail: they wait, they are narrowed down to the one record, which is parked; nobody is held up."""

import asyncio
from datetime import timedelta

import pytest

from ordercore import AsyncKernel, Kernel
from ordercore.errors import ConfigurationError, InvalidCommand, NotFound, TransientFailure
from ordercore.message import Envelope, Event, EventType
from ordercore.order.events import OrderAllocated, OrderPlaced
from ordercore.policies import DeliveryPolicy, Policies
from ordercore.projection import FOLLOWER, PARKED
from ordercore.projection.state import next_attempt
from ordercore.stock import AdjustStock
from ordercore.store import Append, Batch, ReadDocuments, postings_of
from ordercore.store.memory import MemoryStore
from ordercore.store.sqlite import SQLiteStore
from ordercore.testing import CountedIds, ManualClock, an_order, given_stock, place
from ordercore_postgres import PostgresStore

THRICE = DeliveryPolicy(attempts=3, retry_seconds=10, retry_most_seconds=100)


class DurableMemory(MemoryStore):
    """In memory, but worked on as if other processes did too."""

    capabilities = MemoryStore.capabilities | {"durable", "multi_process"}


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store(request, tmp_path):
    match request.param:
        case "memory":
            made = DurableMemory()
        case "sqlite":
            made = SQLiteStore(tmp_path / "shop.db", synchronous="NORMAL")
        case _:
            made = PostgresStore.open(request.getfixturevalue("ordercore_postgres_schema"), migrate=True)
    yield made
    made.close()


class Listener:
    """Keeps what it is told; raises for what `refuses` says so of."""

    def __init__(self, name="listener", refuses=lambda record: False, error=RuntimeError, **attributes):
        self.name, self.refuses, self.error = name, refuses, error
        self.told, self.calls = [], []
        vars(self).update(attributes)

    def apply(self, records):
        self.calls.append(len(records))
        for record in records:
            if self.refuses(record):
                raise self.error("jane@example.com has no printer")
        self.told += records


def shop_of(store, *followers, clock=None, **options):
    options.setdefault("policies", Policies(delivery=THRICE))
    return Kernel(store, clock=clock or ManualClock(), ids=CountedIds(), followers=followers, **options)


def fill(shop, orders=3):
    given_stock(shop, {"WH1": {"TEA": 50}})
    return [place(shop, {"TEA": 1}, external_id=str(n)) for n in range(orders)]


def is_(event, order="shop:1"):
    return lambda record: isinstance(record.event, event) and record.stream == f"order/{order}"


def names(records):
    return [(record.stream, record.version) for record in records]


def everything(shop):
    return names(shop.log(limit=10_000).records)


def patient(shop, times=12):
    """Work as often, and as much later, as any back-off asks for."""
    reports = []
    for _ in range(times):
        reports.append(shop.work(until_idle=True))
        shop.core.clock.advance(seconds=100)
    return reports


def row(shop, name="listener"):
    return next(row for row in shop.followers() if row.name == name)


# Waiting


def test_the_wait_doubles_up_to_a_most_and_is_drawn_the_same_each_time():
    policy, now = DeliveryPolicy(retry_seconds=4, retry_most_seconds=60), ManualClock().now()
    waits = [(next_attempt("mail", n, policy, now) - now).total_seconds() for n in range(1, 9)]
    for wait, whole in zip(waits, (4, 8, 16, 32, 60, 60, 60, 60), strict=True):
        assert whole * 0.75 < wait <= whole
    assert waits == [(next_attempt("mail", n, policy, now) - now).total_seconds() for n in range(1, 9)]
    assert len({next_attempt(f"tenant {n}/mail", 3, policy, now) for n in range(50)}) == 50


def test_who_failed_is_not_asked_again_before_its_time_and_others_are(store):
    broken, other = Listener("broken", lambda _: True), Listener("other")
    shop = shop_of(store, broken, other)
    fill(shop)
    report = shop.work(until_idle=True)
    assert report.failures == ("broken: RuntimeError",)
    assert (report.waiting, report.lag["other"]) == (("broken",), 0)
    assert names(other.told) == everything(shop)
    asked = len(broken.calls)
    again = shop.work(until_idle=True)
    assert (again.failures, again.waiting, again.lag["broken"]) == ((), ("broken",), report.lag["broken"])
    assert len(broken.calls) == asked
    shop.core.clock.advance(seconds=10)
    shop.work()
    assert len(broken.calls) > asked


def test_its_row_says_what_failed_and_when_it_is_tried_again(store):
    broken = Listener(refuses=lambda _: True)
    shop = shop_of(store, broken)
    fill(shop)
    begun = shop.core.clock.now()
    shop.work()
    stands = row(shop)
    assert (stands.status, stands.failures, stands.reason, stands.cursor) == ("failing", 1, "RuntimeError", None)
    assert stands.since == begun
    assert begun + timedelta(seconds=7) < stands.next_attempt <= begun + timedelta(seconds=10)
    assert stands.lag == len({record.position for record in shop.log(limit=1_000).records})
    assert (stands.lease_owner, stands.lease_until) == ("", None)
    broken.refuses = lambda _: False
    patient(shop, 2)
    assert (row(shop).status, row(shop).failures, row(shop).lag, row(shop).next_attempt) == ("current", 0, 0, None)


def test_what_passes_by_itself_is_never_parked_and_not_narrowed(store):
    away = Listener(refuses=lambda _: True, error=TransientFailure)
    shop = shop_of(store, away)
    fill(shop)
    patient(shop)
    assert (row(shop).parked, row(shop).status, row(shop).failures) == (0, "failing", 12)
    assert set(away.calls) == {len(everything(shop))}
    away.refuses = lambda _: False
    shop.work(until_idle=True)
    assert names(away.told) == everything(shop)


# Parking


@pytest.mark.parametrize("event", [OrderPlaced, OrderAllocated])
def test_the_one_record_that_fails_is_parked_and_all_others_are_told_once(store, event):
    broken = Listener(refuses=is_(event))
    shop = shop_of(store, broken)
    fill(shop)
    reports = patient(shop)
    assert sum(report.parked for report in reports) == 1
    (parked,) = shop.parked()
    missing = next(r for r in shop.log(limit=1_000).records if is_(event)(r))
    assert names(broken.told) == [one for one in everything(shop) if one != (missing.stream, missing.version)]
    assert (parked.follower, parked.stream, parked.version) == ("listener", missing.stream, missing.version)
    assert (parked.error, parked.attempts, parked.event) == ("RuntimeError", 3, shop.core.codec.name_of(event))
    assert parked.first_at < parked.last_at
    assert (row(shop).status, row(shop).parked, row(shop).lag) == ("current", 1, 0)


def test_the_records_before_it_wait_for_no_back_off(store):
    broken = Listener(refuses=is_(OrderPlaced, "shop:2"))
    shop = shop_of(store, broken)
    fill(shop)
    shop.work()
    log = everything(shop)
    assert names(broken.told) == log[: log.index(("order/shop:2", 1))]


def test_behind_it_come_full_stretches_again(store):
    broken = Listener(refuses=is_(OrderPlaced, "shop:0"))
    shop = shop_of(store, broken)
    fill(shop, 8)
    patient(shop, 4)
    assert broken.calls[-1] > 10


def test_what_is_parked_tells_nothing_of_anybody(store):
    shop = shop_of(store, Listener(refuses=is_(OrderPlaced)))
    fill(shop)
    reports = patient(shop)
    told = repr((shop.parked(), shop.followers(), reports))
    assert "jane" not in told
    for kind in (FOLLOWER, PARKED):
        query = ReadDocuments(kind)
        assert "jane" not in repr(store.read([query]).of(query))


def test_many_records_that_fail_are_parked_one_after_the_other(store):
    broken = Listener(refuses=lambda record: isinstance(record.event, OrderAllocated))
    shop = shop_of(store, broken)
    fill(shop, 4)
    patient(shop, 30)
    assert len(shop.parked()) == 4
    assert len(shop.parked(limit=2)) == 2
    assert not any(isinstance(record.event, OrderAllocated) for record in broken.told)
    assert row(shop).lag == 0


def test_a_follower_has_a_policy_of_its_own(store):
    once = DeliveryPolicy(attempts=1)
    shop = shop_of(store, Listener(refuses=is_(OrderPlaced), delivery=once))
    fill(shop)
    report = shop.work(until_idle=True)
    assert (report.parked, report.failures) == (1, ("listener: RuntimeError, parked",))
    assert not report.waiting


def test_a_policy_that_is_none_is_said_at_once():
    with pytest.raises(ConfigurationError, match="DeliveryPolicy"):
        Kernel(followers=[Listener(delivery={"attempts": 3})])


def test_who_must_not_miss_anything_stops_and_says_how_far_behind_it_is(store):
    strict = Listener(refuses=is_(OrderPlaced), delivery=DeliveryPolicy(attempts=2, on_poison="stop"))
    shop = shop_of(store, strict)
    fill(shop)
    reports = patient(shop)
    log = everything(shop)
    stuck = log.index(("order/shop:1", 1))
    assert names(strict.told) == log[:stuck]
    assert (row(shop).status, row(shop).parked, shop.parked()) == ("stopped", 0, ())
    assert row(shop).lag == reports[-1].lag["listener"] > 0
    assert reports[-1].waiting == ("listener",)
    strict.refuses = lambda _: False
    assert shop.resume("listener").status != "stopped"
    shop.work(until_idle=True)
    assert names(strict.told) == log
    assert row(shop).status == "current"


def test_who_stopped_looks_again_by_itself_now_and_then(store):
    strict = Listener(refuses=is_(OrderPlaced), delivery=DeliveryPolicy(attempts=2, on_poison="stop"))
    shop = shop_of(store, strict)
    fill(shop)
    patient(shop)
    strict.refuses = lambda _: False
    shop.core.clock.advance(seconds=900)
    shop.work(until_idle=True)
    assert names(strict.told) == everything(shop)


class Checks:
    """A reaction that fails for one event, and recounts after the others."""

    name = "checks"

    def react(self, records):
        for record in records:
            if is_(OrderPlaced)(record):
                raise KeyError("no such shelf")
            if isinstance(record.event, OrderPlaced):
                yield Envelope(AdjustStock("WH1", "TEA", -1, reason="sample"), key=f"sample {record.stream}")


def test_a_reaction_that_cannot_answer_an_event_answers_the_others(store):
    shop = shop_of(store, Checks())
    fill(shop)
    patient(shop)
    assert shop.available("TEA") == 50 - 3 - 2
    assert [one.error for one in shop.parked()] == ["KeyError"]


# What a person does about it


def parked_shop(store, count=1):
    broken = Listener(refuses=lambda record: isinstance(record.event, OrderPlaced), delivery=DeliveryPolicy(attempts=1))
    shop = shop_of(store, broken, Listener("other"))
    fill(shop, count)
    patient(shop, count + 1)
    assert len(shop.parked()) == count
    return shop, broken


def test_a_parked_record_is_delivered_again(store):
    shop, broken = parked_shop(store, 3)
    broken.refuses = lambda _: False
    first, second, third = shop.parked()
    assert shop.redeliver("listener", second.id).delivered == 1
    assert [one.id for one in shop.parked("listener")] == [first.id, third.id]
    assert shop.redeliver("listener").delivered == 2
    assert shop.parked() == ()
    assert sorted(names(broken.told)) == sorted(everything(shop))
    assert row(shop).status == "current"


def test_one_that_still_fails_stays_parked_and_counts_it(store):
    shop, broken = parked_shop(store, 2)
    shop.core.clock.advance(seconds=1)
    broken.refuses = is_(OrderPlaced)
    report = shop.redeliver("listener")
    assert (report.delivered, report.failures) == (1, ("listener: RuntimeError",))
    (still,) = shop.parked()
    assert (still.stream, still.attempts, still.last_at) == ("order/shop:1", 2, shop.core.clock.now())


def test_a_parked_record_is_given_up_with_a_reason(store):
    shop, _ = parked_shop(store)
    (parked,) = shop.parked()
    with pytest.raises(InvalidCommand):
        shop.drop_parked(parked.id, reason="")
    shop.drop_parked(parked.id, reason="a test order", actor="anna")
    assert shop.parked() == ()
    (dropped,) = shop.parked(status="dropped")
    assert (dropped.id, dropped.reason, dropped.actor) == (parked.id, "a test order", "anna")
    for gone in (lambda: shop.drop_parked(parked.id, reason="again"), lambda: shop.redeliver("listener", parked.id)):
        with pytest.raises(NotFound):
            gone()


def test_what_is_not_there_is_said(store):
    shop, _ = parked_shop(store)
    for wrong in (
        lambda: shop.redeliver("listner"), lambda: shop.resume("listner"), lambda: shop.parked("listner"),
        lambda: shop.work(followers=["listner"]),
    ):  # fmt: skip
        with pytest.raises(NotFound) as error:
            wrong()
        assert "'listener'" in error.value.hint
    with pytest.raises(NotFound):
        shop.parked(status="parkd")
    with pytest.raises(NotFound):
        shop.redeliver("listener", "abc")


def test_a_kernel_without_the_follower_sees_it_and_lets_it_go_on(store):
    shop, _ = parked_shop(store)
    other = Kernel(store, clock=shop.core.clock)
    seen = {one.name: one for one in other.followers()}
    assert (seen["listener"].known, seen["listener"].parked) == (False, 1)
    assert len(other.parked("listener")) == 1
    assert other.resume("listener").name == "listener"
    with pytest.raises(NotFound):
        other.redeliver("listener")


# Events of another release


class Wrapped(Event):
    """Of a plugin that is not installed everywhere."""

    def __eq__(self, other):
        return isinstance(other, Wrapped)

    __hash__ = None


@pytest.mark.parametrize("first", [True, False])
def test_an_event_of_a_newer_release_stops_followers_with_their_lag_and_nothing_else(tmp_path, first):
    from attrs import frozen

    from ordercore.hooks import hookimpl
    from ordercore.message import Context

    @frozen
    class GiftWrapped(Event):
        paper: str

    @postings_of.register
    def _(event: GiftWrapped):
        return ()

    class Gifts:
        @hookimpl
        def ordercore_register_events(self):
            return [EventType("acme.gift_wrapped", 1, GiftWrapped)]

    path, clock = tmp_path / "shop.db", ManualClock()
    newer = shop_of(SQLiteStore(path, synchronous="NORMAL"), clock=clock, plugins=[Gifts()])
    orders = [] if first else fill(newer)
    now = clock.now()
    append = Append("gift/1", 0, (GiftWrapped("red"),))
    newer.store.commit(Batch("gift", AdjustStock("WH1", "TEA", 1, "x"), Context("gift", now, now), (append,)))
    orders += fill(newer, 5)[3:] if not first else []
    listener = Listener()
    older = shop_of(SQLiteStore(path, synchronous="NORMAL"), listener, clock=clock)
    before = len(newer.log(limit=1_000).records) if first else None
    report = older.work(until_idle=True)
    assert report.failures == ("listener: UnknownEvent",)
    log = newer.log(limit=1_000).records
    at = next(n for n, record in enumerate(log) if record.stream == "gift/1")
    assert names(listener.told) == names(log[:at])
    stands = row(older)
    behind = len({record.position for record in log[at:]})
    assert (stands.status, stands.reason, stands.lag, stands.parked) == ("stopped", "UnknownEvent", behind, 0)
    assert report.lag == {"listener": behind}
    assert before is None or before == len(log)
    updated = shop_of(SQLiteStore(path, synchronous="NORMAL"), listener, clock=clock, plugins=[Gifts()])
    clock.advance(seconds=100)
    updated.work(until_idle=True)
    assert names(listener.told) == names(log)


def test_until_idle_means_so_although_somebody_fails_meanwhile(store):
    broken, other = Listener("broken", lambda record: record.stream == "order/shop:9"), Listener("other")
    shop = shop_of(store, broken, other)
    fill(shop, 20)
    report = shop.work(until_idle=True, limit=10)
    assert report.failures == ("broken: RuntimeError",)
    assert names(other.told) == everything(shop)
    assert report.lag["other"] == 0


# Without other processes


def test_in_memory_nothing_is_written_for_followers_that_take_all():
    listener = Listener()
    shop = Kernel(MemoryStore(), clock=ManualClock(), followers=[listener])
    fill(shop)
    assert names(listener.told) == everything(shop)
    query = ReadDocuments(FOLLOWER)
    assert shop.store.read([query]).of(query) == ()


def test_in_memory_a_failure_is_kept_and_backs_off_too():
    listener = Listener(refuses=is_(OrderAllocated))
    shop = Kernel(MemoryStore(), clock=ManualClock(), followers=[listener], policies=Policies(delivery=THRICE))
    fill(shop)
    patient(shop)
    assert [one.event for one in shop.parked()] == ["order.allocated"]
    assert len(listener.told) == len(everything(shop)) - 1


def test_an_idle_follower_writes_nothing(store, monkeypatch):
    shop = shop_of(store, Listener())
    fill(shop)
    shop.work(until_idle=True)
    for write in ("commit", "commit_many", "checkpoint", "ack", "nack"):
        monkeypatch.setattr(store, write, None)
    for _ in range(3):
        assert shop.work(until_idle=True).idle


# Asynchronously


def test_an_asynchronous_kernel_has_the_same_under_the_same_names(store):
    async def run():
        broken = Listener(refuses=is_(OrderPlaced, "shop:1001"), delivery=DeliveryPolicy(attempts=1))
        shop = AsyncKernel(store, clock=ManualClock(), ids=CountedIds(), followers=[broken])
        given_stock(Kernel(store, clock=shop.core.clock), {"WH1": {"TEA": 5}})
        await shop.handle(an_order({"TEA": 1}))
        assert (await shop.work(until_idle=True, only=["followers"], followers=["listener"])).parked == 1
        (parked,) = await shop.parked()
        assert (await shop.followers())[0].parked == 1
        assert (await shop.redeliver("listener")).failures == ("listener: RuntimeError",)
        assert (await shop.resume("listener")).status == "current"
        assert (await shop.drop_parked(parked.id, reason="known")).status == "dropped"
        broken.refuses = lambda _: False
        assert (await shop.redeliver("listener")).idle

    asyncio.run(run())
