"""The shop, and a few customers: `python examples/django-shop`."""

import os
import secrets
import sys
import threading
import time
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from wsgiref.simple_server import WSGIRequestHandler, make_server

sys.path.insert(0, str(Path(__file__).parent))
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"

import django

django.setup()

from django.contrib.auth import get_user_model
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from shop.models import Product, Purchase, Wish

from ordercore import PutItem, PutLocation, ReceiveStock, Ship
from ordercore.stock import Received
from ordercore_django import kernel

SHELF = (("TEA", "Earl Grey, 100 g", "4.90", 12), ("CUP", "Cup, blue", "9.50", 3))


def open_shop() -> str:
    """Tables, goods, and somebody who may look at the admin; their password."""
    call_command("migrate", verbosity=0)
    kernel().handle(PutLocation("WH1", "Warehouse"))
    for sku, title, price, units in SHELF:
        Product.objects.update_or_create(sku=sku, defaults={"title": title, "price": price})
        kernel().handle(PutItem(sku, title))
        kernel().handle(ReceiveStock("WH1", [Received(sku, units)], "supplier", f"D-{sku}"))
    password = secrets.token_urlsafe(9)
    admin, _ = get_user_model().objects.get_or_create(username="admin", is_staff=True, is_superuser=True)
    admin.set_password(password)
    admin.save()
    return password


class Customer:
    """A browser as far as this shop needs one: cookies, forms, and where it is led."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.cookies = CookieJar()
        self.http = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self.cookies)
        )

    def buy(self, key: str, greeting: str = "", **basket: int) -> tuple[int, str]:
        self.http.open(self.address).read()
        token = next(cookie.value for cookie in self.cookies if cookie.name == "csrftoken")
        form = {"csrfmiddlewaretoken": token, "key": key, "email": "customer@example.com", "greeting": greeting}
        form |= {f"buy-{sku}": str(units) for sku, units in basket.items()}
        try:
            with self.http.open(f"{self.address}/checkout/", urlencode(form).encode()) as answer:
                return answer.status, answer.geturl()
        except HTTPError as refused:
            return refused.code, ""


def customers(address: str) -> None:
    """A purchase, the same form again, more than there is, and what the shop does next."""

    def tell(what: str, status: int) -> None:
        free = ", ".join(f"{sku} {kernel().available(sku)}" for sku, *_ in SHELF)
        rows = f"{Purchase.objects.count()} purchases, {Wish.objects.count()} wishes"
        print(f"{what:<34} {status}  {rows}; free: {free}", flush=True)

    customer, key = Customer(address), "5f0c1c1e-0d5c-4a35-8b1f-3c6f0c0d7a01"
    tell("two teas and a cup", customer.buy(key, "Happy birthday", TEA=2, CUP=1)[0])
    tell("the same form, sent again", customer.buy(key, "Happy birthday", TEA=2, CUP=1)[0])
    tell("the same form, other quantities", customer.buy(key, TEA=5)[0])
    tell("more cups than there are", customer.buy("5f0c1c1e-0d5c-4a35-8b1f-3c6f0c0d7a02", CUP=3)[0])
    kernel().handle(Ship(f"shop:{key}"), key=f"ship-{key}")
    print(f"the warehouse ships it: {kernel().order(f'shop:{key}').fulfillment_status}", flush=True)


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """What customers do is printed above."""


if __name__ == "__main__":
    password = open_shop()
    application = StaticFilesHandler(get_wsgi_application())
    server = make_server("127.0.0.1", int(os.environ.get("PORT", "8002")), application, handler_class=Quiet)
    address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    customers(address)
    said = f"Serving on {address}/ until Ctrl-C; orders and stock on {address}/admin/ (admin, {password})."
    try:
        print(f"\n{said}", flush=True)
        while True:  # the worker: timers, followers, deliveries
            kernel().work(until_idle=True)
            time.sleep(1)
    except KeyboardInterrupt:
        server.shutdown()
