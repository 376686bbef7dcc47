"""`ordercore work`: a worker that is well, that ends in good order, and that others stand in for when it is killed."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ordercore import Kernel, ReceiveStock
from ordercore.order.events import OrderPlaced
from ordercore.policies import DeliveryPolicy, Policies
from ordercore.stock import CartLine, Received, ReserveCart
from ordercore.testing import given_stock, place
from ordercore_postgres import PostgresStore

HOUSE = """
import os
from attrs import frozen
from ordercore import Kernel
from ordercore.flow import read
from ordercore.hooks import hookimpl
from ordercore.message import DocumentType
from ordercore.order.events import OrderPlaced
from ordercore.policies import DeliveryPolicy, Policies
from ordercore.store import PutDocument, ReadDocument
from ordercore.wiring.open import open_store

@frozen
class Placed:
    orders: int

class Counts:
    name = "counts"

    def project(self, records):
        asked = ReadDocument("house.placed", "all")
        known = (yield from read(asked)).of(asked)
        more = sum(isinstance(record.event, OrderPlaced) for record in records)
        return [PutDocument("house.placed", "all", Placed((known.body.orders if known else 0) + more))]

    @hookimpl
    def ordercore_register_events(self):
        return [DocumentType("house.placed", Placed)]

def kernel():
    counts = Counts()
    store = open_store(os.environ["HOUSE"])
    policies = Policies(delivery=DeliveryPolicy(lease_seconds=1, retry_seconds=1))
    return Kernel(store, plugins=[counts], followers=[counts], policies=policies)

number = 7
"""


# Once


def test_what_is_due_is_done_once_and_said(run, url):
    with Kernel.open(url) as kernel:
        kernel.handle(ReceiveStock("WH1", [Received("TEA", 5)]))
        kernel.handle(ReserveCart("C1", [CartLine("1", "HERB", 1)], 1))
    time.sleep(1.1)
    assert run("work", "--store", url) == (0, "WorkReport: 1 timer\n", "")
    assert run("work", "--store", url, "--only", "timers") == (0, "WorkReport: idle\n", "")


def test_a_store_without_a_kernel_of_its_host_leaves_effects_to_others(run, url):
    with Kernel.open(url) as kernel:
        assert not kernel.core.performing.reaches
    assert run("work", "--store", url)[0] == 0


@pytest.mark.parametrize(
    ("named", "said"),
    [("house:kernl", "kernel"), ("house:number", "no Kernel but a int"), ("hose:kernel", "hose")],
)
def test_a_kernel_that_is_none_is_said(run, tmp_path, monkeypatch, named, said):
    (tmp_path / "house.py").write_text(HOUSE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "house", raising=False)
    status, _, err = run("work", "--kernel", named)
    assert status == 2
    assert said in err


# Followers


@pytest.fixture
def behind(url):
    """A shop in which one record is parked of a follower that no plugin brings."""

    class Printer:
        name = "printer"

        def apply(self, records):
            if any(isinstance(record.event, OrderPlaced) for record in records):
                raise RuntimeError("jane@example.com")

    policies = Policies(delivery=DeliveryPolicy(attempts=1))
    with Kernel.open(url, followers=[Printer()], policies=policies) as kernel:
        kernel.work(until_idle=True)
        parked = kernel.parked()
    return url, [one.id for one in parked]


def test_followers_and_what_they_could_not_take_are_listed(run, behind):
    url, ids = behind
    status, out, err = run("followers", "--store", url)
    assert (status, err) == (0, "")
    for shown in ("printer", "current", str(len(ids))):
        assert shown in out
    status, out, _ = run("parked", "--store", url)
    assert status == 0
    for shown in (ids[0][:8], "printer", "order/web:1", "order.placed", "RuntimeError"):
        assert shown in out
    assert "jane" not in out
    assert "Nothing is dropped." in run("parked", "list", "--status", "dropped", "--store", url)[1]


def test_one_is_given_up_with_a_reason(run, behind):
    url, ids = behind
    assert run("parked", "drop", ids[0][:8], "--store", url)[0] == 2
    assert run("parked", "drop", ids[0][:8], "--reason", "a test", "--store", url)[0] == 0
    assert "a test" in run("parked", "list", "--status", "dropped", "--store", url)[1]
    assert run("parked", "drop", ids[0][:8], "--reason", "again", "--store", url)[0] == 1


def test_what_another_process_follows_is_not_delivered_here_but_may_go_on(run, behind):
    url, _ = behind
    status, _, err = run("parked", "redeliver", "printer", "--store", url)
    assert status == 1
    assert "printer" in err
    assert run("followers", "resume", "printer", "--store", url) == (
        0,
        "printer: current, 0 rows of the log behind.\n",
        "",
    )
    assert run("followers", "resume", "plotter", "--store", url)[0] == 1


# For ever


def started(folder, errors):
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    command = [sys.executable, "-m", "ordercore", "work", "--kernel", "house:kernel", "--forever", "--poll-most", "0.2"]
    return subprocess.Popen([*command, "--health-every", "0.5"], env=environment, cwd=folder, stderr=errors)


def until(true, seconds=60):
    """Wait for it; the machine may be busy with other tests."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.05)
    return found


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def address(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'house.db'}"
    found = request.getfixturevalue("ordercore_postgres_address")
    PostgresStore.open(found, migrate=True).close()
    return found


def test_two_workers_share_the_work_and_one_may_be_killed(tmp_path, monkeypatch, address):
    (tmp_path / "house.py").write_text(HOUSE)
    monkeypatch.setenv("HOUSE", address)
    house = {}
    exec(compile(HOUSE, "house.py", "exec"), house)
    shop = house["kernel"]()
    given_stock(shop, {"WH1": {"TEA": 100}})
    logs = [(tmp_path / f"{name}.log").open("w+") for name in "ab"]
    workers = [started(tmp_path, log) for log in logs]
    try:
        for number in range(15):
            place(shop, {"TEA": 1}, external_id=f"a{number}")
        until(lambda: shop.store.cursor_of("counts"))
        workers[0].kill()
        for number in range(15):
            place(shop, {"TEA": 1}, external_id=f"b{number}")
        until(lambda: shop.followers()[0].lag == 0 and shop.followers()[0].status == "current")
        asked = house["ReadDocument"]("house.placed", "all")
        assert shop.store.read([asked]).of(asked).body.orders == 30
        workers[1].send_signal(signal.SIGTERM)
        assert workers[1].wait(30) == 0
        said = Path(logs[1].name).read_text()
        assert re.search(r"INFO ended in good order; well: \d+ timers, \d+ delivered", said)
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
        for log in logs:
            log.close()
        shop.close()
