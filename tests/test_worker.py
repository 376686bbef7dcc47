"""A worker as a loop: it waits longer while there is nothing to do, says how it is, and ends in good order."""

import logging
import os
import signal
import time

from ordercore import Kernel
from ordercore.errors import StoreBusy
from ordercore.store.memory import MemoryStore
from ordercore.testing import ManualClock, RecordedTransport, given_stock, place
from ordercore.worker import Bell, Worker, parts_of


class Rings:
    """Rings when it was waited at so often."""

    def __init__(self, times):
        self.times, self.waits = times, []

    @property
    def rung(self):
        return len(self.waits) >= self.times

    def wait(self, seconds):
        self.waits.append(seconds)


class Durable(MemoryStore):
    capabilities = MemoryStore.capabilities | {"durable"}


def test_the_wait_grows_while_there_is_nothing_to_do():
    bell = Rings(8)
    Worker(Kernel(Durable()), bell, ["timers"], poll_most=1.0).run()
    assert bell.waits == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0, 1.0]


def test_a_store_that_fails_is_waited_for_and_not_given_up(caplog):
    class Away(Durable):
        left = 3

        def next_due(self, *, tenant=""):
            self.left -= 1
            if self.left >= 0:
                raise StoreBusy("postgres://jane:secret@db is away")
            return

    bell = Rings(5)
    with caplog.at_level(logging.INFO, "ordercore.work"):
        Worker(Kernel(Away()), bell, ["timers"]).run()
    assert bell.waits[:3] == [0.1, 0.2, 0.4]
    assert "store_busy" in caplog.text
    assert "secret" not in caplog.text
    assert "well: 0 timers" in caplog.text


def test_it_logs_failures_and_who_is_behind_and_nothing_of_anybody(caplog):
    class Printer:
        name = "printer"
        broken = True

        def apply(self, records):
            if self.broken:
                raise RuntimeError("jane@example.com")

    clock, printer = ManualClock(), Printer()
    shop = Kernel(Durable(), clock=clock, followers=[printer])
    given_stock(shop, {"WH1": {"TEA": 5}})
    place(shop, {"TEA": 1})
    with caplog.at_level(logging.INFO, "ordercore.work"):
        worker = Worker(shop, Rings(2), ["followers"])
        worker.run()
        printer.broken = False
        clock.advance(hours=1)
        worker.bell = Rings(1)
        worker.run()
    told = caplog.text
    assert "jane" not in told
    for line in (
        "printer: RuntimeError",
        "follower printer waits, ",
        "behind: printer ",
        "follower printer goes on, 0 rows",
    ):
        assert line in told
    assert told.count("follower printer waits") == 1


def test_a_bell_wakes_at_once_and_gives_the_signals_back():
    before = signal.getsignal(signal.SIGTERM)
    with Bell() as bell:
        began = time.monotonic()
        os.kill(os.getpid(), signal.SIGTERM)
        bell.wait(20)
        assert bell.rung
        assert time.monotonic() - began < 10
        assert signal.getsignal(signal.SIGTERM) is before
    assert signal.getsignal(signal.SIGTERM) is before


def test_what_cannot_be_sent_is_left_to_others():
    assert parts_of(Kernel()) == ("timers", "followers")
    assert parts_of(Kernel(transport=RecordedTransport())) == ("timers", "followers", "effects")
