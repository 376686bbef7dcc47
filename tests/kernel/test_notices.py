"""Notifiers are told of what happens: each event once, by its own way, and nobody holds up anybody else."""

import asyncio
import json
from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from attrs import field, frozen
from hypothesis import given
from hypothesis import strategies as st

from ordercore import AsyncKernel, Kernel, PutItem, PutLocation
from ordercore.effects.events import EffectRefused, EffectWanted
from ordercore.errors import InvalidCommand, NotFound, NotSupported, Refused, TransitionRefused
from ordercore.hooks import Refusal, hookimpl
from ordercore.message import Context, Event, EventType
from ordercore.notices import NotifierState, PauseNotifier, ResumeNotifier, SendNotice
from ordercore.notices.events import NotifierPaused, NotifierResumed
from ordercore.notices.state import NOTIFIERS, notifier_stream
from ordercore.notifiers import EmailNotifier, WebhookNotifier
from ordercore.policies import EffectPolicy, Policies
from ordercore.ports import HttpRequest, HttpResponse, MailRequest
from ordercore.stock import Received, ReceiveStock
from ordercore.store import Append, Batch, without_postings
from ordercore.testing import CountedIds, ManualClock, an_order, given_stock, place
from ordercore.testing.clock import START
from ordercore.testing.transports import FaultyTransport, RecordedTransport
from ordercore.values import CommandId, Stream

SECRET = "whsec_bm90IGEgc2VjcmV0LCBub3QgYSBzZWNyZXQ="
FAULTS = ("none", "unreached", "throttled", "lost_before", "lost_after")


def ops(*kinds):
    return EmailNotifier("ops", "shop@example.com", ["ops@example.com"], kinds or ["order.placed"])


def erp(*kinds):
    return WebhookNotifier("erp", "https://erp.example/", [SECRET], kinds or ["order.placed"])


class World:
    """A shop, its notifiers, and everything that arrived."""

    def __init__(self, make, *notifiers, faults=(), answers=(), **options):
        self.arrived = RecordedTransport(answers)
        transport = FaultyTransport(self.arrived, faults)
        self.shop = make(notifiers={one.instance: one for one in notifiers}, transport=transport, **options)
        given_stock(self.shop, {"WH1": {"TEA": 50}})
        self.clock = self.shop.core.clock

    def work(self, **later):
        if later:
            self.clock.advance(**later)
        return self.shop.work(until_idle=True)

    def patient(self):
        for _ in range(30):
            self.work(hours=2)

    @property
    def mails(self):
        return [
            message_from_bytes(one.message, policy=default) for one in self.arrived.sent if isinstance(one, MailRequest)
        ]

    @property
    def posts(self):
        return [json.loads(one.body) for one in self.arrived.sent if isinstance(one, HttpRequest)]

    def events(self, kind):
        return [record.event for record in self.shop.log(limit=10_000).records if isinstance(record.event, kind)]

    def statuses(self):
        return sorted(row.summary.status for row in self.shop.effects(None))


@pytest.fixture
def world(make_shop):
    return lambda *args, **options: World(make_shop, *args, **options)


def test_each_notifier_is_told_once_of_what_it_wants(world):
    one = world(ops(), erp("order.*"))
    order = place(one.shop, {"TEA": 2}, external_id="1001")
    one.work()
    one.work()
    (mail,) = one.mails
    assert mail["Subject"] == f"[ordercore] Order {order}: placed, 2.00 EUR"
    assert sorted((post["sequence"], post["type"]) for post in one.posts) == [
        ("0000000001", "org.ordercore.order.placed.v1"), ("0000000002", "org.ordercore.order.allocated.v1")
    ]  # fmt: skip
    assert {post["subject"] for post in one.posts} == {f"order/{order}"}
    assert one.statuses() == ["done"] * 3


def test_the_effect_records_neither_text_nor_people(world):
    one = world(ops())
    place(one.shop, {"TEA": 2}, external_id="1001", customer="customer-7")
    one.work()
    (wanted,) = one.events(EffectWanted)
    assert set(wanted.options) == {"event", "notice", "at"}
    assert "customer-7" not in repr(one.arrived.sent[0].message)


def test_the_same_news_has_one_id_for_all_and_at_every_attempt(world):
    one = world(erp(), WebhookNotifier("crm", "https://crm.example/", [SECRET], ["*"]), faults=["lost_after"] * 2)
    place(one.shop, {"TEA": 2})
    one.patient()
    ids = {post["id"] for post in one.posts if post["type"].endswith("order.placed.v1")}
    assert len(ids) == 1


def test_a_mail_whose_fate_is_unknown_is_left_to_a_person(world):
    one = world(ops(), faults=["lost_after"])
    place(one.shop, {"TEA": 2})
    one.patient()
    assert len(one.mails) == 1
    (row,) = one.shop.effects()
    assert (row.summary.kind, row.summary.instance, row.summary.status) == ("notify", "ops", "uncertain")


def test_a_webhook_whose_fate_is_unknown_is_sent_again_under_the_same_id(world):
    one = world(erp(), faults=["lost_after", "lost_before"])
    place(one.shop, {"TEA": 2})
    one.patient()
    assert len(one.posts) == 2
    assert one.posts[0] == one.posts[1]
    assert one.statuses() == ["done"]


def test_a_receiver_that_fails_is_tried_again_and_then_given_up(world):
    policies = Policies(effects=EffectPolicy(attempts=3))
    one = world(erp(), answers=[HttpResponse(404)] * 9, policies=policies)
    place(one.shop, {"TEA": 2})
    one.patient()
    assert len(one.posts) == 3
    assert [(event.code, event.problems) for event in one.events(EffectRefused)] == [
        ("gave_up", ("transient_failure",))
    ]


def test_a_receiver_that_wants_nothing_more_is_paused_and_told_nothing_more(world):
    one = world(erp(), ops(), answers=[])
    one.arrived.otherwise = lambda request: HttpResponse(410) if isinstance(request, HttpRequest) else _taken(request)
    place(one.shop, {"TEA": 2})
    one.work()
    place(one.shop, {"TEA": 2})
    report = one.work()
    assert (len(one.posts), len(one.mails)) == (1, 2)
    assert one.events(NotifierPaused) == [NotifierPaused("gone")]
    assert not report.failures
    one.shop.handle(ResumeNotifier("erp"))
    one.arrived.otherwise = _taken
    one.work()
    assert len(one.posts) == 1  # what happened meanwhile is not told later
    place(one.shop, {"TEA": 2})
    one.work()
    assert len(one.posts) == 2


def _taken(request):
    return RecordedTransport().send(request)


def test_what_waits_for_a_notifier_that_is_paused_meanwhile_is_refused(world):
    one = world(erp(), faults=["unreached"])
    place(one.shop, {"TEA": 2})
    one.work()
    one.shop.handle(PauseNotifier("erp", "moving house"))
    one.patient()
    assert not one.posts
    assert [event.code for event in one.events(EffectRefused)] == ["transition_refused"]


def test_pausing_and_resuming_twice_is_once(world):
    one = world(erp())
    for _ in range(2):
        one.shop.handle(PauseNotifier("erp", "moving house"))
    for _ in range(2):
        one.shop.handle(ResumeNotifier("erp"))
    assert [type(e) for e in one.events((NotifierPaused, NotifierResumed))] == [NotifierPaused, NotifierResumed]
    with pytest.raises(NotFound, match="Did you mean 'erp'"):
        one.shop.handle(PauseNotifier("erb", "x"))
    with pytest.raises(InvalidCommand):
        one.shop.handle(PauseNotifier("erp", ""))


def test_a_notifier_is_never_told_that_it_was_told(world):
    one = world(erp("*"), ops("effect.*"))
    place(one.shop, {"TEA": 2})
    one.patient()
    assert not one.mails
    assert not [post for post in one.posts if ".effect." in post["type"]]
    before = one.shop.length()
    one.patient()
    assert one.shop.length() == before


def test_a_past_that_is_brought_in_is_no_news(world):
    one = world(erp("stock.received"))
    one.work()
    one.arrived.sent.clear()
    for number, age in (("old", timedelta(days=400)), ("new", timedelta(hours=23))):
        receipt = ReceiveStock("WH1", [Received("TEA", 1)], source="supplier", external_id=number)
        one.shop.handle(receipt, effective=START - age)
    one.work()
    assert [post["subject"] for post in one.posts] == ["receipt/supplier:new"]


def test_a_notifier_that_is_new_in_a_shop_is_told_nothing_old(world):
    one = world()
    place(one.shop, {"TEA": 1})
    one.clock.advance(days=2)
    place(one.shop, {"TEA": 1}, external_id="new")
    later = one.shop.rival(notifiers={"erp": erp()}, transport=one.arrived)
    later.work(until_idle=True)
    assert [post["subject"] for post in one.posts] == ["order/shop:new"]


def test_the_same_notice_again_is_a_duplicate(world):
    one = world(erp())
    order = place(one.shop, {"TEA": 2})
    one.work()
    now = one.clock.now()
    again = SendNotice("erp", "order.placed", f"order/{order}", 1, now, now, one.posts[0]["id"])
    assert one.shop.handle(again).duplicate
    one.work()
    assert len(one.posts) == 1


def test_a_notice_of_nothing_is_refused_or_fails_alone(world):
    one = world(erp())
    now = one.clock.now()
    with pytest.raises(NotFound):
        one.shop.handle(SendNotice("nobody", "order.placed", "order/1", 1, now, now, "evt_1"))
    one.shop.handle(SendNotice("erp", "order.placed", "order/none", 7, now, now, "evt_1"))
    one.patient()
    assert not one.posts
    place(one.shop, {"TEA": 2})
    one.work()
    assert len(one.posts) == 1


@frozen
class Broken:
    """A notifier that fails wherever it can."""

    instance: str = "broken"
    capabilities: frozenset = frozenset()
    fails_at: str = field(default="wants", kw_only=True)

    def wants(self, kind):
        if self.fails_at == "wants":
            raise RuntimeError
        return True

    def deliver(self, notice, *, key, now):
        raise RuntimeError
        yield


@pytest.mark.parametrize("where", ["wants", "deliver"])
def test_a_notifier_that_fails_holds_up_nobody_else(world, where):
    one = world(Broken(fails_at=where), ops())
    place(one.shop, {"TEA": 2})
    for _ in range(3):
        one.work()
    assert len(one.mails) == 1


def test_a_guard_may_refuse_notices(world):
    class Quiet:
        @hookimpl
        def ordercore_guard(self, command, state):
            if isinstance(command, SendNotice):
                assert isinstance(state, NotifierState)
                return Refusal("quiet_hours", "Not at night.")
            return None

    one = world(erp(), plugins=[Quiet()])
    place(one.shop, {"TEA": 2})
    one.work()
    assert not one.posts
    now = one.clock.now()
    with pytest.raises(Refused):
        one.shop.handle(SendNotice("erp", "order.placed", "order/1", 1, now, now, "evt_1"))


def test_plugins_events_are_told_as_well(world):
    @frozen
    class GiftWrapped(Event):
        paper: str

    without_postings(GiftWrapped)

    class Gifts:
        @hookimpl
        def ordercore_register_events(self):
            return [EventType("acme.gift_wrapped", 1, GiftWrapped)]

    one = world(erp("acme.*"), plugins=[Gifts()])
    now = one.clock.now()
    append = Append(Stream("gift/7"), 0, (GiftWrapped("red"),))
    one.shop.store.commit(Batch(CommandId("wrap"), b"wrap", Context(CommandId("wrap"), now, now), (append,)))
    one.work()
    assert [(post["subject"], post["data"]["facts"]) for post in one.posts] == [("gift/7", {"paper": "red"})]


def in_memory(**options):
    return Kernel(clock=ManualClock(), ids=CountedIds(), **options)


@given(faults=st.lists(st.sampled_from(FAULTS), max_size=12), orders=st.integers(1, 4))
def test_whatever_the_network_does_no_mail_arrives_twice_and_no_news_is_lost(faults, orders):
    one = World(in_memory, ops(), erp(), faults=faults)
    for _ in range(orders):
        place(one.shop, {"TEA": 1})
        one.work(minutes=7)
    one.patient()
    sent = [mail["Message-ID"] for mail in one.mails]
    unknown = [row for row in one.shop.effects() if row.summary.instance == "ops"]
    assert len(sent) == len(set(sent))
    assert orders - len(unknown) <= len(sent) <= orders
    assert len({post["id"] for post in one.posts}) == orders
    assert len(one.posts) >= orders
    assert len(one.statuses()) == 2 * orders
    assert set(one.statuses()) <= {"done", "uncertain"}


def test_pausing_while_it_is_told_has_one_outcome(world):
    one = world(erp())
    loaded = NOTIFIERS.fold(None, [NotifierPaused("x")], notifier_stream("erp"))
    assert loaded == NotifierState("paused", "x")
    one.shop.handle(PauseNotifier("erp", "x"))
    now = one.clock.now()
    with pytest.raises(TransitionRefused) as caught:
        one.shop.handle(SendNotice("erp", "order.placed", "order/1", 1, now, now, "evt_1"))
    assert caught.value.allowed == ("ResumeNotifier",)


def test_where_a_transport_may_not_go_nothing_is_tried_again(world):
    one = world(erp(), answers=[NotSupported("The host may not be reached.", capability="reach")])
    place(one.shop, {"TEA": 2})
    one.patient()
    assert len(one.posts) == 1
    assert [event.code for event in one.events(EffectRefused)] == ["not_supported"]


def test_an_asynchronous_kernel_tells_as_well():
    async def tell():
        async with AsyncKernel(clock=ManualClock(), notifiers={"erp": erp()}, transport=arrived) as kernel:
            await kernel.handle(PutLocation("WH1"))
            await kernel.handle(PutItem("TEA"))
            await kernel.handle(ReceiveStock("WH1", [Received("TEA", 1)]))
            await kernel.handle(an_order({"TEA": 1}))
            await kernel.work(until_idle=True)

    arrived = RecordedTransport()
    asyncio.run(tell())
    assert len(arrived.sent) == 1
