"""What happens by itself: timers, followers, each by itself, any number of workers at once."""

import sqlite3
from datetime import timedelta

import pytest

from ordercore import Kernel, ReceiveStock
from ordercore.errors import ConfigurationError, TransitionRefused
from ordercore.hooks import Refusal, hookimpl
from ordercore.message import Envelope
from ordercore.projection import reaction_key
from ordercore.stock import (
    AdjustStock,
    CartLine,
    ExpireReservation,
    ExtendReservation,
    Received,
    ReleaseReservation,
    ReserveCart,
)
from ordercore.stock.events import StockReceived
from ordercore.store import SetTimer
from ordercore.store.batch import Batch
from ordercore.store.memory import MemoryStore
from ordercore.testing import CountedIds, ManualClock, an_order, given_stock, place


def cart(units=3, name="C1", seconds=60):
    return ReserveCart(name, [CartLine("1", "TEA", units)], seconds)


# Timers


def test_a_cart_is_given_back_when_its_time_is_up(stocked, clock):
    stocked.handle(cart())
    clock.advance(seconds=59)
    assert (stocked.work(until_idle=True).timers, stocked.available("TEA")) == (0, 7)
    clock.advance(seconds=1)
    assert (stocked.work(until_idle=True).timers, stocked.available("TEA")) == (1, 10)
    assert stocked.work(until_idle=True).idle


def test_it_is_given_back_as_of_when_it_was_due_and_fills_who_waits(stocked, clock):
    stocked.handle(cart(10))
    due = clock.now() + timedelta(seconds=60)
    order = place(stocked, {"TEA": 2}, shortage="backorder")
    clock.advance(hours=5)
    stocked.work(until_idle=True)
    assert stocked.order(order).line("1").claimed == 2
    assert stocked.timeline(order)[-1].effective_at == due


@pytest.mark.parametrize("winner", ["order", "expiry"])
def test_upgrading_and_expiring_a_cart_have_one_winner(stocked, clock, winner):
    stocked.handle(cart())
    confirm = an_order({"TEA": 3}, reservation="C1")
    early = Kernel(stocked.store.store, clock=ManualClock(clock.now()), ids=CountedIds())
    clock.advance(seconds=60)
    if winner == "order":
        # The worker has read the cart as due; a process whose clock is behind places the order first.
        stocked.store.before_commit = [lambda: early.handle(confirm) and None]
        assert stocked.work().refused == 1
        assert sum(stocked.units("TEA", at).get("reserved", 0) for at in ("WH1", "WH2")) == 3
    else:
        late = Kernel(stocked.store.store, clock=clock, ids=CountedIds())
        stocked.core.clock = early.core.clock
        stocked.store.before_commit = [lambda: late.work(until_idle=True) and None]
        with pytest.raises(TransitionRefused):
            stocked.handle(confirm)
        assert stocked.available("TEA") == 10


def test_an_extended_cart_is_not_given_back_by_the_old_timer(stocked, clock):
    stocked.handle(cart())
    clock.advance(seconds=59)
    stocked.handle(ExtendReservation("C1", 60))
    clock.advance(seconds=30)
    assert stocked.work(until_idle=True).idle
    with pytest.raises(TransitionRefused):
        stocked.handle(ExpireReservation("C1"))
    clock.advance(seconds=30)
    assert stocked.work(until_idle=True).timers == 1


@pytest.mark.parametrize("gone", [ReleaseReservation("C1"), an_order({"TEA": 3}, reservation="C1")])
def test_a_cart_that_is_gone_has_no_timer(stocked, clock, gone):
    stocked.handle(cart())
    stocked.handle(gone)
    clock.advance(hours=1)
    assert stocked.work(until_idle=True).idle


def test_two_workers_fire_a_timer_once(stocked, clock):
    for n in range(4):
        stocked.handle(cart(1, f"C{n}"))
    clock.advance(hours=1)
    rival = stocked.rival()
    reports = [worker.work(limit=2) for worker in (stocked, rival, stocked, rival)]
    assert sum(report.timers for report in reports) == 4
    assert stocked.available("TEA") == 10


def test_a_timer_that_a_guard_refuses_stays_due(make_shop, clock):
    guard = Guard()
    shop = make_shop(plugins=[guard])
    given_stock(shop, {"WH1": {"TEA": 5}})
    shop.handle(cart())
    clock.advance(seconds=60)
    guard.refuses = ExpireReservation
    report = shop.work(until_idle=True)
    assert (report.timers, len(report.failures)) == (0, 1)
    assert "refused" in report.failures[0]
    guard.refuses = None
    assert shop.work(until_idle=True).idle
    clock.advance(seconds=60)
    assert (shop.work(until_idle=True).timers, shop.available("TEA")) == (1, 5)


def test_a_timer_that_nobody_knows_is_reported_and_kept(stocked, clock):
    from ordercore.message import Context
    from ordercore.stock import AdjustStock

    now = clock.now()
    command = AdjustStock("WH1", "TEA", 1, "x")
    stocked.store.store.commit(Batch("t1", command, Context("t1", now, now), timers=(SetTimer("acme.ping", "1", now),)))
    clock.advance(seconds=1)
    assert "acme.ping" in stocked.work().failures[0]
    assert stocked.store.next_due() > now


def test_a_shop_in_memory_works_by_itself(clock):
    shop = Kernel(MemoryStore(), clock=clock)
    given_stock(shop, {"WH1": {"TEA": 5}})
    shop.handle(cart())
    clock.advance(seconds=60)
    shop.handle(ReceiveStock("WH1", [Received("TEA", 1)]))
    assert shop.available("TEA") == 6


# Followers


class Listener:
    """Keeps what it is told; fails while `broken`."""

    def __init__(self, name="listener"):
        self.name = name
        self.told = []
        self.broken = False

    def apply(self, records):
        if self.broken:
            raise RuntimeError("out of paper")
        self.told += records


def test_a_follower_is_told_everything_once_in_order(make_shop):
    listener = Listener()
    shop = make_shop(followers=[listener])
    given_stock(shop, {"WH1": {"TEA": 5}})
    place(shop, {"TEA": 2})
    while not shop.work(limit=2).idle:
        pass
    log = shop.log(limit=1_000).records
    assert [record.position for record in listener.told] == [record.position for record in log]
    assert shop.work(until_idle=True).idle


def test_a_follower_that_fails_is_told_again_and_holds_up_nobody(make_shop, clock):
    broken, other = Listener("broken"), Listener("other")
    broken.broken = True
    shop = make_shop(followers=[broken, other])
    given_stock(shop, {"WH1": {"TEA": 5}})
    report = shop.work(until_idle=True)
    place(shop, {"TEA": 1})
    shop.work(until_idle=True)
    # In memory the shop had worked by itself already, and there is nothing left to tell the other.
    assert report.waiting == ("broken",)
    assert report.lag["broken"] > 0
    assert len(other.told) == shop.length()
    broken.broken = False
    clock.advance(hours=1)
    shop.work(until_idle=True)
    assert broken.told == other.told


def test_a_follower_begins_where_it_stood_in_another_process(make_shop):
    listener = Listener()
    shop = make_shop(followers=[listener])
    shop.work(until_idle=True)
    after = Listener()
    rival = shop.rival(followers=[after])
    given_stock(shop, {"WH1": {"TEA": 5}})
    rival.work(until_idle=True)
    shop.work(until_idle=True)
    told = [record.position for record in [*listener.told, *after.told]]
    assert sorted(told, key=int) == [record.position for record in shop.log(limit=1_000).records]


def test_followers_have_names_of_their_own():
    with pytest.raises(ConfigurationError):
        Kernel(followers=[Listener(), Listener()])


class Guard:
    """Refuses one class of commands; `answer` is what it says then."""

    def __init__(self):
        self.refuses = None
        self.answer = Refusal("not_today", "The shop is closed.")

    @hookimpl
    def ordercore_guard(self, command):
        return self.answer if self.refuses is not None and isinstance(command, self.refuses) else None


# Reactions


class Recount:
    """Counts back whatever was received: one command for each event that it is given."""

    name = "recount"

    def __init__(self, keyed=True):
        self.keyed = keyed
        self.given = []

    def react(self, records):
        self.given.append(len(records))
        for record in records:
            if isinstance(record.event, StockReceived):
                command = AdjustStock("WH1", "TEA", -1, reason="sample")
                yield Envelope(command, key=reaction_key(self.name, record) if self.keyed else None)


def test_a_reaction_answers_an_event_with_a_command(clock):
    kernel = Kernel(clock=clock, ids=CountedIds(), followers=[Recount()])
    given_stock(kernel, {"WH1": {"TEA": 10}})
    assert kernel.available("TEA") == 9
    assert kernel.work(until_idle=True).idle


def test_a_reaction_that_is_given_the_same_again_does_nothing_twice(clock):
    reaction, store = Recount(), MemoryStore()
    kernel = Kernel(store, clock=clock, ids=CountedIds(), followers=[reaction])
    given_stock(kernel, {"WH1": {"TEA": 10}})
    again = Kernel(store, clock=clock, followers=[Renamed(reaction)])
    again.work(until_idle=True)
    assert reaction.given[-1] > 1
    assert again.available("TEA") == 9


class Renamed:
    """The same reaction with a cursor of its own: it is given everything from the beginning."""

    name = "renamed"

    def __init__(self, reaction):
        self.react = reaction.react


def test_a_refused_command_of_a_reaction_is_counted_and_the_next_is_sent(clock):
    class Stubborn:
        name = "stubborn"

        def react(self, records):
            for record in records:
                if isinstance(record.event, StockReceived):
                    yield Envelope(AdjustStock("WH1", "TEA", -1_000, reason="gone"), key=reaction_key("s", record))
                    yield Envelope(AdjustStock("WH1", "TEA", -1, reason="sample"), key=reaction_key("s", record, 1))

    class Durable(MemoryStore):
        capabilities = MemoryStore.capabilities | {"durable"}

    kernel = Kernel(Durable(), clock=clock, ids=CountedIds(), followers=[Stubborn()])
    given_stock(kernel, {"WH1": {"TEA": 10}})
    report = kernel.work(until_idle=True)
    assert (report.refused, report.failures) == (1, ())
    assert kernel.available("TEA") == 9


def test_a_callers_key_never_stands_for_the_command_of_a_reaction(clock):
    store = MemoryStore()
    quiet = Kernel(store, clock=clock, ids=CountedIds())
    given_stock(quiet, {"WH1": {"TEA": 10}})
    received = next(r for r in quiet.log().records if isinstance(r.event, StockReceived))
    quiet.handle(AdjustStock("WH1", "TEA", 5, reason="found"), key=reaction_key("recount", received))
    Kernel(store, clock=clock, followers=[Recount()]).work(until_idle=True)
    assert quiet.available("TEA") == 14


def test_a_timer_whose_command_cannot_be_decided_holds_up_no_other(tmp_path, clock):
    with Kernel.open(f"sqlite:///{tmp_path / 'shop.db'}", clock=clock, ids=CountedIds()) as kernel:
        given_stock(kernel, {"WH1": {"TEA": 10}})
        for name in ("C1", "C2"):
            kernel.handle(cart(2, name))
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.execute("update ordercore_log set events = 'damaged' where stream = 'reservation/C1'")
    connection.close()
    with Kernel.open(f"sqlite:///{tmp_path / 'shop.db'}", clock=clock, ids=CountedIds()) as kernel:
        clock.advance(seconds=60)
        report = kernel.work()
        assert (report.timers, kernel.available("TEA")) == (1, 8)
        assert report.failures == ("timer reservation.expire C1: corrupted",)
