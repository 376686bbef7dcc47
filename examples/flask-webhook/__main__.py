"""The receiver, and a shop that tells it of a day: `python examples/flask-webhook`."""

import json
import logging
import os
import secrets
import threading
import time
import urllib.request
from pathlib import Path
from urllib.error import HTTPError

from receiver import create_app
from werkzeug.serving import make_server

from ordercore import Kernel, PutItem, PutLocation, ReceiveStock
from ordercore.stock import Received
from ordercore.wiring import discover
from ordercore_shopify import sign

SHOP = "example.myshopify.com"
ORDER = json.loads((Path(__file__).parent / "order.json").read_text())
LATER = {"updated_at": "2026-03-01T10:00:00+01:00"}


def stock(kernel: Kernel) -> None:
    kernel.handle(PutLocation("WH1", "Warehouse"))
    kernel.handle(PutItem("TEA", "Earl Grey, 100 g"))
    kernel.handle(PutItem("postage", tracking="none"))
    kernel.handle(ReceiveStock("WH1", [Received("TEA", 100)], "supplier", "D-1"))


def post(address: str, body: object, **headers: str) -> tuple[int, dict[str, object]]:
    raw = json.dumps(body).encode()
    if "secret" in headers:
        headers["X-Shopify-Hmac-Sha256"] = sign(raw, headers.pop("secret").encode()).decode()
    request = urllib.request.Request(address, raw, {"Content-Type": "application/json"} | headers)
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
            return answer.status, json.load(answer)
    except HTTPError as refused:
        return refused.code, json.load(refused)


def day(address: str, secret: str, kernel: Kernel) -> None:
    """Deliveries as a shop sends them: again, forged, with an item that nobody knows yet, and out of order."""

    def deliver(what: str, body: dict[str, object], topic: str = "orders/create", secret: str = secret) -> object:
        headers = {"X-Shopify-Topic": topic, "X-Shopify-Shop-Domain": SHOP}
        status, told = post(f"{address}/webhooks/shop-eu", body, secret=secret, **headers)
        came_to = told.get("title") or ", ".join(name for name, found in told.items() if found)
        print(f"{what:<34} {status}  {came_to}", flush=True)
        return told.get("quarantined")

    deliver("an order", ORDER)
    deliver("the same again", ORDER)
    deliver("a forged one", ORDER | {"id": 2}, secret="a guess")
    deliver("cancelled", ORDER | LATER | {"cancelled_at": LATER["updated_at"]}, "orders/cancelled")
    deliver("an older notice, late", ORDER)
    waits = deliver("another with an unknown item", unknown := ORDER | {"id": 3, "line_items": [
        ORDER["line_items"][0] | {"id": 9, "sku": "CUP"}]})  # fmt: skip
    deliver("it once more", unknown)
    if waits:  # not on a second day: the item is known then
        kernel.handle(PutItem("CUP", "Cup, blue"))
        status, told = post(f"{address}/quarantine/{waits}/replay", {})
        print(
            f"{'replayed, now that it is known':<34} {status}  {', '.join(key for key, value in told.items() if value)}"
        )


if __name__ == "__main__":
    secret = os.environ.setdefault("SHOPIFY_SECRET", secrets.token_hex())
    os.environ.setdefault("SHOPIFY_SHOP", SHOP)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    url = os.environ.setdefault("ORDERCORE_STORE", "sqlite:///webhooks.db")
    server = make_server("127.0.0.1", int(os.environ.get("PORT", "8001")), create_app(), threaded=True)
    with Kernel.open(url, plugins=discover()) as kernel:
        stock(kernel)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        day(f"http://127.0.0.1:{server.port}", secret, kernel)
        try:
            print(f"\nServing on http://127.0.0.1:{server.port}/quarantine until Ctrl-C.", flush=True)
            while True:  # the worker: timers, followers, deliveries
                kernel.work(until_idle=True)
                time.sleep(1)
        except KeyboardInterrupt:
            server.shutdown()
