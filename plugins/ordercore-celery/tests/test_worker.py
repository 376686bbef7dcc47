"""A real worker, with a folder as its broker, killed with -9 in the middle: each order counts once all the same."""

import os
import signal
import subprocess
import sys
import time

import pytest

from ordercore.store import ReadDocument
from ordercore.testing import given_stock, place

HOST = """
import os
from pathlib import Path

from attrs import frozen
from celery import Celery
from ordercore_celery import Tasks

from ordercore import Kernel
from ordercore.flow import read
from ordercore.hooks import hookimpl
from ordercore.message import DocumentType
from ordercore.order.events import OrderPlaced
from ordercore.policies import DeliveryPolicy, Policies
from ordercore.store import PutDocument, ReadDocument
from ordercore.store.sqlite import SQLiteStore

FOLDER = Path(os.environ["HOST_FOLDER"])


@frozen
class Placed:
    orders: int


class Counts:
    name = "counts"

    def project(self, records):
        asked = ReadDocument("host.placed", "all")
        known = (yield from read(asked)).of(asked)
        more = sum(isinstance(record.event, OrderPlaced) for record in records)
        return [PutDocument("host.placed", "all", Placed((known.body.orders if known else 0) + more))]

    @hookimpl
    def ordercore_register_events(self):
        return [DocumentType("host.placed", Placed)]


def kernel(tenant="", wake=None):
    counts = Counts()
    return Kernel(
        SQLiteStore(FOLDER / "host.db", synchronous="NORMAL"), plugins=[counts], followers=[counts], wake=wake,
        policies=Policies(delivery=DeliveryPolicy(lease_seconds=1, retry_seconds=1)),
    )


app = Celery("host", broker="filesystem://")
app.conf.broker_transport_options = {
    "data_folder_in": FOLDER / "queue", "data_folder_out": FOLDER / "queue", "control_folder": FOLDER / "control",
}
app.conf.broker_connection_retry_on_startup = True
tasks = Tasks(app, kernel, name="host", sweep_seconds=1)
app.conf.beat_schedule = tasks.schedule
"""


@pytest.fixture
def host(tmp_path, monkeypatch):
    (tmp_path / "queue").mkdir()
    (tmp_path / "host.py").write_text(HOST)
    monkeypatch.setenv("HOST_FOLDER", str(tmp_path))
    names = {}
    exec(compile(HOST, "host.py", "exec"), names)
    yield tmp_path, names
    names["app"].close()


def started(folder):
    """A worker with two processes and the beat, in a process group of its own."""
    command = [sys.executable, "-W", "ignore", "-m", "celery", "-A", "host", "worker", "--beat", "--concurrency", "2",
               "--schedule", str(folder / "beat"), "--loglevel", "WARNING"]  # fmt: skip
    with (folder / "worker.log").open("a") as log:
        return subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True)


def killed(worker):
    """The worker and what it forked, with -9."""
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


def until(true, folder, seconds=90):
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, (folder / "worker.log").read_text()[-3_000:]
        time.sleep(0.05)
    return found


def test_a_worker_that_is_killed_loses_nothing_and_counts_nothing_twice(host):
    folder, names = host
    shop = names["kernel"](wake=names["tasks"].wake)
    given_stock(shop, {"WH1": {"TEA": 100}})
    worker = started(folder)
    try:
        for number in range(10):
            place(shop, {"TEA": 1}, external_id=f"a{number}")
        until(lambda: shop.store.cursor_of("counts"), folder)
        killed(worker)
        for number in range(10):
            place(shop, {"TEA": 1}, external_id=f"b{number}")
        worker = started(folder)
        until(lambda: all(row.lag == 0 for row in shop.followers()), folder)
        asked = ReadDocument("host.placed", "all")
        assert shop.store.read([asked]).of(asked).body.orders == 20
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == 0
    finally:
        if worker.poll() is None:
            killed(worker)
        shop.close()
