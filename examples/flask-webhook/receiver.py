"""Webhooks of a shop become orders: checked, taken in once, answered in milliseconds; what is wrong is kept in sight.

flask --app receiver run                                       # SQLite, webhooks.db
ORDERCORE_STORE=postgresql://... flask --app receiver run      # PostgreSQL, the same code
"""

import os
from datetime import UTC, datetime

from flask import Flask, Response, json, request

from ordercore import Kernel
from ordercore.errors import OrdercoreError
from ordercore.intake import Quarantined
from ordercore.policies import Policies
from ordercore.ports import Transmission
from ordercore.wiring import IntakeReport, discover
from ordercore_shopify import ShopifyChannel, ShopSettings

LARGEST = 2_000_000
"""Bytes of a delivery. Flask answers 413 to more, before it is read."""


def make_kernel(url: str, secret: str, shop: str) -> Kernel:
    """A kernel that knows one shop, under the name that its deliveries come to: /webhooks/shop-eu."""
    channel = ShopifyChannel("shop-eu", ShopSettings.of({"secrets": [secret], "shop": shop}))
    policies = Policies(shortage="backorder")  # the shop has sold it already
    return Kernel.open(url, plugins=discover(), channels={"shop-eu": channel}, policies=policies)


def make_app(kernel: Kernel) -> Flask:
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST

    @app.post("/webhooks/<instance>")
    def receive(instance: str) -> Response:
        """The bytes as they came: a body that was parsed and written again has another signature."""
        delivery = Transmission(
            instance, request.mimetype, request.get_data(), dict(request.headers), received_at=datetime.now(UTC)
        )
        report = kernel.receive(instance, delivery)
        app.logger.info("%r", report)  # counts and the name of the document, nothing personal
        return answered(told(report), report.http_status)

    @app.get("/quarantine")
    def quarantine() -> Response:
        """What waits for a person, oldest first. Put this behind the login of your staff."""
        return answered([waiting(one) for one in kernel.quarantine()])

    @app.post("/quarantine/<document>/replay")
    def replay(document: str) -> Response:
        """Take it in again, once what was wrong has been put right."""
        return answered(told(kernel.replay(document)))

    @app.errorhandler(OrdercoreError)
    def problem(error: OrdercoreError) -> Response:
        """401 for a forged delivery, 404 for an unknown shop, 503 while the database is away: the shop sends it again."""
        return answered(error.as_problem(), error.http_status, "application/problem+json")

    return app


def told(report: IntakeReport) -> dict[str, object]:
    """What became of a delivery. The shop reads only the status; this is for whoever looks into its log of deliveries."""
    return {
        "placed_or_changed": report.accepted,
        "said_before": report.unchanged + report.stale,
        "ignored": report.ignored,
        "quarantined": report.quarantined,
    }


def waiting(one: Quarantined) -> dict[str, object]:
    problems = [f"{problem.path}: {problem.message}" for problem in one.problems]
    return {"document": one.document, "order": one.subject, "received": one.received_at, "problems": problems}


def answered(body: object, status: int = 200, mimetype: str = "application/json") -> Response:
    return Response(json.dumps(body) + "\n", status, mimetype=mimetype)


def create_app() -> Flask:
    """What `flask run` and any WSGI server begins with. The secret comes from outside, and there is no default."""
    url = os.environ.get("ORDERCORE_STORE", "sqlite:///webhooks.db")
    return make_app(make_kernel(url, os.environ["SHOPIFY_SECRET"], os.environ["SHOPIFY_SHOP"]))
