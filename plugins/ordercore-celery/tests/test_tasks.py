"""The tasks: woken after a commit, swept where that is lost, by tenant and queue, tried again when the store fails."""

import os

import pytest
from celery import Celery
from kombu.exceptions import OperationalError

from ordercore import Kernel
from ordercore.errors import StoreBusy
from ordercore.notifiers import EmailNotifier
from ordercore.order.events import OrderPlaced
from ordercore.stock import CartLine, ReserveCart
from ordercore.store.memory import MemoryStore
from ordercore.testing import ManualClock, given_stock, place
from ordercore.testing.transports import RecordedTransport
from ordercore_celery import Tasks
from ordercore_celery.gathering import Gathering
from ordercore_celery.kernels import Kernels


class Durable(MemoryStore):
    """In memory, and worked on by workers."""

    capabilities = MemoryStore.capabilities | {"durable", "multi_process"}


class Placed:
    name = "placed"

    def __init__(self):
        self.orders = []

    def apply(self, records):
        self.orders += [record.stream for record in records if isinstance(record.event, OrderPlaced)]


class Shop:
    """A kernel that wakes, and tasks on the same store."""

    def __init__(self, app, **options):
        self.store, self.clock, self.placed = Durable(), ManualClock(), Placed()
        self.outside = RecordedTransport()
        self.tasks = Tasks(app, self.open, **{"name": "shop", **options})
        self.kernel = self.open("", wake=self.tasks.wake)

    def open(self, tenant, wake=None):
        mails = EmailNotifier("ops", "shop@example.com", ["ops@example.com"], ["order.placed"])
        return Kernel(
            self.store, clock=self.clock, tenant=tenant, followers=[self.placed], notifiers={"ops": mails},
            transport=self.outside, wake=wake,
        )  # fmt: skip


@pytest.fixture
def app():
    """Tasks run where they are sent, which is how a host tests its own code."""
    app = Celery("test", broker="memory://", set_as_current=False)
    app.conf.task_always_eager = True
    yield app
    app.close()


@pytest.fixture
def queued():
    """An app whose messages stay in a broker in memory."""
    app = Celery("test", broker="memory://", set_as_current=False)
    yield app
    app.close()


def messages(app, queue="celery"):
    """(task, arguments, countdown known) of what lies in a queue."""
    found = []
    with app.connection_for_read() as connection, connection.SimpleQueue(queue) as waiting:
        while True:
            try:
                message = waiting.get(block=False)
            except waiting.Empty:
                return found
            found.append((message.headers["task"], message.payload[0], message.headers["eta"] is not None))
            message.ack()


# Woken


def test_what_was_committed_is_followed_and_performed_without_anybody_asking(app):
    shop = Shop(app)
    given_stock(shop.kernel, {"WH1": {"TEA": 5}})
    order = place(shop.kernel, {"TEA": 1})
    assert shop.placed.orders == [f"order/{order}"]
    assert len(shop.outside.sent) == 1
    assert [row.lag for row in shop.kernel.followers()] == [0, 0]


def test_a_command_wakes_one_worker_by_one_message(queued):
    shop = Shop(queued)
    given_stock(shop.kernel, {"WH1": {"TEA": 5}})
    messages(queued)
    place(shop.kernel, {"TEA": 1})
    assert messages(queued) == [("shop.relay", [""], False)]


def test_waking_waits_for_the_commit_of_the_host(queued):
    after = []
    shop = Shop(queued, after_commit=after.append)
    given_stock(shop.kernel, {"WH1": {"TEA": 5}})
    place(shop.kernel, {"TEA": 1})
    assert messages(queued) == []
    after.pop()()
    assert messages(queued) == [("shop.relay", [""], False)]


def test_a_broker_that_is_away_delays_and_breaks_nothing(queued, caplog, monkeypatch):
    shop = Shop(queued)

    def away(*args, **options):
        raise OperationalError("amqp://jane:secret@mq")

    monkeypatch.setattr(shop.tasks, "send", away)
    given_stock(shop.kernel, {"WH1": {"TEA": 5}})
    assert place(shop.kernel, {"TEA": 1})
    assert "no worker could be woken (OperationalError)" in caplog.text
    assert "secret" not in caplog.text
    monkeypatch.undo()
    queued.conf.task_always_eager = True
    shop.tasks.sweep.apply_async()
    assert len(shop.placed.orders) == 1
    assert len(shop.outside.sent) == 1


# Gathering


def test_wake_ups_that_come_together_are_one_message_that_begins_after_them(queued):
    shop = Shop(queued, gather_seconds=30)
    given_stock(shop.kernel, {"WH1": {"TEA": 50}})
    for number in range(10):
        place(shop.kernel, {"TEA": 1}, external_id=str(number))
    assert messages(queued) == [("shop.relay", [""], True)]


def test_whoever_commits_after_a_message_has_begun_sends_another():
    now = [100.0]
    gathering = Gathering(0.5, lambda: now[0])
    sent = []
    for at in (100.0, 100.1, 100.4, 100.5, 100.6, 102.0):
        now[0] = at
        if gathering.needed("a"):
            sent.append(at)
    assert sent == [100.0, 100.5, 102.0]
    assert gathering.needed("b")
    assert not gathering.needed("b")
    gathering.lost("b")
    assert gathering.needed("b")


# Swept


def test_a_sweep_finds_what_nobody_was_woken_for(app):
    shop = Shop(app)
    quiet = shop.open("")
    given_stock(quiet, {"WH1": {"TEA": 5}})
    place(quiet, {"TEA": 1})
    quiet.handle(ReserveCart("C1", [CartLine("1", "TEA", 1)], 60))
    shop.clock.advance(seconds=60)
    assert quiet.available("TEA") == 3
    shop.tasks.sweep.apply_async()
    assert quiet.available("TEA") == 4
    assert len(shop.outside.sent) == 1
    assert [row.lag for row in quiet.followers()] == [0, 0]


def test_a_sweep_is_for_every_tenant_and_its_messages_go_out_of_date(queued):
    shop = Shop(queued, tenants=lambda: ["acme", "zeta"])
    shop.tasks.sweep.apply()
    sent = messages(queued)
    parts = ("shop.relay", "shop.timers", "shop.effects")
    assert [(task, tenant) for task, (tenant,), _ in sent] == [
        (part, tenant) for tenant in ("acme", "zeta") for part in parts
    ]
    assert shop.tasks.schedule == {
        "shop.sweep": {"task": "shop.sweep", "schedule": 30.0, "options": {"expires": 30.0}}
    }  # fmt: skip


def test_each_task_and_tenant_may_have_a_queue(queued):
    shop = Shop(
        queued, tenants=lambda: ["acme"], queue=lambda task, tenant: "slow" if task == "effects" else f"shop.{tenant}"
    )  # fmt: skip
    shop.tasks.sweep.apply()
    assert [task for task, _, _ in messages(queued, "shop.acme")] == ["shop.relay", "shop.timers"]
    assert [task for task, _, _ in messages(queued, "slow")] == ["shop.effects"]
    assert shop.tasks.schedule["shop.sweep"]["options"]["queue"] == "shop."


def test_a_tenant_is_worked_for_by_a_kernel_of_its_own(app):
    shop = Shop(app)
    acme = shop.open("acme")
    given_stock(acme, {"WH1": {"TEA": 5}})
    place(acme, {"TEA": 1}, external_id="7")
    assert shop.tasks.relay.apply(("",)).get()["delivered"] == 0
    assert shop.tasks.relay.apply(("acme",)).get()["delivered"] > 0
    assert shop.placed.orders == ["order/shop:7"]


def test_a_kernel_of_the_same_name_in_another_app_is_another(app, queued):
    one, two = Shop(app), Shop(queued)
    given_stock(one.kernel, {"WH1": {"TEA": 5}})
    place(one.kernel, {"TEA": 1})
    queued.conf.task_always_eager = True
    given_stock(two.kernel, {"WH1": {"TEA": 5}})
    assert (len(one.placed.orders), len(two.placed.orders)) == (1, 0)


def test_two_kernels_in_one_app_keep_out_of_each_other_s_way(app):
    one, two = Shop(app, name="one"), Shop(app, name="two")
    for shop in (one, two):
        given_stock(shop.kernel, {"WH1": {"TEA": 5}})
    place(one.kernel, {"TEA": 1})
    assert (len(one.placed.orders), len(two.placed.orders)) == (1, 0)


# When it fails


def test_a_store_that_fails_is_tried_again_later(app, monkeypatch):
    shop = Shop(app)
    given_stock(shop.open(""), {"WH1": {"TEA": 5}})
    tries = []
    cursor_of = shop.store.cursor_of

    def away(name, *, tenant=""):
        tries.append(name)
        if len(tries) < 3:
            raise StoreBusy("away")
        return cursor_of(name, tenant=tenant)

    monkeypatch.setattr(shop.store, "cursor_of", away)
    assert shop.tasks.relay.apply(("",)).get()["delivered"] > 0
    assert len(tries) > 3


def test_a_follower_that_fails_is_logged_with_its_lag_and_without_content(app, caplog):
    shop = Shop(app)
    given_stock(shop.open(""), {"WH1": {"TEA": 5}})

    def fails(records):
        raise ValueError("jane@example.com")

    shop.placed.apply = fails
    assert shop.tasks.relay.apply(("",)).get()["failures"] == 1
    assert "shop: placed: ValueError" in caplog.text
    assert "follower placed waits, " in caplog.text
    assert "jane" not in caplog.text


# Kernels of a process


def test_kernels_are_opened_once_and_not_carried_over_a_fork(monkeypatch):
    opened = []

    def open_kernel(tenant):
        opened.append(tenant)
        return Kernel()

    kernels = Kernels(open_kernel, most=2)
    first = kernels.of("a")
    assert kernels.of("a") is first
    assert opened == ["a"]
    for tenant in ("b", "c"):
        kernels.of(tenant)
    assert kernels.of("a") is not first
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert kernels.of("a") is not first
    assert opened == ["a", "b", "c", "a", "a"]
    kernels.close()
    assert len(opened) == 5
