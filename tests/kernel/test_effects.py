"""What is done outside is recorded before, during and after: done once, refused, or uncertain, and never a guess."""

import asyncio
from collections import Counter
from contextlib import suppress

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordercore import AsyncKernel, Kernel
from ordercore.effects import ResolveEffect
from ordercore.effects.events import (
    EffectDone,
    EffectFailed,
    EffectRefused,
    EffectResolved,
    EffectStarted,
    EffectUncertain,
    EffectWanted,
)
from ordercore.errors import (
    AuthenticationFailed,
    ConfigurationError,
    InvalidCommand,
    NotFound,
    NotSupported,
    Throttled,
    TransientFailure,
    TransitionRefused,
)
from ordercore.policies import EffectPolicy, Policies
from ordercore.ports import Declined, HttpRequest, Problem
from ordercore.store.memory import MemoryStore
from ordercore.store.sqlite import SQLiteStore
from ordercore.testing import CountedIds, ManualClock, an_order, crash_effects, given_stock, place, sample_effects
from ordercore.testing.carrier import MemoryCarrier
from ordercore.testing.crash import kill
from ordercore.testing.crash_effects import perform_until_killed
from ordercore.testing.outside import CarrierDesk, FileLedger
from ordercore.testing.sample_effects import WantBooking, holds
from ordercore.testing.transports import FaultyTransport, Killed, RecordedTransport

ALL = ("rate", "book", "query", "void", "manifest")
BLIND = ("rate", "book", "void", "manifest")
LOSING = ("lost_before", "lost_after")


@pytest.fixture(autouse=True)
def kind():
    sample_effects.install()
    yield
    sample_effects.uninstall()


class World:
    """A shop with a carrier behind a transport with faults."""

    def __init__(self, make, faults=(), capabilities=ALL, idempotent=False, refuses=(), **options):
        self.desk = CarrierDesk(idempotent=idempotent, refuses=refuses)
        self.transport = FaultyTransport(self.desk, faults)
        carrier = MemoryCarrier("memory", capabilities)
        self.shop = make(carriers={"memory": carrier}, transport=self.transport, **options)
        given_stock(self.shop, {"WH1": {"TEA": 50}})
        self.order = place(self.shop, {"TEA": 1})
        self.clock = self.shop.core.clock

    def want(self, part="P1"):
        # In memory the shop works at once, so that what is wanted is under way already.
        self.shop.handle(WantBooking(self.order, part), key=f"want-{part}")
        return self.work()

    def work(self, **later):
        if later:
            self.clock.advance(**later)
        return self.shop.work(until_idle=True)

    def patient(self):
        """Work until nothing is due by itself any more."""
        for _ in range(40):
            self.work(hours=2)

    @property
    def effect(self):
        (row,) = self.shop.effects(None)
        return row

    @property
    def status(self):
        return self.effect.summary.status

    def events(self, kind):
        return [r.event for r in self.shop.log(limit=10_000).records if isinstance(r.event, kind)]


@pytest.fixture
def world(make_shop):
    return lambda *args, **options: World(make_shop, *args, **options)


def test_it_is_done_once_and_recorded_with_what_it_means(world):
    one = world()
    one.want()
    assert one.status == "done"
    assert len(one.desk.bookings) == 1
    assert holds(one.shop, one.order) == ["done-P1", "wanted-P1"]
    assert [type(e) for e in one.events((EffectWanted, EffectStarted, EffectDone))] == [
        EffectWanted, EffectStarted, EffectDone,
    ]  # fmt: skip
    assert one.effect.summary.reference == one.desk.bookings[0]["number"]


def test_on_a_durable_store_nothing_is_sent_before_work(tmp_path):
    desk = CarrierDesk()
    transport = FaultyTransport(desk)
    store = SQLiteStore(tmp_path / "shop.db", synchronous="NORMAL")
    with Kernel(store, clock=ManualClock(), carriers={"memory": MemoryCarrier()}, transport=transport) as shop:
        given_stock(shop, {"WH1": {"TEA": 5}})
        order = place(shop, {"TEA": 1})
        shop.handle(WantBooking(order, "P1"))
        assert transport.sends == 0
        assert shop.effects("wanted")[0].summary.due is not None
        assert shop.work(until_idle=True).effects == 1
        assert len(desk.bookings) == 1


def test_the_same_command_wants_the_same_effect(world):
    one = world()
    one.want()
    assert one.shop.handle(WantBooking(one.order, "P1"), key="want-P1").duplicate
    one.work()
    assert len(one.shop.effects(None)) == len(one.desk.bookings) == 1


def test_a_no_is_final_and_is_told_to_the_subject(world):
    one = world(refuses=["P1"])
    one.want()
    assert (one.status, one.effect.summary.code) == ("refused", "refused")
    assert one.events(EffectRefused)[0].problems == ("Not this one.",)
    assert holds(one.shop, one.order) == ["refused-P1", "wanted-P1"]
    one.patient()
    assert one.desk.bookings == []


def test_what_did_not_arrive_is_sent_again_later_each_time_longer(world):
    one = world(["unreached"] * 3)
    one.want()
    waits = []
    for _ in range(3):
        due = one.effect.summary.due
        waits.append((due - one.clock.now()).total_seconds())
        one.clock.set(due)
        one.work()
    assert waits == [30, 60, 120]
    assert (one.status, len(one.desk.bookings)) == ("done", 1)
    assert len(one.events(EffectFailed)) == 3


def test_who_asks_to_come_later_is_heeded(world):
    one = world()
    one.transport = one.shop.core.performing._transport = RecordedTransport([Throttled("no", retry_after_seconds=120)])
    one.want()
    assert (one.effect.summary.due - one.clock.now()).total_seconds() == 120


def test_after_so_many_attempts_it_is_given_up(world):
    one = world(["unreached"] * 9, policies=Policies(effects=EffectPolicy(attempts=3)))
    one.want()
    one.patient()
    assert (one.status, one.effect.summary.code) == ("refused", "gave_up")
    assert one.transport.sends == 3
    assert "refused-P1" in holds(one.shop, one.order)


@pytest.mark.parametrize("fault", LOSING)
def test_a_lost_answer_is_looked_into_before_anything_is_sent_again(world, fault):
    one = world([fault])
    one.want()
    assert one.status == "uncertain"
    one.work(minutes=1)
    assert (one.status, len(one.desk.bookings)) == ("done", 1)
    arrived = ["POST", "GET"] if fault == "lost_after" else ["GET", "POST"]
    assert [request.method for request in one.desk.sent] == arrived


@pytest.mark.parametrize("fault", LOSING)
def test_where_nobody_can_tell_a_person_must(world, fault):
    one = world([fault], capabilities=BLIND)
    one.want()
    one.patient()
    assert one.status == "uncertain"
    assert one.transport.sends == 1
    assert [row.id for row in one.shop.effects()] == [one.effect.id]
    assert one.effect.summary.due is None
    assert len(one.events(EffectUncertain)) == 1


@pytest.mark.parametrize("fault", LOSING)
def test_who_drops_repeats_by_the_key_is_sent_it_again(world, fault):
    one = world([fault], capabilities=(*BLIND, "idempotent"), idempotent=True)
    one.want()
    one.patient()
    assert (one.status, len(one.desk.bookings)) == ("done", 1)
    assert len({request.headers["idempotency-key"] for request in one.desk.sent}) == 1


# What a person says


@pytest.mark.parametrize(
    ("outcome", "status", "hold"), [("done", "done", "resolved-P1"), ("refused", "refused", "refused-P1")]
)
def test_a_person_says_what_became_of_it(world, outcome, status, hold):
    one = world(["lost_after"], capabilities=BLIND)
    one.want()
    receipt = one.shop.handle(ResolveEffect(one.effect.id, outcome, "called them", reference="X1"), key="r")
    assert receipt.result == one.effect.id
    assert one.shop.handle(ResolveEffect(one.effect.id, outcome, "called them", reference="X1"), key="r").duplicate
    assert one.status == status
    assert hold in holds(one.shop, one.order)
    one.patient()
    assert one.transport.sends == 1


def test_what_was_not_done_is_begun_again(world):
    one = world(["lost_before"], capabilities=BLIND)
    one.want()
    one.shop.handle(ResolveEffect(one.effect.id, "not_done", "called them"))
    one.work()
    assert (one.status, len(one.desk.bookings)) == ("done", 1)
    assert one.events(EffectResolved)[0].outcome == "not_done"


def test_what_is_settled_is_not_resolved(world):
    one = world()
    one.want()
    with pytest.raises(TransitionRefused):
        one.shop.handle(ResolveEffect(one.effect.id, "done", "x"))
    with pytest.raises(NotFound):
        one.shop.handle(ResolveEffect("nothing", "done", "x"))


@pytest.mark.parametrize("command", [("maybe", "x"), ("done", ""), ("done", "two\nlines")])
def test_a_resolution_says_one_of_three_things_and_why(world, command):
    one = world(["lost_after"], capabilities=BLIND)
    one.want()
    with pytest.raises(InvalidCommand):
        one.shop.handle(ResolveEffect(one.effect.id, *command))


# Several workers, several effects


def test_of_two_workers_one_sends(world):
    one = world()
    rival = one.shop.rival(carriers={"memory": MemoryCarrier()}, transport=one.transport)
    one.shop._works_itself = False
    one.shop.handle(WantBooking(one.order, "P1"))
    seen = []

    def meanwhile():
        # The first worker has the lease; its lease runs out while it is busy, and another one takes the effect up.
        one.clock.advance(minutes=2)
        seen.append(rival.work(until_idle=True))

    one.shop.store.before_commit = [meanwhile]
    one.shop.work(until_idle=True)
    one.patient()
    assert (one.status, len(one.desk.bookings), one.transport.sends) == ("done", 1, 1)
    assert seen[0].effects == 1


def test_who_is_overtaken_before_it_has_sent_sends_nothing(world):
    one = world(capabilities=BLIND)
    rival = one.shop.rival(carriers={"memory": MemoryCarrier("memory", BLIND)}, transport=one.transport)
    one.shop._works_itself = False
    one.shop.handle(WantBooking(one.order, "P1"))

    def sleeps(result):
        # Its attempt is recorded, and it sleeps until well after the deadline; another worker takes over.
        one.clock.advance(minutes=10)
        rival.work(until_idle=True)
        return result

    one.shop.store.after_commit = [sleeps]
    report = one.shop.work(until_idle=True)
    assert (report.effects, one.transport.sends) == (0, 0)
    assert one.status == "uncertain"


def test_who_was_overtaken_may_still_say_that_it_was_done(world):
    one = world(capabilities=BLIND)
    rival = one.shop.rival(carriers={"memory": MemoryCarrier("memory", BLIND)}, transport=one.transport)
    desk, send = one.desk, one.desk.send

    def slowly(request):
        response = send(request)
        one.clock.advance(hours=1)
        rival.work(until_idle=True)
        assert one.status == "uncertain"
        return response

    desk.send = slowly
    one.want()
    assert (one.status, len(one.desk.bookings)) == ("done", 1)
    assert "done-P1" in holds(one.shop, one.order)


def test_nothing_is_sent_after_the_deadline(world):
    one = world()
    book = MemoryCarrier.book

    class Slow(MemoryCarrier):
        def book(self, request, *, key):
            one.clock.advance(minutes=5)
            return (yield from book(self, request, key=key))

    one.shop.core.shop.adapters["carrier"]["memory"] = Slow()
    one.want()
    assert one.transport.sends == 0
    assert one.effect.summary.code == "out_of_time"


def test_one_that_fails_holds_up_no_other(world):
    one = world(["lost_after", "none", "unreached", "none"], capabilities=BLIND)
    one.shop._works_itself = False
    for n in range(4):
        one.shop.handle(WantBooking(one.order, f"P{n}"))
        one.clock.advance(seconds=1)
    report = one.shop.work(until_idle=True)
    assert report.effects == 4
    assert len(report.failures) == 2
    assert sorted(row.summary.status for row in one.shop.effects(None)) == ["done", "done", "uncertain", "wanted"]


def test_what_the_books_do_not_take_is_shown_to_a_person_and_not_done_again(world):
    one = world()
    # The hold that the answer would add is there already.
    from ordercore.order import AddHold

    one.shop.handle(AddHold(one.order, "done-P1"))
    one.want()
    one.patient()
    assert (one.status, len(one.desk.bookings)) == ("uncertain", 1)
    assert one.effect.summary.code.startswith("not_recorded:")


# Adapters and wiring


class Broken(MemoryCarrier):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def book(self, request, *, key):
        raise self.error
        yield


def test_a_defect_before_anything_was_sent_is_tried_again(make_shop):
    one = World(make_shop)
    one.shop.core.shop.adapters["carrier"]["memory"] = Broken(RuntimeError("with somebody's name in it"))
    report = one.want()
    assert one.status == "wanted"
    assert one.effect.summary.code == "internal_error:RuntimeError"
    assert "somebody" not in str(report)


@pytest.mark.parametrize("capabilities", [ALL, BLIND])
def test_an_answer_that_is_none_holds_up_no_other_effect(world, capabilities):
    one = world(capabilities=capabilities)

    class Odd(MemoryCarrier):
        """Says something that is no booking, after it was booked."""

        def book(self, request, *, key):
            booking = yield from MemoryCarrier.book(self, request, key=key)
            return evolve(booking, reference={"somebody": 1}) if request.parcel.reference == "P1" else booking

    one.shop.core.shop.adapters["carrier"]["memory"] = Odd("memory", capabilities)
    one.shop._works_itself = False
    for part in ("P1", "P2"):
        one.shop.handle(WantBooking(one.order, part))
        one.clock.advance(seconds=1)
    one.shop.work(until_idle=True)
    assert {row.summary.part: row.summary.status for row in one.shop.effects(None)} == {"P1": "uncertain", "P2": "done"}
    assert len(one.desk.bookings) == 2


class InTwoSteps(MemoryCarrier):
    """Registers a parcel and then confirms it; what it is asked first takes effect already."""

    def book(self, request, *, key):
        yield from MemoryCarrier.book(self, request, key=key)
        return (yield from MemoryCarrier.book(self, request, key=key))


class InTwoStepsThatKnow(MemoryCarrier):
    """Knows that nothing has happened until the second step."""

    def book(self, request, *, key):
        yield HttpRequest("POST", "https://carrier.invalid/token", body=b"{}")
        try:
            return (yield from MemoryCarrier.book(self, request, key=key))
        except TransientFailure:
            raise TransientFailure("It has only drawn a token.") from None


def test_a_step_that_did_not_arrive_says_nothing_of_the_one_before(world):
    one = world(["none", "unreached"], capabilities=BLIND)
    one.shop.core.shop.adapters["carrier"]["memory"] = InTwoSteps("memory", BLIND)
    one.want()
    one.patient()
    assert (one.status, len(one.desk.bookings)) == ("uncertain", 1)


def test_an_adapter_may_know_that_the_step_before_did_nothing(world):
    one = world(["none", "unreached"], capabilities=BLIND)
    one.shop.core.shop.adapters["carrier"]["memory"] = InTwoStepsThatKnow("memory", BLIND)
    one.want()
    one.patient()
    assert (one.status, len(one.desk.bookings)) == ("done", 1)


def test_a_key_that_is_no_longer_accepted_says_nothing_of_what_was_sent_before(world):
    one = world(["lost_after"])

    class LockedOut(MemoryCarrier):
        def find(self, key):
            yield from ()
            raise AuthenticationFailed("The key is no longer accepted.")

    one.shop.core.shop.adapters["carrier"]["memory"] = LockedOut()
    one.want()
    one.patient()
    assert (one.status, len(one.desk.bookings)) == ("uncertain", 1)
    assert "refused-P1" not in holds(one.shop, one.order)


def test_nobody_is_believed_who_says_to_come_back_in_the_next_age(world):
    one = world()
    one.shop.core.performing._transport = RecordedTransport([Throttled("no", retry_after_seconds=10**30)])
    one.want()
    assert (one.effect.summary.due - one.clock.now()).total_seconds() == 86_400


def test_a_no_is_recorded_in_few_words(world):
    one = world()

    class Verbose(MemoryCarrier):
        def book(self, request, *, key):
            yield from ()
            return Declined(tuple(Problem("x" * 500, "reject", "", "word\n" * 1_000) for _ in range(100)))

    one.shop.core.shop.adapters["carrier"]["memory"] = Verbose()
    one.want()
    (refused,) = one.events(EffectRefused)
    assert len(refused.code) <= 64
    assert len(refused.problems) <= 20
    assert all(len(said) <= 200 and "\n" not in said for said in refused.problems)


def test_what_an_adapter_cannot_do_is_refused(make_shop):
    one = World(make_shop)
    one.shop.core.shop.adapters["carrier"]["memory"] = Broken(NotSupported("no", capability="book"))
    one.want()
    assert (one.status, one.effect.summary.code) == ("refused", "not_supported")


def test_without_a_transport_it_waits_and_says_so(make_shop):
    shop = make_shop(carriers={"memory": MemoryCarrier()})
    given_stock(shop, {"WH1": {"TEA": 5}})
    order = place(shop, {"TEA": 1})
    shop.handle(WantBooking(order, "P1"))
    shop.work(until_idle=True)
    (row,) = shop.effects("wanted")
    assert row.summary.code == "configuration_error"


def test_a_process_without_the_adapter_leaves_it_to_another(world):
    one = world()
    one.shop._works_itself = False
    one.shop.handle(WantBooking(one.order, "P1"))
    report = one.shop.rival().work(until_idle=True)
    assert "carrier" in report.failures[0]
    assert one.status == "wanted"
    assert one.effect.summary.attempts == 0
    one.work(minutes=10)
    assert one.status == "done"


def test_an_adapter_is_passed_under_its_own_name():
    with pytest.raises(ConfigurationError, match="calls itself 'memory'"):
        Kernel(carriers={"dhl": MemoryCarrier("memory")})


def test_two_who_send_documents_do_not_share_a_name():
    with pytest.raises(ConfigurationError, match="name of a carrier"):
        Kernel(carriers={"x": MemoryCarrier("x")}, suppliers={"x": MemoryCarrier("x")})


def test_an_asynchronous_kernel_does_the_same(tmp_path):
    async def run(store):
        desk = CarrierDesk()
        transport = FaultyTransport(desk, ["lost_after"])
        clock = ManualClock()
        async with AsyncKernel(
            store, clock=clock, ids=CountedIds(), carriers={"memory": MemoryCarrier()}, transport=transport
        ) as shop:
            from ordercore import PutItem, PutLocation, ReceiveStock
            from ordercore.stock import Received

            for command in (PutItem("TEA"), PutLocation("WH1"), ReceiveStock("WH1", [Received("TEA", 5)])):
                await shop.handle(command)
            order = (await shop.handle(an_order({"TEA": 1}))).result
            await shop.handle(WantBooking(order, "P1"))
            await shop.work(until_idle=True)
            clock.advance(minutes=1)
            await shop.work(until_idle=True)
            (row,) = await shop.effects(None)
            return row.summary.status, len(desk.bookings), [request.method for request in desk.sent]

    for store in (MemoryStore(), SQLiteStore(tmp_path / "shop.db", synchronous="NORMAL")):
        assert asyncio.run(run(store)) == ("done", 1, ["POST", "GET"])


FAULTS = st.lists(
    st.sampled_from(["none", "unreached", "throttled", "lost_before", "lost_after", "killed"]), max_size=8
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(FAULTS, st.sampled_from(["query", "idempotent", "neither"]), st.booleans())
def test_whatever_is_lost_nothing_is_done_twice(faults, can, no):
    capabilities = {"query": ALL, "idempotent": (*BLIND, "idempotent"), "neither": BLIND}[can]
    made = []

    def make(**options):
        made.append(Kernel(MemoryStore(), clock=ManualClock(), ids=CountedIds(), **options))
        return made[0]

    one = World(make, faults, capabilities, idempotent=can == "idempotent", refuses=["P1"] if no else [])
    with suppress(Killed):
        one.want()
    for _ in range(40):
        with suppress(Killed):
            one.work(hours=2)
    assert len(one.desk.bookings) <= 1
    done = len(one.desk.bookings) == 1
    if can == "neither":
        assert one.status in ({"done", "uncertain"} if done else {"refused", "uncertain"})
    else:
        assert one.status == ("done" if done else "refused")
    assert one.shop.verify() == ()


# Kill -9


def killed_often(folder, capabilities, rounds):
    """What was wanted in all rounds, and the shop after somebody had all the time in the world to tidy up."""
    wanted = []
    for number in range(rounds):
        wanted += kill(perform_until_killed, (folder, capabilities, number), number)
    shop = crash_effects.opened(folder, capabilities, rounds + 24, faults=False)
    for _ in range(20):
        shop.work(until_idle=True)
        shop.core.clock.advance(hours=2)
    return wanted, shop


def booked(folder):
    return Counter(entry["reference"] for entry in FileLedger(folder / "ledger").entries())


@pytest.mark.parametrize("rounds", [3, pytest.param(25, marks=pytest.mark.slow)])
def test_kill_9_books_everything_once_where_bookings_are_found(tmp_path, rounds):
    wanted, shop = killed_often(tmp_path, crash_effects.QUERY, rounds)
    with shop:
        effects = {row.summary.part: row.summary for row in shop.effects(None, limit=100_000)}
        assert set(wanted) <= set(effects)
        assert {summary.status for summary in effects.values()} == {"done"}
        assert booked(tmp_path) == dict.fromkeys(effects, 1)
        assert shop.verify() == ()


@pytest.mark.parametrize("rounds", [3, pytest.param(25, marks=pytest.mark.slow)])
def test_kill_9_books_nothing_twice_where_nobody_can_tell(tmp_path, rounds):
    wanted, shop = killed_often(tmp_path, crash_effects.BLIND, rounds)
    with shop:
        effects = {row.summary.part: row.summary for row in shop.effects(None, limit=100_000)}
        assert set(wanted) <= set(effects)
        made = booked(tmp_path)
        assert set(made.values()) == {1}
        done = {part for part, summary in effects.items() if summary.status == "done"}
        open_ = {row.summary.part for row in shop.effects(limit=100_000)}
        assert done | open_ == set(effects)
        assert done <= set(made) <= done | open_
        assert {row.summary.due for row in shop.effects(limit=100_000)} <= {None}


def test_while_something_is_sent_the_event_loop_goes_on(tmp_path):
    import threading

    class Waiting(CarrierDesk):
        """Answers when the loop has had a turn."""

        def __init__(self):
            super().__init__()
            self.turn = threading.Event()

        def send(self, request):
            assert self.turn.wait(20), "the event loop stood still"
            return super().send(request)

    async def run(store):
        desk = Waiting()
        async with AsyncKernel(
            store, clock=ManualClock(), carriers={"memory": MemoryCarrier()}, transport=desk
        ) as shop:
            order = await furnished(shop)

            async def others():
                desk.turn.set()

            await asyncio.gather(shop.handle(WantBooking(order, "P1")), others())
            await shop.work(until_idle=True)
            return len(desk.bookings)

    for store in (MemoryStore(), SQLiteStore(tmp_path / "shop.db", synchronous="NORMAL")):
        assert asyncio.run(run(store)) == 1


async def furnished(shop):
    from ordercore import PutItem, PutLocation, ReceiveStock
    from ordercore.stock import Received

    for command in (PutItem("TEA"), PutLocation("WH1"), ReceiveStock("WH1", [Received("TEA", 5)])):
        await shop.handle(command)
    return (await shop.handle(an_order({"TEA": 1}))).result
