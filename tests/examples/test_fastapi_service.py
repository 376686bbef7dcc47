"""The FastAPI service: in this process over ASGI on both databases, and once as a server of its own."""

import argparse
import asyncio
import itertools
import json
import re
import shlex
import signal
from pathlib import Path

import httpx
import pytest

from ordercore import Kernel
from ordercore.wiring import discover

FOLDER = Path(__file__).parent.parent.parent / "examples" / "fastapi-service"
ORDER = {"number": "1001", "country": "DE", "lines": [{"sku": "TEA", "quantity": 2, "price": "12.50"}]}


@pytest.fixture
def service(load):
    return load("fastapi-service/service.py")


@pytest.fixture
def served(load, service, url, monkeypatch):
    """Run a story against the service, which has 100 packets of tea and 5 cups."""
    load("fastapi-service/__main__.py").stock(url)
    monkeypatch.setenv("ORDERCORE_STORE", url)

    async def run(story):
        transport = httpx.ASGITransport(service.app, raise_app_exceptions=False)
        async with (
            service.lifespan(service.app),
            httpx.AsyncClient(transport=transport, base_url="http://shop") as client,
        ):
            await story(client)

    return lambda story: asyncio.run(run(story))


def verified(url):
    with Kernel.open(url, plugins=discover()) as kernel:
        assert kernel.verify() == ()
        return kernel.available("TEA")


def test_an_order_is_placed_read_shipped_and_told(served, url):
    async def story(client):
        placed = await client.post("/orders", json=ORDER)
        assert (placed.status_code, placed.json()["status"], placed.json()["fulfillment"]) == (
            201, "confirmed", "unfulfilled",
        )  # fmt: skip
        there = f"/orders/{placed.json()['id']}"
        shipped = await client.post(f"{there}/shipments", headers={"Idempotency-Key": "click-1"})
        assert (shipped.status_code, shipped.json()["fulfillment"]) == (200, "fulfilled")
        assert (await client.get(there)).json() == shipped.json()
        assert len((await client.get(f"{there}/timeline")).json()) == 3

    served(story)
    assert verified(url) == 98


def test_what_is_sent_again_is_done_once_and_says_so(served, url):
    async def story(client):
        first, again = [await client.post("/orders", json=ORDER) for _ in range(2)]
        assert (first.status_code, again.status_code) == (201, 200)
        assert again.json() == first.json()
        there = f"/orders/{first.json()['id']}/cancellation"
        answers = [await client.post(there, headers={"Idempotency-Key": "click-2"}) for _ in range(2)]
        assert [one.headers.get("Idempotent-Replayed") for one in answers] == [None, "true"]
        assert answers[0].json() == answers[1].json()
        assert answers[0].json()["lines"][0]["cancelled"] == 2

    served(story)
    assert verified(url) == 100


def test_twenty_at_once_for_five_cups_get_five_and_the_rest_wait(served, url):
    async def story(client):
        line = {"sku": "CUP", "quantity": 1, "price": "9.90"}
        orders = [{"number": str(number), "lines": [line]} for number in range(20)]
        answers = await asyncio.gather(*(client.post("/orders", json=order) for order in orders))
        assert {one.status_code for one in answers} == {201}
        assert sorted(one.json()["fulfillment"] for one in answers) == ["backordered"] * 15 + ["unfulfilled"] * 5

    served(story)
    verified(url)


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status", "title"),
    [
        ("POST", "/orders", ORDER | {"lines": [{"sku": "TAE", "quantity": 1, "price": "1"}]}, {}, 404, "not_found"),
        ("POST", "/orders", ORDER | {"lines": [{"sku": "TEA", "quantity": 1, "price": "a lot"}]}, {}, 422, "invalid_command"),
        ("POST", "/orders", ORDER | {"lines": []}, {}, 400, "invalid_input"),
        ("POST", "/orders", {"nothing": 1}, {}, 400, "invalid_input"),
        ("GET", "/orders/app:9", None, {}, 404, "not_found"),
        ("POST", "/orders/app:9/shipments", None, {}, 400, "invalid_input"),
        ("POST", "/orders/app:9/shipments", None, {"Idempotency-Key": "1"}, 404, "not_found"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_whatever_is_wrong_is_a_problem_that_says_what(served, method, path, body, headers, status, title):
    async def story(client):
        answer = await client.request(method, path, json=body, headers=headers)
        assert (answer.status_code, answer.json()["title"]) == (status, title)
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["detail"]

    served(story)


def test_another_order_under_a_number_that_was_used_is_refused(served):
    async def story(client):
        await client.post("/orders", json=ORDER)
        answer = await client.post("/orders", json=ORDER | {"country": "FR"})
        assert (answer.status_code, answer.json()["title"]) == (409, "mismatch")

    served(story)


def test_as_a_server_it_answers_what_its_readme_shows_and_ends_when_it_is_told(started, tmp_path):
    with started("fastapi-service", PORT="0", ORDERCORE_STORE="sqlite:///shop.db") as server:
        port = next(
            found[1] for line in server.stdout if (found := re.search(r"running on http://127.0.0.1:(\d+)", line))
        )
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            assert "/orders/{order_id}" in client.get("/openapi.json").json()["paths"]
            told = [
                (client.request(method, path, content=body, headers=headers).json(), shown)
                for (method, path, body, headers), shown in shown_in_readme()
            ]
        assert [answer for answer, _ in told] == [shown for _, shown in told]
        assert len(told) == 3
        server.send_signal(signal.SIGINT)
        assert "Application shutdown complete" in server.communicate(timeout=20)[0]
    assert verified(f"sqlite:///{tmp_path / 'shop.db'}") == 98


def shown_in_readme():
    """Each `curl` of the README as a request, and the JSON below it."""
    blocks = re.findall(r"^```(sh|json)\n(.*?)^```", (FOLDER / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    for (_, command), (language, shown) in itertools.pairwise(blocks):
        if command.startswith("curl") and language == "json":
            yield request_of(command), json.loads(shown)


def request_of(command):
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    for option in ("-s", "-H", "-d", "-X"):
        parser.add_argument(option, **({"action": "store_true"} if option == "-s" else {"default": None}))
    said = parser.parse_args(shlex.split(command.replace("\\\n", " "))[1:])
    headers = dict([said.H.split(": ", 1)]) if said.H else {}
    return ("POST" if said.d else said.X or "GET"), said.address.removeprefix("127.0.0.1:8000"), said.d, headers


def test_the_recipe_is_about_fifteen_lines():
    recipe = re.search(r"async def lifespan.*?Shop = .*?\n", (FOLDER / "service.py").read_text(), re.DOTALL)[0]
    assert len([line for line in recipe.splitlines() if line.strip()]) <= 15
