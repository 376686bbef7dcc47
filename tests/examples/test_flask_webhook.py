"""The Flask receiver: in this process on both databases, and once as its README says, as a server of its own."""

import json
import re
import signal
from pathlib import Path

import pytest

from ordercore import Kernel, PutItem, PutLocation, ReceiveStock
from ordercore.errors import StoreBusy
from ordercore.stock import Received
from ordercore.wiring import discover
from ordercore_shopify import sign

FOLDER = Path(__file__).parent.parent.parent / "examples" / "flask-webhook"
SECRET = "not a real secret"
SHOP = "example.myshopify.com"
ORDER = json.loads((FOLDER / "order.json").read_text())


@pytest.fixture
def receiver(load):
    return load("flask-webhook/receiver.py")


@pytest.fixture
def kernel(receiver, url):
    with receiver.make_kernel(url, SECRET, SHOP) as kernel:
        kernel.handle(PutLocation("WH1"))
        kernel.handle(PutItem("TEA"))
        kernel.handle(PutItem("postage", tracking="none"))
        kernel.handle(ReceiveStock("WH1", [Received("TEA", 10)], "supplier", "D-1"))
        yield kernel
        assert kernel.verify() == ()


@pytest.fixture
def client(receiver, kernel):
    return receiver.make_app(kernel).test_client()


def deliver(client, body=ORDER, topic="orders/create", secret=SECRET, instance="shop-eu", **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers |= {
        "X-Shopify-Topic": topic, "X-Shopify-Shop-Domain": SHOP,
        "X-Shopify-Hmac-Sha256": sign(raw, secret.encode()).decode(),
    }  # fmt: skip
    return client.post(f"/webhooks/{instance}", data=raw, headers=headers, content_type="application/json")


def test_an_order_is_taken_in_once_however_often_it_is_told(client, kernel):
    first, *again = [deliver(client) for _ in range(4)]
    assert (first.status_code, first.json["placed_or_changed"]) == (200, ["shop-eu:820982911946154508"])
    assert {(one.status_code, *one.json["said_before"]) for one in again} == {(200, "820982911946154508")}
    assert kernel.available("TEA") == 8


def test_what_is_cancelled_frees_its_stock_and_an_older_notice_changes_nothing(client, kernel):
    later = {"updated_at": "2026-03-01T10:00:00+01:00", "cancelled_at": "2026-03-01T10:00:00+01:00"}
    for body in (ORDER, ORDER | later, ORDER, ORDER | later):
        assert deliver(client, body, "orders/cancelled" if body is not ORDER else "orders/create").status_code == 200
    assert kernel.available("TEA") == 10


def test_a_forged_delivery_and_one_that_was_written_anew_are_refused_and_leave_no_trace(client, kernel):
    raw = json.dumps(ORDER).encode()
    signed = sign(raw, SECRET.encode()).decode()
    anew = client.post(
        "/webhooks/shop-eu", data=json.dumps(ORDER, indent=1), content_type="application/json",
        headers={"X-Shopify-Topic": "orders/create", "X-Shopify-Hmac-Sha256": signed},
    )  # fmt: skip
    for answer in (anew, deliver(client, secret="a guess")):
        assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    assert kernel.orders() == ()
    assert client.get("/quarantine").json == []


def test_what_is_wrong_is_answered_with_200_seen_once_and_replayed(client, kernel):
    unknown = ORDER | {"line_items": [ORDER["line_items"][0] | {"sku": "CUP"}]}
    assert {deliver(client, unknown).status_code for _ in range(3)} == {200}
    (waits,) = client.get("/quarantine").json
    assert (waits["order"], len(waits["problems"])) == ("820982911946154508", 1)
    assert "CUP" in waits["problems"][0]
    kernel.handle(PutItem("CUP"))
    replayed = client.post(f"/quarantine/{waits['document']}/replay")
    assert replayed.json["placed_or_changed"] == ["shop-eu:820982911946154508"]
    assert client.get("/quarantine").json == []


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[]", b'{"id": 1}'])
def test_what_is_no_order_at_all_waits_for_a_person_or_is_refused_never_a_defect(client, body):
    answer = deliver(client, body)
    assert answer.status_code in (200, 400)
    assert "Traceback" not in answer.text


def test_an_unknown_shop_and_a_body_without_end_are_refused(client, receiver):
    assert deliver(client, instance="shop-us").status_code == 404
    assert deliver(client, b" " * (receiver.LARGEST + 1)).status_code == 413


def test_while_the_database_is_busy_the_shop_is_told_to_come_again(client, kernel, monkeypatch):
    def busy(*_):
        raise StoreBusy("busy")

    monkeypatch.setattr(type(kernel), "receive", busy)
    assert (deliver(client).status_code, deliver(client).json["title"]) == (503, "store_busy")


def test_without_a_secret_it_does_not_start(receiver, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SHOPIFY_SECRET", raising=False)
    with pytest.raises(KeyError, match="SHOPIFY_SECRET"):
        receiver.create_app()


def test_its_one_command_prints_what_the_readme_shows(started, tmp_path):
    shown = re.search(r"^```text\n(.*?)^```", (FOLDER / "README.md").read_text(), re.DOTALL | re.MULTILINE)[1]
    with started("flask-webhook", PORT="0", ORDERCORE_STORE="sqlite:///webhooks.db") as server:
        printed = list(until(server.stdout, "Serving on"))
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=20) == 0
    assert re.sub(r":\d+/", ":8001/", "".join(printed)) == shown
    with Kernel.open(f"sqlite:///{tmp_path / 'webhooks.db'}", plugins=discover()) as kernel:
        assert (len(kernel.orders()), kernel.quarantine(), kernel.verify()) == (2, (), ())


def until(lines, last):
    """What is printed, up to the line that begins so."""
    for line in lines:
        yield line
        if line.startswith(last):
            return
