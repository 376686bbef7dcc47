"""django-oscar as a peer: a process that places the orders it is told, in an environment of its own.

    oscar_shop.py sqlite FILE | oscar_shop.py postgresql ADDRESS

Every line of stdin is a JSON list of orders, an order a list of [sku, quantity]. The answer to each is a line of JSON:
seconds of wall and CPU that placing them took, baskets filled before. To `"books"` it answers what its tables hold.
"""

from __future__ import annotations

import json
import sys
import time
from decimal import Decimal

import django
import oscar.defaults
from django.conf import settings

SKUS = 1000
_OSCAR = (
    "config.Shop", "apps.address.apps.AddressConfig", "apps.analytics.apps.AnalyticsConfig",
    "apps.basket.apps.BasketConfig", "apps.catalogue.apps.CatalogueConfig",
    "apps.catalogue.reviews.apps.CatalogueReviewsConfig", "apps.checkout.apps.CheckoutConfig",
    "apps.communication.apps.CommunicationConfig", "apps.customer.apps.CustomerConfig",
    "apps.offer.apps.OfferConfig", "apps.order.apps.OrderConfig", "apps.partner.apps.PartnerConfig",
    "apps.payment.apps.PaymentConfig", "apps.search.apps.SearchConfig", "apps.shipping.apps.ShippingConfig",
    "apps.voucher.apps.VoucherConfig", "apps.wishlists.apps.WishlistsConfig",
)  # fmt: skip
_DASHBOARD = ("catalogue.Catalogue", "communications.Communications", "offers.Offers", "orders.Orders", "pages.Pages",
              "partners.Partners", "ranges.Ranges", "reports.Reports", "reviews.Reviews", "shipping.Shipping",
              "users.Users", "vouchers.Vouchers")  # fmt: skip


def _database(kind: str, where: str) -> dict[str, object]:
    if kind == "sqlite":
        pragmas = "pragma journal_mode = wal; pragma synchronous = full;"
        options = {"init_command": pragmas, "transaction_mode": "IMMEDIATE"}
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": where, "OPTIONS": options}
    from psycopg.conninfo import conninfo_to_dict

    given = conninfo_to_dict(where)
    return {
        "ENGINE": "django.db.backends.postgresql", "NAME": given["dbname"], "USER": given["user"],
        "HOST": given["host"], "PORT": given.get("port", ""), "CONN_MAX_AGE": None,
    }  # fmt: skip


def configure(kind: str, where: str) -> None:
    """A shop with everything at its default, over this database."""
    apps = [f"oscar.{name}" for name in _OSCAR] + ["oscar.apps.dashboard.apps.DashboardConfig"]
    for part in _DASHBOARD:
        module, name = part.split(".")
        apps.append(f"oscar.apps.dashboard.{module}.apps.{name}DashboardConfig")
    settings.configure(
        SECRET_KEY="bench", USE_TZ=True, SITE_ID=1, DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        DATABASES={"default": _database(kind, where)},
        HAYSTACK_CONNECTIONS={"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}},
        CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
        INSTALLED_APPS=[
            *(f"django.contrib.{name}" for name in ("auth", "contenttypes", "sessions", "sites", "messages", "flatpages")),
            *apps, "widget_tweaks", "haystack", "treebeard", "django_tables2",
        ],
        **{name: value for name, value in vars(oscar.defaults).items() if name.startswith("OSCAR_")},
    )  # fmt: skip
    django.setup()


class Shop:
    """Products with a stock record each, baskets, and oscar's own `OrderCreator`."""

    def __init__(self) -> None:
        from django.core.management import call_command
        from oscar.core.loading import get_class, get_model

        call_command("migrate", verbosity=0)
        self.Basket, self.Order, self.OrderLine = (
            get_model("basket", "Basket"), get_model("order", "Order"), get_model("order", "Line"),
        )  # fmt: skip
        self.Product, self.StockRecord = get_model("catalogue", "Product"), get_model("partner", "StockRecord")
        self.creator = get_class("order.utils", "OrderCreator")
        self.strategy = get_class("partner.strategy", "Default")
        self.free = get_class("shipping.methods", "Free")
        self.total = get_class("checkout.calculators", "OrderTotalCalculator")
        kind = get_model("catalogue", "ProductClass").objects.create(name="Goods", track_stock=True)
        partner = get_model("partner", "Partner").objects.create(name="Warehouse")
        self.products = []
        for n in range(SKUS):
            product = self.Product.objects.create(title=f"S{n:05d}", slug=f"s{n}", product_class=kind)
            self.StockRecord.objects.create(
                product=product, partner=partner, partner_sku=f"S{n:05d}", price=Decimal("9.99"),
                num_in_stock=10_000_000,
            )  # fmt: skip
            self.products.append(product.pk)

    def filled(self, lines: list[list[int]]) -> int:
        """A basket with these lines, saved; its key."""
        basket = self.Basket.objects.create()
        basket.strategy = self.strategy()
        for sku, quantity in lines:
            basket.add_product(self.Product.objects.get(pk=self.products[sku]), quantity=quantity)
        return basket.pk

    def fetched(self, key: int):
        """A basket as the next request of a checkout finds it."""
        basket = self.Basket.objects.get(pk=key)
        basket.strategy = self.strategy()
        return basket

    def place(self, basket) -> None:
        method = self.free()
        charge = method.calculate(basket)
        total = self.total().calculate(basket, charge)
        self.creator().place_order(basket, total, method, charge, order_number=f"X{basket.pk}")

    def place_all(self, orders: list[list[list[int]]]) -> dict[str, float]:
        baskets = [self.fetched(key) for key in [self.filled(lines) for lines in orders]]
        cpu, wall = time.process_time(), time.perf_counter()
        for basket in baskets:
            self.place(basket)
        return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}

    def queries(self, lines: list[list[int]]) -> int:
        """How many placing one order takes."""
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        basket = self.fetched(self.filled(lines))
        with CaptureQueriesContext(connection) as seen:
            self.place(basket)
        return len(seen.captured_queries)

    def books(self) -> dict[str, int]:
        from django.db.models import Sum

        allocated = self.StockRecord.objects.aggregate(units=Sum("num_allocated"))["units"]
        return {"orders": self.Order.objects.count(), "lines": self.OrderLine.objects.count(), "units": allocated or 0}


def main() -> None:
    configure(*sys.argv[1:3])
    shop = Shop()
    answers = {"books": shop.books, "version": lambda: oscar.VERSION and ".".join(map(str, oscar.VERSION[:3]))}
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        if isinstance(asked, str):
            answer = answers[asked]()
        elif isinstance(asked, dict):
            answer = shop.queries(asked["queries"])
        else:
            answer = shop.place_all(asked)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
