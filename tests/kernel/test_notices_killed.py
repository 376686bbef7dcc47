"""Nothing is sent twice, and nothing is lost in silence, whenever the worker is killed."""

import socket
import threading
from collections import Counter
from datetime import UTC, datetime
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import sleep

import pytest
from aiosmtpd.controller import Controller

from ordercore.notifiers import verify_webhook
from ordercore.testing.crash import kill
from ordercore.testing.crash_notices import HOST, SECRET, opened, tell_until_killed


class Mailbox:
    """What a mail server took on: the Message-ID of each, as often as it came."""

    def __init__(self):
        self.ids = Counter()

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  # as aiosmtpd calls it
        self.ids[message_from_bytes(envelope.content)["Message-ID"]] += 1
        return "250 taken"


class Hooks(ThreadingHTTPServer):
    """A receiver that checks signatures and counts by webhook-id; it answers after a little while."""

    daemon_threads = True

    def __init__(self, now):
        super().__init__((HOST, 0), Receiver)
        self.ids, self.now = Counter(), now


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        at = self.server.now(int(self.headers["webhook-timestamp"]))
        self.server.ids[verify_webhook(dict(self.headers), body, [SECRET], now=at)] += 1
        sleep(0.002)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def mailbox(free_port):
    box = Mailbox()
    controller = Controller(box, hostname=HOST, port=free_port)
    controller.start()
    yield box
    controller.stop()


@pytest.fixture
def free_port():
    with socket.create_server((HOST, 0)) as server:
        return server.getsockname()[1]


@pytest.fixture
def hooks():
    server = Hooks(lambda seconds: datetime.fromtimestamp(seconds, tz=UTC))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("rounds", [3, pytest.param(40, marks=pytest.mark.slow)])
def test_no_mail_is_sent_twice_and_none_is_lost_in_silence(tmp_path, mailbox, hooks, free_port, rounds, capsys):
    ports = (free_port, hooks.server_address[1])
    orders = [
        order
        for number in range(rounds)
        for order in kill(tell_until_killed, (tmp_path, *ports, number), number, longest=0.8)
    ]  # fmt: skip
    with opened(tmp_path, *ports, rounds) as kernel:
        for _ in range(4):
            kernel.work(until_idle=True)
            kernel.core.clock.advance(minutes=10)
        effects = [row for row in kernel.effects(None, limit=100_000) if row.summary.kind == "notify"]
        placed = {record.stream for record in kernel.log(limit=1_000_000).records if record.stream.startswith("order/")}
    by_mail = [row.summary for row in effects if row.summary.instance == "ops"]
    by_web = [row.summary for row in effects if row.summary.instance == "erp"]
    done = [one.reference for one in by_mail if one.status == "done"]
    uncertain = [one for one in by_mail if one.status == "uncertain"]

    assert {f"order/{order}" for order in orders} <= placed
    assert {one.subject for one in by_mail} == {one.subject for one in by_web} == placed
    assert len(by_mail) == len(by_web) == len(placed)

    assert set(mailbox.ids.values()) == {1}
    assert set(done) <= set(mailbox.ids)
    assert len(done) + len(uncertain) == len(placed)
    assert len(mailbox.ids) <= len(placed)
    assert len(uncertain) <= rounds  # what was under way when a worker was killed, and nothing else

    assert {one.status for one in by_web} == {"done"}
    assert len(hooks.ids) == len(placed)
    assert sum(hooks.ids.values()) <= len(placed) + rounds
    with capsys.disabled():
        print(  # noqa: T201  # the figures are what this is run for
            f"\n{rounds} kills: {len(placed)} news; mail {len(done)} done, {len(uncertain)} uncertain"
            f" ({len(mailbox.ids) - len(done)} of them arrived), 0 twice;"
            f" webhooks {sum(hooks.ids.values())} deliveries of {len(hooks.ids)} ids"
        )
